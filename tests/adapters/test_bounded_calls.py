"""Blocking calls in threads with an end: what is told of a call that did not come to one."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from activities.adapters.bounded_calls import BoundedCalls, NeverStarted, TookTooLong


@pytest.fixture
def busy() -> Iterator[threading.Event]:
    """Set at the end in any case: a thread that waits for it would hold up the end of the process."""
    event = threading.Event()
    yield event
    event.set()


async def test_what_the_call_returns_or_raises_comes_through() -> None:
    calls = BoundedCalls("test")
    assert await calls.run(lambda: 7, 5) == 7
    with pytest.raises(ZeroDivisionError):
        await calls.run(lambda: 1 // 0, 5)


async def test_a_time_out_of_the_call_itself_is_not_the_limit() -> None:
    def call() -> None:
        raise TimeoutError("of the socket")

    with pytest.raises(TimeoutError, match="of the socket"):
        await BoundedCalls("test").run(call, 5)


async def test_a_call_that_runs_on_and_one_that_never_started(busy: threading.Event) -> None:
    calls = BoundedCalls("test", slots=1)
    done: list[str] = []

    def second() -> None:
        done.append("second")

    with pytest.raises(TookTooLong):
        await calls.run(busy.wait, 0.05)
    with pytest.raises(NeverStarted):
        await calls.run(second, 0.05)
    busy.set()
    await calls.run(lambda: done.append("third"), 5)
    assert done == ["third"]  # what was told as never started does not start later


async def test_a_cancelled_caller_takes_a_waiting_call_with_it(busy: threading.Event) -> None:
    calls = BoundedCalls("test", slots=1)
    done: list[str] = []
    running = asyncio.create_task(calls.run(busy.wait, 5))
    waiting = asyncio.create_task(calls.run(lambda: done.append("late"), 5))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    busy.set()
    await running
    await calls.run(lambda: done.append("after"), 5)
    assert done == ["after"]


async def test_an_error_after_the_limit_disturbs_nobody(busy: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    calls = BoundedCalls("test", slots=1)

    def call() -> None:
        busy.wait()
        raise ValueError("nobody waits for this")

    with pytest.raises(TookTooLong):
        await calls.run(call, 0.05)
    busy.set()
    await calls.run(lambda: None, 5)
    await asyncio.sleep(0)
    assert [record for record in caplog.records if record.name == "asyncio"] == []
