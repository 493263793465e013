"""Blocking calls of vendors' SDKs in threads of their own, each with an end.

Owns the threads and the total limit of one call: an SDK's time-out bounds one step on the socket, so an answer that drips would hold
a call for ever. Must never know what is called. Used by the channel and alert adapters, one pool per account.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

# As many as message activities run at once (settings.messages_slots): more would only wait, fewer would queue behind a slow vendor.
# Not asyncio's own pool: a vendor that hangs must not hold up whoever else needs a thread.
SLOTS = 16

Result = TypeVar("Result")


class NeverStarted(Exception):
    """All threads were busy until the limit was over: the call was certainly not made."""


class TookTooLong(Exception):
    """The limit is over and the call still runs; its end is not waited for, and what it does meanwhile is not known."""


class BoundedCalls:
    def __init__(self, name: str, slots: int = SLOTS) -> None:
        self._threads = ThreadPoolExecutor(max_workers=slots, thread_name_prefix=name)

    async def run(self, call: Callable[[], Result], limit_s: float) -> Result:
        """What `call` returns or raises, within `limit_s` seconds. Raises NeverStarted, TookTooLong."""
        started = self._threads.submit(call)
        waiting = asyncio.wrap_future(started)
        waiting.add_done_callback(_heard)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=limit_s)
        except asyncio.CancelledError:
            started.cancel()
            raise
        if done:
            return waiting.result()
        if started.cancel():
            raise NeverStarted
        raise TookTooLong


def _heard(late: "asyncio.Future[Result]") -> None:
    """An error after the limit was nobody's: without this asyncio would log it."""
    if not late.cancelled():
        late.exception()
