"""The life of a case as a durable workflow: the loop, and the jobs it starts.

Owns remembering, waiting and starting work: one timer for what is due next, jobs that the loop never awaits, continue-as-new. Must
never do arithmetic, write texts or touch the outside; every decision is taken by `policies.rules`. Subclassed by the three types.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.contracts import names as activity
    from activities.contracts.jobs import AlertPeople, CheckArrival, RecordCase, SendMessage, WatchProvider
    from policies.case.plans import (
        AlertPlan,
        ArrivalAnswer,
        ArrivalQuestion,
        BooksEntry,
        MessagePlan,
        MessageResult,
        WatchPlan,
        WatchResult,
    )
    from policies.case.state import SentUnwritten
    from policies.case.vocabulary import MessageOutcome
    from workflows import names
    from workflows.case_handlers import CaseHandlers

# A message job is bounded (house.md: schedule_to_close <= 10 min): a provider that hangs is a parked message, not a stuck case.
_MESSAGE_LIMIT = timedelta(minutes=10)
# One attempt: the HTTP limit of 10 s, and the books before and after it.
_ATTEMPT_LIMIT = timedelta(seconds=30)
# A dead worker's attempt is found by its missing heartbeat; with the retry a second later and a cold worker that is 4 to 5 s (with 4 s
# here kills were measured at 6.2 s, budget 6 s). Attempts shorter than activities/engine_time.py's first beat send none.
_HEARTBEAT = timedelta(seconds=3)
# At the longest as long as the lease of a delivery (activities/messaging.py): after workers died several times in a row, a word that is due
# would else wait a minute for nothing.
_QUICK_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=15))
# The watch's retry is the poll: each attempt says when the next one is due (next_retry_delay), so the coefficient stays 1. The interval
# is for an attempt that died with its worker and could not say (30 s here were more than eight days of the demo).
_POLL_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), backoff_coefficient=1)
_POLL_ATTEMPT = timedelta(seconds=60)

# How attempts end that may have handed their message over: an earlier one may still be under way ("leased", activities/messaging.py), or
# this one was cut off in the middle, in the engine's own words: the worker's drain was over, or a person paused or reset the activity.
_CUT_OFF = frozenset({"leased", "WorkerShutdown", "ActivityPause", "ActivityReset"})
_AFTER_THE_BOOKS = frozenset({"leased"})  # said by an attempt whose entry was in the books

_STATUS = SearchAttributeKey.for_keyword("MakegoodStatus")
_ESCALATION = SearchAttributeKey.for_int("MakegoodEscalation")
_RESOLVE_BY = SearchAttributeKey.for_datetime("MakegoodResolveBy")


class CaseWorkflow(CaseHandlers):
    """What RefundCase, DisputeCase and DelayCase share."""

    def __init__(self, *payload: Any) -> None:
        super().__init__(*payload)
        self._timer: asyncio.Task[None] | None = None
        self._timer_at: float | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._fault: BaseException | None = None
        self._shown: dict[str, Any] | None = None
        self._cancel_seen = False  # the engine delivers one request per run
        self._idle_in: int | None = None  # the last workflow task that gave no command, by the length of its history

    async def live(self) -> dict[str, Any]:
        """The procedure: acknowledge, keep the promise until resolved, tell the resolution, ask for feedback while the tail is
        watched, close. A reopen begins again at the promise.
        """
        if self.invalid is not None:
            raise ApplicationError(self.invalid, type=names.INVALID_CASE, non_retryable=True)
        await self._until(self._acknowledged)
        while not self._closed():
            await self._until(self._resolved)
            await self._until(lambda: self._told() or not self._resolved())
            await self._until(lambda: self._closed() or not self._resolved())
        await self._until(self._books_are_complete)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._ending()

    def _acknowledged(self) -> bool:
        return self.case.acknowledged_at is not None or self.case.unreachable_since is not None or self._resolved()

    def _resolved(self) -> bool:
        return self.case.resolution is not None

    def _told(self) -> bool:
        resolution = self.case.resolution
        return resolution is not None and (resolution.told_at is not None or resolution.untold is not None)

    def _closed(self) -> bool:
        return self.case.closed_at is not None

    def _books_are_complete(self) -> bool:
        return not self._jobs and not self.case.unwritten and self.case.recorded_seq == self.case.fact_seq

    def _ending(self) -> dict[str, Any]:
        resolution = self.case.resolution
        return {
            "case_id": self.case.start.case_id,
            "outcome": resolution.outcome if resolution is not None else None,
            "cycles": self.case.cycle,
            "promises": self.case.tally.model_dump(),
        }

    # -- the loop -------------------------------------------------------------------------------------------------------------

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Step until the phase is over; between steps wait for the next moment, a fact or a job that has ended."""
        while True:
            self.touched = False
            if self._fault is not None:
                raise self._fault  # the workflow task fails, is seen by operations, and is tried again until a mended worker takes it
            self._step()
            if reached():
                return
            if workflow.info().is_continue_as_new_suggested() and not self._jobs and not self._closed():
                await self._continue_as_new()
            try:
                await workflow.wait_condition(lambda: self.touched)
            except asyncio.CancelledError:
                # Without a reason it is the worker taking the case out of its cache, not a person.
                if self._cancel_seen or workflow.cancellation_reason() is None:
                    raise
                self._cancel_seen = True
                self.rules.cancellation_refused(self.case, workflow.now())

    def _step(self) -> None:
        now = workflow.now()
        self.rules.advance(self.case, now)
        jobs = self.rules.jobs(self.case, now)
        if jobs.cancel_watch and self._watch is not None:
            self._watch.cancel()
            self._watch = None
            self.commanded()
        if jobs.message is not None:
            self._start_job(self._send_message(jobs.message, self.rules.entry(self.case)))
        for plan in jobs.alerts:
            self._start_job(self._alert_people(plan, self.rules.entry(self.case)))
        for question in jobs.arrivals:
            self._start_job(self._check_arrival(question))
        if jobs.record:
            self._start_job(self._record_case(self.rules.entry(self.case), jobs.unwritten))
        if jobs.watch is not None:
            self._watch = asyncio.create_task(self._watch_provider(jobs.watch))
            self._watch.add_done_callback(self._watched)
            self.commanded()
        self._arm()
        self._show()
        self._no_two_tasks_without_command()

    def _no_two_tasks_without_command(self) -> None:
        """Two workflow tasks in a row without a command, then an update: the engine would replay them in another order (ADR 7)."""
        task = workflow.info().get_current_history_length()
        if self.commanded_in == task:
            return
        if self._idle_in is not None and self.commanded_in < self._idle_in < task:
            workflow.upsert_memo({names.IDLE_TASK: task})
            self.commanded()
        else:
            self._idle_in = task

    def _start_job(self, job: Coroutine[Any, Any, None]) -> None:
        self.commanded()
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._job_ended)

    def _job_ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        self._watched(task)

    def _watched(self, task: asyncio.Task[None]) -> None:
        """A fault of ours in what follows a job: the SDK would log it and leave the case mute. The loop raises it instead."""
        if not task.cancelled() and task.exception() is not None:
            self._fault = self._fault or task.exception()
        self.touched = True

    def _arm(self) -> None:
        """One timer for what is due next, armed again only when that moment moved."""
        due = self.rules.next_due(self.case)
        at = due.at.timestamp() if due is not None else None
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.commanded()
        self._timer_at = at
        if due is not None and at is not None:
            self.commanded()
            delay = max(0.0, (due.at - workflow.now()).total_seconds())  # a negative delay would wedge the case
            self._timer = asyncio.create_task(self._ring(delay, f"{due.what}: {due.why}"[:200]))

    async def _ring(self, delay: float, summary: str) -> None:
        await workflow.sleep(delay, summary=summary)
        self._timer, self._timer_at = None, None
        self.touched = True

    def _show(self) -> None:
        """Search attributes in one batch and only when they matter; the page that operations read."""
        shown: dict[str, Any] = self.rules.search_attributes(self.case)
        if self._shown is None:  # what the start set needs no upsert
            present = workflow.info().typed_search_attributes
            self._shown = {key.name: present.get(key) for key in (_STATUS, _ESCALATION, _RESOLVE_BY)}
        if shown != self._shown:
            updates: list[SearchAttributeUpdate[Any]] = []
            for key in (_STATUS, _ESCALATION, _RESOLVE_BY):
                value = shown[key.name]
                if value != self._shown[key.name]:
                    updates.append(key.value_unset() if value is None else key.value_set(value))
            workflow.upsert_search_attributes(updates)
            self.commanded()
            self._shown = shown
        workflow.set_current_details(self.rules.details(self.case))

    async def _continue_as_new(self) -> None:
        """A new run with everything: facts, promises, clocks, survey. The watch starts again as a new generation."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self.case.watch.running = False
        await workflow.wait_condition(workflow.all_handlers_finished)
        self.rules.advance(self.case, workflow.now())
        workflow.continue_as_new(args=[self.case.start, self.case])

    # -- jobs: started by a step, never awaited by it; how one ended is a fact like any other -----------------------------------

    async def _send_message(self, plan: MessagePlan, entry: BooksEntry) -> None:
        try:
            result = await workflow.execute_activity(
                activity.SEND_MESSAGE,
                SendMessage(books=entry, plan=plan),
                result_type=MessageResult,
                task_queue=activity.MESSAGES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                schedule_to_close_timeout=_MESSAGE_LIMIT,
                retry_policy=_QUICK_RETRY,
                summary=f"{plan.kind.value} to the customer, cycle {plan.cycle}",
            )
            self.rules.recorded(self.case, entry)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            # The job could not be done within its limit (the books are away): the message waits, clocks and cadence go on.
            self._books_took_it_or_not(entry, error)
            outcome = MessageOutcome.PARKED if _certainly_not_sent(error) else MessageOutcome.UNKNOWN
            result = MessageResult(outcome=outcome, at=workflow.now(), reason=_reason(error))
        self.rules.advance(self.case, workflow.now())  # what came due before this answer happens before it
        self.rules.message_ended(self.case, plan.message_id, result, workflow.now())

    def _books_took_it_or_not(self, entry: BooksEntry, error: ActivityError) -> None:
        """A job that failed after its entry was committed (what is outside did not answer) leaves the books up to date."""
        said = _last_word(error)
        if said is not None and (said.type in _AFTER_THE_BOOKS or (said.type or "").startswith("alert_")):
            self.rules.recorded(self.case, entry)
        else:
            self.rules.not_recorded(self.case, workflow.now())

    async def _alert_people(self, plan: AlertPlan, entry: BooksEntry) -> None:
        try:
            await workflow.execute_activity(
                activity.ALERT_PEOPLE,
                AlertPeople(books=entry, plan=plan),
                task_queue=activity.MESSAGES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                schedule_to_close_timeout=_MESSAGE_LIMIT,
                retry_policy=_QUICK_RETRY,
                summary=f"level {plan.alert.level}: tell {plan.alert.to} ({plan.alert.reason})"[:200],
            )
            self.rules.alerted(self.case)
            self.rules.recorded(self.case, entry)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self.rules.not_alerted(self.case, plan, _reason(error), workflow.now())
            self._books_took_it_or_not(entry, error)

    async def _check_arrival(self, question: ArrivalQuestion) -> None:
        try:
            answer = await workflow.execute_activity(
                activity.CHECK_ARRIVAL,
                CheckArrival(question=question),
                result_type=ArrivalAnswer,
                task_queue=activity.CASES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                schedule_to_close_timeout=_MESSAGE_LIMIT,
                retry_policy=_QUICK_RETRY,
                summary=f"did the message by {question.channel.value} arrive?",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return  # nothing is known, as if nothing were reported: a bounce is signalled all the same
        now = workflow.now()
        self.rules.advance(self.case, now)
        self.rules.arrival_answered(self.case, question, answer, now)

    async def _record_case(self, entry: BooksEntry, unwritten: list[SentUnwritten]) -> None:
        try:
            await workflow.execute_activity(
                activity.RECORD_CASE,
                RecordCase(books=entry, unwritten=unwritten or None),
                task_queue=activity.CASES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                schedule_to_close_timeout=_MESSAGE_LIMIT,
                retry_policy=_QUICK_RETRY,
                summary="write the books",
            )
            self.rules.recorded(self.case, entry)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self.rules.not_recorded(self.case, workflow.now(), unwritten)

    async def _watch_provider(self, plan: WatchPlan) -> None:
        try:
            result = await workflow.execute_activity(
                activity.WATCH_PROVIDER,
                WatchProvider(plan=plan),
                result_type=WatchResult,
                task_queue=activity.PROVIDERS_QUEUE,
                start_to_close_timeout=_POLL_ATTEMPT,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_POLL_RETRY,
                # Nothing waits for a watch that was stopped, but the task in which its end arrives must be seen (ADR 7).
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=f"ask {', '.join(sorted({target.provider for target in plan.targets}))}: {plan.mode}"[:200],
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                self.touched = True
                return
            self.rules.advance(self.case, workflow.now())
            self.rules.watch_failed(self.case, plan.generation, _reason(error), workflow.now())
        else:
            self.rules.advance(self.case, workflow.now())
            self.rules.watch_ended(self.case, result, workflow.now())
        self.touched = True


def _certainly_not_sent(error: ActivityError) -> bool:
    """True if no attempt can have handed the message over: none began, or the last one said itself that it did not come so far.

    The activity raises before it sends (the books are away); what happens after that it returns. An attempt that died with its
    worker, or that was cut off while its worker shut down, says nothing: its message may be out.
    """
    cause = error.cause
    if isinstance(cause, TimeoutError):
        if cause.cause is None:
            return not error.started_event_id
        cause = cause.cause
    return isinstance(cause, ApplicationError) and cause.type not in _CUT_OFF


def _last_word(error: ActivityError) -> ApplicationError | None:
    """What the activity itself said last; None if it said nothing."""
    cause = error.cause
    if isinstance(cause, TimeoutError):
        cause = cause.cause
    return cause if isinstance(cause, ApplicationError) else None


def _reason(error: ActivityError) -> str:
    """A code of ours: the failure's type where an activity named one; messages may quote what must not be kept."""
    cause = error.cause
    said = _last_word(error)
    if said is not None and said.type:
        return said.type[:60]
    return type(cause).__name__[:60] if cause is not None else "unknown"
