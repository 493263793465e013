"""Call tasks: calls to customers that a person is to make, what is to be said, and how each ended.

Owns the rows of `call_tasks`: opened once per message or alert, tried, ended once; and that the number is read from the contact when it is
shown, so that a changed number holds. Must never hold a number, or decide that a call is needed. Opened within transactions by the message
and alert activities; listed, tried and ended by the desk.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, update

from policies.case.vocabulary import CallResult, CaseKind, CaseStatus, Channel, MessageClass
from policies.contract import Contract, Instant
from store.contacts import read_contact
from store.delivery_events import DeliveryEvent, ReportedState, write_event
from store.engine import Store
from store.errors import StoreRefused
from store.insertion import insert_or_ignore, wrote
from store.suppressions import SuppressionReason, is_suppressed
from store.tables import call_tasks, cases, deliveries, messages

PERSON = "person"  # the provider of the channel voice where a person makes the calls
POLICY = "voice_by_person"  # the reason of a task that the policy prefers; the others are the reasons of alerts
SUPERSEDED = "superseded"  # the end of a routine call that nobody made before a newer one of its case was due
MOST = 1000
_MOST_NAMED = 5


class NewCall(Contract):
    """A call that is needed. `script`: what is to be said, in the customer's language."""

    task_id: str
    case_id: str
    contact_ref: str
    role: str
    owner: str | None = None
    reason: str
    script: str
    locale: str
    message_id: str | None = None
    due_at: Instant


class CallTask(Contract):
    """One call to make, without anything personal. `result` is a CallResult, `superseded` or `erased`; None while it is open."""

    task_id: str
    case_id: str
    kind: CaseKind | None = None  # None: its case is not in the books yet
    case_status: CaseStatus | None = None
    merchant: str | None = None
    role: str
    owner: str | None = None
    reason: str
    locale: str
    message_id: str | None = None
    opened_at: Instant
    due_at: Instant
    attempts: int
    last_tried_at: Instant | None = None
    next_try_at: Instant | None = None
    ended_at: Instant | None = None
    ended_by: str | None = None
    result: str | None = None


class CallSheet(CallTask):
    """All that a person needs to make the call (personal)."""

    number: str | None = None  # of the case's contact as it is now; None: nobody knows one
    number_suppressed: SuppressionReason | None = None  # why no machine would use it
    name: str | None = None
    zone: str | None = None  # the customer's, to call at a fair hour
    script: str | None = None
    delivery_id: str | None = None  # of the message that the call speaks; None: it was asked for by an alert


def task_id_of(source: str) -> str:
    """The task of a message or an alert: asked for again, it is the same."""
    return f"call-{source}"


_c = call_tasks.c
_THIS = _c.task_id == bindparam("this")
_OPEN = _c.ended_at.is_(None)
# What should be done first: a customer who did not pick up is called again at the time that was noted.
_CALL_AT = func.coalesce(_c.next_try_at, _c.due_at)
_SHOWN = [column for column in _c if column.name not in ("script", "contact_ref")]
_ROWS = select(
    *_SHOWN,
    _c.contact_ref.label("first_contact_ref"),
    cases.c.kind,
    cases.c.status.label("case_status"),
    cases.c.merchant,
    cases.c.contact_ref,
).outerjoin(cases, cases.c.case_id == _c.case_id)
_SCRIPT = select(_c.script).where(_THIS)
_OPENED_AT = select(_c.opened_at).where(_THIS)
_DELIVERY = select(deliveries.c.delivery_id).where(
    deliveries.c.provider_id == bindparam("this"), deliveries.c.channel == Channel.VOICE.value
)
_ROUTINE = select(messages.c.message_id).where(messages.c.case_id == bindparam("case"), messages.c.must_arrive.is_(False))
_SUPERSEDE = update(call_tasks).where(
    _c.case_id == bindparam("case"),
    _OPEN,
    _c.reason == POLICY,
    _c.task_id != bindparam("but"),
    _c.message_id.in_(_ROUTINE),
)
_END = update(call_tasks).where(_THIS, _OPEN)
_REWORD = _END.where(_c.attempts == 0).values(script=bindparam("words"))
_TRY = _END.where(_c.attempts == bindparam("tries"))
# What a call that spoke a message says of that message's delivery, in the words of any provider.
_REPORTS = {
    CallResult.REACHED: ReportedState.DELIVERED,
    CallResult.VOICEMAIL: ReportedState.DELIVERED,
    CallResult.NO_ANSWER: ReportedState.UNDELIVERED,
    CallResult.WRONG_NUMBER: ReportedState.UNDELIVERED,
    CallResult.REFUSED: ReportedState.UNDELIVERED,
}


def open_call(connection: Connection, call: NewCall, at: datetime) -> bool:
    """Open the task; False if it was opened before, whatever became of it: an attempt that is tried again says it in the words that the
    ledger then has, until somebody called. A routine call of the case that nobody made yet is superseded: the customer is told once how
    things stand, not twice.
    """
    values = {**call.model_dump(), "opened_at": at, "attempts": 0}
    if not wrote(connection, insert_or_ignore(connection, call_tasks), values):
        connection.execute(_REWORD, {"this": call.task_id, "words": call.script}).close()
        return False
    ended = {"ended_at": at, "ended_by": "makegood", "result": SUPERSEDED}
    connection.execute(_SUPERSEDE.values(**ended), {"case": call.case_id, "but": call.task_id}).close()
    return True


