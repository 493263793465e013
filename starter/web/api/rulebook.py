"""GET /v1/policies and GET /v1/schema: the rules in force, and the forms that callers build on.

Owns these two answers. Must never need the store or the engine. Part of the API.
"""

from typing import Any

from fastapi import APIRouter

from starter.cli.schema import published
from starter.policy_books import load_books
from starter.web.api.acts import BODIES
from starter.web.api.answers import PoliciesInForce, PolicyAnswer
from starter.web.api.caller import ByCaller
from starter.web.api.documented import BEARER, answers, operation
from starter.web.api.guard import Guard, needs
from starter.web.parts import WebParts
from store.api_keys import Scope


def rulebook_router(parts: WebParts, guard: Guard) -> APIRouter:
    """Raises BookError: the books are read once, as the desk does at the start of the process."""
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Rules and forms"])
    in_force = [
        PolicyAnswer(book=book.book, version=book.version, policy=policy)
        for book in load_books(parts.settings.policy_book_files)
        for policy in book.policies
    ]
    schemas = {**published(), "acts": {name: form.model_json_schema() for name, form in BODIES.items()}}

    @router.get(
        "/v1/policies",
        response_model=PoliciesInForce,
        summary="The policies in force",
        operation_id="list_policies",
        responses=answers(),
        openapi_extra=operation(Scope.READ),
    )
    @needs(Scope.READ)
    async def list_policies(caller: ByCaller) -> PoliciesInForce:
        """With their clocks, outcomes and hold reasons: what acts may name. Another merchant's policies do not exist for a key of one."""
        theirs = [one for one in in_force if one.policy.match.merchant is None or caller.key.sees(one.policy.match.merchant)]
        return PoliciesInForce(policies=theirs)

    @router.get(
        "/v1/schema",
        response_model=dict[str, Any],
        summary="JSON Schemas of requests, commands, snapshot and facts",
        operation_id="get_schema",
        responses=answers(),
        openapi_extra=operation(Scope.READ),
    )
    @needs(Scope.READ)
    async def get_schema() -> dict[str, Any]:
        """As `makegood schema`, and under `acts` the body of each POST /v1/cases/{case_id}/<act>. What stands under `commands` crosses
        Temporal, for programs that speak to the engine themselves; this API does not take it.
        """
        return schemas

    return router
