"""Part console: how long a support lead waits for a page, with 100,000 cases in the books, on SQLite and on PostgreSQL.

Owns the questions that are asked and the clock beside them: whole pages over HTTP, of the web process as it is run, signed in, one question
after the other. Engine and worker run beside it: the page of a case asks them, of those cases too that the engine never had or has
forgotten; some of the cases are alive there (living.py) and answer with their clocks and facts. Called by __main__.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psycopg

from bench.children import Child
from bench.console_books import LOYAL, MERCHANTS, PASSWORD, WHO, database, email, fill, phone
from bench.living import engine as living_engine
from bench.living import environment_of, lived
from bench.report import Report, percentile
from starter.desk.identity import Identity
from starter.embedded.places import free_port
from starter.embedded.stack import Stack
from store.engine import open_store, upgrade
from store.queries import Queries

_KEY = "b" * 32  # of the benchmark's own books
_ENGINES = ("sqlite", "postgresql")
_TOKEN = 'name="csrf_token" value="'
_FILTERS = ("mine=yes", "merchant=northwind", "segment=vip", "tag=press", "tag=none", "status=closed", "kind=dispute&group=rest")
Ask = Callable[[int], httpx2.Response]


async def run(report: Report, folder: Path) -> None:
    number, alive, rounds = (5_000, 5, 40) if report.quick else (100_000, 20, 200)
    report.note("console_cases", number)
    report.note("console_cases_alive", alive)
    for engine in _ENGINES:
        with database(engine, folder, report) as url:
            await _on(engine, url, report, folder, number, alive, rounds)


async def _on(engine: str, url: str, report: Report, folder: Path, number: int, alive: int, rounds: int) -> None:
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
    place = folder / f"engine-{engine}"
    place.mkdir()
    async with living_engine(place, url, _KEY) as (stack, settings):
        store = await open_store(url)
        try:
            began = time.perf_counter()
            living = await lived(stack, settings, store, identity, alive)
            facts = [len(await Queries(store).facts(case_id)) for case_id in living]
        finally:
            await store.close()
        report.say(
            f"console: {engine}: {alive} cases lived in {time.perf_counter() - began:.0f} s, {min(facts)} to {max(facts)} facts each"
        )
        await _asked(engine, stack, report, folder, ids, living, identity, rounds)


async def _asked(
    engine: str, stack: Stack, report: Report, folder: Path, ids: Sequence[str], living: Sequence[str], identity: Identity, rounds: int
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**environment_of(stack), "MAKEGOOD_WEB_PORT": str(port), "MAKEGOOD_PUBLIC_URL": address}
    client = httpx2.Client(base_url=address, headers={"accept": "text/html", "sec-fetch-site": "same-origin"}, timeout=30)

    async def ready() -> bool:
        try:
            return client.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    web = Child(
        "the web process", [sys.executable, "-m", "starter.web"], log=folder / f"web-{engine}.log", ready=ready, environment=environment
    )
    with client:
        async with web:
            for what, ask in _questions(client, ids, living, identity).items():
                _measure(report, engine, what, ask, rounds)


def _as_a_minute_later(url: str) -> None:
    """What PostgreSQL's own autovacuum does within a minute of such a load (it wakes once a minute, autovacuum_naptime): count the rows
    and mark the pages that indices may answer for alone. Waiting for it would be no measurement, nor would measuring beside it.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _questions(client: httpx2.Client, ids: Sequence[str], living: Sequence[str], identity: Identity) -> dict[str, Ask]:
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

    def alive(at: int) -> httpx2.Response:
        answer = client.get(f"/console/cases/{living[at % len(living)]}")
        if "this is what the books know" in answer.text:
            raise RuntimeError("case_alive was answered by the books: the engine did not answer in time")
        return answer

    return {
        "queue": lambda _: client.get("/console/queue"),
        "queue_live": lambda _: client.get("/console/queue/live"),
        "queue_filtered": lambda at: client.get(f"/console/queue?{_FILTERS[at % len(_FILTERS)]}"),
        "search": search,
        "customer": lambda _: client.get(f"/console/customers/{loyal}"),
        "case": lambda at: client.get(f"/console/cases/{some[at % len(some)]}"),
        "case_alive": alive,
    }


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
