"""Signing in and out, and one's own account: the password, the other sessions.

Owns these pages. Must never send anybody on to an address that is not ours, and never show a password again. Included by face.py.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.passwords import TooBusy, why_not
from starter.web.console.console import Console, ours
from starter.web.console.forms import form_of
from starter.web.console.guard import BUSY, SIGN_IN, needs
from starter.web.console.navigation import ACCOUNT, home_of
from starter.web.console.roles import Act
from starter.web.console.sign_in import WRONG, SignIn
from starter.web.console.style import STYLE_PATH, stylesheet
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from store.people import People

_READ = ["GET", "HEAD"]


def door_pages(console: Console, sign_in: SignIn) -> APIRouter:
    """What is open to everybody: the sign-in page and the stylesheet."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(STYLE_PATH, methods=_READ)
    async def style() -> Response:
        return stylesheet()

    @router.api_route(SIGN_IN, methods=_READ)
    async def ask(request: Request) -> Response:
        to = ours(request.query_params.get("to"))
        session = await console.session_of(request)
        if session is not None:
            return RedirectResponse(to or home_of(session.person), 303)
        return console.show_outside("sign_in", request, name="", wrong=None, to=to)

    @router.post(SIGN_IN)
    async def enter(request: Request) -> Response:
        form = await form_of(request)
        name, password, to = form.get("name"), form.get("password"), ours(form.get("to"))
        try:
            answer = await sign_in.check(request, name, password)
        except TooBusy:
            raise Problem("away", BUSY, headers={"retry-after": "3"}) from None
        # Another token whatever the browser had: nobody signs in on a session that somebody else began.
        token = await sign_in.begin(request, answer) if answer.person is not None else None
        if answer.person is None or token is None:
            shown = console.show_outside("sign_in", request, status=answer.status, name=name, wrong=answer.words or WRONG, to=to)
            if answer.retry_after_s is not None:
                shown.headers["retry-after"] = str(answer.retry_after_s)
            return shown
        to = ACCOUNT if answer.person.must_change else to or home_of(answer.person)
        return sign_in.remember(console.cookie.put(RedirectResponse(to, 303), token), answer)

    return router


def account_pages(console: Console, sign_in: SignIn) -> APIRouter:
    router = console.router()

    @router.api_route("/console", methods=_READ)
    @needs(Act.OWN)
    async def home(visit: SignedIn) -> Response:
        return RedirectResponse(home_of(visit.person), 303)

    @router.api_route(ACCOUNT, methods=_READ)
    @needs(Act.OWN)
    async def account(visit: SignedIn) -> Response:
        return console.show("account", visit)

    @router.post(ACCOUNT)
    @needs(Act.OWN)
    async def choose(visit: SignedIn) -> Response:
        await _check(visit, sign_in)
        if visit.form.errors:
            status = 429 if "form" in visit.form.errors else 422
            return console.show("account", visit, status=status)
        person, now = visit.person, console.now()
        hashed = await console.passwords.hashed(visit.form.get("new"))
        await People(console.parts.backends.store()).choose_password(person.person_id, hashed)
        await console.note(visit, "password.chosen")
        token = await console.sessions().begin(person.person_id, now)
        return console.cookie.put(console.back(home_of(person), "password_chosen"), token)

    @router.post(f"{ACCOUNT}/sessions")
    @needs(Act.OWN)
    async def end_others(visit: SignedIn) -> Response:
        ended = await console.sessions().end_others(visit.session)
        await console.note(visit, "sign_out.others", sessions=ended)
        return console.back(ACCOUNT, "others_ended")

    @router.post("/console/sign-out")
    @needs(Act.OWN)
    async def leave(visit: SignedIn) -> Response:
        token = console.cookie.read(visit.request)
        if token is not None:
            await console.sessions().end(token)
        await console.note(visit, "sign_out")
        return console.cookie.drop(console.back(SIGN_IN, "signed_out"))

    return router


async def _check(visit: Visit, sign_in: SignIn) -> None:
    """The present password once more, whoever sits there; then the new one."""
    form, person = visit.form, visit.person
    new = form.get("new")
    wrong = why_not(new, name=person.name, shown_name=person.shown_name)
    if wrong is not None:
        form.refuse("new", wrong)
    elif new != form.get("again"):
        form.refuse("again", "It is not the same as above.")
    elif new == form.get("present"):
        form.refuse("new", "It is the present one; right would be another one.")
    if form.errors:
        return
    answer = await sign_in.check(visit.request, person.name, form.get("present"), act="password")
    if answer.wrong_password:
        form.refuse("present", "It is not your present password.")
    elif answer.person is None:
        form.refuse("form", answer.words)
