"""The customer's page as routes: links are exchanged, the page is shown, the visit ends.

Owns these addresses and the two faces. Must never change anything on GET (mail scanners open every link), and never put a name, a text or
a token into an address it sends anybody to. Included by starter/web/faces.py.
"""

import math
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from policies.links import PATH, LinkPurpose
from starter.web.attempts import Attempts
from starter.web.csrf_token import FIELD
from starter.web.parts import Face, WebParts
from starter.web.portal.act_pages import PAGES, ActPages
from starter.web.portal.forms import MOST_FIELDS, filled
from starter.web.portal.programs import JSON_PATH, program_routes
from starter.web.portal.saying import WORDS
from starter.web.portal.shown import home, once, shown
from starter.web.portal.style import STYLE_PATH, stylesheet
from starter.web.portal.visit import LANDING, Portal
from starter.web.problems import Problem
from store.link_tokens import LinkExpired, LinkInvalid

_BAD_LINKS, _WINDOW_S = 20, 600.0  # wrong links from one address in ten minutes, as for unsubscribing
_LARGEST = 64 * 1024  # bytes of a form: the longest text in letters of four bytes, and room for its fields
_READ = ["GET", "HEAD"]


def portal_faces(parts: WebParts) -> list[Face]:
    """The programs' face first: its prefix is the longer one. Raises SettingsError, BookError."""
    portal = Portal(parts)
    bad_links = Attempts(_BAD_LINKS, _WINDOW_S)
    pages, programs = APIRouter(), APIRouter()
    for purpose, landing in LANDING.items():
        _exchange(pages, portal, bad_links, purpose, landing)
    _status(pages, portal)
    _visit(pages, portal)
    ActPages(portal).include(pages)
    program_routes(programs, portal, bad_links)
    return [
        Face(programs, prefixes=(JSON_PATH,), machine=True),
        Face(pages, prefixes=("/case", *(PATH[purpose] for purpose in LANDING)), body_limit=_LARGEST),
    ]


def _exchange(router: APIRouter, portal: Portal, bad_links: Attempts, purpose: LinkPurpose, landing: str) -> None:
    @router.api_route(PATH[purpose] + "{token}", methods=_READ, include_in_schema=False)
    async def exchange(token: str, request: Request) -> Response:
        try:
            link_id = portal.parts.links.read(purpose, token)
        except LinkExpired:
            raise Problem("link_expired") from None
        except LinkInvalid:
            wait_s = bad_links.failed(request)
            if wait_s is not None:
                raise Problem("too_many", headers={"retry-after": str(math.ceil(wait_s))}) from None
            raise Problem("link_invalid") from None
        session = portal.sessions.opened(link_id, purpose, portal.sessions.read(request))
        wanted = f"/case/{request.query_params.get('to', '')}"
        to = wanted if purpose is LinkPurpose.STATUS and wanted in PAGES else landing  # "?to=settings": the link in "stop these updates"
        return portal.sessions.keep(RedirectResponse(to, 303), session)


def _status(router: APIRouter, portal: Portal) -> None:
    @router.api_route("/case", methods=_READ, include_in_schema=False)
    async def case(request: Request) -> Response:
        visit = await portal.visit(request, "view")
        if isinstance(visit, Response):
            return visit
        return portal.show("case", visit, **shown(visit), form=filled(), once=once())

    @router.api_route(STYLE_PATH, methods=_READ, include_in_schema=False)
    async def style() -> Response:
        return stylesheet()


def _visit(router: APIRouter, portal: Portal) -> None:
    @router.post("/case/language", include_in_schema=False)
    async def language(request: Request) -> Response:
        """Of the page only: the language of messages is a setting of the case."""
        session = portal.sessions.read(request)
        form = filled(await request.form(max_files=0, max_fields=MOST_FIELDS))
        if session is None:
            return portal.bare("no_session", request, 401)
        if not portal.forms.accepts(session.number, form.get(FIELD)):
            return portal.bare("stale_form", request, 403)
        chosen = form.get("language")
        if chosen not in WORDS:
            raise Problem("invalid", f"language: right would be one of {', '.join(WORDS)}", field="language")
        back = form.get("back") if form.get("back") in {"/case", *PAGES} else home(session)
        return portal.sessions.keep(RedirectResponse(back, 303), replace(session, language=chosen, said="said.language"))

    @router.post("/case/leave", include_in_schema=False)
    async def leave(request: Request) -> Response:
        session = portal.sessions.read(request)
        form = filled(await request.form(max_files=0, max_fields=MOST_FIELDS))
        if session is not None and not portal.forms.accepts(session.number, form.get(FIELD)):
            return portal.bare("stale_form", request, 403)
        return portal.sessions.end(portal.bare("left", request, 200))
