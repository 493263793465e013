"""Real cases for the part console: opened on the development server among the rows, and lived through a good part of a life.

Owns how they are opened, what happens to them (words by the clock, a provider that answers, acts of people, a breach) and the moment at
which they rest: what is measured afterwards is a page, not the work of a dozen cases beside it. Must never measure. Called by
part_console.py.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr
from temporalio.client import Client

from bench.children import own_environment
from bench.scenario import MERCHANT, Opening, case_start, frozen, policy
from policies.book import PolicySnapshot
from policies.case.case_id import case_id
from policies.case.facts import Actor
from policies.case.vocabulary import CaseKind, MessageKind, Role
from starter.connection import connect
from starter.desk import CaseKey, Desk
from starter.desk.engine import Engine
from starter.desk.identity import Identity
from starter.embedded.stack import Stack
from starter.policy_books import load_books
from starter.settings import ROOT, Settings
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.queries import Queries

UPDATES = 12  # a word a second, then twice a day: with acts, statuses and the breach about forty facts
_BREACHED_AFTER_S = 20
_PATIENCE_S = 120.0
_REST_S = 3.0  # the last alert and entry are on their way when the breach is told
_LENA = Actor(who="lena.lead", role=Role.LEAD, why="a life of the benchmark")


def _policy_of_a_short_life() -> dict[str, Any]:
    demo = policy("demo")
    promise = next(clock for clock in demo.clocks if clock.id == "refund_promise")
    steps = [{"every": "1s", "times": UPDATES}, {"every": "12h"}]
    return {
        "cadence": {"steps": steps, "after_breach": "12h", "shortest": "1s", "longest": "24h", "grace": "1s"},
        "watch": {"steps": [{"every": "2s", "until": "30s"}, {"every": "1h"}], "tail_every": "1h", "unreachable_after": "24h"},
        "clocks": [{**promise.model_dump(), "span": f"{_BREACHED_AFTER_S}s"}],
    }


@asynccontextmanager
async def engine(folder: Path, url: str, key: str) -> AsyncIterator[tuple[Stack, Settings]]:
    """The development server, the simulated provider and the worker as `make up` starts them, over these books."""
    settings = Settings(
        state_dir=folder,
        store_url=url,
        identity_key=SecretStr(key),
        link_keys=SecretStr(key),
        policy_book="demo",
        messages_per_second=2000,
        provider_checks_per_second=2000,
        log_level="error",
        graceful_shutdown_s=3,
        brands_file=ROOT / "examples" / "brands.toml",
        directory_file=ROOT / "examples" / "directory.toml",
    )
    stack = Stack(settings, state_dir=folder, temporal_port=None, ui_port=None, simulator=True, on_event=lambda _: None)
    async with stack:
        yield stack, settings
    if stack.stopped_by is not None:  # the stack takes the signal for its own; here it ends everything
        raise KeyboardInterrupt


def environment_of(stack: Stack) -> dict[str, str]:
    """For another process of the same house."""
    return {**own_environment(), **stack.worker_environment()}


async def lived(stack: Stack, settings: Settings, store: Store, identity: Identity, number: int) -> list[str]:
    """Open so many, let them live, wait until they rest; their case ids. Raises TimeoutError."""
    client, now = await connect(settings, address=stack.address), datetime.now(UTC)
    ruling = frozen("demo", policy("demo", **_policy_of_a_short_life()), now)
    desk = Desk(client, DeskBooks(store), Queries(store), load_books(settings.policy_book_files), identity)
    names = [f"LIVE-{at}" for at in range(number)]
    for name in names:
        await _open(stack, client, store, Opening(name, now), ruling)
    keys = [CaseKey(case_id(MERCHANT, CaseKind.REFUND, name), CaseKind.REFUND) for name in names]
    await _until(store, keys, MessageKind.UPDATE, 3)
    await asyncio.gather(*(_worked_on(desk, key) for key in keys))
    await _until(store, keys, MessageKind.APOLOGY, 1)
    await asyncio.sleep(_REST_S)
    return [key.case_id for key in keys]


async def _open(stack: Stack, client: Client, store: Store, opening: Opening, ruling: PolicySnapshot) -> None:
    start = case_start(opening, ruling)
    steps = [{"after_s": 0, "status": "processing"}]
    plan = {"kind": "refund", "reference": start.targets[0].reference, "steps": steps}
    async with httpx2.AsyncClient(trust_env=False) as http:
        (await http.post(f"{stack.simulator_url}/admin/plans", json={"plans": [plan]})).raise_for_status()
    contact = Contact(name="Ada Example", email="ada@example.com", phone="+49305550001", locale="en", zone="Europe/Berlin")
    await DeskBooks(store).save_contact(start.contact_ref, start.case_id, MERCHANT, contact, opening.settles_at)
    await Engine(client).start(start, CaseKey(start.case_id, CaseKind.REFUND), opening.settles_at)


async def _worked_on(desk: Desk, key: CaseKey) -> None:
    """What a lead and a customer do to a case in a week, in some seconds."""
    await desk.note(key, _LENA, "The warehouse has it, in bay 7.")
    await desk.reply(key, _LENA, "It left us this morning; the bank has it now.")
    await desk.customer_reply(key, Actor(who="customer", role=Role.CUSTOMER), "And when will it be here?")
    await desk.hold(key, _LENA, "under_review")
    await desk.resume(key, _LENA)
    await desk.escalate(key, _LENA)
    await desk.note(key, _LENA, "Spoke with the bank.")


async def _until(store: Store, keys: Sequence[CaseKey], kind: MessageKind, count: int) -> None:
    """Every case has told so many messages of that kind."""
    books, patience = Queries(store), time.monotonic() + _PATIENCE_S
    for key in keys:
        while sum(one.kind is kind and one.ended_at is not None for one in await books.messages(key.case_id)) < count:
            if time.monotonic() > patience:
                raise TimeoutError(f"{key.case_id} has not told {count} {kind.value} within {_PATIENCE_S:g} s")
            await asyncio.sleep(0.25)
