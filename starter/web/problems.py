"""Errors that leave the house: problem+json (RFC 9457) for programs, a plain page for people.

Owns the list of problem types, their statuses and the translation of exceptions. Must never repeat what was sent, nor show a trace, a
path, a token or a driver's words: what is not ours to tell is told as "something went wrong", with the request's id.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from starter import plain_errors
from starter.desk import AmbiguousCase, CaseNotFound, EngineUnavailable, Refused, Unanswered
from starter.web.languages import asked_language
from starter.web.pages import notice
from starter.web.parts import Away, Face
from store.engine import StoreUnavailable

TYPE = "urn:makegood:problem:"  # + code: the stable name of a kind of problem (docs/web.md lists them)
MEDIA_TYPE = "application/problem+json"
REQUEST_ID = "makegood.request_id"  # key in the scope
_RETRY_AFTER_S = 5  # the store and the engine come back within seconds, or not soon
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}\Z")  # what is not a field's name may be an address in the wrong place
_MOST_ERRORS = 20  # of one request; the first ones are enough to mend it


@dataclass(frozen=True)
class _Kind:
    status: int
    title: str
    page: str  # name in wording.py


KINDS: dict[str, _Kind] = {
    "malformed": _Kind(400, "The request cannot be read", "unusable"),
    "unauthorized": _Kind(401, "The caller is not known", "forbidden"),
    "forbidden": _Kind(403, "This is not allowed", "forbidden"),
    "cross_origin": _Kind(403, "Sent from another site", "forbidden"),
    "not_found": _Kind(404, "There is nothing here", "not_found"),
    "link_invalid": _Kind(404, "The link is not one of ours", "link_invalid"),
    "method_not_allowed": _Kind(405, "Another method is needed", "not_found"),
    "not_acceptable": _Kind(406, "Not available in this form", "not_found"),
    "ambiguous": _Kind(409, "Several cases may be meant", "unusable"),
    "refused": _Kind(409, "The case says no", "unusable"),
    "link_expired": _Kind(410, "The link is no longer valid", "link_expired"),
    "too_slow": _Kind(408, "The request did not arrive in time", "unusable"),
    "too_large": _Kind(413, "The request is too large", "too_large"),
    "unsupported_media_type": _Kind(415, "Not in this form", "unusable"),
    "misdirected": _Kind(421, "Asked under a strange name", "not_found"),
    "invalid": _Kind(422, "The request has errors", "unusable"),
    "too_many": _Kind(429, "Too many requests", "too_many"),
    "fault": _Kind(500, "Something went wrong on our side", "fault"),
    "away": _Kind(503, "Not available now", "away"),
    "timed_out": _Kind(503, "It took too long", "away"),
    "unanswered": _Kind(504, "No answer in time", "away"),
}
_BY_STATUS = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 406: "not_acceptable"}
_BY_STATUS |= {408: "too_slow", 409: "refused", 413: "too_large", 415: "unsupported_media_type", 422: "invalid", 429: "too_many"}
_BY_STATUS |= {503: "away"}
_DETAIL = {
    "not_found": "No such address. Check its spelling; a resource that was there may be gone.",
    "method_not_allowed": "The address exists, but not for this method; the header Allow names those that do.",
    "malformed": "The body is not in the form that its content type says.",
    "too_large": "The body is larger than is accepted here.",
    "fault": "It has been logged under the request id. Trying again may help.",
    "away": "The store or the engine does not answer now. Nothing is lost; try again.",
    "timed_out": "The request was given up. Look at what it was about before you repeat it.",
    "cross_origin": "The request did not come from a page of ours (Sec-Fetch-Site, Origin).",
    "misdirected": "The Host header names a host that this process does not serve.",
}


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Problem(Exception):
    """Raise it in a route. `code` is one of KINDS; `detail` is for the caller and holds nothing personal; `field` names what is wrong."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        field: str | None = None,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status or KINDS[code].status
        self.detail = detail or _DETAIL.get(code)
        self.field = field
        self.errors = errors
        self.headers = dict(headers or {})
        self.more = dict(more or {})  # further members of problem+json


