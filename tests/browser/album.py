"""The pages of the three faces as they answer, each with the route that it came from: what a browser then looks at.

Owns the application over a store (every face of the web process, no network) and the album that each answer goes into. Must never decide
which pages there are: the application's own routes say that. Called by the walks (console_walk.py, portal_walk.py) and test_barriers.py.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import httpx2
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from starter.passwords import Passwords
from starter.web.console.face import console_faces
from starter.web.faces import faces_of
from starter.web.parts import Face, WebParts
from starter.web.portal.face import portal_faces
from starter.web.unsubscribe import unsubscribe_face
from tests.starter.web.console.harness import CHEAP
from tests.starter.web.harness import PUBLIC_URL, routes_of

# What a browser may ask for that is no page: (path, why).
NO_PAGES = {
    "/console": "leads on to the first page of the person",
    "/console/admin": "leads on to the people",
    "/console/console.css": "a stylesheet",
    "/console/queue.css": "a stylesheet",
    "/case/portal.css": "a stylesheet",
    "/console/queue.js": "the script of the queue",
    "/console/queue/live": "the groups alone: the queue's own page holds them",
    "/console/insight.csv": "for a spreadsheet",
    "/console/outbox/{post_id}/html": "a mail as its sender made it, in a frame without scripts",
}


class Colours(StrEnum):
    """How much of a page's colours is looked at: that takes four times as long as everything else together."""

    OWN = "own"  # it has some of its own: in the light and in the dark
    USUAL = "usual"  # in the light
    SHOWN = "shown"  # it is made of parts that another page of the walk shows


_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Seen:
    """One page as it was answered. `route` is the address as the application knows it, without what stands in it of one case."""

    name: str
    route: str
    html: str
    colours: Colours


@dataclass
class Album:
    """`routes` of the answers are heard at the application's door, so that nobody has to say which page he means to look at."""

    app: ASGIApp
    seen: list[Seen] = field(default_factory=list)
    _route: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        route = scope.get("route")
        self._route = route.path if isinstance(route, APIRoute) else ""

    def keep(
        self, name: str, answer: httpx2.Response, status: int = 200, says: str = "", *, colours: Colours = Colours.USUAL
    ) -> httpx2.Response:
        """The answer that came last. `says`: words that only this state of the page has."""
        told = " ".join(_TAG.sub(" ", answer.text.partition("<main")[2]).split())
        assert answer.status_code == status, f"{name}: {answer.status_code}, {told}"
        assert says in answer.text, f"{name}: does not say {says!r}, but {told}"
        assert "<title>" in answer.text, f"{name}: is no page"
        self.seen.append(Seen(name, self._route, answer.text, colours))
        return answer

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
        transport = httpx2.ASGITransport(app=self, client=("203.0.113.7", 50000))
        usual = {"accept": "text/html", "sec-fetch-site": "same-origin", **headers}
        async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=usual, follow_redirects=False) as client:
            yield client


def every_face(parts: WebParts) -> Sequence[Face]:
    """Those with pages, with passwords that cost nothing."""
    return [unsubscribe_face(parts), *portal_faces(parts), *console_faces(parts, Passwords(CHEAP))]


def pages_of(parts: WebParts) -> set[str]:
    """Every address of the web process, as it is built to run, where a person's browser may ask for a page."""
    asked_for = {
        route.path for face in faces_of(parts) if not face.machine for route in routes_of(face.router) if "GET" in (route.methods or ())
    }
    return asked_for - NO_PAGES.keys()
