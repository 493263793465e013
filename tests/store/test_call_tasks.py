"""Calls for people to make: opened once, the number as it is now, ended once, and forgotten with the person."""

import asyncio
from typing import Any

import pytest

from policies.case.facts import Actor
from policies.case.vocabulary import CallResult, CaseKind, CaseStatus, Channel, MessageKind, Role
from store.call_tasks import PERSON, POLICY, SUPERSEDED, CallTasks, NewCall, open_call, task_id_of
from store.contacts import Contact
from store.delivery_events import DeliveryEventBooks, ReportedState
from store.desk_books import DeskBooks
from store.engine import Store
from store.erasure import Erasure
from store.errors import StoreError, StoreRefused
from store.recorder import Recorder
from store.standing import DeliveryState
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.store.samples import CASE, MONDAY, alert_plan, entry, hours, plan

ADA = Contact(name="Ada Example", phone="+4930555001", zone="Europe/Berlin")
ADMIN = Actor(who="ann.admin", role=Role.ADMIN, why="asked for")


def call(source: str = "a1", **changes: Any) -> NewCall:
    values: dict[str, Any] = {
        "task_id": task_id_of(source),
        "case_id": CASE,
        "contact_ref": f"contact-{CASE}",
        "role": "owner",
        "owner": "tom",
        "reason": "customer_unreachable",
        "script": "Hello Ada, this is Acme.",
        "locale": "en",
        "due_at": hours(4),
    }
    return NewCall.model_validate(values | changes)


async def opened(store: Store, *calls: NewCall) -> list[bool]:
    return [await store.write(lambda connection, each=each: open_call(connection, each, MONDAY)) for each in calls]  # type: ignore[misc]


async def spoken(store: Store, message_id: str = "m1", **changes: Any) -> NewCall:
    """A message whose call a person is to make; its task."""
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(message_id, seq=int(message_id[1:]), **changes), MONDAY)
    delivery = await recorder.claim_delivery(message_id, Channel.VOICE, MONDAY, 15, reuse=True)
    task = call(message_id, reason=POLICY, message_id=message_id)
    await recorder.open_call(task, MONDAY)
    await recorder.end_sending(message_id, delivery.delivery_id, DeliveryState.ACCEPTED, MONDAY, None, provider_id=task.task_id)
    return task


async def test_a_call_asked_for_again_is_the_same_one_also_after_it_has_ended(store: Store) -> None:
    recorder, tasks = Recorder(store), CallTasks(store)
    assert await recorder.call_opened_at(call().task_id) is None
    answers = await asyncio.gather(*(recorder.open_call(call(), hours(n)) for n in range(10)))
    assert len(set(answers)) == 1
    assert await recorder.call_opened_at(call().task_id) == answers[0]
    assert await opened(store, call(script="Said better.")) == [False]
    assert (await tasks.sheet(call().task_id)).script == "Said better."
    assert await tasks.end(call().task_id, CallResult.REACHED, "tom", hours(11))
    assert await opened(store, call(script="something else")) == [False]
    [task] = await tasks.listed(ended=True)
    assert (task.result, task.ended_by, task.ended_at, task.attempts) == ("reached", "tom", hours(11), 1)
    assert (await tasks.sheet(task.task_id)).script == "Said better."


async def test_an_alert_and_its_call_stand_or_fall_together(store: Store) -> None:
    recorder, tasks = Recorder(store), CallTasks(store)
    with pytest.raises(StoreError):
        await recorder.open_alert(entry(), alert_plan(), MONDAY, call=call().model_copy(update={"role": None}))
    assert await tasks.listed() == []
    assert await recorder.open_alert(entry(), alert_plan(), MONDAY, call=call())  # nothing of the first is left
    assert await recorder.open_alert(entry(), alert_plan(), hours(1), call=call())
    [task] = await tasks.listed()
    assert (task.task_id, task.opened_at, task.kind, task.merchant) == ("call-a1", MONDAY, CaseKind.REFUND, "acme")
    assert task.case_status is CaseStatus.OPEN


async def test_what_is_due_first_stands_first_and_what_is_tried_again_at_its_time(store: Store) -> None:
    tasks = CallTasks(store)
    await opened(
        store, call("late", due_at=hours(9)), call("soon", due_at=hours(2)), call("lead", role="lead", owner=None, due_at=hours(5))
    )
    assert [task.task_id for task in await tasks.listed()] == ["call-soon", "call-lead", "call-late"]
    assert await tasks.tried("call-soon", 0, hours(1), hours(6))
    assert not await tasks.tried("call-soon", 0, hours(1), hours(7))  # told again
    assert [task.task_id for task in await tasks.listed()] == ["call-lead", "call-soon", "call-late"]
    [soon] = [task for task in await tasks.listed() if task.task_id == "call-soon"]
    assert (soon.attempts, soon.last_tried_at, soon.next_try_at, soon.ended_at) == (1, hours(1), hours(6), None)
    await tasks.end("call-lead", CallResult.VOICEMAIL, "mia", hours(2))
    assert [task.task_id for task in await tasks.listed()] == ["call-soon", "call-late"]
    assert [task.task_id for task in await tasks.listed(ended=True)] == ["call-soon", "call-late", "call-lead"]
    assert [task.task_id for task in await tasks.listed(owner="tom", limit=1)] == ["call-soon"]
    assert [task.task_id for task in await tasks.listed(role="lead", ended=True)] == ["call-lead"]
    assert await tasks.listed(case_id="another") == []


