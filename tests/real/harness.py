"""A running house as `make up` builds it, under the demo policy book: what a story of these tests needs.

Owns the stack, the plans of the simulated provider, and the accounts that are read from the books. Nothing here is a fake.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Replayer

import worker
from policies.case.case_id import workflow_id
from policies.case.commands import GiveFeedback, Snapshot
from policies.case.facts import Fact
from policies.case.start import CaseStart
from policies.case.vocabulary import CaseKind, CaseStatus, MessageKind, PromiseEnd
from starter.connection import connect
from starter.desk.engine import Engine
from starter.desk.keys import CaseKey
from starter.embedded.stack import Stack
from starter.settings import Settings, load_settings
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store, open_store
from store.outbox import ALERT, Outbox, Posted
from store.queries import Queries
from store.standing import MessageState
from store.views import CaseView, MessageView, PromiseView
from tests.life.harness import CUSTOMER, start_of
from workflows import names
from workflows.converter import DATA_CONVERTER

T = TypeVar("T")

_LOOK_AGAIN_S = 0.02
_PATIENCE_S = 60
# The demo book, except: its tails of 24 and 45 s would make these tests wait for nothing but their end, and with its grace of 1 s a
# promise would count as late when the machine that runs the tests hiccups.
_CHANGES: dict[str, Any] = {"tail": "6s", "cadence": {"grace": "2.5s"}}
_SIMULATED = {CaseKind.REFUND: "refund", CaseKind.DISPUTE: "dispute", CaseKind.DELAY: "tracking"}


async def eventually(look: Callable[[], Awaitable[T | None]], what: str, within_s: float = _PATIENCE_S) -> T:
    """The first answer that is neither None nor False."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                found = await look()
                if found is not None and found is not False:
                    return found
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}") from None


@dataclass
class RealHouse:
    """The running house."""

    stack: Stack
    client: Client
    store: Store
    http: httpx2.AsyncClient
    events: list[str]

    @property
    def queries(self) -> Queries:
        return Queries(self.store)

    async def kill_worker(self) -> float:
        """kill -9; the seconds until its supervisor has it polling again."""
        return await self._kill(self.stack.kill_worker)

    async def kill_server(self) -> float:
        return await self._kill(self.stack.kill_server)

    async def _kill(self, kill: Callable[[], None]) -> float:
        before, killed_at = self._restarts(), time.monotonic()
        kill()

        async def look() -> bool:
            return self._restarts() > before

        await eventually(look, "what was killed runs again")
        return time.monotonic() - killed_at

    def _restarts(self) -> int:
        return sum("runs again" in event for event in self.events)

    async def provider_says(self, kind: CaseKind, reference: str, word: str, **fields: Any) -> None:
        """From now on the simulated provider or carrier says `word` (its own) of that reference."""
        step = {"after_s": 0, "status": word, "fields": fields}
        plan = {"kind": _SIMULATED[kind], "reference": reference, "steps": [step]}
        answer = await self.http.post(f"{self.stack.simulator_url}/admin/plans", json={"plans": [plan]})
        assert answer.status_code == 201, answer.text

    async def open(self, start: CaseStart, word: str | None = None, **fields: Any) -> "RealCase":
        """Open a case as the desk does: the person to the books, then the workflow. `word`: what the provider says from the start."""
        if word is not None:
            await self.provider_says(start.kind, start.targets[0].reference, word, **fields)
        contact = Contact(name="Ada Example", email="ada@example.com", phone="+49305550001", locale="en", zone="Europe/Berlin")
        await DeskBooks(self.store).save_contact(start.contact_ref, start.case_id, start.merchant, contact, datetime.now(UTC))
        case = RealCase(self, start, created=False)
        case.created = await case.start_again()
        return case


