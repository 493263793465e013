"""The console over a store, with people who have passwords, asked without a network.

Owns the making of people and a browser that signs in. Passwords are hashed with the cheapest parameters, handed in through the port.
"""

import html
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any, cast

import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI

from starter.passwords import Passwords
from starter.web.console.face import console_faces
from starter.web.parts import Face, WebParts
from store.audit import Audit, AuditRow
from store.engine import Store
from store.people import NewPerson, People, Person, PersonRole
from tests.starter.web.harness import KEY, PUBLIC_URL, Clock, FakeBackends, application, browser, parts_of
from tests.store.samples import MONDAY

Faces = Callable[[WebParts], Sequence[Face]]
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery staple"
_HASHED = CHEAP.hash(PASSWORD)  # once per process
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """A browser of one person: cookies are kept, forms carry the token of the page before."""

    http: httpx2.AsyncClient
    token: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"accept": "text/html", "sec-fetch-site": "same-origin"})

    async def get(self, path: str, *, follow: bool = True) -> httpx2.Response:
        return await self._kept(await self.http.get(path, headers=self.headers), follow)

    async def post(self, path: str, *, follow: bool = True, **values: Any) -> httpx2.Response:
        """With the token of the page that was loaded last, unless another one is given."""
        data = {"csrf_token": self.token, **values}
        return await self._kept(await self.http.post(path, data=data, headers=self.headers), follow)

    async def sign_in(self, name: str = "lena", password: str = PASSWORD, **more: Any) -> httpx2.Response:
        return await self.post("/console/sign-in", name=name, password=password, **more)

    async def _kept(self, answer: httpx2.Response, follow: bool) -> httpx2.Response:
        while follow and answer.status_code == 303:
            answer = await self.http.get(answer.headers["location"], headers=self.headers)
        found = _TOKEN.search(answer.text)
        self.token = html.unescape(found[1]) if found else self.token
        return answer


@dataclass
class Scene:
    app: FastAPI
    store: Store
    clock: Clock
    backends: FakeBackends
    parts: WebParts

    async def person(
        self, name: str = "lena", role: PersonRole = PersonRole.LEAD, *, merchants: Sequence[str] = (), one_time: bool = False
    ) -> Person:
        people = People(self.store)
        new = NewPerson(name=name, shown_name=name.title(), role=role, merchants=list(merchants))
        made = await people.create(new, _HASHED, self.clock() + timedelta(hours=72), "tests", self.clock())
        if not one_time:
            await people.choose_password(made.person_id, _HASHED)
        return made

    @asynccontextmanager
    async def stranger(self, address: str = "203.0.113.7", **headers: str) -> AsyncIterator[Visitor]:
        async with browser(self.app, address=address) as http:
            visitor = Visitor(http)
            visitor.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
            yield visitor

    @asynccontextmanager
    async def signed_in(self, role: PersonRole = PersonRole.LEAD, name: str = "lena", **more: Any) -> AsyncIterator[Visitor]:
        await self.person(name, role, **more)
        async with self.stranger() as visitor:
            await visitor.sign_in(name)
            yield visitor

    async def audit(self, act: str | None = None) -> list[AuditRow]:
        """The oldest first."""
        return (await Audit(self.store).page(act=act))[::-1]


def scene_of(
    store: Store,
    desk: Any = None,
    faces: Faces | None = None,
    *,
    hasher: PasswordHasher = CHEAP,
    public_url: str = PUBLIC_URL,
    limits: dict[str, float] | None = None,
    **settings: Any,
) -> Scene:
    """An application of this test's own: for what it remembers (strangers' tries), or for other settings or limits of its requests."""
    clock, backends = Clock(MONDAY), FakeBackends(store, desk)
    parts = parts_of(backends, clock=clock, public_url=public_url, link_keys=KEY, **settings)
    of = faces or (lambda given: console_faces(given, Passwords(hasher)))
    return Scene(application(of, parts, **(limits or {})), store, clock, backends, parts)


def usual_scene(store: Store, desk: Any = None, faces: Faces | None = None, **settings: Any) -> Scene:
    """The application that these faces and settings are once per process; what a test puts in reaches it through the same seams."""
    scene = _usual(faces, tuple(sorted(settings.items())))
    scene.backends.opened, scene.backends.asked_desk, scene.clock.now = store, desk, MONDAY
    return replace(scene, store=store)


@cache
def _usual(faces: Faces | None, settings: tuple[tuple[str, Any], ...]) -> Scene:
    return scene_of(cast(Store, None), faces=faces, **dict(settings))