def answer(problem: Problem, request: Request, faces: tuple[Face, ...]) -> Response:
    """The problem in the form that fits the caller."""
    kind = KINDS[problem.code]
    request_id: str | None = request.scope.get(REQUEST_ID)
    if wants_page(request, faces):
        return notice(kind.page, asked_language(request), status=problem.status, request_id=request_id, headers=problem.headers)
    body = {
        "type": TYPE + problem.code,
        "title": kind.title,
        "status": problem.status,
        "detail": problem.detail,
        "field": problem.field,
        "errors": problem.errors,
        "request_id": request_id,
        **problem.more,
    }
    present = {name: value for name, value in body.items() if value is not None}
    return JSONResponse(present, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def wants_page(request: Request, faces: tuple[Face, ...]) -> bool:
    """By the face that the path belongs to; where there is none, by what the caller accepts."""
    for face in faces:
        if request.url.path.startswith(face.prefixes):
            return not face.machine
    return "text/html" in request.headers.get("accept", "")


def of_exception(error: Exception) -> Problem | None:
    """What this exception is to a caller; None if it is a fault of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Away):
        return Problem("away", headers={"retry-after": str(max(1, round(error.retry_after_s)))}, more={"part": error.part})
    if isinstance(error, StoreUnavailable | EngineUnavailable):
        part = "store" if isinstance(error, StoreUnavailable) else "engine"
        return Problem("away", headers={"retry-after": str(_RETRY_AFTER_S)}, more={"part": part})
    if isinstance(error, Unanswered):
        return Problem("unanswered", "No worker answered in time. It may still be carried out: look at the case before you repeat it.")
    if isinstance(error, CaseNotFound):
        return Problem("not_found", "No such case is known.")
    if isinstance(error, AmbiguousCase):
        return Problem("ambiguous", "Give the id of one of them.", more={"case_ids": error.case_ids})
    if isinstance(error, Refused):
        return Problem("refused", error.reason)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, "malformed" if error.status_code < 500 else "fault")
        # What a route of ours says is meant for the caller; the framework says the status's own phrase, and ours is better.
        said = None if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        return Problem(code, said, headers=error.headers, status=error.status_code)
    return None


def _of_validation(error: RequestValidationError) -> Problem:
    """Which field, and what would be right. The framework's own words would repeat the input."""
    details: list[Any] = list(error.errors())[:_MOST_ERRORS]
    if any(detail["type"] == "json_invalid" for detail in details):
        return Problem("malformed", "The body is not JSON.")
    errors = []
    for detail in details:
        where, *path = detail["loc"]  # ("body", "payments", 0, "amount_minor"), ("query", "limit") ...
        words = plain_errors.told(detail, BaseModel)
        named = tuple(part if isinstance(part, int) or _NAME.match(part) else "(a name)" for part in path if part != "[key]")
        errors.append({"in": str(where), "field": plain_errors.place(named) if named else str(where), "problem": words})
    first = errors[0] if errors else {"field": "body", "problem": "cannot be read"}
    return Problem("invalid", f"{first['field']}: {first['problem']}", field=first["field"], errors=errors)


def _allowed(request: Request) -> list[str]:
    """Every method of the address: the framework names those of the first route only that has it."""
    routes = request.app.routes
    return [method for method in _METHODS if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)]


def install(app: FastAPI, faces: tuple[Face, ...]) -> None:
    """Handlers for everything that routes may raise. What is not known here is the frame's (frame.py)."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = of_exception(error)
        assert problem is not None  # only classes that of_exception knows are registered
        if problem.code == "method_not_allowed":
            problem.headers = {"allow": ", ".join(_allowed(request))}
        return answer(problem, request, faces)

    known: tuple[type[Exception], ...] = (Problem, Away, StoreUnavailable, EngineUnavailable, Unanswered, CaseNotFound, AmbiguousCase)
    handler: Callable[[Request, Exception], Any] = handle
    for class_ in (*known, Refused, RequestValidationError, HTTPException):
        app.add_exception_handler(class_, handler)
