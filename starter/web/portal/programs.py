"""/case.json: the status of a case for software that acts for its customer.

Owns this route and who may ask: whoever has the token of a status link, or the page's own cookie. Must never set a cookie for a program.
Included by face.py; its form is json_status.py's.
"""

import math

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from starter.web.attempts import Attempts
from starter.web.portal.json_status import status_of
from starter.web.portal.shown import step_words
from starter.web.portal.steps import steps_of
from starter.web.portal.visit import Portal, Visit
from starter.web.problems import Problem
from store.link_tokens import LinkExpired, LinkInvalid

JSON_PATH = "/case.json"
_LOOK_AGAIN_S = "5"


def program_routes(router: APIRouter, portal: Portal, bad_links: Attempts) -> None:
    @router.api_route(JSON_PATH, methods=["GET", "HEAD"], include_in_schema=False)
    async def status(request: Request) -> Response:
        visit = await _asked(portal, bad_links, request)
        if visit == "not_ready":
            raise Problem("away", "The case is being opened.", headers={"retry-after": _LOOK_AGAIN_S})
        if isinstance(visit, str):
            raise Problem("link_expired", "The case is not shown under this link any more. Take the one from the latest message.")
        steps = {step.name: step_words(step, visit.say) for step in steps_of(visit.case)}
        content = status_of(visit.case, visit.view, visit.say, steps)
        response = JSONResponse(content, headers={"content-language": visit.say.language, "vary": "Authorization, Cookie"})
        return portal.sessions.keep(response, visit.session) if visit.session is not None else response


async def _asked(portal: Portal, bad_links: Attempts, request: Request) -> Visit | str:
    """By the token of a status link, or by the page's own cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        try:
            if scheme.lower() != "bearer":
                raise LinkInvalid
            return await portal.of_token(token.strip())
        except LinkExpired:
            raise _unauthorized("The token is too old. Take the one from the link in the latest message.") from None
        except LinkInvalid:
            wait_s = bad_links.failed(request)
            if wait_s is not None:
                raise Problem("too_many", headers={"retry-after": str(math.ceil(wait_s))}) from None
            raise _unauthorized("Not the token of a status link.") from None
    session = portal.sessions.read(request)
    if session is None:
        raise _unauthorized("Send the token of a status link (what follows /s/) as Authorization: Bearer.")
    if not session.may("view"):
        raise Problem("forbidden", "This session was opened by a link that does not show the case. Open the status link.")
    return await portal.of_link(session.link_id, session)


def _unauthorized(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers={"www-authenticate": 'Bearer realm="case"'})
