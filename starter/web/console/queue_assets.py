"""The queue's own script and stylesheet, and their addresses.

Owns these. Must never hold anything that is made for one person: they may be kept for a year. Called by the pages that use them and by
face.py, which serves them to everybody.
"""

import hashlib
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

_FOLDER = Path(__file__).parents[1] / "pages" / "console"
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}  # a year: a changed file has another address
_SCRIPT = (_FOLDER / "queue.js").read_text(encoding="utf-8")
_STYLE = (_FOLDER / "queue.css").read_text(encoding="utf-8")


def _url(path: str, content: str) -> str:
    return f"{path}?v={hashlib.sha256(content.encode()).hexdigest()[:12]}"


SCRIPT_URL = _url("/console/queue.js", _SCRIPT)
QUEUE_STYLE_URL = _url("/console/queue.css", _STYLE)


def queue_assets() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route("/console/queue.js", methods=["GET", "HEAD"])
    async def script() -> Response:
        return Response(_SCRIPT, media_type="text/javascript", headers=_KEPT)

    @router.api_route("/console/queue.css", methods=["GET", "HEAD"])
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css", headers=_KEPT)

    return router
