"""Looking for a case by whatever a caller reads out: its id, a reference, an order, a customer's number, an address.

Owns which columns are looked into, that every one of them is an index's, and that a search is two statements. Must never write, find
another merchant's case, or look into what is not given as a whole (but the beginning of a case id). Called by the console, which has made
hashes and normal forms of what was typed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Select, Subquery, bindparam, func, literal, select, union_all

from policies.contract import Contract
from store.case_rows import as_view
from store.engine import Store
from store.queries import bound_to
from store.tables import case_references, cases, contacts
from store.views import CaseView

MOST = 20  # hits; who finds more types another character
_LAST_CHARACTER = "\U0010ffff"


class FoundBy(StrEnum):
    """As what the words were taken. In this order they are told."""

    CASE = "case"
    REFERENCE = "reference"
    ORDER = "order"
    MATTER = "matter"  # what a provider or carrier calls a payment, a dispute, a parcel
    CUSTOMER = "customer"
    EMAIL = "email"
    PHONE = "phone"
    BEGINNING = "beginning"  # of a case id


@dataclass(frozen=True, slots=True)
class Sought:
    """Each word as it may stand in the books; what is empty is not looked for. E-mail and numbers: as store.normal makes them."""

    case_ids: Sequence[str] = ()  # or workflow ids
    references: Sequence[str] = ()
    orders: Sequence[str] = ()
    customer_keys: Sequence[str] = ()
    email: str | None = None
    phones: Sequence[str] = ()
    beginning: str | None = None
    matters: Sequence[str] = ()  # as providers and carriers name payments, disputes, parcels


class Hit(Contract):
    case: CaseView
    by: list[FoundBy]


class Hits(Contract):
    """What is due first comes first, closed cases last."""

    hits: list[Hit]
    more: bool = False


def _providers() -> Subquery:
    """From one provider to the next through the key of the references, which begins with it: there are few, and a reference is looked up
    under each. An index by the reference alone would be one more for every opening to write.
    """
    column = case_references.c.provider
    first = select(func.min(column).label("provider")).cte("providers", recursive=True)
    following = select(func.min(column)).where(column > first.c.provider).scalar_subquery()
    every = first.union_all(select(following).where(first.c.provider.is_not(None)))
    return select(every.c.provider).where(every.c.provider.is_not(None)).subquery()


_PROVIDERS = _providers()


class CaseSearch:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, sought: Sought, merchants: Sequence[str]) -> Hits:
        """`merchants` empty: everybody's. The beginning of an id counts only if nothing else is found. Raises StoreUnavailable."""
        return await self._store.read(lambda connection: _find(connection, sought, tuple(merchants)))


def _find(connection: Connection, sought: Sought, merchants: tuple[str, ...]) -> Hits:
    looks = _looks(sought, merchants)
    if not looks:
        return Hits(hits=[])
    # Each look ends at its own limit: a merchant's reference that a thousand cases share is no reason to read a thousand rows.
    bounded = [select(look.limit(MOST + 1).subquery()) for look in looks]
    ways: dict[str, list[FoundBy]] = {}
    for case_id, by in connection.execute(union_all(*bounded)):
        ways.setdefault(case_id, []).append(FoundBy(by))
    sure = {case_id: by for case_id, by in ways.items() if by != [FoundBy.BEGINNING]} or ways
    if not sure:
        return Hits(hits=[])
    rows = connection.execute(
        select(cases)
        .where(cases.c.case_id.in_(bindparam("ids", list(sure), expanding=True)), *bound_to(merchants))
        .order_by(cases.c.list_order, cases.c.case_id)
        .limit(MOST + 1)
    )
    hits = [Hit(case=as_view(row), by=sorted(set(sure[row["case_id"]]), key=list(FoundBy).index)) for row in rows.mappings()]
    return Hits(hits=hits[:MOST], more=len(hits) > MOST)


def _looks(sought: Sought, merchants: tuple[str, ...]) -> list[Select[tuple[str, str]]]:
    looks: list[Select[tuple[str, str]]] = []

    def in_cases(by: FoundBy, condition: ColumnElement[bool]) -> None:
        looks.append(select(cases.c.case_id, literal(by.value).label("found_by")).where(condition, *bound_to(merchants)))

    def in_contacts(by: FoundBy, condition: ColumnElement[bool]) -> None:
        whose = [contacts.c.merchant.in_(merchants)] if merchants else []
        row = select(contacts.c.case_id, literal(by.value).label("found_by"))
        # The newest contacts' cases, should an address be in very many.
        looks.append(row.where(condition, contacts.c.erased_at.is_(None), *whose).order_by(contacts.c.saved_at.desc()))

    if sought.case_ids:
        in_cases(FoundBy.CASE, cases.c.case_id.in_(sought.case_ids))
        in_cases(FoundBy.CASE, cases.c.workflow_id.in_(sought.case_ids))
    if sought.references:
        in_cases(FoundBy.REFERENCE, cases.c.reference.in_(sought.references))
    if sought.orders:
        in_cases(FoundBy.ORDER, cases.c.order_ref.in_(sought.orders))
    if sought.matters:
        whose = [select(literal("1")).where(cases.c.case_id == case_references.c.case_id, *bound_to(merchants)).exists()]
        by_provider = case_references.c.provider.in_(select(_PROVIDERS.c.provider))
        row = select(case_references.c.case_id, literal(FoundBy.MATTER.value).label("found_by"))
        looks.append(row.where(by_provider, case_references.c.reference.in_(sought.matters), *(whose if merchants else [])))
    if sought.customer_keys:
        in_cases(FoundBy.CUSTOMER, cases.c.customer_key.in_(sought.customer_keys))
    if sought.email is not None:
        in_contacts(FoundBy.EMAIL, contacts.c.email_normal == sought.email)
    if sought.phones:
        in_contacts(FoundBy.PHONE, contacts.c.phone.in_(sought.phones))
    if sought.beginning:
        begins = (cases.c.case_id >= sought.beginning) & (cases.c.case_id < sought.beginning + _LAST_CHARACTER)
        in_cases(FoundBy.BEGINNING, begins)
    return looks
