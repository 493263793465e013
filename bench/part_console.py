"""Part console: how long a support lead waits for a page, with 100,000 cases in the books, on SQLite and on PostgreSQL.

Owns the questions that are asked and the clock beside them: whole pages over HTTP, of the web process as it is run, signed in, one question
after the other. The engine is away: no page here needs it. Called by __main__.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psycopg

from bench.children import Child, own_environment
from bench.console_books import LOYAL, MERCHANTS, PASSWORD, WHO, database, email, fill, phone
from bench.report import Report, percentile
from starter.desk.identity import Identity
from starter.embedded.places import free_port
from store.engine import open_store, upgrade

_KEY = "b" * 32  # of the benchmark's own books
_ENGINES = ("sqlite", "postgresql")
_TOKEN = 'name="csrf_token" value="'
_FILTERS = ("mine=yes", "merchant=northwind", "segment=vip", "tag=press", "tag=none", "status=closed", "kind=dispute&group=rest")
Ask = Callable[[int], httpx2.Response]


async def run(report: Report, folder: Path) -> None:
    number, rounds = (5_000, 40) if report.quick else (100_000, 200)
    report.note("console_cases", number)
    for engine in _ENGINES:
        with database(engine, folder, report) as url:
            await _on(engine, url, report, folder, number, rounds)


async def _on(engine: str, url: str, report: Report, folder: Path, number: int, rounds: int) -> None:
    identity, now = Identity(_KEY.encode()), datetime.now(UTC)
    began = time.perf_counter()
    await upgrade(url)
    store = await open_store(url)
    try:
        ids = await fill(store, number, identity, now)
    finally:
        await store.close()
    if engine == "postgresql":
        _as_a_minute_later(url)
    report.say(f"console: {engine}: {number} cases written in {time.perf_counter() - began:.0f} s")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = own_environment(
        MAKEGOOD_STORE_URL=url,
        MAKEGOOD_IDENTITY_KEY=_KEY,
        MAKEGOOD_LINK_KEYS=_KEY,
        MAKEGOOD_WEB_PORT=str(port),
        MAKEGOOD_PUBLIC_URL=address,
        TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}",  # nobody listens there
    )
    client = httpx2.Client(base_url=address, headers={"accept": "text/html", "sec-fetch-site": "same-origin"}, timeout=30)

    async def ready() -> bool:
        try:
            return client.get("/healthz").status_code == 200
        except httpx2.TransportError:
            return False

    web = Child(
        "the web process", [sys.executable, "-m", "starter.web"], log=folder / f"web-{engine}.log", ready=ready, environment=environment
    )
    with client:
        async with web:
            for what, ask in _questions(client, ids, identity).items():
                _measure(report, engine, what, ask, rounds)


def _as_a_minute_later(url: str) -> None:
    """What PostgreSQL's own autovacuum does within a minute of such a load (it wakes once a minute, autovacuum_naptime): count the rows
    and mark the pages that indices may answer for alone. Waiting for it would be no measurement, nor would measuring beside it.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _questions(client: httpx2.Client, ids: Sequence[str], identity: Identity) -> dict[str, Ask]:
    signed_in = client.post("/console/sign-in", data={"name": WHO, "password": PASSWORD})
    assert signed_in.status_code == 303, signed_in.text
    page = client.get("/console/queue")
    assert page.status_code == 200, page.text
    token = page.text.partition(_TOKEN)[2].partition('"')[0]
    loyal = identity.customer_key(MERCHANTS[0], LOYAL)
    some = [ids[at * 7919 % len(ids)] for at in range(500)]

    def search(at: int) -> httpx2.Response:
        which = at * 7919 % len(ids)
        words = (
            ids[which],
            f"O-{which // 2}",
            f"R-{which}",
            f"C-{which % 30_000}",
            email(which),
            phone(which),
            f"0{phone(which)[3:]}",
            "nobody",
        )
        return client.post("/console/search", data={"csrf_token": token, "q": words[at % len(words)]})

    asked: dict[str, Ask] = {
        "queue": lambda _: client.get("/console/queue"),
        "queue_live": lambda _: client.get("/console/queue/live"),
        "queue_filtered": lambda at: client.get(f"/console/queue?{_FILTERS[at % len(_FILTERS)]}"),
        "search": search,
        "customer": lambda _: client.get(f"/console/customers/{loyal}"),
    }
    if client.get(f"/console/cases/{ids[0]}").status_code == 200:
        asked["case"] = lambda at: client.get(f"/console/cases/{some[at % len(some)]}")
    return asked


def _measure(report: Report, engine: str, what: str, ask: Ask, rounds: int) -> None:
    took: list[float] = []
    for at in range(-10, rounds):  # the first ones find cold caches
        began = time.perf_counter()
        answer = ask(at)
        if at >= 0:
            took.append((time.perf_counter() - began) * 1000)
        if answer.status_code not in (200, 303):
            raise RuntimeError(f"{what} was answered with {answer.status_code}")
    median, late = percentile(took, 0.5), percentile(took, 0.95)
    report.put(f"console_{engine}_{what}_p50_ms", round(median, 1))
    report.put(f"console_{engine}_{what}_p95_ms", round(late, 1))
    report.say(f"console: {engine}: {what}: p50 {median:.1f} ms, p95 {late:.1f} ms")
