"""Alerts that are gathered for a digest: they stand in the books, and nobody was told of them yet.

Owns which alerts one digest tells: they are put down before it is sent, so that an attempt after a dead one tells the same ones under
the same id. Must never resolve a role to people. Called by the activities of a digest.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, exists, select, update

from policies.case.plans import AlertPlan
from policies.case.state import Alert
from policies.case.vocabulary import CaseStatus
from policies.contract import Contract
from store.alert_rows import SENT
from store.recorder.alerts import FINISH, finishing
from store.recorder.books import Books
from store.tables import alerts, cases

_DONE = (CaseStatus.RESOLVED.value, CaseStatus.CLOSED.value)


class WaitingAlert(Contract):
    """`settled`: its case was resolved or closed meanwhile."""

    plan: AlertPlan
    settled: bool = False


_UNTOLD = alerts.c.state != SENT
_WITH_CASE = select(alerts, cases.c.status.label("case_status")).outerjoin(cases, cases.c.case_id == alerts.c.case_id)
_ONE = _WITH_CASE.where(alerts.c.alert_id == bindparam("this"), _UNTOLD)
_BEGUN = select(exists().where(alerts.c.told_in == bindparam("digest")))
_TAKE = update(alerts).where(alerts.c.gathered_by == bindparam("by"), _UNTOLD).values(told_in=bindparam("digest"))
_TAKEN = _WITH_CASE.where(alerts.c.told_in == bindparam("digest"), _UNTOLD).order_by(alerts.c.opened_at, alerts.c.alert_id)


class DigestBooks(Books):
    async def waiting_alert(self, alert_id: str) -> AlertPlan | None:
        """An alert of which nobody was told yet; None if somebody was, or it does not exist."""

        def work(connection: Connection) -> AlertPlan | None:
            row = connection.execute(_ONE, {"this": alert_id}).mappings().first()
            return _waiting(row).plan if row is not None else None

        return await self._store.look_up(work)

    async def take_into_digest(self, gathered_by: str, digest_id: str) -> list[WaitingAlert]:
        """What this digest tells: all that was gathered and not told, the oldest first. Asked again, the same ones as before."""

        def work(connection: Connection) -> list[WaitingAlert]:
            if not connection.scalar(_BEGUN, {"digest": digest_id}):
                connection.execute(_TAKE, {"by": gathered_by, "digest": digest_id}).close()
            return [_waiting(row) for row in connection.execute(_TAKEN, {"digest": digest_id}).mappings()]

        return await self._store.write(work)

    async def finish_digest(self, people: Sequence[str], at: datetime, words: Mapping[str, tuple[str, str]]) -> None:
        """Write who was told of each alert, with its own title and body by its id."""
        values = [finishing(alert_id, people, at, title, body) for alert_id, (title, body) in words.items()]
        await self._store.write(lambda connection: connection.execute(FINISH, values).close())


def _waiting(row: RowMapping) -> WaitingAlert:
    plan = AlertPlan(
        alert_id=row["alert_id"],
        case_id=row["case_id"],
        kind=row["kind"],
        merchant=row["merchant"],
        owner=row["owner"],
        alert=Alert(to=row["role"], level=row["level"], reason=row["reason"], clock=row["clock"], due_at=row["due_at"], since=row["since"]),
        shadow=row["shadow"],
    )
    return WaitingAlert(plan=plan, settled=row["case_status"] in _DONE)
