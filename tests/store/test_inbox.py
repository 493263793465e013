"""The inbox: every event once, told once, by one process at a time; what has no case waits for it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from policies.providers.statuses import TargetType
from store.desk_books import DeskBooks
from store.engine import Store
from store.inbox import Inbox, InboxEvent, InboxRow, InboxState
from store.references import CaseReference
from tests.store.samples import CASE, MONDAY, hours

LEASE = timedelta(seconds=60)


def event(key: str = "evt_1", **changes: Any) -> InboxEvent:
    values = {"provider": "stripe", "event_key": key, "kind": "reading", "reference": "re_1", "payload": {"status": "succeeded"}}
    return InboxEvent.model_validate(values | changes)


async def one(inbox: Inbox, at: Any = MONDAY) -> InboxRow:
    (row,) = await inbox.claim(at, LEASE, 10)
    return row


async def test_an_event_is_taken_once_however_often_and_by_how_many_it_is_put(store: Store) -> None:
    inbox = Inbox(store)
    taken = await asyncio.gather(*(inbox.put(event(payload={"n": n}), MONDAY) for n in range(20)))
    assert taken.count(True) == 1
    assert await inbox.put(event(provider="twilio"), MONDAY)  # another provider's id is another event
    assert await inbox.put_all([event(), event("evt_2"), event("evt_3")], hours(1)) == 2
    for row in await inbox.claim(hours(1), LEASE, 10):
        assert await inbox.finish(row, InboxState.DONE, hours(1))
    assert not await inbox.put(event(), hours(2))  # sent again after it was done
    assert len(await inbox.rows()) == 4


async def test_a_done_row_holds_nothing_of_a_person(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.put(event(payload={"text": "my money"}), MONDAY)
    row = await one(inbox)
    assert row.payload == {"text": "my money"}
    assert await inbox.finish(row, InboxState.DONE, hours(1), case_id=CASE)
    (done,) = await inbox.rows(case_id=CASE)
    assert (done.state, done.payload, done.done_at, done.next_try_at) == (InboxState.DONE, {}, hours(1), None)


async def test_two_processes_never_have_the_same_row(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.put_all([event(f"evt_{n}") for n in range(30)], MONDAY)
    claims = await asyncio.gather(*(Inbox(store).claim(MONDAY, LEASE, 10) for _ in range(6)))
    ids = [row.id for rows in claims for row in rows]
    assert len(ids) == len(set(ids)) == 30


async def test_a_dead_process_row_is_taken_by_another_after_its_lease_and_the_dead_one_can_write_no_more(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.put(event(), MONDAY)
    dead = await one(inbox)
    assert await inbox.claim(MONDAY + LEASE / 2, LEASE, 10) == []
    alive = await one(inbox, MONDAY + LEASE)
    assert (alive.id, alive.attempts) == (dead.id, 2)
    assert not await inbox.finish(dead, InboxState.FAILED, hours(1), problem="late")
    assert not await inbox.retry(dead, hours(9), "late")
    assert not await inbox.wait(dead)
    assert await inbox.finish(alive, InboxState.DONE, hours(1))


async def test_a_retry_comes_back_when_it_is_due(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.put(event(), MONDAY)
    assert await inbox.retry(await one(inbox), hours(1), "engine_away")
    assert await inbox.next_due() == hours(1)
    assert await inbox.claim(hours(0.9), LEASE, 10) == []
    row = await one(inbox, hours(1))
    assert (row.problem, row.attempts) == ("engine_away", 2)


async def test_a_row_waits_for_its_case_and_is_due_as_soon_as_the_case_is_known(store: Store) -> None:
    inbox, desk = Inbox(store), DeskBooks(store)
    await inbox.put_all([event(), event("evt_2", reference="re_2")], MONDAY)
    for row in await inbox.claim(MONDAY, LEASE, 10):
        assert await inbox.wait(row)
    assert await inbox.claim(hours(1), LEASE, 10) == []
    assert await inbox.next_due() is None
    await desk.save_references(CASE, [CaseReference(type=TargetType.REFUND, provider="stripe", reference="re_1")], hours(2))
    row = await one(inbox, hours(2))
    assert (row.event_key, row.payload) == ("evt_1", {"status": "succeeded"})
    assert await inbox.finish(row, InboxState.DONE, hours(2), case_id=CASE)
    assert [one.event_key for one in await inbox.rows(states=[InboxState.WAITING])] == ["evt_2"]


async def test_what_never_got_a_case_stops_waiting_and_is_forgotten_later(store: Store) -> None:
    inbox = Inbox(store)
    await inbox.put(event(), MONDAY)
    await inbox.wait(await one(inbox))
    assert await inbox.stop_waiting(MONDAY, hours(1)) == 0
    assert await inbox.stop_waiting(hours(1), hours(72)) == 1
    (row,) = await inbox.rows(states=[InboxState.IGNORED])
    assert (row.problem, row.payload) == ("no_case", {})
    await inbox.put(event("evt_2"), MONDAY)  # not finished: stays, however old
    assert await inbox.sweep(hours(1)) == 1
    assert [row.event_key for row in await inbox.rows()] == ["evt_2"]


@pytest.mark.parametrize("state", [InboxState.DONE, InboxState.IGNORED, InboxState.FAILED])
async def test_a_row_that_is_put_as_finished_is_never_claimed(store: Store, state: InboxState) -> None:
    inbox = Inbox(store)
    assert await inbox.put(event(), MONDAY, state, "why")
    assert await inbox.claim(hours(99), LEASE, 10) == []
