"""/healthz: the process lives. /readyz: the store and the engine answer, and the tables are new enough.

Owns these two. Must never name an address or a version: they are open to everybody who reaches the process. Called by the stack, by
container platforms and load balancers.
"""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from starter.web.parts import Face, WebParts

_RETRY_AFTER_S = "5"


def health_face(parts: WebParts) -> Face:
    router = APIRouter()

    @router.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
    async def healthz() -> Response:
        return JSONResponse({"status": "alive"})

    @router.api_route("/readyz", methods=["GET", "HEAD"], include_in_schema=False)
    async def readyz() -> Response:
        found = await parts.backends.check()
        ready = all(state == "ok" for state in found.values())
        headers = {} if ready else {"retry-after": _RETRY_AFTER_S}
        return JSONResponse({"status": "ready" if ready else "not_ready", "parts": found}, 200 if ready else 503, headers=headers)

    return Face(router, prefixes=("/healthz", "/readyz"), machine=True)
