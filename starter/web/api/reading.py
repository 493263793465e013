"""GET /v1/cases/{case_id} and its timeline: from the engine, from the books where the engine does not answer or has forgotten.

Owns that choice and how long the engine is waited for. Must never change anything. Part of the API.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import Field

from policies.case.commands import Snapshot
from policies.contract import Strict
from starter.connection import EngineUnavailable
from starter.desk import DeskError, Unanswered
from starter.desk.reading import snapshot_of
from starter.web.api.answers import CaseAnswer, Source, Timeline
from starter.web.api.caller import ByCaller, Caller
from starter.web.api.documented import BEARER, answers, operation
from starter.web.api.fields import CaseId
from starter.web.api.finding import Found, find
from starter.web.api.guard import Guard, needs
from starter.web.deadline import in_time, patience
from starter.web.parts import Away, WebParts
from starter.web.problems import Problem
from store.api_keys import Scope
from store.queries import Queries

T = TypeVar("T")

# A case that a worker has in its cache answers in milliseconds, one that it must replay within a second; the books know nearly as much.
_ENGINE_WITHIN_S = 5.0
_AGAIN_S = "2"
MOST_FACTS = 500


class Page(Strict):
    after: int = Field(default=0, ge=0, le=2**31 - 1, description="Only facts after this one: the `after` of the page before.")
    limit: int = Field(default=200, ge=1, le=MOST_FACTS)


def reading_router(parts: WebParts, guard: Guard) -> APIRouter:
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Looking"])

    @router.get(
        "/v1/cases/{case_id}",
        response_model=CaseAnswer,
        summary="Where a case stands",
        operation_id="get_case",
        responses=answers(404),
        openapi_extra=operation(Scope.READ),
    )
    @needs(Scope.READ)
    async def get_case(case_id: CaseId, caller: ByCaller, response: Response) -> CaseAnswer:
        """What is next and why, the clocks, the promise, what the provider said. Answers from the moment on in which the opening was
        answered. `ETag` is the case's version, for `If-Match` of an act.
        """
        found = await _found(parts, caller, case_id)
        snapshot, source = await _snapshot(parts, found)
        version = snapshot.counts.get("facts", 0)
        response.headers["etag"] = f'"{version}"'
        return CaseAnswer(**snapshot.model_dump(), source=source, version=version)

    @router.get(
        "/v1/cases/{case_id}/timeline",
        response_model=Timeline,
        summary="What happened to a case",
        operation_id="get_timeline",
        responses=answers(404),
        openapi_extra=operation(Scope.READ),
    )
    @needs(Scope.READ)
    async def get_timeline(case_id: CaseId, page: Annotated[Page, Query()], caller: ByCaller) -> Timeline:
        """Every fact with its own time and the time we learnt it, who did it and why; oldest first, in pages. Texts (replies, notes)
        stand there as references.
        """
        found = await _found(parts, caller, case_id)
        facts, source = await _asked(
            lambda: parts.backends.desk().timeline(found.key),
            lambda: Queries(parts.backends.store()).facts(case_id),
            known=found.row is not None,
        )
        wanted = [fact for fact in facts if fact.seq > page.after]
        shown = wanted[: page.limit]
        following = shown[-1].seq if len(wanted) > len(shown) else None
        return Timeline(case_id=case_id, source=source, facts=shown, after=following)

    return router


async def _found(parts: WebParts, caller: Caller, case_id: str) -> Found:
    try:
        return await find(parts, caller, case_id)
    except Unanswered:
        raise _no_worker() from None


async def _snapshot(parts: WebParts, found: Found) -> tuple[Snapshot, Source]:
    if found.snapshot is not None:
        return found.snapshot, "engine"
    row = found.row
    assert row is not None  # what the books do not know came with its snapshot

    async def of_books() -> Snapshot:
        return snapshot_of(row)

    snapshot, source = await _asked(lambda: parts.backends.desk().snapshot(found.key), of_books, known=True)
    # What the engine has forgotten, the desk takes from the books, which do not keep the policy.
    return snapshot, source if snapshot.policy else "books"


async def _asked(engine: Callable[[], Awaitable[T]], books: Callable[[], Awaitable[T]], *, known: bool) -> tuple[T, Source]:
    """`known`: whether the books have the case, so that they can answer in the engine's place. Raises Problem, Away ..."""
    try:
        async with in_time(), patience(_ENGINE_WITHIN_S if known else None):
            return await engine(), "engine"
    except (Away, EngineUnavailable, DeskError, TimeoutError) as error:
        if known:
            return await books(), "books"
        if isinstance(error, Unanswered):
            raise _no_worker() from None
        raise


def _no_worker() -> Problem:
    detail = "The case was opened, but no worker answers for it now. Nothing is lost; try again."
    return Problem("away", detail, headers={"retry-after": _AGAIN_S}, more={"part": "worker"})
