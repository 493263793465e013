"""Nobody gets past without a session: who asks, whether the role may, whether the form is ours.

Owns the order: session, one-time password, role, form with its token, only then the page; and what is shown instead. Must never read a
form of somebody who is not signed in, but to give back what was typed when the session ended meanwhile. Put around every page of the
console as its route class.
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.passwords import TooBusy
from starter.web.console.forms import Form, form_of
from starter.web.console.navigation import ACCOUNT
from starter.web.console.roles import Act, may, who_may
from starter.web.console.visit import Visit
from starter.web.csrf_token import FIELD, HEADER
from starter.web.problems import Problem, answer, of_exception

if TYPE_CHECKING:
    from starter.web.console.console import Console

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Operation = TypeVar("Operation", bound=Callable[..., Any])

SIGN_IN = "/console/sign-in"
BUSY = "Many passwords are being checked at this moment. Try again in a few seconds."
_ACT, _LIVE = "makegood_act", "makegood_live"
_KEPT = ("text", "note", "why", "comment")  # fields whose words somebody would miss


def needs(act: Act, *, live: bool = False) -> Callable[[Operation], Operation]:
    """What a page or form needs. Without it a route cannot be built. `live`: a script asks by itself, which keeps no session alive."""

    def marked(operation: Operation) -> Operation:
        setattr(operation, _ACT, act)
        setattr(operation, _LIVE, live)
        return operation

    return marked


class Guard:
    def __init__(self, console: "Console") -> None:
        self._console = console

    async def admit(self, request: Request, act: Act, *, live: bool) -> Visit | Response:
        """Raises Away, StoreUnavailable."""
        console = self._console
        session = await console.session_of(request, counts=not live)
        if session is None:
            return await self._unknown(request)
        visit = Visit(request, session)
        if session.person.must_change and act is not Act.OWN:
            return RedirectResponse(ACCOUNT, 303)
        if not may(session.person, act):
            await console.note(visit, "refused", needs=act.value)
            return self._shown(Problem("forbidden", f"Your role ({session.person.role.value}) may not do this. {who_may(act)} can."), visit)
        if request.method == "POST":
            visit = Visit(request, session, await form_of(request))
            token = visit.form.get(FIELD) or request.headers.get(HEADER, "")
            if not console.accepts(session, token):
                return console.show_outside("session_over", request, status=403, kept=_kept(visit.form), why="stale")
        return visit

    def route_class(self) -> type[APIRoute]:
        guard = self

        class GuardedRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handle = super().get_route_handler()
                act: Act = getattr(self.endpoint, _ACT)
                live: bool = getattr(self.endpoint, _LIVE)

                async def guarded(request: Request) -> Response:
                    visit = await guard.admit(request, act, live=live)
                    if isinstance(visit, Response):
                        return visit
                    request.state.visit = visit
                    try:
                        return await handle(request)
                    except Exception as error:
                        problem = _busy() if isinstance(error, TooBusy) else of_exception(error)
                        if problem is None:
                            raise
                        return guard._shown(problem, visit)

                return guarded

        return GuardedRoute

    def _shown(self, problem: Problem, visit: Visit) -> Response:
        """In the frame for people, as problem+json for a script."""
        return self._console.problem(problem, visit) if _is_page(visit.request) else answer(problem, visit.request, ())

    async def _unknown(self, request: Request) -> Response:
        console = self._console
        if not _is_page(request):
            return answer(Problem("unauthorized", "Sign in again."), request, ())
        if request.method == "POST":
            return console.cookie.drop(
                console.show_outside("session_over", request, status=401, kept=_kept(await form_of(request)), why="over")
            )
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        to = SIGN_IN if path == "/console" else f"{SIGN_IN}?to={quote(path, safe='/')}"
        return console.cookie.drop(RedirectResponse(to, 303))


def _busy() -> Problem:
    return Problem("away", BUSY, headers={"retry-after": "3"})


def _is_page(request: Request) -> bool:
    """Browsers ask for pages by name, scripts for anything."""
    return "text/html" in request.headers.get("accept", "")


def _kept(form: Form) -> str | None:
    return next((form.get(name) for name in _KEPT if form.get(name)), None)