async def test_one_of_two_who_end_a_call_at_once_wins(store: Store) -> None:
    await opened(store, call())
    results = (CallResult.REACHED, CallResult.REFUSED, CallResult.NO_ANSWER)
    answers = await asyncio.gather(*(CallTasks(store).end("call-a1", result, result.value, hours(1)) for result in results))
    assert sorted(answers) == [False, False, True]
    [task] = await CallTasks(store).listed(ended=True)
    assert task.result == task.ended_by
    assert not await CallTasks(store).tried("call-a1", task.attempts, hours(2), hours(3))


async def test_the_number_is_the_contacts_of_now(store: Store) -> None:
    tasks, desk = CallTasks(store), DeskBooks(store)
    await opened(store, call())
    assert (await tasks.sheet("call-a1")).number is None  # nobody knows a contact of that reference
    await desk.save_contact(f"contact-{CASE}", CASE, "acme", ADA, MONDAY)
    sheet = await tasks.sheet("call-a1")
    assert (sheet.number, sheet.name, sheet.zone, sheet.number_suppressed) == (ADA.phone, ADA.name, ADA.zone, None)
    await desk.save_contact("moved", CASE, "acme", ADA.model_copy(update={"phone": "+4930555002"}), MONDAY)
    await Recorder(store).commit_entry(entry(contact_ref="moved"))
    assert (await tasks.sheet("call-a1")).number == "+4930555002"
    await SuppressionBooks(store).suppress(Channel.VOICE, "+4930555002", SuppressionReason.INVALID, MONDAY, "test")
    assert (await tasks.sheet("call-a1")).number_suppressed is SuppressionReason.INVALID


async def test_the_list_holds_nothing_personal(store: Store) -> None:
    await DeskBooks(store).save_contact(f"contact-{CASE}", CASE, "acme", ADA, MONDAY)
    await opened(store, call())
    [task] = await CallTasks(store).listed()
    assert not [word for word in ("Ada", "Hello", "555001") if word in task.model_dump_json()]


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        (CallResult.REACHED, ReportedState.DELIVERED, None),
        (CallResult.VOICEMAIL, ReportedState.DELIVERED, None),
        (CallResult.NO_ANSWER, ReportedState.UNDELIVERED, "no_answer"),
        (CallResult.WRONG_NUMBER, ReportedState.UNDELIVERED, "wrong_number"),
        (CallResult.REFUSED, ReportedState.UNDELIVERED, "refused"),
    ],
)
async def test_the_end_of_a_call_that_spoke_a_message_is_a_report_on_it(
    store: Store, result: CallResult, state: ReportedState, reason: str | None
) -> None:
    task = await spoken(store)
    assert (await CallTasks(store).sheet(task.task_id)).delivery_id is not None
    assert await CallTasks(store).end(task.task_id, result, "tom", hours(1))
    assert not await CallTasks(store).end(task.task_id, result, "tom", hours(2))
    [reported] = await DeliveryEventBooks(store).of_case(CASE)
    assert (reported.state, reported.reason, reported.at, len(reported.events)) == (state, reason, hours(1), 1)
    assert (reported.events[0].provider, reported.permanent) == (PERSON, result is CallResult.WRONG_NUMBER)


async def test_a_routine_call_that_nobody_made_gives_way_to_the_next_one_what_must_be_said_does_not(store: Store) -> None:
    must = await spoken(store, "m1")
    routine = await spoken(store, "m2", kind=MessageKind.UPDATE, must_arrive=False)
    await opened(store, call("other", case_id="other"))
    newest = await spoken(store, "m3", kind=MessageKind.UPDATE, must_arrive=False)
    standing = {task.task_id: task.result for task in await CallTasks(store).listed(ended=True)}
    assert standing == {must.task_id: None, routine.task_id: SUPERSEDED, newest.task_id: None, "call-other": None}


async def test_a_task_is_found_by_how_its_id_begins(store: Store) -> None:
    tasks = CallTasks(store)
    await opened(store, call("a1"), call("a12"), call("b_1"))
    assert (await tasks.found("call-a1")).task_id == "call-a1"
    assert (await tasks.found("call-b")).task_id == "call-b_1"
    for text, problem in (("call-a", "several call tasks begin so \\(call-a1, call-a12\\)"), ("call%", "no such"), ("", "no such")):
        with pytest.raises(StoreRefused, match=problem):
            await tasks.found(text)


async def test_what_was_to_be_said_goes_with_the_person_and_nobody_is_left_to_call(store: Store) -> None:
    tasks = CallTasks(store)
    await opened(store, call("a1"), call("a2"), call("other", case_id="other"))
    await tasks.end("call-a2", CallResult.REACHED, "tom", hours(1))
    assert (await Erasure(store).content([CASE])).calls == 2
    assert (await Erasure(store).erase(CASE, ADMIN, hours(2))).calls == 2
    assert not await Erasure(store).content([CASE])
    standing = {task.task_id: (task.result, task.ended_by, task.ended_at) for task in await tasks.listed(ended=True)}
    assert standing == {
        "call-a1": ("erased", "ann.admin", hours(2)),
        "call-a2": ("reached", "tom", hours(1)),
        "call-other": (None, None, None),
    }
    assert [(await tasks.sheet(task_id)).script for task_id in ("call-a1", "call-a2")] == [None, None]
    assert await opened(store, call("a1")) == [False]  # it does not come back
