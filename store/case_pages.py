"""What the console's page of one case reads of the books: everything around the case, and its history page by page.

Owns which rows belong to the page and that they take a constant number of queries, however long the case has lived. Must never write, and
never hand out a case of a merchant whom the reader does not see: the page asks for that. Called by starter/web/console.
"""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import BindParameter, ColumnElement, Connection, Select, and_, bindparam, func, or_, select

from policies.case.facts import Fact
from policies.case.vocabulary import FactType
from policies.contract import Contract
from store.call_tasks import CallTask
from store.case_rows import as_view
from store.column_types import UtcInstant
from store.contacts import Contact, read_contact
from store.delivery_events import DeliveryEvent
from store.engine import Store
from store.erasure import RECORD
from store.ledger import deliveries_of
from store.references import CaseReference
from store.standing import CheckStanding
from store.tables import alerts, call_tasks, case_references, cases, deliveries, delivery_events, facts, messages, promises, texts, watches
from store.views import AlertView, CaseView, MessageView, PromiseView, TextView

PAGE = 40  # facts of one page of the history; a screen or three
MOST_CASES = 12  # of the customer's other cases and of linked ones; all stand on the customer's own page
_MOST_FACTS = 400  # of those that the head of the page is made of: the newest
_MOST_BESIDE = 200  # messages, alerts between two facts of a page: there are never so many
_MOST_TASKS = 20
# What the clocks, the parts of the case and "what must I do" are made of.
HEAD_FACTS = (
    FactType.OPENED,
    FactType.PROVIDER_STATUS,
    FactType.PAYMENT_REPLACED,
    FactType.HELD,
    FactType.RESUMED,
    FactType.CLOCK_STARTED,
    FactType.CLOCK_MET,
    FactType.CLOCK_BREACHED,
    FactType.THRESHOLD_FIRED,
    FactType.THRESHOLD_PASSED,
    FactType.EXTENDED,
    FactType.POLICY_CHANGED,
    FactType.CUSTOMER_REPLIED,
    FactType.LEAD_REPLIED,
    FactType.PHONE_CONTACT,
    FactType.MESSAGE_REFUSED,
    FactType.PREFERENCES_CHANGED,
    FactType.RECOVERY_OPENED,
    FactType.RECOVERY_ENDED,
    FactType.PROVIDER_UNREACHABLE,
    FactType.REFERENCE_UNKNOWN,
    FactType.JOB_FAILED,
    FactType.LINKED,
    FactType.ABSORBED,
    FactType.MERGED,
    FactType.REOPENED,
    FactType.RESOLVED,
)

_ID: BindParameter[str] = bindparam("id")
_OTHERS = (
    select(cases)
    .where(cases.c.customer_key == bindparam("customer"), cases.c.case_id != _ID)
    .order_by(cases.c.list_order, cases.c.case_id)
    .limit(MOST_CASES + 1)
)
_LINKED = select(cases).where(cases.c.case_id.in_(bindparam("linked", expanding=True))).order_by(cases.c.list_order).limit(MOST_CASES)
_TASKS = (
    select(*[column for column in call_tasks.c if column.name not in ("script", "contact_ref")])
    .where(call_tasks.c.case_id == _ID, call_tasks.c.ended_at.is_(None))
    .order_by(func.coalesce(call_tasks.c.next_try_at, call_tasks.c.due_at), call_tasks.c.task_id)
    .limit(_MOST_TASKS)
)
_REFERENCES = select(case_references.c.type, case_references.c.provider, case_references.c.reference).where(
    case_references.c.case_id == _ID
)
_PROMISE = select(promises).where(promises.c.case_id == _ID, promises.c.ended_as.is_(None)).order_by(promises.c.number.desc()).limit(1)
_HEAD_FACTS = (
    select(facts)
    .where(facts.c.case_id == _ID, facts.c.type.in_([type_.value for type_ in HEAD_FACTS]))
    .order_by(facts.c.seq.desc())
    .limit(_MOST_FACTS)
)
_LEFT_AT = func.coalesce(messages.c.ended_at, messages.c.opened_at, type_=UtcInstant())


