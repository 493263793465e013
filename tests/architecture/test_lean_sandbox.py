"""The sandbox's shortcut is taken only where nothing depends on what it leaves out."""

import dataclasses
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest
import pytest_asyncio
from temporalio.converter import SerializationContext
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker, WorkflowInstance
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import worker
from starter.embedded.places import free_port
from tests.architecture.sandboxed.careless import Careless
from tests.architecture.sandboxed.shown import Shown
from workflows.converter import DATA_CONVERTER, LeanPydanticPayloadConverter
from workflows.lean_sandbox import _LeanInstance, lean_sandbox


class _Contextual(LeanPydanticPayloadConverter):
    def with_context(self, context: SerializationContext) -> Self:
        del context
        return type(self)()


def test_our_converter_depends_on_no_context() -> None:
    assert isinstance(lean_sandbox(SandboxRestrictions.default, DATA_CONVERTER), SandboxedWorkflowRunner)


def test_a_converter_that_depends_on_a_context_is_refused() -> None:
    contextual = dataclasses.replace(DATA_CONVERTER, payload_converter_class=_Contextual)
    with pytest.raises(ValueError, match="serialization context"):
        lean_sandbox(SandboxRestrictions.default, contextual)


def test_every_question_of_the_sdk_is_answered_on_purpose() -> None:
    """A method that a new version of the SDK adds must be forwarded or left out by decision, never inherited unseen."""
    asked = {name for name, member in vars(WorkflowInstance).items() if callable(member) and not name.startswith("_")}
    assert asked == {name for name in vars(_LeanInstance) if not name.startswith("_")}


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[WorkflowEnvironment]:
    server = Path(sys.executable).parent / "temporal-test-server"
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(server), data_converter=DATA_CONVERTER, port=free_port()
    ) as started:
        yield started


async def test_all_runs_share_the_class_that_was_looked_at(engine: WorkflowEnvironment) -> None:
    """The SDK's own runner declares it anew for each."""
    runner = lean_sandbox(worker.sandbox().restrictions, DATA_CONVERTER)
    async with Worker(engine.client, task_queue="q", workflows=[Shown], workflow_runner=runner, max_cached_workflows=0):
        made_of = [await engine.client.execute_workflow(Shown.run, id=f"w-{number}", task_queue="q") for number in range(3)]
    assert made_of == [id(Shown)] * 3


async def test_what_a_workflow_imports_is_looked_at_all_the_same(engine: WorkflowEnvironment) -> None:
    runner = lean_sandbox(worker.sandbox().restrictions, DATA_CONVERTER)
    with pytest.raises(RuntimeError, match="Careless") as refusal:
        Worker(engine.client, task_queue="q", workflows=[Careless], workflow_runner=runner)
    assert "jinja2" in str(refusal.value.__cause__)
