"""Pages from templates: autoescaped, strict, readable without a script and without the stylesheet.

Owns the template environment and the stylesheet's address. Must never build a template from anything that was sent to us. Called by
the routes of pages and by errors.
"""

import hashlib
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from starter.web.parts import Face
from starter.web.wording import WORDS

_FOLDER = Path(__file__).parent / "pages"
_A_YEAR_S = 365 * 24 * 3600

_environment = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _environment.get_template("site.css.j2").render()
STYLE_VERSION = hashlib.sha256(_STYLE.encode()).hexdigest()[:12]  # a changed stylesheet has another address: it may be kept for a year


def page(template: str, language: str, *, status: int = 200, headers: dict[str, str] | None = None, **content: Any) -> Response:
    """A page of ours; `content` is escaped where it is shown."""
    html = _environment.get_template(template).render(
        language=language, words=WORDS[language], style_version=STYLE_VERSION, **{"request_id": None, **content}
    )
    return HTMLResponse(html, status_code=status, headers={"content-language": language, **(headers or {})})


def notice(
    name: str, language: str, *, status: int = 200, request_id: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """A page that says one thing (`name` in wording.py)."""
    return page("notice.html.j2", language, status=status, headers=headers, name=name, request_id=request_id)


def static_face() -> Face:
    router = APIRouter()

    @router.get("/static/site.css", include_in_schema=False)
    async def stylesheet() -> Response:
        return Response(_STYLE, media_type="text/css", headers={"cache-control": f"public, max-age={_A_YEAR_S}, immutable"})

    @router.get("/favicon.ico", include_in_schema=False)
    async def no_icon() -> Response:
        return Response(status_code=204)

    return Face(router, prefixes=("/static/", "/favicon.ico"), machine=True)
