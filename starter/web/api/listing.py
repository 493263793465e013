"""GET /v1/cases: what is due first, page by page.

Owns the filters. Must never ask the engine: the books answer, with one statement a page. Part of the API.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from policies.case.request import Slug, Tag
from policies.case.vocabulary import CaseKind, CaseStatus
from policies.contract import Strict
from starter.identity_key import identity_of
from starter.web.api import cursor as cursors
from starter.web.api.answers import CaseItem, CaseList
from starter.web.api.caller import ByCaller
from starter.web.api.documented import BEARER, answers, operation
from starter.web.api.fields import At, Ref
from starter.web.api.guard import Guard, needs
from starter.web.parts import WebParts
from starter.web.problems import Problem
from store.api_keys import Scope
from store.queries import Queries
from store.views import CaseView

MOST = 200  # cases a page


class Filters(Strict):
    """An unknown parameter is refused: a misspelt filter would give everything."""

    kind: CaseKind | None = None
    status: list[CaseStatus] = Field(
        default_factory=list, max_length=len(CaseStatus), description="Given several times: any of them. Left out: all but closed."
    )
    merchant: Slug | None = None
    customer: Ref | None = Field(default=None, description="The customer's id as cases were opened with it; needs `merchant`.")
    order: Ref | None = None
    escalation: int | None = Field(default=None, ge=0, le=9, description="From this level up.")
    tag: Tag | None = None
    due_before: At | None = Field(default=None, description="What is due before; write the + of an offset as %2B.")
    limit: int = Field(default=50, ge=1, le=MOST)
    cursor: str | None = Field(default=None, max_length=300, description="The `cursor` of the page before, with the same filters.")


def listing_router(parts: WebParts, guard: Guard) -> APIRouter:
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Looking"])

    @router.get(
        "/v1/cases",
        response_model=CaseList,
        summary="List cases, what is due first",
        operation_id="list_cases",
        responses=answers(),
        openapi_extra=operation(Scope.READ),
    )
    @needs(Scope.READ)
    async def list_cases(filters: Annotated[Filters, Query()], caller: ByCaller) -> CaseList:
        """As the books know them, which follow an act within a second: what is due first, then what has nothing due, then (if asked
        for) what is closed, the latest first. A page begins where the one before ended; a case whose due moment moves meanwhile may
        be seen twice or not at all.
        """
        if filters.merchant is not None:
            caller.must_be_for(filters.merchant)
        merchant = filters.merchant or caller.merchant
        # A list is another one for a key of another merchant, but not on the next page or in another size.
        same = {**filters.model_dump(mode="json", exclude={"cursor", "limit"}), "merchant": merchant}
        found = await Queries(parts.backends.store()).list_cases(
            kind=filters.kind,
            statuses=filters.status,
            merchant=merchant,
            customer_key=_customer_key(parts, merchant, filters.customer),
            order=filters.order,
            min_escalation=filters.escalation,
            tag=filters.tag,
            due_before=filters.due_before,
            open_only=CaseStatus.CLOSED not in filters.status,
            limit=filters.limit,
            after=cursors.place(filters.cursor, same) if filters.cursor is not None else None,
        )
        following = cursors.made(found.after, same) if found.after is not None else None
        return CaseList(cases=[item_of(view) for view in found.cases], cursor=following)

    return router


def item_of(view: CaseView) -> CaseItem:
    return CaseItem.model_validate({**view.model_dump(), "version": view.as_of_seq})


def _customer_key(parts: WebParts, merchant: str | None, customer: str | None) -> str | None:
    if customer is None:
        return None
    if merchant is None:
        raise Problem("invalid", "customer: needs the merchant too; customers' ids are the merchant's own", field="merchant")
    return identity_of(parts.settings).customer_key(merchant, customer)
