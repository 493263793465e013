"""What customers wrote to a case that had ended: kept in its texts, and a person is told.

Owns which texts these are, and the row of the alert that tells of them. Must never hold or hand out the words. Written by the web process
when a case's workflow has ended and takes nothing any more; read for `makegood channels status`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, exists, select

from policies.case.plans import AlertPlan
from policies.case.state import Alert
from policies.case.vocabulary import CaseKind, Channel, MessageClass
from policies.contract import Contract, Instant
from store.alert_rows import SENT, alert_columns
from store.correspondents import Correspondent, case_of_newest_message, ended_case_of_newest_message
from store.engine import Store
from store.insertion import insert_or_ignore, wrote
from store.suppressions import is_suppressed
from store.tables import alerts, cases, texts

CUSTOMER = "customer"  # kind of a text that a customer wrote
WROTE_AFTER_THE_END = "customer_wrote_after_the_end"  # the reason of the alert
_OWNER = "owner"
_LEVEL = 1  # somebody waits for an answer; no clock runs
_MOST = 100
_SAID_ONCE_IN = timedelta(days=1)  # two machines that answer each other stop here


class LateReply(Contract):
    """`told_at`: when people were told of it (None: not yet)."""

    case_id: str
    kind: CaseKind
    owner: str | None = None
    closed_at: Instant
    written_at: Instant
    told_at: Instant | None = None


_TOLD_AT = (
    select(alerts.c.sent_at)
    .where(alerts.c.case_id == texts.c.case_id, alerts.c.reason == WROTE_AFTER_THE_END, alerts.c.since >= texts.c.written_at)
    .order_by(alerts.c.since)
    .limit(1)
    .correlate(texts)
    .scalar_subquery()
)
_LATE = (
    select(texts.c.case_id, cases.c.kind, cases.c.owner, cases.c.closed_at, texts.c.written_at, _TOLD_AT.label("told_at"))
    .join(cases, cases.c.case_id == texts.c.case_id)
    .where(
        texts.c.kind == CUSTOMER,
        texts.c.body != "",  # erased: nobody is left to answer
        texts.c.written_at >= bindparam("since"),
        cases.c.closed_at.is_not(None),
        texts.c.written_at > cases.c.closed_at,
    )
    .order_by(texts.c.written_at.desc(), texts.c.text_ref)
    .limit(_MOST)
)
_WROTE = select(
    exists().where(
        texts.c.case_id == bindparam("this"),
        texts.c.kind == CUSTOMER,
        texts.c.written_at >= bindparam("since"),
        texts.c.written_at > select(cases.c.closed_at).where(cases.c.case_id == bindparam("this")).scalar_subquery(),
    )
)
_CASE = select(cases.c.kind, cases.c.merchant, cases.c.owner, cases.c.shadow).where(cases.c.case_id == bindparam("this"))
_STATE = select(alerts.c.state).where(alerts.c.alert_id == bindparam("this"))


def late_replies(connection: Connection, since: datetime) -> list[LateReply]:
    """The newest first, at most a hundred."""
    return [LateReply.model_validate(dict(row)) for row in connection.execute(_LATE, {"since": since}).mappings()]


class LateReplies:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def to_be_answered(self, number: str, at: datetime) -> Correspondent | None:
        """The ended case whose customer has just written from this number and is to be told so; None: another case is open, nobody is known
        by it, we were told to be silent, or it was said already within a day.
        """

        def work(connection: Connection) -> Correspondent | None:
            if case_of_newest_message(connection, number) is not None:
                return None
            found = ended_case_of_newest_message(connection, number, at)
            if found is None or is_suppressed(connection, Channel.SMS, number, MessageClass.MANDATORY) is not None:
                return None
            said = connection.scalar(_WROTE, {"this": found.case_id, "since": at - _SAID_ONCE_IN})
            return None if said else found

        return await self._store.read(work)

    async def raise_alert(self, alert_id: str, case_id: str, at: datetime, digest: Callable[[str, str | None], str]) -> str | None:
        """Write the alert that a person must answer; the digest that is to tell it, or None if people know or nobody is to be told.

        The same id is the same alert. `digest`: which digest tells alerts of a role and an owner.
        """

        def work(connection: Connection) -> str | None:
            row = connection.execute(_CASE, {"this": case_id}).mappings().first()
            if row is None or row["shadow"]:
                return None
            plan = AlertPlan(
                alert_id=alert_id,
                case_id=case_id,
                kind=row["kind"],
                merchant=row["merchant"],
                owner=row["owner"],
                alert=Alert(to=_OWNER, level=_LEVEL, reason=WROTE_AFTER_THE_END, since=at),
            )
            teller = digest(_OWNER, plan.owner)
            if wrote(connection, insert_or_ignore(connection, alerts), alert_columns(plan, at, teller)):
                return teller
            return None if connection.scalar(_STATE, {"this": alert_id}) == SENT else teller

        return await self._store.write(work)
