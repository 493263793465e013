"""The workflow type AlertDigest: a digest instead of a storm, one per role (for alerts to owners: per person), over all merchants.

Owns remembering, waiting and starting work for one digest: the first alerts of a window are told at once, the others in one message when
the window is over; it ends when a window was quiet. Must never know what an alert says: it is told ids, the books have the alerts, so
that none is lost if a person terminates it (the next alert starts it anew, and its first window looks into the books). Told by the
activity `alert_people` with signal-with-start. It takes no updates, which is why it may have workflow tasks without a command (ADR 7).
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.contracts import names as activity
    from activities.contracts.jobs import TellAlert, TellDigest
    from policies import alert_digest as digest

# As of a case's jobs (case_workflow.py). What could not be told within ten minutes waits for the end of the next window.
_LIMIT = timedelta(minutes=10)
_ATTEMPT_LIMIT = timedelta(seconds=30)
_HEARTBEAT = timedelta(seconds=3)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=15))


@workflow.defn(name=activity.ALERT_DIGEST)
class AlertDigest:
    @workflow.init
    def __init__(self, *payload: Any) -> None:
        # Validated here: a typed input that cannot be read would fail the workflow task for ever.
        try:
            self.state = digest.DigestState.model_validate(payload[0]) if payload else digest.DigestState()
        except ValidationError:
            self.state = digest.DigestState()  # the books have every alert: a digest that remembers nothing looks there
        self._touched = False
        self._telling: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Task[None] | None = None
        self._timer_at: float | None = None

    @workflow.run
    async def run(self, *payload: Any) -> None:
        """Pass on, gather, tell; until a window was quiet."""
        del payload  # __init__ has read it
        while True:
            self._touched = False
            for alert_id in digest.pass_on(self.state):
                self._start_telling(alert_id)
            if digest.is_over(self.state, workflow.now()):
                # One after the other: an alert that is being told alone must not stand in the digest as well.
                await workflow.wait_condition(lambda: not self._telling)
                if self.state.passing:
                    continue
                if digest.is_quiet(self.state):
                    return
                await self._next_window()
                continue
            if workflow.info().is_continue_as_new_suggested() and not self._telling:
                workflow.continue_as_new(args=[self.state])
            self._arm()
            workflow.set_current_details(digest.details(self.state))
            await workflow.wait_condition(lambda: self._touched)

    @workflow.signal(name=activity.ALERT_RAISED)
    def alert_raised(self, *payload: Any) -> None:
        """An alert stands in the books and nobody was told of it yet. What cannot be read is looked for there."""
        self._touched = True
        try:
            alert = digest.AlertRaised.model_validate(payload[0] if payload else None)
        except ValidationError:
            digest.not_told(self.state)
            return
        digest.raised(self.state, alert, workflow.now())

    def _arm(self) -> None:
        """One timer for the end of the window, armed again only when that moved."""
        at = self.state.ends_at.timestamp() if self.state.ends_at is not None else None
        if at is None or at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.create_task(self._ring(max(0.0, at - workflow.time())))

    async def _ring(self, delay_s: float) -> None:
        await workflow.sleep(delay_s, summary="the window is over: tell what was gathered")
        self._timer, self._timer_at = None, None
        self._touched = True

    async def _next_window(self) -> None:
        now = workflow.now()
        if digest.next_window(self.state, now):
            await self._tell_digest(f"{workflow.info().workflow_id}-{now:%Y%m%dT%H%M%S%f}")

    # -- jobs -----------------------------------------------------------------------------------------------------------------

    def _start_telling(self, alert_id: str) -> None:
        task = asyncio.create_task(self._tell_alert(alert_id))
        self._telling.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        self._touched = True

    async def _tell_alert(self, alert_id: str) -> None:
        try:
            await workflow.execute_activity(
                activity.TELL_ALERT,
                TellAlert(alert_id=alert_id),
                task_queue=activity.MESSAGES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                schedule_to_close_timeout=_LIMIT,
                retry_policy=_RETRY,
                summary="one of the first of a window: told at once",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            digest.not_told(self.state)

    async def _tell_digest(self, digest_id: str) -> None:
        try:
            await workflow.execute_activity(
                activity.TELL_DIGEST,
                TellDigest(gathered_by=workflow.info().workflow_id, digest_id=digest_id),
                task_queue=activity.MESSAGES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                schedule_to_close_timeout=_LIMIT,
                retry_policy=_RETRY,
                summary="what was gathered, in one message",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            digest.not_told(self.state)
