"""The drain: empties the inbox into the cases, beside the web process's requests.

Owns when rows are taken, how many at once, when a failed one is tried again and when it is given up. Must never tell anything itself
(telling.py does) and never stop: whatever goes wrong, it looks again. Several web processes may drain at once; each row has one of them.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from pydantic import ValidationError

from starter.web.parts import Away, WebParts
from starter.web.webhooks.telling import Telling, Told, TryAgain
from starter.web.webhooks.twilio_media import TwilioMedia
from store.engine import Store, StoreError
from store.inbox import Inbox, InboxRow, InboxState

_log = logging.getLogger("makegood.web.webhooks")

_AT_ONCE = 8  # told beside each other; more would only wait for the workers
# Longer than the longest way of a row (15 s for its media, 20 s until the desk calls a worker unanswering, 10 s for the store): one whose
# process died is taken by another after it.
_LEASE = timedelta(seconds=60)
_LOOK_EVERY_S = 5.0  # for rows of other processes, retries that came due, cases that became known; a wake is answered at once
_FIRST_RETRY, _LONGEST_RETRY = timedelta(seconds=2), timedelta(minutes=10)
# Stripe itself gives up after three days; by then the case's own watch has asked many times.
_GIVE_UP_AFTER = timedelta(days=3)
_WAIT_FOR_CASE = timedelta(days=3)
# Longer than any vendor sends again by itself (three days) or by hand (Stripe: 30 days): until then a repeated event is recognised.
_FORGET_AFTER = timedelta(days=35)
_SWEEP_EVERY = timedelta(hours=1)


class InboxDrain:
    def __init__(self, parts: WebParts, media: TwilioMedia | None = None) -> None:
        self._parts = parts
        self._telling = Telling(parts.backends, parts.clock, media)
        self._woken = asyncio.Event()
        self._swept_at: datetime | None = None

    def wake(self) -> None:
        """Something new is in the inbox."""
        self._woken.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Drain while the web process serves; what was left from before is taken first."""
        task = asyncio.create_task(self._run(), name="drain webhooks")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def drain(self) -> int:
        """Take everything that is due now; returns how many rows were. Raises Away, StoreError."""
        store = self._parts.backends.store()
        inbox = Inbox(store)
        taken = 0
        while rows := await inbox.claim(self._parts.clock(), _LEASE, _AT_ONCE):
            taken += len(rows)
            await asyncio.gather(*(self._in_order(inbox, group) for group in _by_reference(rows)))
        await self._tidy(store)
        return taken

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.drain()
            except (Away, StoreError) as error:
                _log.info("the inbox waits: %s", error)
            except Exception:
                _log.exception("the drain of the inbox failed; it goes on")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _LOOK_EVERY_S)

    async def _in_order(self, inbox: Inbox, rows: list[InboxRow]) -> None:
        for row in rows:
            await self._one(inbox, row)

    async def _one(self, inbox: Inbox, row: InboxRow) -> None:
        try:
            told = await self._telling.tell(row)
        except TryAgain as error:
            await self._later(inbox, row, error.problem, error.case_id)
        except Away as error:
            await self._later(inbox, row, f"{error.part}_away")
        except StoreError as error:
            _log.info("inbox row %d comes back after its lease: %s", row.id, error)
        except (ValidationError, KeyError, ValueError):
            # Written by another version of ours: nothing that a retry would mend. The exception is not logged: it may quote values.
            _log.error("inbox row %d (%s) cannot be read; it is kept as failed", row.id, row.kind)
            await inbox.finish(row, InboxState.FAILED, self._parts.clock(), problem="unreadable", keep_payload=True)
        else:
            await self._end(inbox, row, told)

    async def _end(self, inbox: Inbox, row: InboxRow, told: Told) -> None:
        if told.state is InboxState.WAITING:
            await inbox.wait(row)
            return
        # A stranger's words are kept until the sweep, for a person to look at; what a case has taken is kept there.
        keep = told.state is not InboxState.DONE
        await inbox.finish(row, told.state, self._parts.clock(), case_id=told.case_id, problem=told.problem, keep_payload=keep)
        if told.state is InboxState.FAILED:
            _log.warning("inbox row %d (%s) was not taken: %s", row.id, row.kind, told.problem)

    async def _later(self, inbox: Inbox, row: InboxRow, problem: str, case_id: str | None = None) -> None:
        now = self._parts.clock()
        if now - row.taken_up_at > _GIVE_UP_AFTER:
            _log.error("inbox row %d (%s) is given up: %s", row.id, row.kind, problem)
            await inbox.finish(row, InboxState.FAILED, now, case_id=case_id, problem=problem, keep_payload=True)
            return
        pause = min(_FIRST_RETRY * 2 ** min(row.attempts - 1, 16), _LONGEST_RETRY)
        await inbox.retry(row, now + pause, problem)

    async def _tidy(self, store: Store) -> None:
        now = self._parts.clock()
        if self._swept_at is not None and now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        inbox = Inbox(store)
        await inbox.stop_waiting(now - _WAIT_FOR_CASE, now)
        await inbox.sweep(now - _FORGET_AFTER)


def _by_reference(rows: list[InboxRow]) -> list[list[InboxRow]]:
    """Rows about the same thing in the order in which they came; those about nothing in particular each for itself."""
    groups: dict[str, list[InboxRow]] = {}
    for row in rows:
        groups.setdefault(f"{row.provider}|{row.reference}" if row.reference else f"#{row.id}", []).append(row)
    return list(groups.values())
