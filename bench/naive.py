"""Baseline "naive": the straightforward Temporal version. A timer and an activity per poll every six hours, an activity per message.

Owns what most first versions look like; after the settlement it only waits, so that a refund that fails later goes unseen. Called by
the worker process.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from bench.baseline_plan import ANSWER, BaselinePlan, Effects, Message

_LIMIT = timedelta(seconds=30)


@workflow.defn(name="NaiveCase")
class NaiveCase:
    def __init__(self) -> None:
        self._seq = 0
        self._settled = self._answered = False

    @workflow.run
    async def run(self, plan: BaselinePlan) -> int:
        self._plan = plan
        await self._send("acknowledgement")
        polling = asyncio.create_task(self._poll())
        while not self._settled:
            try:
                await workflow.wait_condition(lambda: self._settled, timeout=plan.cadence_s)
            except TimeoutError:
                await self._send("update")
        await polling
        await self._send("resolution")
        await workflow.sleep(plan.ask_after_s)
        await self._send("feedback_request")
        await workflow.sleep(plan.tail_s - plan.ask_after_s)
        return self._seq

    @workflow.signal(name=ANSWER)
    def answer(self, csat: int) -> None:
        self._answered = csat > 0

    async def _poll(self) -> None:
        while not self._settled:
            status = await workflow.execute_activity_method(Effects.check, self._plan.reference, start_to_close_timeout=_LIMIT)
            self._settled = status == "succeeded"
            if not self._settled:
                await workflow.sleep(self._plan.poll_s)

    async def _send(self, kind: str) -> None:
        self._seq += 1
        message = Message(self._plan.case_id, self._seq, kind)
        await workflow.execute_activity_method(Effects.send, message, start_to_close_timeout=_LIMIT)
