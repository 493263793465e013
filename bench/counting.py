"""What a case has cost: events and bytes of its history, billable actions by Temporal Cloud's rule.

Owns the counting (temporal-facts section 2): started, timer started, activity scheduled, each retry of an activity, each heartbeat,
signal, update accepted, upsert of search attributes, and the markers of one workflow task as one. Called by S10.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import WorkflowHandle
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

_BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "started",
    EventType.EVENT_TYPE_TIMER_STARTED: "timers",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activities",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signals",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "updates",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "upserts",
}

_TASK_AFTER_TASK = [
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
]


class AttemptCounter(ClientInterceptor, WorkerInterceptor):
    """Counts attempts and heartbeats per workflow: a retry leaves no event, and a watch that never ends not even its last attempt.

    Hand it to the client; workers take the interceptors of their client.
    """

    def __init__(self) -> None:
        self.retries: Counter[str] = Counter()
        self.heartbeats: Counter[str] = Counter()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Inbound(next, self)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, counter: AttemptCounter) -> None:
        super().__init__(next)
        self._counter = counter

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self._counter))

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if activity.info().attempt > 1:
            self._counter.retries[str(activity.info().workflow_id)] += 1
        return await super().execute_activity(input)


class _Outbound(ActivityOutboundInterceptor):
    def __init__(self, next: ActivityOutboundInterceptor, counter: AttemptCounter) -> None:
        super().__init__(next)
        self._counter = counter

    def heartbeat(self, *details: Any) -> None:
        self._counter.heartbeats[str(activity.info().workflow_id)] += 1
        super().heartbeat(*details)


@dataclass(frozen=True)
class Cost:
    events: int  # as the real server writes them, see `without_extra_tasks`; bytes likewise
    bytes: int
    events_raw: int  # as the time-skipping server wrote them
    actions: dict[str, int]  # what was billed, by kind

    @property
    def billable(self) -> int:
        return sum(self.actions.values())


def without_extra_tasks(events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
    """The history as the real server writes it.

    The time-skipping server gives a workflow task after another without any event between them when an activity's attempt started, failed
    or beat while the first was under way (sdk-java, TestWorkflowMutableStateImpl.completeWorkflowTask: it asks whether a deferred change
    exists, not whether it holds an event). On a busy machine that adds threes of events that no real server writes.
    """
    types = [event.event_type for event in events]
    extra: set[int] = set()
    for last in range(3, len(types)):
        # A task for an update has no event before it on any server: it is known by what follows.
        accepts = types[last + 1 : last + 2] == [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED]
        if types[last - 3 : last + 1] == _TASK_AFTER_TASK and not accepts:
            extra.update(range(last - 2, last + 1))
    return [event for index, event in enumerate(events) if index not in extra]


async def cost_of(handle: WorkflowHandle[Any, Any], attempts: AttemptCounter) -> Cost:
    """Read the whole history of a case that has ended."""
    history = await handle.fetch_history()
    actions: Counter[str] = Counter()
    markers_of: set[int] = set()
    for event in history.events:
        kind = _BILLED.get(event.event_type)
        if kind is not None:
            actions[kind] += 1
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
            markers_of.add(event.marker_recorded_event_attributes.workflow_task_completed_event_id)
    actions["markers"] = len(markers_of)
    actions["retries"] = attempts.retries[handle.id]
    actions["heartbeats"] = attempts.heartbeats[handle.id]
    events = without_extra_tasks(history.events)
    return Cost(
        events=len(events),
        bytes=sum(event.ByteSize() for event in events),
        events_raw=len(history.events),
        actions=dict(actions),
    )
