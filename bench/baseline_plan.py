"""What both baselines start with: a case, what to ask for, and how often; and the effects that both have.

Owns the plan, the two activities and their names. Imports the standard library and temporalio only: it is inside the workflows' sandbox.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

SKELETON_QUEUE, NAIVE_QUEUE = "bench-skeleton", "bench-naive"
ANSWER = "answer"  # signal: the customer's feedback


@dataclass
class BaselinePlan:
    case_id: str
    reference: str
    cadence_s: float
    steps: list[tuple[float, float | None]]  # (every, until age), as ours has them
    tail_every_s: float
    tail_s: float
    ask_after_s: float
    poll_s: float  # the naive version's fixed interval


@dataclass
class Message:
    case_id: str
    seq: int
    kind: str
    due: float | None = None  # POSIX seconds


@dataclass
class Watch:
    reference: str
    since: float
    steps: list[tuple[float, float | None]]
    tail: bool = False


class AsksProvider(Protocol):
    def ask(self, reference: str, at: datetime) -> str: ...


class KeepsRows(Protocol):
    def add(self, case_id: str, seq: int, kind: str, due_at: datetime | None, sent_at: datetime) -> None: ...


class Effects:
    """One row per message; one question per check."""

    def __init__(self, rows: KeepsRows, provider: AsksProvider) -> None:
        self._rows = rows
        self._provider = provider

    @activity.defn(name="send")
    async def send(self, message: Message) -> None:
        at = activity.info().started_time
        due = datetime.fromtimestamp(message.due, at.tzinfo) if message.due is not None else None
        self._rows.add(message.case_id, message.seq, message.kind, due, at)

    @activity.defn(name="check")
    async def check(self, reference: str) -> str:
        return self._provider.ask(reference, activity.info().started_time)

    @activity.defn(name="watch")
    async def watch(self, watch: Watch) -> str:
        """Its retry is the poll, as in ours."""
        info = activity.info()
        if watch.tail and info.attempt == 1:
            raise _not_yet(watch, info.started_time.timestamp())
        status = self._provider.ask(watch.reference, info.started_time)
        if (status == "succeeded") is watch.tail:
            raise _not_yet(watch, info.started_time.timestamp())
        return status


def _not_yet(watch: Watch, now: float) -> ApplicationError:
    age, wait = now - watch.since, watch.steps[-1][0]
    for every, until in watch.steps:
        if until is None or age < until:
            wait = every if until is None else min(every, max(1.0, until - age))
            break
    return ApplicationError("not yet", category=ApplicationErrorCategory.BENIGN, next_retry_delay=timedelta(seconds=wait))
