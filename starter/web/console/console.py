"""What the console's pages share: who is signed in, how a page is shown, how an act is audited, which case a person may see.

Owns these, built once from the parts of the web process. Must never know a page. Handed to every module of pages by face.py.
"""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.auditing import Value, audited
from starter.link_keys import link_keys
from starter.passwords import Passwords
from starter.web.api.finding import Found, find
from starter.web.console.guard import Guard
from starter.web.console.navigation import home_of, places_of
from starter.web.console.roles import Act
from starter.web.console.said import Said
from starter.web.console.sealed import Sealed
from starter.web.console.session import IDLE, LONGEST, ConsoleCookie
from starter.web.console.style import STYLE_URL
from starter.web.console.visit import Visit
from starter.web.csrf_token import CsrfTokens
from starter.web.pages import page
from starter.web.parts import WebParts
from starter.web.problems import KINDS, REQUEST_ID, Problem
from store.audit import Audit
from store.console_sessions import ConsoleSession, ConsoleSessions

LANGUAGE = "en"  # of the console; the customer's page has the customer's
_OURS = re.compile(r"/console(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*(\?[A-Za-z0-9._~=&%+:-]*)?\Z")
_LONGEST_PATH = 300


class Console:
    def __init__(self, parts: WebParts, passwords: Passwords) -> None:
        """Raises SettingsError."""
        self.parts = parts
        self.passwords = passwords
        self.cookie = ConsoleCookie(https=parts.https)
        self.said = Said(https=parts.https)
        keys = link_keys(parts.settings)
        self.tokens = CsrfTokens(keys, lambda: parts.clock().timestamp())
        self._sealed = Sealed(keys)

    def router(self) -> APIRouter:
        """A router on which nothing is reached without a session and `needs`."""
        return APIRouter(route_class=Guard(self).route_class(), include_in_schema=False)

    @property
    def embedded(self) -> bool:
        """Whether every message ends in the outbox: then it can be looked at there. With real channels it is at its provider."""
        return self.parts.settings.channels_file is None

    def now(self) -> datetime:
        return self.parts.clock()

    # -- sessions -------------------------------------------------------------------------------------------------------------------

    def sessions(self) -> ConsoleSessions:
        """Raises Away."""
        return ConsoleSessions(self.parts.backends.store(), IDLE, LONGEST)

    async def session_of(self, request: Request, *, counts: bool = True) -> ConsoleSession | None:
        """`counts`: it is a use of the session. Raises Away, StoreUnavailable."""
        token = self.cookie.read(request)
        session = await self.sessions().find(token, self.now()) if token is not None else None
        if session is not None and counts:
            await self.sessions().seen(session, self.now())
        return session

    def token(self, session: ConsoleSession, what: str = "") -> str:
        """For the forms of this session; `what`: for one thing that was shown to it, and nothing else."""
        return self.tokens.issue(_bound(session, what))

    def accepts(self, session: ConsoleSession, token: str, what: str = "") -> bool:
        """Whether a form was made for this session (and shows this)."""
        return self.tokens.accepts(_bound(session, what), token)

    # -- pages ----------------------------------------------------------------------------------------------------------------------

    def show(self, template: str, visit: Visit, *, status: int = 200, headers: dict[str, str] | None = None, **content: Any) -> Response:
        """pages/console/<template>.html.j2 in the console's frame."""
        response = page(
            f"console/{template}.html.j2",
            LANGUAGE,
            status=status,
            headers=headers,
            visit=visit,
            person=visit.person,
            form=visit.form,
            places=places_of(visit.person, embedded=self.embedded),
            here=visit.request.url.path,
            home=home_of(visit.person),
            csrf=self.token(visit.session),
            once=visit.form.once or secrets.token_urlsafe(16),
            said=self.said.read(visit.request),
            now=self.now(),
            style_url=STYLE_URL,
            **content,
        )
        return self.said.over(visit.request, response)

    def show_outside(self, template: str, request: Request, *, status: int = 200, **content: Any) -> Response:
        """A page for somebody who is not signed in."""
        shown: dict[str, Any] = {"visit": None, "said": self.said.read(request), "style_url": STYLE_URL, **content}
        return self.said.over(request, page(f"console/{template}.html.j2", LANGUAGE, status=status, **shown))

    def problem(self, problem: Problem, visit: Visit) -> Response:
        """What went wrong, in the frame."""
        return self.show(
            "notice",
            visit,
            status=problem.status,
            headers=problem.headers,
            title=KINDS[problem.code].title,
            text=problem.detail,
            request_id=visit.request.scope.get(REQUEST_ID),
        )

    def back(self, to: str, said: str | None = None) -> Response:
        """After a form was taken: to a page of the console, which says so (said.py)."""
        response: Response = RedirectResponse(to, 303)
        return self.said.carry(response, said) if said is not None else response

    def seal(self, text: str) -> str:
        """For a hidden field or a path: what must come back but may not be read (an address). Good for a working day."""
        return self._sealed.seal(text, int(self.now().timestamp()))

    def unseal(self, sealed: str) -> str | None:
        """What `seal` was given; None for anything else."""
        return self._sealed.open(sealed, int(self.now().timestamp()))

    # -- cases and acts ---------------------------------------------------------------------------------------------------------------

    async def case(self, visit: Visit, case_id: str) -> Found:
        """The case, if it exists for this person. Raises Problem not_found; Away, StoreUnavailable, EngineUnavailable, Unanswered."""
        return await find(self.parts, visit, case_id)

    async def note(self, visit: Visit, act: Act | str, case_id: str | None = None, **detail: Value) -> None:
        """A row in the audit log. `detail`: codes and figures, nothing personal. Raises Away, StoreUnavailable: then do not go on."""
        person, audit = visit.person, Audit(self.parts.backends.store())
        await audit.note(self.now(), str(act), person=person.name, role=person.role.value, case_id=case_id, detail=detail)

    @asynccontextmanager
    async def audited(self, visit: Visit, act: Act | str, case_id: str | None = None, **detail: Value) -> AsyncIterator[None]:
        """Around an act: it stands in the log before it is tried; if it was refused or remained unanswered, another row says so."""
        person, audit = visit.person, Audit(self.parts.backends.store())
        async with audited(audit, self.now, str(act), person=person.name, role=person.role.value, case_id=case_id, detail=detail):
            yield


def _bound(session: ConsoleSession, what: str) -> str:
    return f"{session.digest} {what}" if what else session.digest


def ours(path: str | None) -> str | None:
    """A path of the console that a browser may be sent on to; None for anything else."""
    return path if path is not None and len(path) <= _LONGEST_PATH and _OURS.match(path) else None
