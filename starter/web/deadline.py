"""By when a request must be answered, for everything that it waits for together.

Owns the deadline of the present request: limits.py begins it, and it travels with the request's own context. Every wait for the engine in
a request ends with it, however many there are in a row, so that the page or the API itself says what is not known, with what was typed
still there. Must never bind a stream that has begun to answer. Called by limits.py and by whoever asks the engine in a request.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from starter.desk import Unanswered


@dataclass(slots=True)
class Deadline:
    """`at`: by the event loop's clock; None once the answer has begun."""

    at: float | None

    def met(self) -> None:
        self.at = None


_present: ContextVar[Deadline | None] = ContextVar("request_deadline", default=None)


@contextmanager
def to_be_answered_within(seconds: float) -> Iterator[Deadline]:
    """Of what runs in here, and in tasks that it starts."""
    deadline = Deadline(asyncio.get_running_loop().time() + seconds)
    token = _present.set(deadline)
    try:
        yield deadline
    finally:
        _present.reset(token)


def patience(seconds: float | None = None) -> asyncio.Timeout:
    """`async with patience(10.0)`: TimeoutError after so long, or earlier if the request must be answered by then."""
    deadline = _present.get()
    ends = [] if deadline is None or deadline.at is None else [deadline.at]
    if seconds is not None:
        ends.append(asyncio.get_running_loop().time() + seconds)
    return asyncio.timeout_at(min(ends, default=None))


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Around what the desk is asked to do. Raises Unanswered when the request must be answered: the engine may have it already."""
    clock = patience()
    try:
        async with clock:
            yield
    except TimeoutError:
        if not clock.expired():
            raise
        raise Unanswered("no worker answered before the request had to be; it may still be carried out") from None
