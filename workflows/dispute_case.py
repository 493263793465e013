"""The workflow type DisputeCase. Its rules are those of its kind's policy; everything durable is shared."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.case_workflow import CaseWorkflow


@workflow.defn(name=names.DISPUTE_CASE)
class DisputeCase(CaseWorkflow):
    @workflow.init
    def __init__(self, *payload: Any) -> None:
        super().__init__(*payload)

    @workflow.run
    async def run(self, *payload: Any) -> dict[str, Any]:
        """One case from its start to its close; see CaseWorkflow.live."""
        return await self.live()