class CaseHead(Contract):
    """What stands around a case. `linked` and `others` are rows of any merchant's: who shows them asks who may see them."""

    contact: Contact | None = None  # None: erased, or nobody knows it
    others: list[CaseView] = Field(default_factory=list)  # of the same customer
    more_others: bool = False
    linked: list[CaseView] = Field(default_factory=list)
    tasks: list[CallTask] = Field(default_factory=list)  # open calls
    references: list[CaseReference] = Field(default_factory=list)
    checks: list[CheckStanding] = Field(default_factory=list)
    promise: PromiseView | None = None
    facts: list[Fact] = Field(default_factory=list)  # oldest first


class HistoryPage(Contract):
    """A part of the history: these facts, and what happened beside them. `older`: the `before` of the next; None: this was the last."""

    facts: list[Fact] = Field(default_factory=list)  # newest first
    messages: list[MessageView] = Field(default_factory=list)
    reports: dict[str, list[DeliveryEvent]] = Field(default_factory=dict)  # delivery -> what its provider said of it
    alerts: list[AlertView] = Field(default_factory=list)
    texts: dict[str, TextView] = Field(default_factory=dict)
    erasures: list[TextView] = Field(default_factory=list)
    promises: dict[int, PromiseView] = Field(default_factory=dict)
    older: int | None = None


