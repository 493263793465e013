"""The inbox of webhooks: what came in, once each, until its case was told.

Owns the rows of `webhook_inbox`: their dedupe by (provider, event key), their lease while a process works on them, their next try.
Must never hold more of a person than telling the case needs, and nothing of it once that is done. Written and drained by the web
process (several may do so at once); what came before its case is taken by the case's first activity (recorder/early.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, update

from policies.contract import Contract, Instant
from store.engine import Store
from store.insertion import insert_or_ignore, wrote
from store.tables import case_references, webhook_inbox

READING = "reading"  # kind of a row; its payload is a Reading (policies/case/plans.py)
CASE_NOT_STARTED = "case_not_started"  # problem of a row: its case is asked for, and its workflow does not run yet


class InboxState(StrEnum):
    """Where a row stands."""

    NEW = "new"  # to be told to its case, at next_try_at
    WAITING = "waiting"  # its case is not known (yet)
    DONE = "done"
    IGNORED = "ignored"  # concerns no case of ours; `problem` says why
    FAILED = "failed"  # given up; `problem` says why


class InboxEvent(Contract):
    """What came in. `event_key` is the provider's own id, or made from one; `reference` is what its case is found by."""

    provider: str
    event_key: str
    kind: str
    reference: str | None = None
    payload: dict[str, Any] = Field(default_factory=dict)
    case_id: str | None = None


class InboxRow(InboxEvent):
    """An event as it stands in the inbox."""

    id: int
    received_at: Instant
    state: InboxState
    attempts: int
    next_try_at: Instant | None = None
    done_at: Instant | None = None  # of a row that is tried again after it was given up: when a person took it up
    problem: str | None = None

    @property
    def taken_up_at(self) -> datetime:
        """Since when it is tried."""
        return max(self.received_at, self.done_at) if self.done_at is not None else self.received_at