def call_opened_at(connection: Connection, task_id: str) -> datetime | None:
    """When the task was opened; None if it was not."""
    return connection.scalar(_OPENED_AT, {"this": task_id})


class CallTasks:
    """For the desk. All raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def listed(
        self, *, case_id: str | None = None, owner: str | None = None, role: str | None = None, ended: bool = False, limit: int = 50
    ) -> list[CallTask]:
        """Open tasks, what is due first at the top; with `ended` those that have ended too, last, the latest first."""
        wanted: list[ColumnElement[bool]] = [] if ended else [_OPEN]
        for column, value in ((_c.case_id, case_id), (_c.owner, owner), (_c.role, role)):
            if value is not None:
                wanted.append(column == value)
        order = (_c.ended_at.is_not(None), _c.ended_at.desc(), _CALL_AT, _c.task_id)
        statement: Select[Any] = _ROWS.where(*wanted).order_by(*order).limit(max(1, min(limit, MOST)))
        rows = await self._store.read(lambda connection: connection.execute(statement).mappings().all())
        return [CallTask.model_validate(dict(row)) for row in rows]

    async def found(self, text: str) -> CallTask:
        """The task of that id, or the only one whose id begins so. Raises StoreRefused if there is none, or are several."""

        def work(connection: Connection) -> Sequence[Any]:
            exact = connection.execute(_ROWS.where(_c.task_id == text)).mappings().all()
            if exact:
                return exact
            begins = _c.task_id.startswith(text, autoescape=True)
            return connection.execute(_ROWS.where(begins).order_by(_c.task_id).limit(_MOST_NAMED + 1)).mappings().all()

        rows = await self._store.read(work) if text else []
        if not rows:
            raise StoreRefused("there is no such call task; `makegood calls list --all` shows them")
        if len(rows) > 1:
            several = ", ".join(row["task_id"] for row in rows[:_MOST_NAMED])
            raise StoreRefused(f"several call tasks begin so ({several}{' ...' if len(rows) > _MOST_NAMED else ''}); give one of their ids")
        return CallTask.model_validate(dict(rows[0]))

    async def sheet(self, task_id: str) -> CallSheet:
        """The task with the number as it is now (personal). Raises StoreRefused if there is no such task."""

        def work(connection: Connection) -> CallSheet:
            row = connection.execute(_ROWS.where(_THIS), {"this": task_id}).mappings().first()
            if row is None:
                raise StoreRefused(f"there is no call task {task_id}")
            # The case may have new addresses under a new reference since.
            contact = read_contact(connection, row["contact_ref"] or row["first_contact_ref"])
            number = contact.phone if contact is not None else None
            suppressed = is_suppressed(connection, Channel.VOICE, number, MessageClass.MANDATORY) if number else None
            return CallSheet.model_validate(
                {
                    **row,
                    "number": number,
                    "number_suppressed": suppressed,
                    "name": contact.name if contact is not None else None,
                    "zone": contact.zone if contact is not None else None,
                    "script": connection.scalar(_SCRIPT, {"this": task_id}),
                    "delivery_id": connection.scalar(_DELIVERY, {"this": task_id}),
                }
            )

        return await self._store.read(work)

    async def tried(self, task_id: str, attempts: int, at: datetime, next_try_at: datetime) -> bool:
        """Nobody answered: the task stays open, with one more attempt and the time of the next. `attempts`: how many there were before;
        False if there are more by now, or the task has ended.
        """
        values = {"attempts": attempts + 1, "last_tried_at": at, "next_try_at": next_try_at}
        return await self._store.write(
            lambda connection: bool(connection.execute(_TRY.values(**values), {"this": task_id, "tries": attempts}).rowcount)
        )

    async def end(self, task_id: str, result: CallResult, by: str, at: datetime) -> bool:
        """End the task, and say in the ledger what became of the message that the call was to speak. False if it has ended before."""

        def work(connection: Connection) -> bool:
            values = {"attempts": _c.attempts + 1, "last_tried_at": at, "next_try_at": None}
            ended = _END.values(**values, ended_at=at, ended_by=by, result=result.value)
            if not connection.execute(ended, {"this": task_id}).rowcount:
                return False
            delivery_id = connection.scalar(_DELIVERY, {"this": task_id})
            if delivery_id is not None:
                state = _REPORTS[result]
                event = DeliveryEvent(
                    provider=PERSON,
                    event_key=f"{task_id}:{result.value}",
                    delivery_id=delivery_id,
                    state=state,
                    permanent=result is CallResult.WRONG_NUMBER,
                    reason=result.value if state is ReportedState.UNDELIVERED else None,
                    at=at,
                    provider_id=task_id,
                )
                write_event(connection, event, at)
            return True

        return await self._store.write(work)
