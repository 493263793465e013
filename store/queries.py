"""The read side: cases, lists, timelines and figures for the command line, the API and the console.

Owns which rows answer a question. Must never write, and never import the recorder. Called by starter.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, func, or_, select, tuple_

from policies.case.facts import Fact
from policies.case.plans import CaseRow
from policies.case.vocabulary import CaseKind, CaseStatus
from store.case_rows import CLOSED, NOTHING_DUE, as_view, list_order, microseconds
from store.contacts import Contact, read_contact
from store.engine import Store
from store.ledger import deliveries_of
from store.summary import summarise
from store.tables import alerts, case_tags, cases, facts, messages, promises, texts
from store.views import AlertView, CasePage, CaseView, MessageView, PromiseView, Summary, TextView

MOST_PER_PAGE = 1000
MOST_FOUND = 20  # a search that finds more is no search: the person types another character
_LOOKED_AT = 50  # to learn under which key cases were opened
_FINGERPRINT = "identity_key"  # the desk's name for it, beside the digests of a request
Statement = Select[*tuple[object, ...]]
_LAST_CHARACTER = "\U0010ffff"


class Queries:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def case(self, case_id: str) -> CaseView | None:
        found = await self._cases(select(cases).where(cases.c.case_id == case_id))
        return found[0] if found else None

    async def find(self, text: str) -> list[CaseView]:
        """The cases a person may mean: by case or workflow id, else by reference or order, else by how the id begins.

        One: that is it. Several: ask which. Empty: nothing is known by that name.
        """
        name = text.strip()
        if not name:
            return []
        lowered = name.lower()
        begins = (cases.c.case_id >= lowered) & (cases.c.case_id < lowered + _LAST_CHARACTER)
        for condition in (
            or_(cases.c.case_id == lowered, cases.c.workflow_id == lowered),
            or_(cases.c.reference == name, cases.c.order_ref == name),
            begins,
        ):
            ordered = select(cases).where(condition).order_by(cases.c.list_order, cases.c.case_id)
            found = await self._cases(ordered.limit(MOST_FOUND))
            if found:
                return found
        return []

    async def identity_keys(self) -> set[str]:
        """Fingerprints of the keys under which the cases that are due first were opened: all are one key's, unless it was changed."""
        rows = await self._rows(select(cases.c.digests).order_by(cases.c.list_order, cases.c.case_id).limit(_LOOKED_AT))
        return {row["digests"][_FINGERPRINT] for row in rows if _FINGERPRINT in row["digests"]}

    async def contact(self, contact_ref: str) -> Contact | None:
        """None if nobody knows the reference or the contact was erased."""
        return await self._store.read(lambda connection: read_contact(connection, contact_ref))

    async def merchants(self, most: int) -> list[str]:
        """Up to so many merchants that the books have cases of."""
        return await self._store.read(lambda connection: merchants_of(connection, most))

    async def list_cases(
        self,
        *,
        kind: CaseKind | None = None,
        statuses: Collection[CaseStatus] = (),
        merchant: str | None = None,
        customer_key: str | None = None,
        order: str | None = None,
        min_escalation: int | None = None,
        tag: str | None = None,
        due_before: datetime | None = None,
        open_only: bool = False,
        limit: int = 50,
        after: str | None = None,
    ) -> CasePage:
        """What is due first; then what has nothing due; closed cases last (`open_only`: not at all), the latest first."""
        conditions: list[ColumnElement[bool]] = []
        for column, wanted in (
            (cases.c.kind, kind),
            (cases.c.merchant, merchant),
            (cases.c.customer_key, customer_key),
            (cases.c.order_ref, order),
        ):
            if wanted is not None:
                conditions.append(column == str(wanted))
        if statuses:
            conditions.append(cases.c.status.in_([status.value for status in statuses]))
        if min_escalation is not None:
            conditions.append(cases.c.escalation >= min_escalation)
        if tag is not None:
            conditions.append(cases.c.case_id.in_(select(case_tags.c.case_id).where(case_tags.c.tag == tag)))
        if due_before is not None:
            conditions.append(cases.c.list_order < microseconds(due_before))
        if open_only:
            conditions.append(cases.c.list_order <= NOTHING_DUE)  # closed ones lie beyond, and the index knows it
        if after is not None:
            conditions.append(tuple_(cases.c.list_order, cases.c.case_id) > tuple_(*_read_cursor(after)))
        size = max(1, min(limit, MOST_PER_PAGE))
        statement = select(cases).where(*conditions).order_by(cases.c.list_order, cases.c.case_id)
        found = await self._cases(statement.limit(size + 1))
        page = found[:size]
        return CasePage(cases=page, after=_cursor(page[-1]) if len(found) > size else None)

    async def facts(self, case_id: str) -> list[Fact]:
        rows = await self._rows(_of(facts, case_id, "seq"))
        return [Fact.model_validate({**row, "by": row["actor"]}) for row in rows]

    async def messages(self, case_id: str) -> list[MessageView]:
        """In the order in which they were opened, each with its deliveries."""

        def work(connection: Connection) -> list[MessageView]:
            rows = connection.execute(_of(messages, case_id, "opened_at", "cycle", "seq")).mappings().all()
            tries = deliveries_of(connection, [row["message_id"] for row in rows])
            return [MessageView.model_validate({**row, "deliveries": tries[row["message_id"]]}) for row in rows]

        return await self._store.read(work)

    async def promises(self, case_id: str) -> list[PromiseView]:
        rows = await self._rows(_of(promises, case_id, "number"))
        return [PromiseView.model_validate({**row, "end": row["ended_as"]}) for row in rows]

    async def alerts(self, case_id: str) -> list[AlertView]:
        rows = await self._rows(_of(alerts, case_id, "opened_at", "alert_id"))
        return [AlertView.model_validate(dict(row)) for row in rows]

    async def texts(self, case_id: str) -> list[TextView]:
        rows = await self._rows(_of(texts, case_id, "written_at", "text_ref"))
        return [TextView.model_validate({**row, "by": row["actor"], "at": row["written_at"]}) for row in rows]

    async def text(self, case_id: str, text_ref: str) -> TextView | None:
        """One text of this case; its body is empty if it was erased."""
        rows = await self._rows(select(texts).where(texts.c.text_ref == text_ref, texts.c.case_id == case_id))
        return TextView.model_validate({**rows[0], "by": rows[0]["actor"], "at": rows[0]["written_at"]}) if rows else None

    async def summary(self, case_ids: Collection[str] | None = None, *, include_shadow: bool = False) -> Summary:
        """The figures of these cases, or of all; shadow cases, which sent nothing, only on demand."""
        return await self._store.read(lambda connection: summarise(connection, case_ids, include_shadow))

    async def _cases(self, statement: Statement) -> list[CaseView]:
        return [as_view(row) for row in await self._rows(statement)]

    async def _rows(self, statement: Statement) -> Sequence[RowMapping]:
        return await self._store.read(lambda connection: connection.execute(statement).mappings().all())