_rows = webhook_inbox.c
_DUE = (
    select(_rows.id)
    .where(_rows.state == InboxState.NEW.value, _rows.next_try_at <= bindparam("moment"))
    .order_by(_rows.next_try_at, _rows.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # PostgreSQL: another process takes other rows; SQLite has one writer
)
_CLAIM = (
    update(webhook_inbox)
    .where(_rows.id.in_(_DUE))
    .values(next_try_at=bindparam("until"), attempts=_rows.attempts + 1)
    .returning(webhook_inbox)
)
# What a process that was thought dead writes afterwards counts for nothing: somebody else has the row by then.
_MINE = and_(_rows.id == bindparam("this"), _rows.state == InboxState.NEW.value, _rows.attempts == bindparam("mine"))
AFTER = update(webhook_inbox).where(_MINE)
"""What becomes of a claimed row; nothing if another process has it by now. Parameters: this, mine (its attempts when it was claimed)."""
_ITS_CASE_IS_KNOWN = exists().where(case_references.c.provider == _rows.provider, case_references.c.reference == _rows.reference)
_WAKE = (
    update(webhook_inbox)
    .where(_rows.state == InboxState.WAITING.value, _ITS_CASE_IS_KNOWN)
    .values(state=InboxState.NEW.value, next_try_at=bindparam("moment"))
)
_STOP_WAITING = update(webhook_inbox).where(_rows.state == InboxState.WAITING.value, _rows.received_at < bindparam("before"))
_SWEEP = delete(webhook_inbox).where(
    _rows.received_at < bindparam("before"), _rows.state.not_in((InboxState.NEW.value, InboxState.WAITING.value))
)
_NEXT = select(func.min(_rows.next_try_at)).where(_rows.state == InboxState.NEW.value)


def put(connection: Connection, event: InboxEvent, at: datetime, state: InboxState = InboxState.NEW, problem: str | None = None) -> bool:
    """Take an event in; False if it is there already, whatever became of it."""
    finished = state in (InboxState.DONE, InboxState.IGNORED, InboxState.FAILED)
    values = {
        **event.model_dump(),
        "received_at": at,
        "state": state.value,
        "attempts": 0,
        "next_try_at": None if finished else at,
        "done_at": at if finished else None,
        "problem": problem,
    }
    return wrote(connection, insert_or_ignore(connection, webhook_inbox), values)


class Inbox:
    """The inbox for the web process. `at` is the present moment (UTC)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, event: InboxEvent, at: datetime, state: InboxState = InboxState.NEW, problem: str | None = None) -> bool:
        """Take one event in; False if it is there already."""
        return await self._store.write(lambda connection: put(connection, event, at, state, problem))

    async def put_all(self, events: Sequence[InboxEvent], at: datetime) -> int:
        """Take several in, all or none; returns how many are new."""
        return await self._store.write_many(lambda connection: sum(put(connection, event, at) for event in events))

    async def claim(self, at: datetime, lease: timedelta, most: int) -> list[InboxRow]:
        """Up to `most` rows that are due, for this caller alone until `at` + `lease`. Rows whose case has become known are due."""

        def work(connection: Connection) -> list[InboxRow]:
            connection.execute(_WAKE, {"moment": at}).close()
            rows = connection.execute(_CLAIM, {"moment": at, "until": at + lease, "most": most}).mappings().all()
            return sorted((InboxRow.model_validate(dict(row)) for row in rows), key=lambda row: row.id)

        return await self._store.write(work)

    async def finish(
        self,
        row: InboxRow,
        state: InboxState,
        at: datetime,
        *,
        case_id: str | None = None,
        problem: str | None = None,
        keep_payload: bool = False,
    ) -> bool:
        """The row is done, ignored or given up; False if another process has it by now. What it held of a person is forgotten."""
        values: dict[str, Any] = {"state": state.value, "next_try_at": None, "done_at": at, "case_id": case_id or row.case_id}
        return await self._write(row, {**values, "problem": problem, "payload": row.payload if keep_payload else {}})

    async def wait(self, row: InboxRow) -> bool:
        """Its case is not known; it is due again as soon as it is."""
        return await self._write(row, {"state": InboxState.WAITING.value, "next_try_at": None, "problem": "case_unknown"})

    async def retry(self, row: InboxRow, next_try_at: datetime, problem: str) -> bool:
        return await self._write(row, {"next_try_at": next_try_at, "problem": problem})

    async def next_due(self) -> datetime | None:
        """When the next row is due; None if none is."""
        due: datetime | None = await self._store.read(lambda connection: connection.scalar(_NEXT))
        return due

    async def stop_waiting(self, before: datetime, at: datetime) -> int:
        """Rows that came in before that moment and still have no case are nobody's here; returns how many."""
        values = {"state": InboxState.IGNORED.value, "done_at": at, "problem": "no_case", "payload": {}, "next_try_at": None}
        statement = _STOP_WAITING.values(**values)
        return await self._store.write_many(lambda connection: int(connection.execute(statement, {"before": before}).rowcount))

    async def sweep(self, before: datetime) -> int:
        """Forget finished rows that came in before that moment, which must be longer ago than any provider sends again."""
        return await self._store.write_many(lambda connection: int(connection.execute(_SWEEP, {"before": before}).rowcount))

    async def again(self, at: datetime, *, provider: str | None = None, problem: str | None = None, ids: Collection[int] = ()) -> int:
        """Try rows again that were given up: all of them, or those of a provider, with a problem (a code), of these ids; returns how many.

        One whose content was erased meanwhile is not given up any more, but nobody's: it stays so.
        """
        statement = update(webhook_inbox).where(_rows.state == InboxState.FAILED.value)
        for column, wanted in ((_rows.provider, provider), (_rows.problem, problem)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if ids:
            statement = statement.where(_rows.id.in_(list(ids)))
        again = statement.values(state=InboxState.NEW.value, next_try_at=at, done_at=at, problem=None)
        return await self._store.write_many(lambda connection: int(connection.execute(again).rowcount))

    async def rows(self, *, states: Collection[InboxState] = (), case_id: str | None = None, limit: int = 100) -> list[InboxRow]:
        """The newest first."""
        statement = select(webhook_inbox).order_by(_rows.id.desc()).limit(limit)
        if states:
            statement = statement.where(_rows.state.in_([state.value for state in states]))
        if case_id is not None:
            statement = statement.where(_rows.case_id == case_id)
        found = await self._store.read(lambda connection: connection.execute(statement).mappings().all())
        return [InboxRow.model_validate(dict(row)) for row in found]

    async def _write(self, row: InboxRow, values: dict[str, Any]) -> bool:
        statement = AFTER.values(**values)
        mine = {"this": row.id, "mine": row.attempts}
        return await self._store.write(lambda connection: bool(connection.execute(statement, mine).rowcount))
