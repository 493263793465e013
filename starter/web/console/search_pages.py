"""/console/search: somebody is on the phone, and there is one field.

Owns this page. Must never put what was typed into an address, a log or the audit log, so it is sent by POST; and must never show contact
data, found by it or not. Included by face.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from starter.identity_key import identity_of
from starter.web.console.case_words import line
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.queue_assets import QUEUE_STYLE_URL
from starter.web.console.roles import Act
from starter.web.console.search_words import understood
from starter.web.console.visit import SignedIn, Visit
from store.case_matters import Matter, matters_of
from store.case_search import CaseSearch, FoundBy, Hit, Hits
from store.queries import Queries
from store.queue import MOST_MERCHANTS

PATH = "/console/search"
_BY = {
    FoundBy.CASE: "case id",
    FoundBy.REFERENCE: "reference",
    FoundBy.ORDER: "order",
    FoundBy.MATTER: "reference of a payment, dispute or parcel",
    FoundBy.CUSTOMER: "customer's id",
    FoundBy.EMAIL: "e-mail address",
    FoundBy.PHONE: "phone number",
    FoundBy.BEGINNING: "beginning of its id",
}
_PERSONAL = (FoundBy.EMAIL, FoundBy.PHONE)
_MOST_CUSTOMERS = 3  # to whose pages the results link; of more nobody knows which is meant


def search_pages(console: Console) -> APIRouter:
    """Raises SettingsError."""
    router = console.router()
    identity = identity_of(console.parts.settings)

    @router.get(PATH)
    @needs(Act.READ)
    async def ask(visit: SignedIn) -> Response:
        return _page(console, visit)

    @router.post(PATH)
    @needs(Act.READ)
    async def search(visit: SignedIn) -> Response:
        store, own = console.parts.backends.store(), visit.person.merchants
        try:
            typed = understood(visit.form.get("q"), identity, own or await Queries(store).merchants(MOST_MERCHANTS))
        except ValueError as error:
            visit.form.refuse("q", str(error))
            return _page(console, visit, status=422)
        found = await CaseSearch(store).find(typed.sought, own)
        ways = {by for hit in found.hits for by in hit.by}
        # Digits that are found as an order or a reference alone were one; else the answer tells of a phone number whose it is, or nobody's.
        if typed.sought.email is not None or (typed.sought.phones and (not ways or not ways.isdisjoint(_PERSONAL))):
            # Whether an address is a customer's is contact data: who asks for it stands in the log, the address does not.
            await console.note(visit, "search.contact", found=len(found.hits))
        if len(found.hits) == 1:
            return console.back(f"/console/cases/{found.hits[0].case.case_id}")
        matters = await matters_of(store, [hit.case.case_id for hit in found.hits])
        return _page(console, visit, found, matters=matters, tried=list(typed.tried), hint=typed.hint if not found.hits else None)

    return router


@dataclass(frozen=True, slots=True)
class CustomerFound:
    """`words`: what tells this customer from the others that were found; `number`: of the cases found."""

    key: str
    words: str
    number: int


def _customers(hits: Sequence[Hit]) -> list[CustomerFound]:
    """Whose cases they are, the most first: told by an order, since a name is contact data."""
    keys = dict.fromkeys(hit.case.customer_key for hit in hits if hit.case.customer_key)
    found = []
    for key in keys:
        theirs = [hit.case for hit in hits if hit.case.customer_key == key]
        found.append(CustomerFound(key, f"the customer of order {theirs[0].order}", len(theirs)))
    return sorted(found, key=lambda one: -one.number)


def _page(
    console: Console,
    visit: Visit,
    found: Hits | None = None,
    *,
    status: int = 200,
    matters: Mapping[str, Matter] | None = None,
    tried: list[str] | None = None,
    hint: str | None = None,
) -> Response:
    hits = found.hits if found is not None else []
    customers = _customers(hits)
    return console.show(
        "search",
        visit,
        status=status,
        searched=found is not None,
        lines=[line(hit.case, console.now(), matters=matters) for hit in hits],
        found_by={hit.case.case_id: ", ".join(_BY[by] for by in hit.by) for hit in hits},
        more=found is not None and found.more,
        customers=customers if len(customers) <= _MOST_CUSTOMERS else [],
        several_merchants=len({hit.case.merchant for hit in hits}) > 1,
        tried=tried or [],
        hint=hint,
        queue_style_url=QUEUE_STYLE_URL,
    )
