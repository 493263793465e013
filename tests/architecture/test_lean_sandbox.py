"""The sandbox's shortcut is taken only where nothing depends on what it leaves out."""

import dataclasses
from typing import Self

import pytest
from temporalio.converter import SerializationContext
from temporalio.worker import WorkflowInstance
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

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