class CasePages:
    """All raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def head(self, case_id: str, customer_key: str | None, contact_ref: str | None, links: Collection[str]) -> CaseHead:
        """Nine queries at most. `links`: ids of linked cases that the engine knows of."""
        return await self._store.read(lambda connection: _head(connection, case_id, customer_key, contact_ref, links))

    async def history(self, case_id: str, before: int | None = None, fresh: Sequence[Fact] = ()) -> HistoryPage:
        """Seven queries at most. `before`: facts below this number; `fresh`: facts that the books may lack, for the newest page."""
        return await self._store.read(lambda connection: _history(connection, case_id, before, fresh))

    async def since(self, case_id: str, seq: int) -> list[Fact]:
        """The facts after that one, oldest first; the newest of many."""
        query = select(facts).where(facts.c.case_id == _ID, facts.c.seq > bindparam("seq")).order_by(facts.c.seq.desc()).limit(PAGE)
        rows = await self._store.read(lambda connection: connection.execute(query, {"id": case_id, "seq": seq}).mappings().all())
        return [_fact(row) for row in rows][::-1]


def _head(connection: Connection, case_id: str, customer_key: str | None, contact_ref: str | None, links: Collection[str]) -> CaseHead:
    of = {"id": case_id}
    told = [_fact(row) for row in connection.execute(_HEAD_FACTS, of).mappings()][::-1]
    linked = {*links, *linked_by(told)} - {case_id}
    others = connection.execute(_OTHERS, {**of, "customer": customer_key}).mappings().all() if customer_key is not None else []
    found = connection.execute(_LINKED, {"linked": sorted(linked)}).mappings().all() if linked else []
    checks = connection.execute(select(watches).where(watches.c.case_id == _ID), of).mappings()
    promise = connection.execute(_PROMISE, of).mappings().first()
    return CaseHead(
        contact=read_contact(connection, contact_ref) if contact_ref is not None else None,
        others=[as_view(row) for row in others[:MOST_CASES]],
        more_others=len(others) > MOST_CASES,
        linked=[as_view(row) for row in found],
        tasks=[CallTask.model_validate(dict(row)) for row in connection.execute(_TASKS, of).mappings()],
        references=[CaseReference.model_validate(dict(row)) for row in connection.execute(_REFERENCES, of).mappings()],
        checks=[CheckStanding.model_validate(dict(row)) for row in checks],
        promise=_promise(promise) if promise is not None else None,
        facts=told,
    )


def linked_by(told: Sequence[Fact]) -> set[str]:
    """The cases that these facts tie to this one."""
    names = {FactType.LINKED: "case_id", FactType.ABSORBED: "case_id", FactType.MERGED: "into"}
    return {str(fact.detail[names[fact.type]]) for fact in told if fact.type in names and fact.detail.get(names[fact.type])}


def _history(connection: Connection, case_id: str, before: int | None, fresh: Sequence[Fact]) -> HistoryPage:
    of: dict[str, Any] = {"id": case_id}
    newest_first = select(facts).where(facts.c.case_id == _ID).order_by(facts.c.seq.desc()).limit(PAGE + 1)
    if before is not None:
        newest_first, of["before"] = newest_first.where(facts.c.seq < bindparam("before")), before
    known = {fact.seq: fact for fact in fresh if before is None or fact.seq < before}
    known |= {fact.seq: fact for fact in (_fact(row) for row in connection.execute(newest_first, of).mappings())}
    ordered = [known[seq] for seq in sorted(known, reverse=True)]
    shown, rest = ordered[:PAGE], ordered[PAGE:]
    # What stands between the facts of this page: after the first fact of the next one, and not after this page's own newest.
    between = (rest[0].learned_at if rest else None, shown[0].learned_at if shown and before is not None else None)
    sent = _beside(connection, select(messages), messages.c.case_id, _LEFT_AT, case_id, between)
    raised = _beside(connection, select(alerts), alerts.c.case_id, alerts.c.opened_at, case_id, between)
    tries = deliveries_of(connection, [row["message_id"] for row in sent])
    page = HistoryPage(
        facts=shown,
        messages=[MessageView.model_validate({**row, "deliveries": tries[row["message_id"]]}) for row in sent],
        alerts=[AlertView.model_validate(dict(row)) for row in raised],
        older=shown[-1].seq if rest else None,
    )
    return page.model_copy(update={**_said(connection, case_id, page, between), "reports": _reports(connection, page)})


def _beside(
    connection: Connection,
    query: Select[Any],
    of: ColumnElement[Any],
    at: ColumnElement[Any],
    case_id: str,
    between: tuple[Any, Any],
) -> Sequence[Any]:
    after, until = between
    wanted = [of == case_id]
    if after is not None:
        wanted.append(at > after)
    if until is not None:
        wanted.append(at <= until)
    return connection.execute(query.where(*wanted).order_by(at.desc()).limit(_MOST_BESIDE)).mappings().all()


def _said(connection: Connection, case_id: str, page: HistoryPage, between: tuple[Any, Any]) -> dict[str, Any]:
    """The texts that the page's facts refer to, the records of erasures, the promises that its messages made and kept."""
    refs = {str(fact.detail[name]) for fact in page.facts for name in ("text_ref", "comment_ref") if fact.detail.get(name)}
    after, until = between
    record = [texts.c.kind == RECORD]
    if after is not None:
        record.append(texts.c.written_at > after)
    if until is not None:
        record.append(texts.c.written_at <= until)
    rows = connection.execute(
        select(texts).where(texts.c.case_id == case_id, or_(texts.c.text_ref.in_(sorted(refs)), and_(*record)))
    ).mappings()
    views = [TextView.model_validate({**row, "by": row["actor"], "at": row["written_at"]}) for row in rows]
    numbers = {number for message in page.messages for number in (message.keeps, message.makes) if number is not None}
    numbers |= {number for fact in page.facts if isinstance(number := fact.detail.get("number"), int)}
    made = connection.execute(select(promises).where(promises.c.case_id == case_id, promises.c.number.in_(sorted(numbers)))).mappings()
    return {
        "texts": {view.text_ref: view for view in views if view.kind != RECORD},
        "erasures": [view for view in views if view.kind == RECORD],
        "promises": {row["number"]: _promise(row) for row in made},
    }


def _reports(connection: Connection, page: HistoryPage) -> dict[str, list[DeliveryEvent]]:
    query = (
        select(delivery_events)
        .join(deliveries, deliveries.c.delivery_id == delivery_events.c.delivery_id)
        .where(deliveries.c.message_id.in_([message.message_id for message in page.messages]))
        .order_by(delivery_events.c.at, delivery_events.c.event_key)
    )
    found: dict[str, list[DeliveryEvent]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["delivery_id"], []).append(DeliveryEvent.model_validate(dict(row)))
    return found


def _fact(row: Any) -> Fact:
    return Fact.model_validate({**row, "by": row["actor"]})


def _promise(row: Any) -> PromiseView:
    return PromiseView.model_validate({**row, "end": row["ended_as"]})
