"""The web application: layers around routes, nothing else.

Owns the order of the layers and the life of what runs beside them. Must never know what a route does. Called by serving.py and by tests,
which hand in their own parts and faces.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from starter.web.frame import Frame
from starter.web.health import health_face
from starter.web.limits import Limits
from starter.web.origin_check import OriginCheck
from starter.web.pages import static_face
from starter.web.parts import Face, WebParts
from starter.web.problems import Problem, answer, install

# What a request waits for the engine, all its questions together. Longer than one command waits for a worker (20 s).
ANSWER_WITHIN_S = 21.0
# The last resort, a bare notice. What is left beside the wait is for a page of its own: a row in the audit log, a few reads, its rendering.
REQUEST_TIMEOUT_S = 25.0

Beside = Callable[[], AbstractAsyncContextManager[Any]]


def build_app(
    parts: WebParts,
    faces: Sequence[Face],
    *,
    opens: Beside | None = None,
    timeout_s: float = REQUEST_TIMEOUT_S,
    answer_within_s: float = ANSWER_WITHIN_S,
) -> FastAPI:
    """The application over these parts and faces. `opens`: what is opened before the first request and closed after the last."""
    every = (health_face(parts), static_face(), *faces)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if opens is not None:
                await stack.enter_async_context(opens())
            for face in every:
                for beside in face.beside:
                    await stack.enter_async_context(beside())
            yield

    layers = [
        Middleware(Limits, faces=every, timeout_s=timeout_s, answer_within_s=answer_within_s),
        Middleware(OriginCheck, faces=every, public_url=parts.public_url),
    ]
    if parts.settings.web_trusted_proxies:
        layers.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=list(parts.settings.web_trusted_proxies)))
    app = _Framed(
        https=parts.https,
        title="Makegood",
        lifespan=lifespan,
        middleware=layers,
        openapi_url="/openapi.json" if parts.settings.web_openapi else None,
        docs_url=None,  # its page loads scripts from elsewhere and runs inline ones: against our own policy
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the path, built from the Host header
    )
    install(app, every)

    async def fault(request: Request, _: Exception) -> Response:
        return answer(Problem("fault"), request, every)

    app.add_exception_handler(Exception, fault)
    for face in every:
        app.include_router(face.router)
    return app


class _Framed(FastAPI):
    """With the frame outside of everything, also of the layer that answers faults."""

    def __init__(self, *, https: bool, **options: Any) -> None:
        super().__init__(**options)
        self._https = https

    def build_middleware_stack(self) -> ASGIApp:
        return Frame(super().build_middleware_stack(), https=self._https)
