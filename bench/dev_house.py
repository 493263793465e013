"""A contestant on the development server: the server, the worker as a process of its own, the books, and what they say.

Owns the start and end of that house and the readings that all parts of real time share. Must never judge. Called by the parts that
need a real clock.
"""

import asyncio
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.converter import DataConverter

from bench.children import Child
from bench.contestants import Baseline, Contestant, Handle, Ours, books_file
from bench.engines import dev_server
from bench.scenario import Opening
from bench.working import worker_child
from policies.book import PolicySnapshot
from policies.case.case_id import case_id
from policies.case.vocabulary import CaseKind
from starter.embedded.stack import Stack
from store.outbox import Outbox
from store.queries import Queries
from workflows.converter import DATA_CONVERTER

_NEVER = timedelta(days=3650)  # settles after the benchmark


class TooSlow(RuntimeError):
    """What was waited for did not happen in time."""


@dataclass
class DevHouse:
    stack: Stack
    client: Client
    one: Contestant
    worker: Child
    ruling: PolicySnapshot
    folder: Path

    async def open(self, name: str, settles_after: timedelta = _NEVER) -> Handle:
        return await self.one.open(self.client, Opening(name, datetime.now(UTC) + settles_after), self.ruling)

    async def told(self, kind: str) -> int:
        """How many messages of that kind were accepted."""
        if isinstance(self.one, Baseline):
            return self.one.rows.count(kind)
        # Asked several times a second among thousands of cases: the index alone answers, a summary would read every case.
        with closing(sqlite3.connect(f"file:{books_file(self.folder)}?mode=ro", uri=True)) as books:
            return int(books.execute("SELECT count(*) FROM messages WHERE kind = ? AND state = 'accepted'", (kind,)).fetchone()[0])

    async def until_told(self, kind: str, count: int, within_s: float) -> None:
        patience = time.monotonic() + within_s
        while (reached := await self.told(kind)) < count:
            if time.monotonic() > patience:
                raise TooSlow(f"{self.one.name}: {reached} of {count} {kind} messages within {within_s:g} s")
            await asyncio.sleep(0.25)

    async def lateness_s(self, names: list[str]) -> list[float]:
        """Of every message that was due at a moment: when the attempt that sent it began, minus that moment."""
        if isinstance(self.one, Baseline):
            return self.one.rows.lateness_s()
        assert isinstance(self.one, Ours)
        books = Queries(self.one.store)
        late: list[float] = []
        for name in names:
            due = {promise.number: promise.due_at for promise in await books.promises(case_id_of(name))}
            for message in await books.messages(case_id_of(name)):
                if message.keeps in due and message.ended_at is not None:
                    late.append((message.ended_at - due[message.keeps]).total_seconds())
        return late

    async def sent_twice(self) -> int:
        """Messages that left the house more than once."""
        if isinstance(self.one, Baseline):
            return self.one.rows.repeated()
        assert isinstance(self.one, Ours)
        sent: Counter[str] = Counter()
        last = 0
        while page := await Outbox(self.one.store).rows(limit=1000, after_id=last):
            sent.update(post.message_id for post in page if post.message_id is not None)
            last = page[-1].id
        return sum(1 for count in sent.values() if count > 1)


def case_id_of(name: str) -> str:
    return case_id("northwind", CaseKind.REFUND, name)


@asynccontextmanager
async def dev_house(folder: Path, one: Contestant, ruling: PolicySnapshot, *, simulated: bool = False) -> AsyncIterator[DevHouse]:
    """Ours runs `python -m worker` as in production, with the outbox and the simulator over HTTP.

    `simulated`: with effects that cost nothing instead, as the baselines have them.
    """
    folder.mkdir(parents=True)
    real = isinstance(one, Ours) and not simulated
    stack = dev_server(folder, simulator=real)
    async with stack:
        await one.prepare(folder)
        try:
            converter = DATA_CONVERTER if isinstance(one, Ours) else DataConverter.default
            client = await Client.connect(stack.address, data_converter=converter)
            child = _real_worker(stack, folder) if real else worker_child(one.name, stack.address, folder)
            async with child as worker:
                yield DevHouse(stack, client, one, worker, ruling, folder)
        finally:
            await one.close()
    if stack.stopped_by is not None:  # the stack takes the signal for its own; here it ends everything
        raise KeyboardInterrupt


def _real_worker(stack: Stack, folder: Path) -> Child:
    ready = folder / "worker.ready"

    async def is_ready() -> bool:
        return await asyncio.to_thread(ready.exists)

    return Child(
        "the worker",
        [sys.executable, "-m", "worker"],
        log=folder / "worker.log",
        ready=is_ready,
        before=lambda: ready.unlink(missing_ok=True),
        environment=stack.worker_environment(),
    )


async def paced(house: DevHouse, names: list[str], per_s: float) -> None:
    """Open cases at fixed moments, whatever the ones before take: a slow start delays nobody else's."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
            group.create_task(house.open(name))


async def crowded(house: DevHouse, names: list[str], at_once: int) -> None:
    """Open cases as fast as they are taken, so many at once."""
    turns = asyncio.Semaphore(at_once)

    async def one(name: str) -> None:
        async with turns:
            await house.open(name)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(one(name))
