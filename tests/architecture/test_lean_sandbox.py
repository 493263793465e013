"""The sandbox's shortcut is taken only where nothing depends on what it leaves out."""

import dataclasses
from typing import Self

import pytest
from temporalio.converter import SerializationContext
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.converter import DATA_CONVERTER, LeanPydanticPayloadConverter
from workflows.lean_sandbox import lean_sandbox


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
