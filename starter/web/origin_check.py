"""Forms of our pages are accepted from our pages only (CSRF), and local pages under local names only (DNS rebinding).

Owns the check of Sec-Fetch-Site, Origin and Host before any route runs. It is the first of two locks: pages with a session put a token
into their forms as well (csrf_token.py). Machine faces are left out: their callers carry a key or a signature and no cookie. Middleware,
put in place by app.py.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from starter.web.parts import Face
from starter.web.problems import Problem, answer

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class OriginCheck:
    def __init__(self, app: ASGIApp, *, faces: tuple[Face, ...], public_url: str) -> None:
        self._app = app
        self._faces = faces
        self._origin = public_url
        self._local = urlsplit(public_url).hostname in _LOCAL_NAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        code = self._refusal(scope) if scope["type"] == "http" else None
        if code is None:
            await self._app(scope, receive, send)
        else:
            await answer(Problem(code), Request(scope), self._faces)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        face = next((face for face in self._faces if scope["path"].startswith(face.prefixes)), None)
        if face is not None and face.machine:
            return None
        headers = Headers(scope=scope)
        if self._local and not _local(headers.get("host", "")):
            return "misdirected"
        if scope["method"] in _SAFE or (face is not None and scope["path"].startswith(face.csrf_exempt)):
            return None
        return None if self._ours(headers) else "cross_origin"

    def _ours(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:  # set by the browser itself, on https and on this machine; no page can change it
            return site == "same-origin"
        # Older browsers. Under no-referrer they may send "null", which is refused: anybody's sandboxed frame sends that too.
        return headers.get("origin") == self._origin


def _local(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOCAL_NAMES
    except ValueError:
        return False