@dataclass
class RealCase:
    house: RealHouse
    start: CaseStart
    created: bool

    @property
    def case_id(self) -> str:
        return self.start.case_id

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.house.client.get_workflow_handle(workflow_id(self.start.kind, self.case_id))

    async def start_again(self) -> bool:
        """False if there is a workflow of that id."""
        return await Engine(self.house.client).start(self.start, CaseKey(self.case_id, self.start.kind), datetime.now(UTC))

    async def provider_says(self, word: str, **fields: Any) -> None:
        await self.house.provider_says(self.start.kind, self.start.targets[0].reference, word, **fields)

    async def act(self, name: str, command: Any) -> Any:
        return await self.handle.execute_update(name, command)

    async def snapshot(self) -> Snapshot:
        found: Snapshot = await self.handle.query(names.SNAPSHOT, result_type=Snapshot)
        return found

    async def rate(self, csat: int, nps: int | None = None) -> None:
        """The customer answers the survey at once, and again if the case does not know yet that it has asked."""
        await self.told(MessageKind.FEEDBACK_REQUEST)

        async def look() -> bool:
            try:
                await self.act(names.FEEDBACK, GiveFeedback(by=CUSTOMER, csat=csat, nps=nps))
            except WorkflowUpdateFailedError as error:
                if isinstance(error.cause, ApplicationError) and error.cause.message == "feedback has not been asked for yet":
                    return False
                raise
            return True

        await eventually(look, f"{self.case_id}: feedback taken")

    # -- what the books say -----------------------------------------------------------------------------------------------------

    async def row(self) -> CaseView | None:
        return await self.house.queries.case(self.case_id)

    async def facts(self, type_: str) -> list[Fact]:
        return [fact for fact in await self.house.queries.facts(self.case_id) if fact.type == type_]

    async def messages(self) -> list[MessageView]:
        return await self.house.queries.messages(self.case_id)

    async def kinds(self) -> list[str]:
        return [message.kind.value for message in await self.messages()]

    async def promises(self) -> list[PromiseView]:
        return await self.house.queries.promises(self.case_id)

    async def posts(self) -> list[Posted]:
        """What left the house for the customer, in the order in which it did."""
        return [post for post in await Outbox(self.house.store).rows(self.case_id, limit=1000) if post.channel != ALERT]

    # -- waiting ------------------------------------------------------------------------------------------------------------------

    async def told(self, kind: MessageKind, times: int = 1) -> MessageView:
        """Wait until a message of that kind was accepted that many times; returns that one."""

        async def look() -> MessageView | None:
            found = [one for one in await self.messages() if one.kind is kind and one.state is MessageState.ACCEPTED]
            return found[times - 1] if len(found) >= times else None

        return await eventually(look, f"{self.case_id}: {kind.value} told {times} times")

    async def closed(self) -> CaseView:
        """Wait until the books have the case as closed and its workflow has ended."""

        async def look() -> CaseView | None:
            row = await self.row()
            return row if row is not None and row.status is CaseStatus.CLOSED else None

        row = await eventually(look, f"{self.case_id} closed")
        await asyncio.wait_for(self.handle.result(), _PATIENCE_S)
        return row


def case_start(kind: CaseKind, reference: str, *, change: dict[str, Any] | None = None, **more: Any) -> CaseStart:
    """A case under the demo book; `change` names fields of its policy (and fields within them) that are to be otherwise."""
    demo = start_of(kind, book_name="demo").policy.policy.model_dump()
    changes = {**_CHANGES, **(change or {})}
    merged = {name: {**demo[name], **value} if isinstance(value, dict) else value for name, value in changes.items()}
    return start_of(kind, reference=reference, book_name="demo", change=merged, **more)


@asynccontextmanager
async def real_house(folder: Path, *, worker: bool = True, **settings: Any) -> AsyncIterator[RealHouse]:
    """Start everything on free ports with its state in `folder`; stop it at the end. `worker=False`: the test runs its own."""
    made: Settings = load_settings(state_dir=folder, policy_book="demo", graceful_shutdown_s=5, **settings)
    events: list[str] = []
    stack = Stack(made, state_dir=folder, temporal_port=None, ui_port=None, simulator=True, worker=worker, on_event=events.append)
    async with stack, httpx2.AsyncClient(trust_env=False, verify=False) as http:
        store = await open_store(made.database_url)
        try:
            client = await connect(made, address=stack.address)
            yield RealHouse(stack, client, store, http, events)
        finally:
            await store.close()


