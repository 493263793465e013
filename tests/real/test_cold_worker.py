"""A case that no worker has in its cache when an update arrives: its history must replay in the order in which it was lived.

The engine merges a workflow task without commands with the next one when it reads the history of a case that is not in its cache; with
an update in that next task, a later replay has the two apart (temporalio/sdk-rust#1146, docs/adr/0007). Here every task is cold.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

import worker
from policies.case.commands import GiveFeedback
from policies.case.facts import Fact
from policies.case.plans import Reading
from policies.case.vocabulary import CaseKind
from policies.providers.statuses import TargetType
from starter.embedded.places import free_port, temporal_program
from starter.settings import Settings
from store.engine import open_store, upgrade
from tests.fakes import FakeAlerts, FakePost, FakeProvider
from tests.life.harness import CUSTOMER, Case, House
from tests.real.harness import case_start, eventually
from workflows import names
from workflows.converter import DATA_CONVERTER

_KEYS: dict[str, Callable[[str], SearchAttributeKey[Any]]] = {
    "Keyword": SearchAttributeKey.for_keyword,
    "KeywordList": SearchAttributeKey.for_keyword_list,
    "Int": SearchAttributeKey.for_int,
    "Datetime": SearchAttributeKey.for_datetime,
}


@asynccontextmanager
async def _cold_house(folder: Path) -> AsyncIterator[House]:
    """The real engine, and workers that forget every case after every task."""
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(
            await WorkflowEnvironment.start_local(
                dev_server_existing_path=temporal_program(None),
                port=free_port(),
                data_converter=DATA_CONVERTER,
                search_attributes=[_KEYS[kind](name) for name, kind in names.SEARCH_ATTRIBUTES.items()],
            )
        )
        url = f"sqlite:///{folder / 'books.sqlite'}"
        await upgrade(url)
        store = await open_store(url)
        stack.push_async_callback(store.close)
        settings = Settings(state_dir=folder, graceful_shutdown_s=5, max_cached_workflows=0)
        house = House(env, env.client, store, FakeProvider(), FakePost(), FakeAlerts(), stack, settings)
        await house.start_workers()
        try:
            yield house
        finally:
            await house.stop_workers()


async def _task_after(case: Case, event: str, since: int) -> None:
    """Wait until that event came (counted from the event number `since`) and the workflow task that took it is done."""

    async def look() -> bool:
        later = (await case.events())[since:]
        return event in later and "EVENT_TYPE_WORKFLOW_TASK_COMPLETED" in later[later.index(event) :]

    await eventually(look, f"a task that took {event}")


async def test_an_update_after_tasks_without_command_replays_in_the_order_in_which_it_was_lived(tmp_path: Path) -> None:
    async with _cold_house(tmp_path) as house:
        start = case_start(CaseKind.REFUND, "C-1", change={"watch": {"tail_every": "60s"}, "tail": "60s"})
        reference, now = start.targets[0].reference, datetime.now(UTC)
        house.provider.will_be(reference, now, "succeeded")
        case = await house.open(start)
        await house.eventually(lambda: "resolution" in house.post.kinds())
        house.post.holds, sent = asyncio.Event(), house.post.attempts
        await house.eventually(lambda: house.post.attempts > sent)  # the request for feedback is on its way
        began = len(await case.events())
        settled = Reading(
            type=TargetType.REFUND, provider="simpay", reference=reference, status="succeeded", occurred_at=now, read_at=datetime.now(UTC)
        )
        await case.report(settled)  # nothing new: a task without command
        await _task_after(case, "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED", began)
        house.post.holds.set()  # another: what follows from an accepted request was planned when it went out
        await _task_after(case, "EVENT_TYPE_ACTIVITY_TASK_COMPLETED", began)
        await case.act(names.FEEDBACK, GiveFeedback(by=CUSTOMER, csat=5))

        async def written() -> list[Fact] | None:
            facts = await house.queries.facts(start.case_id)
            return facts if facts[-1].type == "feedback_given" else None

        lived = await eventually(written, "the books have the answer")
        told = await case.timeline()  # by a worker that replays the whole history
        assert [fact.type for fact in told][-2:] == ["feedback_asked", "feedback_given"]
        assert [(fact.seq, fact.type) for fact in lived] == [(fact.seq, fact.type) for fact in told]
        replayer = Replayer(workflows=worker.WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=worker.sandbox())
        await replayer.replay_workflow(await case.handle.fetch_history())