def bound_to(merchants: Collection[str]) -> list[ColumnElement[bool]]:
    """Only these merchants' cases; empty: everybody's. Looked at row by row: SQLite, which knows no figures of a table, would else take
    the merchant's index for the better one and read every case of the merchant to find an order.
    """
    return [func.coalesce(cases.c.merchant, "").in_(merchants)] if merchants else []


def _merchants() -> Select[tuple[str]]:
    """From one merchant to the next through the index: DISTINCT would read the entry of every case."""
    first = select(func.min(cases.c.merchant).label("merchant")).cte("seen", recursive=True)
    following = select(func.min(cases.c.merchant)).where(cases.c.merchant > first.c.merchant).scalar_subquery()
    seen = first.union_all(select(following).where(first.c.merchant.is_not(None)))
    return select(seen.c.merchant).where(seen.c.merchant.is_not(None))


_MERCHANTS = _merchants()


def merchants_of(connection: Connection, most: int) -> list[str]:
    """Up to so many merchants that the books have cases of, by name."""
    return sorted(connection.scalars(_MERCHANTS.limit(most)))


def _of(table: Table, case_id: str, *order: str) -> Statement:
    return select(table).where(table.c.case_id == case_id).order_by(*(table.c[name] for name in order))


def _cursor(row: CaseRow) -> str:
    return f"{list_order(row)}.{row.case_id}"


def _read_cursor(text: str) -> tuple[int, str]:
    order, dot, case_id = text.partition(".")
    if not dot or not order.isdigit() or int(order) > CLOSED:
        raise ValueError("no place in a list; right would be the `after` of the page before")
    return int(order), case_id
