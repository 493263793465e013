"""The API over a real store and a desk of choice, asked without a network.

Owns the scripted desk and the making of keys. What is played here comes in through `Backends`; nothing is patched.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine

from policies.case.commands import Receipt, Snapshot
from policies.case.facts import Actor, Fact
from policies.case.request import CaseRequest
from policies.case.vocabulary import CaseStatus
from starter.desk import CaseKey, CaseNotFound, MovedOn, Opened
from starter.web.api.face import api_faces
from starter.web.api.rates import Rates
from starter.web.metrics import metrics_face
from starter.web.parts import WebParts
from store.api_keys import ApiKey, ApiKeys, NewKey, Scope
from store.engine import Store
from store.recorder import Recorder
from tests.starter.web.harness import Clock, FakeBackends, application, browser, parts_of
from tests.store.samples import CASE, MONDAY, entry, fact

ALL = (Scope.OPEN, Scope.READ, Scope.LEAD)
BY = {"who": "ana.agent", "why": "a test"}
REFUND: dict[str, Any] = {
    "merchant": "northwind",
    "kind": "refund",
    "reference": "R-1",
    "order": "NW-1",
    "payments": [{"amount_minor": 4990, "currency": "EUR", "provider": "simpay", "reference": "SP-1"}],
    "customer": {"id": "C-1", "name": "Ada Brook", "email": "ada.brook@example.com", "phone": "+447700900117"},
}


@dataclass
class ScriptedDesk:
    """A desk that says what a test wants. `fails` is raised by everything but what is in `engine`."""

    fails: Exception | None = None
    engine: dict[CaseKey, Snapshot] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    opened: list[CaseRequest] = field(default_factory=list)
    answers: list[Opened | Exception] = field(default_factory=list)
    acts: list[tuple[str, CaseKey, Actor, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    asked: int = 0
    decided_on: tuple[CaseKey, int] | None = None

    def as_of(self, case: CaseKey, seq: int | None) -> "ScriptedDesk":
        return replace(self, decided_on=(case, seq) if seq is not None else None)

    async def open(self, request: CaseRequest) -> Opened:
        self.opened.append(request)
        answer = self.answers.pop(0) if self.answers else opened_as("created")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def snapshot(self, case: CaseKey) -> Snapshot:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        if case not in self.engine:
            raise CaseNotFound(f"nobody knows {case}")
        return self.engine[case]

    async def timeline(self, case: CaseKey) -> list[Fact]:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return self.facts

    def __getattr__(self, name: str) -> Any:
        async def act(case: CaseKey, by: Actor, *arguments: Any, **named: Any) -> Receipt:
            if self.fails is not None:
                raise self.fails
            if self.decided_on is not None and self.decided_on[0] == case:
                version = self.engine[case].counts["facts"]
                if version != self.decided_on[1]:
                    raise MovedOn("the case has moved on", version)
            self.acts.append((name, case, by, arguments, named))
            return Receipt(case_id=case.case_id, status=CaseStatus.OPEN, seq=8)

        return act


def opened_as(result: str, *differing: str, case_id: str = CASE) -> Opened:
    return Opened.model_validate(
        {"case_id": case_id, "workflow_id": f"refund-{case_id}", "result": result, "differing": differing, "policy_id": "retail.refund"}
    )


def snapshot_as(case_id: str = CASE, **changes: Any) -> Snapshot:
    values: dict[str, Any] = {
        "case_id": case_id,
        "workflow_id": f"refund-{case_id}",
        "kind": "refund",
        "status": "open",
        "cycle": 1,
        "merchant": "acme",
        "order": "O-1",
        "escalation": 0,
        "opened_at": MONDAY,
        "agenda": [],
        "clocks": [],
        "targets": [],
        "promises": {},
        "links": [],
        "policy": "retail.refund (retail 1, abc)",
        "shadow": False,
        "counts": {"facts": 7},
        "contact_ref": "contact-secret",
    }
    return Snapshot.model_validate(values | changes)


class Ticks:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Api:
    """An application, its clocks, its desk and its keys."""

    store: Store
    app: FastAPI
    parts: WebParts
    desk: ScriptedDesk
    backends: FakeBackends
    clock: Clock
    ticks: Ticks

    async def key(self, *scopes: Scope, merchant: str | None = None, per_minute: int = 6000, hours: float = 24) -> tuple[ApiKey, str]:
        new = NewKey(name="test", scopes=list(scopes or ALL), merchant=merchant, per_minute=per_minute, lifetime=timedelta(hours=hours))
        return await ApiKeys(self.store).create(new, "tester", self.clock())

    @asynccontextmanager
    async def caller(self, *scopes: Scope, address: str = "203.0.113.7", **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
        _, text = await self.key(*scopes, **options)
        async with browser(self.app, address=address, authorization=f"Bearer {text}") as client:
            yield client

    def stranger(self) -> httpx2.AsyncClient:
        return browser(self.app)

    def within(self, **limits: float) -> "Api":
        """With other limits of a request: seconds."""
        return replace(self, app=application(lambda of: api_faces(of, Rates(self.ticks)), self.parts, **limits))


@cache
def _application(settings: tuple[tuple[str, Any], ...]) -> tuple[FastAPI, WebParts, FakeBackends, Clock, Ticks]:
    """Once per process: building its routes costs more than most tests. What a test puts in reaches it through the same seams."""
    clock, ticks, backends = Clock(), Ticks(), FakeBackends()
    parts = parts_of(backends, clock=clock, **dict(settings))
    app = application(lambda of: [*api_faces(of, Rates(ticks)), metrics_face(of, ticks)], parts)
    return app, parts, backends, clock, ticks


def api_of(store: Store, desk: ScriptedDesk | None = None, *, alone: bool = False, **settings: Any) -> Api:
    """`alone`: an application of this test's own, where what it remembers (figures, strangers' tries) is what the test is about."""
    build = _application.__wrapped__ if alone else _application
    app, parts, backends, clock, ticks = build(tuple(sorted(settings.items())))
    scripted = desk or ScriptedDesk()
    backends.opened = store
    backends.asked_desk = scripted  # type: ignore[assignment] # another fake of the same port
    backends.checks = FakeBackends().checks
    clock.now = MONDAY
    ticks.now += 1_000_000  # what was counted or kept for an earlier test is over
    return Api(store, app, parts, scripted, backends, clock, ticks)


async def shelved(store: Store, shelf: dict[str, dict[str, Any]]) -> None:
    """Cases in the books, by their ids."""
    for case_id, changes in shelf.items():
        await Recorder(store).commit_entry(entry(case_id, **changes))


async def one_case(store: Store, case_id: str = CASE, facts: Sequence[int] = (1, 2, 3), **changes: Any) -> None:
    entered = entry(case_id, facts=[fact(seq) for seq in facts], as_of_seq=max(facts), **changes)
    await Recorder(store).commit_entry(entered)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that any store of this process executes meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split())[:80])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
