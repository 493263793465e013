"""The inbox: every event once, told once, by one process at a time; what has no case waits for it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from policies.providers.statuses import TargetType
from store.desk_books import DeskBooks
from store.engine import Store
from store.inbox import CASE_NOT_STARTED, Inbox, InboxEvent, InboxRow, InboxState
from store.recorder import Recorder
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


async def test_a_case_takes_what_came_before_it_and_nothing_that_the_drain_works_on(store: Store) -> None:
    inbox, recorder = Inbox(store), Recorder(store)
    assert await recorder.claim_early(CASE, MONDAY, LEASE) == []
    await inbox.put_all([event("waits"), event("later"), event("strange", reference="re_9"), event("words", kind="reply")], MONDAY)
    for row in await inbox.claim(MONDAY, LEASE, 10):
        if row.event_key == "later":
            assert await inbox.retry(row, hours(1), CASE_NOT_STARTED)
        else:
            assert await inbox.wait(row)
    await inbox.put(event("new"), MONDAY)  # due for the drain at once
    await _known(store)
    claims = await asyncio.gather(*(recorder.claim_early(CASE, MONDAY, LEASE) for _ in range(5)))
    assert sorted(row.event_key for rows in claims for row in rows) == ["later", "waits"]
    assert {row.event_key for row in await inbox.claim(MONDAY, LEASE, 10)} == {"new", "words"}  # the drain's; what we took is not
    await recorder.finish_early(CASE, [row for rows in claims for row in rows], MONDAY)
    (waits,) = [row for row in await inbox.rows(case_id=CASE) if row.event_key == "waits"]
    assert (waits.state, waits.done_at, waits.payload, waits.problem) == (InboxState.DONE, MONDAY, {}, None)


async def test_what_a_dead_first_activity_took_is_the_drains_after_the_lease(store: Store) -> None:
    inbox, recorder = Inbox(store), Recorder(store)
    await inbox.put(event(), MONDAY)
    assert await inbox.wait(await one(inbox))
    await _known(store)
    (taken,) = await recorder.claim_early(CASE, MONDAY, LEASE)
    assert await inbox.claim(MONDAY + LEASE / 2, LEASE, 10) == []
    assert [row.id for row in await inbox.claim(MONDAY + LEASE, LEASE, 10)] == [taken.id]
    await recorder.finish_early(CASE, [taken], MONDAY + LEASE)  # the dead one writes no more
    (row,) = await inbox.rows()
    assert row.state is InboxState.NEW


async def test_what_is_another_cases_matter_too_is_due_for_the_drain_once_this_case_has_it(store: Store) -> None:
    inbox, recorder = Inbox(store), Recorder(store)
    await inbox.put(event(), MONDAY)
    assert await inbox.wait(await one(inbox))
    await _known(store)
    await _known(store, "another")
    (taken,) = await recorder.claim_early(CASE, MONDAY, LEASE)
    await recorder.finish_early(CASE, [taken], MONDAY)
    (row,) = await inbox.claim(MONDAY, LEASE, 10)
    assert (row.id, row.payload) == (taken.id, {"status": "succeeded"})


async def _known(store: Store, case_id: str = CASE) -> None:
    await DeskBooks(store).save_references(case_id, [CaseReference(type=TargetType.REFUND, provider="stripe", reference="re_1")], MONDAY)


async def test_what_was_given_up_is_tried_again_when_a_person_says_so(store: Store) -> None:
    inbox = Inbox(store)
    for key, provider, problem in (("a", "stripe", "engine_away"), ("b", "stripe", "unreadable"), ("c", "twilio", "engine_away")):
        await inbox.put(event(key, provider=provider), MONDAY, InboxState.FAILED, problem)
    await inbox.put(event("d"), MONDAY, InboxState.DONE)
    assert await inbox.again(hours(80), provider="stripe", problem="engine_away") == 1
    (row,) = await inbox.claim(hours(80), LEASE, 10)
    assert (row.event_key, row.problem, row.payload) == ("a", None, {"status": "succeeded"})
    assert row.taken_up_at == hours(80)  # its patience begins anew
    assert await inbox.again(hours(80), ids=[row.id]) == 0  # it is not given up any more
    failed = await inbox.rows(states=[InboxState.FAILED])
    assert await inbox.again(hours(80), ids=[failed[0].id]) == 1
    assert await inbox.again(hours(80)) == 1
    assert not await inbox.put(event("a"), hours(90))  # sent again by its provider it is still the same event
