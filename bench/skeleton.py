"""Baseline "skeleton": a bare durable case that polls by retry and writes one row per message, without any rule of ours.

Owns the least that S10 needs of Temporal: no clocks, no promises, no books, no validators, no summaries. The measure of what our
rules cost. Called by the worker process.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from bench.baseline_plan import ANSWER, BaselinePlan, Effects, Message, Watch

_LIMIT = timedelta(seconds=30)
_POLL = RetryPolicy(initial_interval=timedelta(seconds=30), backoff_coefficient=1)


@workflow.defn(name="SkeletonCase")
class SkeletonCase:
    def __init__(self) -> None:
        self._seq = 0
        self._settled = self._answered = False

    @workflow.run
    async def run(self, plan: BaselinePlan) -> int:
        self._plan = plan
        began = workflow.now().timestamp()
        await self._send("acknowledgement", None)
        watching = asyncio.create_task(self._watch(Watch(plan.reference, began, plan.steps)))
        next_word = workflow.now().timestamp() + plan.cadence_s
        while not self._settled:
            wait = max(0.0, next_word - workflow.now().timestamp())
            try:
                await workflow.wait_condition(lambda: self._settled, timeout=wait)
            except TimeoutError:
                await self._send("update", next_word)
                next_word += plan.cadence_s
        await watching
        await self._send("resolution", None)
        ends = workflow.now().timestamp() + plan.tail_s
        self._tail = asyncio.create_task(self._watch(Watch(plan.reference, began, [(plan.tail_every_s, None)], tail=True)))
        ask = workflow.now().timestamp() + plan.ask_after_s
        await workflow.sleep(plan.ask_after_s)
        await self._send("feedback_request", ask)
        await workflow.sleep(max(0.0, ends - workflow.now().timestamp()))
        return self._seq

    @workflow.signal(name=ANSWER)
    def answer(self, csat: int) -> None:
        self._answered = csat > 0

    async def _send(self, kind: str, due: float | None) -> None:
        self._seq += 1
        message = Message(self._plan.case_id, self._seq, kind, due)
        await workflow.execute_activity_method(Effects.send, message, start_to_close_timeout=_LIMIT)

    async def _watch(self, watch: Watch) -> None:
        await workflow.execute_activity_method(Effects.watch, watch, start_to_close_timeout=_LIMIT, retry_policy=_POLL)
        self._settled = True
