"""Ours and the baselines behind one face: how each opens a case, takes an answer, and which workers it needs.

Owns what is particular to each. Must never measure. Called by the parts and by the worker process.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

import worker as ours
from activities.adapters.brands import load_brands
from activities.adapters.directory import load_directory
from bench.baseline_plan import ANSWER, NAIVE_QUEUE, SKELETON_QUEUE, BaselinePlan, Effects
from bench.naive import NaiveCase
from bench.rows import Rows
from bench.scenario import CUSTOMER, MERCHANT, Opening, case_start, settling
from bench.simulated import CHANNELS, NoAlerts, SettlingProvider
from bench.skeleton import SkeletonCase
from policies.book import PolicySnapshot
from policies.case.case_id import workflow_id
from policies.case.commands import GiveFeedback
from policies.case.vocabulary import CaseKind
from starter.settings import ROOT, Settings
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store, open_store, upgrade
from store.recorder import Recorder
from workflows import names

Handle = WorkflowHandle[Any, Any]


class Contestant(Protocol):
    name: str

    async def prepare(self, folder: Path) -> None:
        """Make the books; in every process, before anything else."""

    async def workers(self, client: Client, provider: SettlingProvider) -> list[Worker]: ...

    async def open(self, client: Client, opening: Opening, ruling: PolicySnapshot) -> Handle: ...

    async def answer(self, handle: Handle) -> None:
        """The customer answers the survey with five of five."""

    async def close(self) -> None: ...


@dataclass
class Ours:
    name: str = "ours"
    _store: Store | None = None

    @property
    def store(self) -> Store:
        assert self._store is not None
        return self._store

    async def prepare(self, folder: Path) -> None:
        url = f"sqlite:///{books_file(folder)}"
        await upgrade(url)
        self._store = await open_store(url)

    async def workers(self, client: Client, provider: SettlingProvider) -> list[Worker]:
        settings = Settings(messages_per_second=2000, provider_checks_per_second=2000, graceful_shutdown_s=3)
        return ours.workers(
            client,
            Recorder(self.store),
            channels=dict(CHANNELS),
            alerts=NoAlerts(),
            provider=provider,
            brands=load_brands(ROOT / "examples" / "brands.toml"),
            directory=load_directory(ROOT / "examples" / "directory.toml"),
            settings=settings,
        )

    async def open(self, client: Client, opening: Opening, ruling: PolicySnapshot) -> Handle:
        """As the desk does: contact data into the store, then the start."""
        start = case_start(opening, ruling)
        contact = Contact(name="Ada Example", email="ada@example.com", phone="+49305550001", locale="en", zone="Europe/Berlin")
        await DeskBooks(self.store).save_contact(start.contact_ref, start.case_id, MERCHANT, contact, opening.settles_at)
        return await client.start_workflow(names.REFUND_CASE, start, id=workflow_id(CaseKind.REFUND, start.case_id), task_queue="cases")

    async def answer(self, handle: Handle) -> None:
        await handle.execute_update(names.FEEDBACK, GiveFeedback(by=CUSTOMER, csat=5, nps=10))

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()


@dataclass
class Baseline:
    name: str
    _queue: str
    _workflow: type
    _rows: list[Rows] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        return self._rows[0]

    async def prepare(self, folder: Path) -> None:
        self._rows = [Rows(folder / f"{self.name}.sqlite")]

    async def workers(self, client: Client, provider: SettlingProvider) -> list[Worker]:
        """One worker with the SDK's defaults, sandbox included."""
        effects = Effects(self.rows, provider)
        return [
            Worker(
                client,
                task_queue=self._queue,
                workflows=[self._workflow],
                activities=[effects.send, effects.check, effects.watch],
            )
        ]

    async def open(self, client: Client, opening: Opening, ruling: PolicySnapshot) -> Handle:
        plan = baseline_plan(opening, ruling)
        name = {"skeleton": "SkeletonCase", "naive": "NaiveCase"}[self.name]
        return await client.start_workflow(name, plan, id=f"{self.name}-{opening.name}", task_queue=self._queue)

    async def answer(self, handle: Handle) -> None:
        await handle.signal(ANSWER, 5)

    async def close(self) -> None:
        for rows in self._rows:
            rows.close()


def contestant(name: str) -> Contestant:
    if name == "ours":
        return Ours()
    if name == "skeleton":
        return skeleton()
    return naive()


def skeleton() -> Baseline:
    return Baseline("skeleton", SKELETON_QUEUE, SkeletonCase)


def naive() -> Baseline:
    return Baseline("naive", NAIVE_QUEUE, NaiveCase)


def books_file(folder: Path) -> Path:
    return folder / "makegood.sqlite"  # where the settings of a worker with this state folder look for them


def baseline_plan(opening: Opening, ruling: PolicySnapshot) -> BaselinePlan:
    """The same case at the same pace: what the policy says of cadence, watch, tail and survey."""
    policy = ruling.policy
    return BaselinePlan(
        case_id=opening.name,
        reference=settling(opening.name, opening.settles_at),
        cadence_s=policy.cadence.steps[0].every.elapsed().total_seconds(),
        steps=watch_steps(ruling),
        tail_every_s=policy.watch.tail_every.elapsed().total_seconds(),
        tail_s=policy.tail.elapsed().total_seconds(),
        ask_after_s=policy.feedback.ask_after.elapsed().total_seconds(),
        # Six hours beside a cadence of a day; at a pace of seconds the same share of it.
        poll_s=policy.cadence.steps[0].every.elapsed().total_seconds() / 4,
    )


def watch_steps(ruling: PolicySnapshot) -> list[tuple[float, float | None]]:
    """As the rules hand them to a watch."""
    return [
        (step.every.elapsed().total_seconds(), step.until.elapsed().total_seconds() if step.until is not None else None)
        for step in ruling.policy.watch.steps
    ]
