"""A workflow that tells which class it is made of. Used by test_lean_sandbox.py."""

from temporalio import workflow


@workflow.defn
class Shown:
    @workflow.run
    async def run(self) -> int:
        return id(type(self))
