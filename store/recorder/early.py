"""What providers reported before its case was known: taken by the case itself.

Owns which rows of the inbox are this case's and nobody's work at the moment, their lease, and their end. Must never tell anything. Called
by the case's first activity.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, or_, select, update

from store.inbox import AFTER, CASE_NOT_STARTED, READING, InboxRow, InboxState
from store.recorder.books import Books
from store.tables import case_references, webhook_inbox

_rows = webhook_inbox.c
_others = case_references.alias()
# Waits for a case, or was tried before this one's workflow ran and pauses. Any other row is with the drain already; of one that the drain
# has just taken up again both tell the case, which knows a reading that it has.
_IDLE = or_(
    _rows.state == InboxState.WAITING.value,
    and_(_rows.state == InboxState.NEW.value, _rows.problem == CASE_NOT_STARTED),
)
_MATTER = exists().where(
    case_references.c.case_id == bindparam("case"),
    case_references.c.provider == _rows.provider,
    case_references.c.reference == _rows.reference,
)
_OURS = and_(_rows.kind == READING, _IDLE, _MATTER)
_ANY = select(_rows.id).where(_OURS).limit(1)
_CLAIM = (
    update(webhook_inbox)
    .where(_OURS)
    .values(state=InboxState.NEW.value, next_try_at=bindparam("until"), attempts=_rows.attempts + 1, problem=None)
    .returning(webhook_inbox)
)
_SHARED = select(
    exists().where(_others.c.provider == bindparam("by"), _others.c.reference == bindparam("ref"), _others.c.case_id != bindparam("case"))
)


class EarlyBooks(Books):
    async def claim_early(self, case_id: str, at: datetime, lease: timedelta) -> list[InboxRow]:
        """The readings that came before this case, in the order in which they came, for this caller alone until `at` + `lease` (then the
        drain has them). Almost always there are none, which is only read.
        """
        if await self._store.look_up(lambda connection: connection.scalar(_ANY, {"case": case_id})) is None:
            return []

        def work(connection: Connection) -> list[InboxRow]:
            rows = connection.execute(_CLAIM, {"case": case_id, "until": at + lease}).mappings().all()
            return sorted((InboxRow.model_validate(dict(row)) for row in rows), key=lambda row: row.id)

        return await self._store.write(work)

    async def finish_early(self, case_id: str, rows: Sequence[InboxRow], at: datetime) -> None:
        """The case has them. One that is another case's matter, too, is due at once for the drain, which tells them all."""

        def work(connection: Connection) -> None:
            for row in rows:
                shared = connection.scalar(_SHARED, {"by": row.provider, "ref": row.reference, "case": case_id})
                end: dict[str, Any] = {"next_try_at": at}
                if not shared:
                    told = {"state": InboxState.DONE.value, "done_at": at, "case_id": case_id}
                    end = {**told, "next_try_at": None, "problem": None, "payload": {}}
                connection.execute(AFTER.values(**end), {"this": row.id, "mine": row.attempts}).close()

        await self._store.write(work)
