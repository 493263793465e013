"""POST /v1/cases: a case is opened, or known already.

Owns the answers: 201 created, 200 the same again, 409 known with other content. Must never open one in another way than the desk.
Part of the API.
"""

from fastapi import APIRouter, Response

from policies.case.request import CaseRequest
from starter.desk import Desk, IdentityKeyChanged, Opened, Unanswered, UnusableRequest
from starter.policy_choice import NoPolicy
from starter.web.api.answers import OpenedCase
from starter.web.api.bodies import Requested
from starter.web.api.caller import ByCaller, Caller
from starter.web.api.documented import BEARER, LINKS, OPENINGS, answers, operation
from starter.web.api.guard import Guard, needs
from starter.web.api.refusals import different, not_openable
from starter.web.deadline import in_time
from starter.web.parts import WebParts
from starter.web.problems import Problem
from store.api_keys import Scope

CREATED, SAME = 201, 200
_AGAIN = {"retry-after": "5"}  # as after every other time-out


def opening_router(parts: WebParts, guard: Guard) -> APIRouter:
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Opening"])

    @router.post(
        "/v1/cases",
        status_code=CREATED,
        response_model=OpenedCase,
        summary="Open a case",
        operation_id="open_case",
        responses={
            CREATED: {"description": "Opened: from now on it runs.", "headers": _LOCATION, "links": LINKS},
            SAME: {"model": OpenedCase, "description": "The same case again; nothing was changed.", "headers": _LOCATION, "links": LINKS},
            **answers(409, body=True),
        },
        openapi_extra=operation(Scope.OPEN, OPENINGS),
    )
    @needs(Scope.OPEN)
    async def open_case(request: Requested, caller: ByCaller, response: Response) -> Opened:
        """Merchant, kind and reference name the case: the same three are the same case, however often and by however many they are
        sent, so a repetition is always safe. What was answered with 201 or 200 is durable. 409 names the fields that say something
        else than the known case; nothing is changed then.
        """
        try:
            async with in_time():
                opened = await open_one(parts.backends.desk(), caller, request)
        except Unanswered:
            raise Problem("timed_out", "It may be open already. Send it again: nothing is opened twice.", headers=_AGAIN) from None
        response.status_code = CREATED if opened.result == "created" else SAME
        response.headers["location"] = location(opened.case_id)
        return opened

    return router


_LOCATION = {"Location": {"schema": {"type": "string"}, "description": "The address of the case."}}


def location(case_id: str) -> str:
    """Without a host: a backend reaches us under another name than customers do."""
    return f"/v1/cases/{case_id}"


async def open_one(desk: Desk, caller: Caller, request: CaseRequest) -> Opened:
    """`created` or `same`. Raises Problem; Away, StoreUnavailable, EngineUnavailable."""
    caller.must_be_for(request.merchant)
    try:
        opened = await desk.open(request)
    except (UnusableRequest, NoPolicy, IdentityKeyChanged) as error:
        raise not_openable(error) from None
    if opened.result == "different":
        raise different(opened)
    return opened
