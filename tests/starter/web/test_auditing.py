"""What was begun stands in the audit log with its end, also when it was given up from outside."""

import asyncio

import pytest

from starter.auditing import audited
from starter.desk import Refused
from store.audit import Audit
from store.engine import Store
from tests.store.samples import MONDAY


class Act:
    """An act under way that never ends by itself."""

    def __init__(self, store: Store) -> None:
        self.audit = Audit(store)
        self.begun = asyncio.Event()

    async def run(self) -> None:
        async with audited(self.audit, lambda: MONDAY, "resolve", person="lena", role="lead", case_id="acme-1"):
            self.begun.set()
            await asyncio.Event().wait()

    async def outcomes(self) -> list[object]:
        """The oldest first."""
        return [row.detail.get("outcome") for row in (await self.audit.page(act="resolve"))[::-1]]


async def test_an_act_that_was_given_up_is_noted_as_unknown(sqlite_store: Store) -> None:
    act = Act(sqlite_store)
    task = asyncio.create_task(act.run())
    await act.begun.wait()
    assert await act.outcomes() == [None]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await act.outcomes() == [None, "unknown"]


async def test_a_second_cancellation_does_not_take_the_row_away(sqlite_store: Store) -> None:
    act = Act(sqlite_store)
    task = asyncio.create_task(act.run())
    await act.begun.wait()
    before = asyncio.all_tasks()
    task.cancel()
    await asyncio.sleep(0)  # one turn of the loop: it is about to write the row
    noting = asyncio.all_tasks() - before
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait(noting)
    assert await act.outcomes() == [None, "unknown"]


async def test_a_refusal_is_no_doubt(sqlite_store: Store) -> None:
    with pytest.raises(Refused):
        async with audited(Audit(sqlite_store), lambda: MONDAY, "resolve", person="lena", role="lead"):
            raise Refused("closed")
    assert await Act(sqlite_store).outcomes() == [None, "refused"]
