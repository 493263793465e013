"""The web application over a real store and a scripted desk, asked without a network.

Owns the fakes behind `WebParts`. What is played here (an engine that is away, a clock) comes in through the parts; nothing is patched.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import httpx2
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from temporalio.client import Client

from policies.case.commands import Receipt, Snapshot
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import CaseStatus, Channel
from starter.desk import CaseKey, Desk, PreferenceChanges
from starter.settings import Settings, load_settings
from starter.web.app import build_app
from starter.web.parts import Away, Face, WebParts
from store.engine import Store
from store.link_tokens import LinkSigner
from tests.store.samples import CASE, MONDAY

KEY = "k" * 32
PUBLIC_URL = "https://care.example.com"


@dataclass
class FakeDesk:
    """What the unsubscribe asks of the desk. `fails` is raised by the next change."""

    reach: Reachability = field(default_factory=lambda: Reachability(channels=[Channel.EMAIL]))
    status: CaseStatus = CaseStatus.OPEN
    fails: Exception | None = None
    changes: list[tuple[CaseKey | str, Actor, PreferenceChanges]] = field(default_factory=list)

    async def snapshot(self, case: CaseKey | str) -> Snapshot:
        return Snapshot(
            case_id=CASE,
            workflow_id=f"refund-{CASE}",
            kind="refund",
            status=self.status,
            cycle=1,
            merchant="acme",
            order="O-1",
            escalation=0,
            opened_at=MONDAY,
            agenda=[],
            clocks=[],
            targets=[],
            promises={},
            links=[],
            policy="retail.refund",
            shadow=False,
            counts={},
            reach=self.reach,
        )

    async def change_preferences(self, case: CaseKey | str, by: Actor, changes: PreferenceChanges, *, key: str | None = None) -> Receipt:
        if self.fails is not None:
            raise self.fails
        self.changes.append((case, by, changes))
        self.reach = self.reach.model_copy(update={"opted_out": changes.opted_out})
        return Receipt(case_id=CASE, status=self.status, seq=len(self.changes))


@dataclass
class FakeBackends:
    opened: Store | None = None
    asked_desk: FakeDesk | None = None
    checks: dict[str, str] = field(default_factory=lambda: {"store": "ok", "engine": "ok"})

    def store(self) -> Store:
        if self.opened is None:
            raise Away("store", 2)
        return self.opened

    def client(self) -> Client:
        raise Away("engine", 2)

    def desk(self) -> Desk:
        if self.asked_desk is None:
            raise Away("engine", 2)
        return cast(Desk, self.asked_desk)

    async def check(self) -> dict[str, str]:
        return self.checks


class Clock:
    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


def parts_of(
    backends: FakeBackends | None = None,
    *,
    clock: Clock | None = None,
    public_url: str = PUBLIC_URL,
    **settings: Any,
) -> WebParts:
    moment = clock or Clock()
    loaded: Settings = load_settings(**settings)
    return WebParts(
        settings=loaded,
        backends=backends or FakeBackends(),
        links=LinkSigner([KEY], moment.seconds),
        public_url=public_url,
        clock=moment,
    )


def application(
    faces: Sequence[Face] | Callable[[WebParts], Sequence[Face]] = (), parts: WebParts | None = None, **options: Any
) -> FastAPI:
    of = parts or parts_of()
    return build_app(of, faces(of) if callable(faces) else faces, **options)


def browser(app: FastAPI, *, address: str = "203.0.113.7", base_url: str = PUBLIC_URL, **headers: str) -> httpx2.AsyncClient:
    """A client without cookies of its own; `headers` with underscores for hyphens."""
    transport = httpx2.ASGITransport(app=app, client=(address, 50000))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.AsyncClient(transport=transport, base_url=base_url, headers=named, follow_redirects=False)


def routes_of(router: APIRouter) -> Iterator[APIRoute]:
    """With those of the routers in it."""
    for route in router.routes:
        included = getattr(route, "original_router", None)  # how FastAPI keeps a router within a router
        if included is not None:
            yield from routes_of(included)
        elif isinstance(route, APIRoute):
            yield route