# -- accounts: what must hold of every case, whatever happened to the machines ------------------------------------------------------


@dataclass
class Account:
    """A case in the books, read once."""

    case: RealCase
    row: CaseView
    facts: list[Fact]
    messages: list[MessageView]
    promises: list[PromiseView]
    posts: list[Posted]
    overdue_s: list[tuple[float, str, datetime]] = field(default_factory=list)

    @classmethod
    async def of(cls, case: RealCase) -> "Account":
        row = await case.row()
        assert row is not None
        facts = await case.house.queries.facts(case.case_id)
        account = cls(case, row, facts, await case.messages(), await case.promises(), await case.posts())
        account._measure()
        return account

    def _measure(self) -> None:
        """How late each word was, from its promise (the acknowledgement: from the opening) until its channel took it."""
        promised = {promise.number: promise.due_at for promise in self.promises}
        for message in self.messages:
            due_at = self.row.opened_at if message.kind is MessageKind.ACKNOWLEDGEMENT else promised.get(message.keeps or 0)
            if due_at is not None and message.ended_at is not None:
                self.overdue_s.append(((message.ended_at - due_at).total_seconds(), message.message_id, due_at))

    def kinds(self) -> list[str]:
        return [message.kind.value for message in self.messages]

    def story(self, cycle: int = 1) -> list[str]:
        """The kinds of message of a cycle in their order, without the routine updates (how many is a matter of seconds)."""
        return [message.kind.value for message in self.messages if message.cycle == cycle and message.kind is not MessageKind.UPDATE]

    def updates(self) -> int:
        return self.kinds().count("update")

    def nothing_is_lost_or_doubled(self) -> None:
        """Every message that was begun was told, once; numbers have no gap; the outbox and the ledger agree."""
        assert [fact.seq for fact in self.facts] == list(range(1, self.row.as_of_seq + 1))
        by_seq = sorted(self.messages, key=lambda message: message.seq)
        assert [message.seq for message in by_seq] == list(range(1, len(by_seq) + 1)), self.kinds()
        assert {message.state for message in self.messages} == {MessageState.ACCEPTED}, self.messages
        assert [post.message_id for post in self.posts] == [message.message_id for message in by_seq], "one post per message, in order"
        assert [len(message.deliveries) for message in self.messages] == [1] * len(self.messages)
        assert self.kinds().count("acknowledgement") == 1
        for cycle in range(1, self.row.cycle + 1):
            kinds = [message.kind.value for message in by_seq if message.cycle == cycle]
            assert "update" not in kinds[kinds.index("resolution") :], "nothing routine after resolution"
        kept_by = [message.keeps for message in self.messages if message.keeps is not None]
        assert len(kept_by) == len(set(kept_by)), "two messages for one promise"

    def promises_add_up(self) -> None:
        """Every promise was made by one message, ended in exactly one way, and the case's own tally says the same."""
        assert [promise.number for promise in self.promises] == list(range(1, len(self.promises) + 1))
        made_by = {message.message_id: message.makes for message in self.messages if message.makes is not None}
        assert {promise.made_by: promise.number for promise in self.promises} == made_by
        ends = [promise.end for promise in self.promises]
        assert None not in ends, "a closed case has no open promise"
        counted = {end.value: ends.count(end) for end in PromiseEnd}
        assert self.row.promises == {"made": len(ends), "open": 0, **counted}


async def replay(cases: Sequence[RealCase]) -> None:
    """The histories that were lived here are replayed by the code that is here."""
    replayer = Replayer(workflows=worker.WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=worker.sandbox())
    for case in cases:
        await replayer.replay_workflow(await case.handle.fetch_history())


async def ids_found(client: Client, query: str, wanted: int) -> set[str]:
    """Workflow ids that the engine's index finds; asked again until there are as many, since the index follows the engine."""

    async def look() -> set[str] | None:
        try:
            found = {one.id async for one in client.list_workflows(query)}
        except RPCError:
            return None
        return found if len(found) >= wanted else None

    return await eventually(look, f"{wanted} cases by {query}", 10)
