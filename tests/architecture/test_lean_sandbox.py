"""The sandbox's shortcuts are taken only where nothing depends on what they leave out."""

import ast
import dataclasses
import inspect
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
from workflows.delay_case import DelayCase
from workflows.dispute_case import DisputeCase
from workflows.lean_sandbox import _LeanInstance, lean_sandbox
from workflows.refund_case import RefundCase


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


@pytest.mark.parametrize("bare", [True, False])
async def test_only_runs_of_a_bare_class_share_it(engine: WorkflowEnvironment, bare: bool) -> None:
    runner = lean_sandbox(worker.sandbox().restrictions, DATA_CONVERTER, [Shown] if bare else [])
    async with Worker(engine.client, task_queue="q", workflows=[Shown], workflow_runner=runner, max_cached_workflows=0):
        made_of = [await engine.client.execute_workflow(Shown.run, id=f"w-{number}", task_queue="q") for number in range(3)]
    assert [one == id(Shown) for one in made_of] == [bare] * 3


@pytest.mark.parametrize("cls", [RefundCase, DisputeCase, DelayCase])
def test_a_bare_class_has_a_module_to_itself_that_decides_nothing(cls: type) -> None:
    """But for its name, `__init__` and `run` hand on to what was passed through before: one statement each, and no state on the class."""
    module = ast.parse(Path(str(inspect.getsourcefile(cls))).read_text(encoding="utf-8"))
    [declared] = [node for node in module.body if isinstance(node, ast.ClassDef)]
    rest = [node for node in module.body if node is not declared]
    assert all(isinstance(node, (ast.Import, ast.ImportFrom, ast.With, ast.Expr)) for node in rest)
    methods = [node for node in declared.body if not isinstance(node, ast.Expr)]
    assert [node.name for node in methods if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))] == ["__init__", "run"]
    assert len(methods) == 2
    for method in methods:
        assert isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
        assert [type(node) for node in method.body if not ast.get_docstring(method) or node is not method.body[0]] in (
            [ast.Expr],
            [ast.Return],
        )


async def test_what_a_workflow_imports_is_looked_at_all_the_same(engine: WorkflowEnvironment) -> None:
    runner = lean_sandbox(worker.sandbox().restrictions, DATA_CONVERTER, [Careless])
    with pytest.raises(RuntimeError, match="Careless") as refusal:
        Worker(engine.client, task_queue="q", workflows=[Careless], workflow_runner=runner)
    assert "jinja2" in str(refusal.value.__cause__)
