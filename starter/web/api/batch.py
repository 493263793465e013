"""POST /v1/cases:batch: one case per line in, one result per line out, in the order of the lines.

Owns the bounds: bytes, lines, how many are opened at once, one batch per key at a time. Must never let one bad line stop the others, and
never go on trying when the engine or the store is away: the rest is told so and sent again, which opens nothing twice. Part of the API.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from starter.connection import EngineUnavailable
from starter.desk import Desk
from starter.web.api.answers import BatchResult, ProblemAnswer
from starter.web.api.bodies import requested
from starter.web.api.caller import ByCaller, Caller
from starter.web.api.documented import BATCH, BEARER, answers, operation
from starter.web.api.guard import JSON_LINES, Guard, needs
from starter.web.api.opening import CREATED, SAME, open_one
from starter.web.parts import Away, WebParts
from starter.web.problems import KINDS, TYPE, Problem, of_exception
from store.api_keys import Scope as KeyScope
from store.engine import StoreUnavailable

LARGEST = 8 * 1024 * 1024  # bytes; 5,000 lines of a case with several payments
MOST_LINES = 5_000
LONGEST_LINE = 64 * 1024  # bytes; a case with fifty parcels is a tenth of it
_AT_ONCE = 16  # as `makegood open` does: keeps the engine busy without a queue of calls that run into their time limits
_AGAIN_S = "30"  # a batch of that size takes about so long
_log = logging.getLogger("makegood.web.api")


class _Lines(JSONResponse):
    """For the document: what the schema says is said of each line."""

    media_type = JSON_LINES[0]


def batch_router(parts: WebParts, guard: Guard) -> APIRouter:
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Opening"])
    running: set[str] = set()

    @router.post(
        "/v1/cases:batch",
        summary="Open many cases",
        operation_id="open_cases",
        response_class=_Lines,
        response_model=BatchResult,
        responses={200: {"description": "One result per line, as each is known."}, **answers(body=True)},
        openapi_extra=operation(KeyScope.OPEN, BATCH, media=JSON_LINES[0]),
    )
    @needs(KeyScope.OPEN, media=JSON_LINES)
    async def open_cases(request: Request, caller: ByCaller) -> StreamingResponse:
        """JSON lines in, one case each (as for `POST /v1/cases`); JSON lines out, one result for each line that is not empty, in their
        order. At most 5,000 lines and 8 MB, and one batch per key at a time. A bad line does not stop the others. If the engine or
        the store goes away in between, the lines that were not tried are told so (503): send them again, nothing is opened twice.
        """
        if caller.key.key_id in running:
            raise Problem("too_many", "A batch of this key is running; wait for its end.", headers={"retry-after": _AGAIN_S})
        running.add(caller.key.key_id)
        release: Callable[[], None] = lambda: running.discard(caller.key.key_id)  # noqa: E731
        try:
            lines = _lines(await _body(request))
            desk = parts.backends.desk()
        except BaseException:
            release()
            raise
        return _Releasing(_results(desk, caller, lines), release)

    return router


class _Releasing(StreamingResponse):
    """Gives the key's turn back at the end, also when the caller has gone."""

    media_type = JSON_LINES[0]

    def __init__(self, content: AsyncIterator[bytes], release: Callable[[], None]) -> None:
        super().__init__(content)
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


async def _body(request: Request) -> bytes:
    """All of it before the first answer: many clients read nothing before they have sent everything."""
    try:
        return await request.body()
    except ClientDisconnect:
        raise Problem("malformed", "The body ended before its end.") from None


def _lines(body: bytes) -> list[tuple[int, bytes]]:
    """Numbered from 1, without the empty ones."""
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if not lines:
        raise Problem("invalid", "body: is empty; right would be one case per line", field="body")
    if len(lines) > MOST_LINES:
        raise Problem("too_large", f"The body has {len(lines)} lines; right would be at most {MOST_LINES}. Send it in parts.")
    return lines


async def _results(desk: Desk, caller: Caller, lines: list[tuple[int, bytes]]) -> AsyncIterator[bytes]:
    """In the order of the lines, of which so many are on their way at once."""
    waiting: deque[asyncio.Task[BatchResult]] = deque()
    rest: Iterator[tuple[int, bytes]] = iter(lines)
    away: list[Problem] = []
    try:
        while True:
            while len(waiting) < _AT_ONCE and (following := next(rest, None)) is not None:
                waiting.append(asyncio.create_task(_one(desk, caller, *following, away)))
            if not waiting:
                return
            result = await waiting.popleft()
            yield json.dumps(result.model_dump(mode="json", exclude_none=True), ensure_ascii=False).encode() + b"\n"
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _one(desk: Desk, caller: Caller, number: int, line: bytes, away: list[Problem]) -> BatchResult:
    try:
        request = requested(_parsed(line))
        if away:
            return _failed(number, away[0])
        opened = await open_one(desk, caller, request)
    except Problem as problem:
        return _failed(number, problem)
    except (Away, StoreUnavailable, EngineUnavailable) as error:
        away.append(of_exception(error) or Problem("away"))
        return _failed(number, away[0])
    except Exception as error:  # one line's fault is not the others'
        _log.error("fault in a batch: %s", type(error).__name__)
        return _failed(number, Problem("fault"))
    return BatchResult(line=number, status=CREATED if opened.result == "created" else SAME, **_known(opened.model_dump()))


def _parsed(line: bytes) -> Any:
    if len(line) > LONGEST_LINE:
        raise Problem("too_large", f"The line is longer than {LONGEST_LINE // 1024} KB.")
    try:
        return json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Problem("malformed", "The line is not JSON in UTF-8.") from None


def _failed(number: int, problem: Problem) -> BatchResult:
    told: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": KINDS[problem.code].title,
        "status": problem.status,
        "detail": problem.detail,
        "field": problem.field,
        "errors": problem.errors,
        **problem.more,
    }
    answer = ProblemAnswer.model_validate(told)
    known = {"result": "different"} if problem.more.get("differing") else {}
    return BatchResult(line=number, status=problem.status, problem=answer, **_known({**told, **known}))


def _known(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ("case_id", "workflow_id", "result", "policy_id")}
