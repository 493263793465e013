"""Calls that a person makes: one task for each, however often an activity is tried, and the result on the timeline."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from activities.ports import Outgoing, SendFailed, SendOutcome
from policies.case import commands as c
from policies.case.case_id import case_id
from policies.case.vocabulary import CallResult, CaseKind, Channel
from store.call_tasks import CallSheet, CallTasks
from store.recorder import Recorder
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.life.harness import AGENT, CONTACT, MONDAY, Case, House, house, punctual, start_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
VOICE = {"channels": ["voice", "email"], "voice": "person"}


async def sheets(h: House) -> list[CallSheet]:
    """What people are to do, in the order in which it was opened."""
    tasks = CallTasks(h.store)
    found = [await tasks.sheet(task.task_id) for task in await tasks.listed(ended=True)]
    return sorted(found, key=lambda sheet: sheet.opened_at)


async def told(case: Case, sheet: CallSheet, result: CallResult, **more: Any) -> None:
    """What the desk says once the call is over (starter/desk/calling.py)."""
    command = c.PhoneContact(by=AGENT, reached=result is CallResult.REACHED, result=result, task_id=sheet.task_id, **more)
    await case.act("phone_contact", command)
    assert await CallTasks(case.house.store).end(sheet.task_id, result, "tom", await case.house.now())


class Stumbling(Recorder):
    """The worker dies twice: after the task is open, and after the alert is."""

    deaths: list[str]

    async def end_sending(self, *arguments: Any, **named: Any) -> None:
        self._die("end_sending")
        await super().end_sending(*arguments, **named)

    async def finish_alert(self, *arguments: Any, **named: Any) -> None:
        self._die("finish_alert")
        await super().finish_alert(*arguments, **named)

    def _die(self, where: str) -> None:
        if where not in self.deaths:
            self.deaths.append(where)
            raise RuntimeError("the worker died here")


async def _with_dying_workers(h: House) -> list[str]:
    deaths: list[str] = []

    class Dying(Stumbling):
        pass

    Dying.deaths = deaths
    h.recorder = Dying
    await h.stop_workers()
    await h.start_workers()
    return deaths


async def test_a_message_becomes_one_call_task_although_the_activity_is_tried_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        deaths = await _with_dying_workers(h)
        case = await h.open(start_of(channels=(Channel.VOICE,), change=VOICE))
        await h.after(seconds=5)
        assert deaths == ["end_sending"]
        [sheet] = await sheets(h)
        [message] = await case.messages()
        assert sheet.task_id == f"call-{message.message_id}"
        assert (sheet.reason, sheet.role, sheet.owner, sheet.number) == ("voice_by_person", "owner", "tom", CONTACT.phone)
        assert sheet.script == message.text
        assert (sheet.script or "").startswith("Hello, this is Nordwind")
        assert (message.state.value, message.channel, len(message.deliveries)) == ("accepted", Channel.VOICE, 1)
        assert (message.deliveries[0].attempt, message.deliveries[0].provider_id) == (2, sheet.task_id)
        assert message.deliveries[0].delivery_id == sheet.delivery_id
        assert punctual(sheet.due_at, MONDAY + 4 * HOUR)
        assert h.post.attempts == 0
        assert (await case.sums())["open"] == 1


async def test_under_a_policy_without_it_the_machine_calls(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.open(start_of(channels=(Channel.VOICE,), change={"channels": ["voice"]}))
        await h.after(seconds=2)
        assert await sheets(h) == []
        assert [(one.kind, one.outgoing.channel) for one in h.post.sent] == [("acknowledgement", Channel.VOICE)]


async def test_a_call_that_reached_the_customer_stands_on_the_timeline_with_its_promise(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(channels=(Channel.VOICE,), change=VOICE))
        await h.after(minutes=30)
        [sheet] = await sheets(h)
        await told(case, sheet, CallResult.REACHED, promised_at=MONDAY + 5 * HOUR)
        await h.after(seconds=2)
        [fact] = await case.facts("phone_contact")
        assert fact.by == AGENT
        assert fact.detail == {
            "reached": True,
            "promised_at": (MONDAY + 5 * HOUR).isoformat(),
            "result": "reached",
            "task_id": sheet.task_id,
        }
        assert await case.sums() == {"made": 2, "kept": 0, "late": 0, "broken": 0, "superseded": 1, "withdrawn": 0, "open": 1}
        await h.until(MONDAY + 6 * HOUR)
        assert [task.reason for task in await sheets(h)] == ["voice_by_person"] * 2  # the next word, at the time promised on the phone
        assert punctual((await sheets(h))[1].opened_at, MONDAY + 5 * HOUR)


async def test_what_a_wrong_number_kept_from_the_customer_goes_out_on_the_next_channel(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(channels=(Channel.VOICE, Channel.EMAIL), change=VOICE))
        await h.after(minutes=30)
        [sheet] = await sheets(h)
        await SuppressionBooks(h.store).suppress(Channel.VOICE, CONTACT.phone or "", SuppressionReason.INVALID, await h.now(), "test")
        unsaid = {"unsaid_message_id": sheet.message_id, "unsaid_delivery_id": sheet.delivery_id}
        await told(case, sheet, CallResult.WRONG_NUMBER, **unsaid)
        await h.after(seconds=2)
        assert [(one.kind, one.outgoing.channel) for one in h.post.sent] == [("acknowledgement", Channel.EMAIL)]
        [fact] = await case.facts("message_undelivered")
        assert (fact.detail["reason"], fact.detail["channel"], fact.detail["permanent"]) == ("wrong_number", "voice", True)
        assert [fact.detail["result"] for fact in await case.facts("phone_contact")] == ["wrong_number"]
        await told_again_changes_nothing(case, sheet, unsaid)
        assert len(h.post.sent) == 1


async def told_again_changes_nothing(case: Case, sheet: CallSheet, unsaid: dict[str, Any]) -> None:
    command = c.PhoneContact(by=AGENT, reached=False, result=CallResult.REFUSED, task_id=sheet.task_id, **unsaid)
    await case.act("phone_contact", command)
    await case.house.after(seconds=2)
    assert len(await case.facts("message_undelivered")) == 1


async def test_a_result_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of())
        await h.after(seconds=2)
        for command, problem in (
            (c.PhoneContact(by=AGENT, reached=True, result=CallResult.NO_ANSWER), "result no_answer: nobody was spoken with"),
            (c.PhoneContact(by=AGENT, reached=False, result=CallResult.REACHED), "result reached: the customer was spoken with"),
            (c.PhoneContact(by=AGENT, reached=False, result=CallResult.VOICEMAIL, unsaid_message_id="m"), "unsaid_message_id: it was said"),
        ):
            assert problem in await case.refused("phone_contact", command)


async def test_an_unreachable_customer_is_one_persons_call_with_what_was_to_be_said(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        deaths = await _with_dying_workers(h)
        h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.PERMANENT, "mailbox_gone")
        case = await h.open(start_of())
        await h.after(seconds=10)
        assert "finish_alert" in deaths
        [sheet] = await sheets(h)
        [message] = await case.messages()
        assert (sheet.task_id, sheet.reason) == ("call-refund-" + case.start.case_id + ".alert.1", "customer_unreachable")
        assert (sheet.role, sheet.owner, sheet.number, sheet.message_id) == ("owner", "tom", CONTACT.phone, message.message_id)
        assert sheet.delivery_id is None
        # The words of an acknowledgement, as they are spoken; not the e-mail that did not arrive.
        assert "We opened a case for" in (sheet.script or "")
        assert (sheet.script or "").startswith("Hello, this is Nordwind")
        assert message.text is not None
        assert sheet.script != message.text
        assert [alert.title.split(": ")[1] for alert, _ in h.alerts.told] == ["no channel reaches the customer; a call is needed"]
        await told(case, sheet, CallResult.VOICEMAIL)
        assert [fact.detail["result"] for fact in await case.facts("phone_contact")] == ["voicemail"]


async def test_a_message_that_may_not_have_arrived_twice_is_a_call_with_its_own_words(tmp_path: Path) -> None:
    async with house(tmp_path) as h:

        def lost(outgoing: Outgoing, at: Any) -> SendFailed | None:
            return SendFailed(SendOutcome.UNKNOWN, "no_answer") if ".resolution." in outgoing.message_id else None

        h.post.fail = lost
        case = await h.open(start_of())
        await h.after(minutes=1)
        await case.act("resolve", c.Resolve(by=AGENT.model_copy(update={"role": "lead"}), outcome="denied"))
        await h.until(MONDAY + 3 * DAY)
        [sheet] = await sheets(h)
        assert sheet.reason == "message_unknown"
        assert ".resolution." in (sheet.message_id or "")
        assert "was settled on" in (sheet.script or "")


async def test_a_shadow_case_opens_no_call(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(channels=(Channel.VOICE,), change=VOICE, shadow=True))
        await h.after(seconds=2)
        [message] = await case.messages()
        assert (message.state.value, message.reason) == ("accepted", "shadow")
        await h.open(start_of(reference="R-2", shadow=True), CONTACT.model_copy(update={"email": None}))
        await h.after(seconds=2)
        assert [alert.reason for alert in await h.queries.alerts(case_id("Nordwind", CaseKind.REFUND, "R-2"))] == ["customer_unreachable"]
        assert await sheets(h) == []
