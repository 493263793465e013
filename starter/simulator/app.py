"""The simulator's HTTP face: three things to ask for, and an admin's side for the demo and tests.

Owns routes and the play of outages. Must never be reachable from another machine (see __main__). Called over HTTP.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from policies.contract import Strict
from starter.simulator.plans import Kind, Plan, Plans, Switch, Trouble
from starter.simulator.shapes import shaped

_SILENCE_S = 60.0  # longer than any client waits
_SAVE_COUNTS_EVERY_S = 0.5
_ADMIN_BODY_LIMIT = 8 * 1024 * 1024


class _NewPlans(Strict):
    plans: list[Plan] = Field(min_length=1, max_length=20_000)


def build(plans: Plans, clock: Callable[[], float] = time.time) -> Starlette:
    """The application over these plans."""

    def asked(kind: Kind) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            reference, now = request.path_params["reference"], clock()
            trouble = plans.trouble(kind, reference, now)
            current = None if trouble else plans.current(kind, reference, now)
            plans.count(kind, reference, answered=current is not None)
            if trouble is not None:
                return await _troubled(*trouble)
            if current is None:
                return JSONResponse({"error": "no_such_reference"}, status_code=404)
            return JSONResponse(shaped(kind, reference, current))

        return answer

    async def load(request: Request) -> Response:
        given = _NewPlans.model_validate_json(await _body(request))
        plans.load(given.plans, clock())
        return JSONResponse({"loaded": len(given.plans)}, status_code=201)

    async def outage(request: Request) -> Response:
        switch = Switch.model_validate_json(await _body(request))
        plans.switch(switch)
        return JSONResponse({"on": switch.on})

    async def stats(_: Request) -> Response:
        return JSONResponse({"counts": {key: count.model_dump() for key, count in plans.counts().items()}})

    @contextlib.asynccontextmanager
    async def saving(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_save_counts(plans))
        try:
            yield
        finally:
            task.cancel()
            plans.save_counts()

    return Starlette(
        routes=[
            Route("/refunds/{reference:path}", asked(Kind.REFUND)),
            Route("/disputes/{reference:path}", asked(Kind.DISPUTE)),
            Route("/trackings/{reference:path}", asked(Kind.TRACKING)),
            Route("/admin/plans", load, methods=["POST"]),
            Route("/admin/outage", outage, methods=["POST"]),
            Route("/admin/stats", stats),
        ],
        exception_handlers={ValidationError: _refused},
        lifespan=saving,
    )


async def _troubled(trouble: Trouble, retry_after_s: int | None) -> Response:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if trouble is Trouble.SILENT:
        await asyncio.sleep(_SILENCE_S)
    code = 429 if trouble is Trouble.BUSY else 503
    return JSONResponse({"error": "try_later"}, status_code=code, headers=headers)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _ADMIN_BODY_LIMIT:
            break  # cut off, so that it does not parse
    return bytes(body)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    problems = [
        {"where": ".".join(str(part) for part in detail["loc"]), "what": detail["msg"]}
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return JSONResponse({"error": "unusable", "problems": problems}, status_code=422)


async def _save_counts(plans: Plans) -> None:
    while True:
        await asyncio.sleep(_SAVE_COUNTS_EVERY_S)
        plans.save_counts()
