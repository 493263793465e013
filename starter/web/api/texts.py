"""GET /v1/cases/{case_id}/texts/{text_ref}: the words behind a reference of the timeline.

Owns this answer. Texts are personal (what a customer wrote, what was said of him), so that a key which only looks has them not: it takes
the scope of those who answer customers. Must never list them. Part of the API.
"""

import re
from typing import Annotated

from fastapi import APIRouter, Path

from starter.web.api.answers import TextAnswer
from starter.web.api.caller import ByCaller
from starter.web.api.documented import BEARER, answers, operation
from starter.web.api.fields import CaseId
from starter.web.api.finding import find
from starter.web.api.guard import Guard, needs
from starter.web.parts import WebParts
from starter.web.problems import Problem
from store.api_keys import Scope
from store.queries import Queries

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
TextRef = Annotated[str, Path(description="A `text_ref` or `comment_ref` of the timeline.", examples=["t-0123456789abcdef01234567"])]


def texts_router(parts: WebParts, guard: Guard) -> APIRouter:
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Looking"])

    @router.get(
        "/v1/cases/{case_id}/texts/{text_ref}",
        response_model=TextAnswer,
        summary="The words of a reply, note, call, comment or customer",
        operation_id="get_text",
        responses=answers(404),
        openapi_extra=operation(Scope.ACT),
    )
    @needs(Scope.ACT)
    async def get_text(case_id: CaseId, text_ref: TextRef, caller: ByCaller) -> TextAnswer:
        """What the timeline keeps as a reference. Personal: store it no longer than you need it. `erased`: the words are gone for good."""
        await find(parts, caller, case_id)
        view = await Queries(parts.backends.store()).text(case_id, text_ref) if _REF.fullmatch(text_ref) else None
        if view is None:
            raise Problem("not_found", "No such text of this case is known. Give a text_ref or comment_ref of its timeline.")
        return TextAnswer(**view.model_dump(exclude={"body"}), text=view.body, erased=view.body == "")

    return router
