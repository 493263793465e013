"""The outermost layer around every request: its id, the security headers, one line in the log, and the last word on faults.

Owns these four. Must never log a path as it was asked for (it may hold a token), a query, an address, a header or the words of an
exception (they may quote what was sent): the route's template, the status, the time taken, the kind of fault and its place. Wrapped
around the application by app.py.
"""

import logging
import secrets
import time
import traceback
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from starter.web.problems import REQUEST_ID
from starter.web.security_headers import with_security

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_access = logging.getLogger("makegood.web.access")
_log = logging.getLogger("makegood.web")


class Frame:
    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        request_id = scope[REQUEST_ID] = secrets.token_hex(8)

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
                message = {**message, "headers": with_security(headers, https=self._https)}
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except Exception as error:  # the answer has been given (app.py registers a handler for everything); here it is only told
            _log.error("fault: %s at %s id=%s", type(error).__name__, _place(error), request_id)
        finally:
            milliseconds = (time.perf_counter() - began) * 1000
            _access.info("%s %s %s %.0f ms id=%s", _method(scope), _template(scope), status or "-", milliseconds, request_id)


def _template(scope: Scope) -> str:
    """ "/u/{token}", never "/u/IlBf..."."""
    path: Any = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "(no route)"


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "(other)"


def _place(error: Exception) -> str:
    """Where it came from, innermost last: files and lines only."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
