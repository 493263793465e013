"""Calls that a person makes: by when, what is to be said, and what a result means for the message that the call was to speak."""

from datetime import timedelta
from typing import Any

import pytest

from policies.case.commands import CustomerReply, PhoneContact, Reply, Resolve
from policies.case.plans import AlertPlan, MessagePlan
from policies.case.start import Reachability
from policies.case.vocabulary import CallResult, Channel, FactType, MessageKind, MessageOutcome
from policies.rules.v1.messages import to_be_called
from tests.policies.driver import AGENT, CUSTOMER, HOUR, LEAD, MONDAY, Answer, Life, policy, start

REFUSED, UNKNOWN = MessageOutcome.REFUSED, MessageOutcome.UNKNOWN
BY_VOICE = Reachability(channels=[Channel.VOICE, Channel.EMAIL], locale="en", zone="Europe/Berlin")


def by_person(**change: Any) -> Life:
    return Life.of(start(rules=policy(channels=["voice", "email"], voice="person", **change), reach=BY_VOICE))


def called_for(life: Life) -> list[AlertPlan]:
    return [plan for plan, _ in life.told if plan.call is not None]


def the_call(life: Life) -> MessagePlan:
    [plan] = called_for(life)
    assert plan.call is not None
    return plan.call


def test_only_where_the_policy_says_so_a_message_is_a_persons() -> None:
    assert Life.of(start()).posted[0].plan.call_by is None
    assert by_person().posted[0].plan.call_by == MONDAY + 4 * HOUR


def test_a_call_is_due_in_working_time_and_before_the_next_word_is() -> None:
    friday = MONDAY + timedelta(days=4, hours=6)  # 16:00: one hour is left of the week
    life = Life.of(start(rules=policy(channels=["voice"], voice="person"), reach=BY_VOICE), friday)
    assert life.posted[0].plan.call_by == friday + timedelta(days=1)  # the next word; four working hours would be Monday noon
    assert by_person(call_within="30m").posted[0].plan.call_by == MONDAY + HOUR / 2


def test_who_is_unreachable_is_to_be_told_what_was_not_said() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(REFUSED, reason="mailbox_gone"))
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    call = the_call(life)
    assert (call.kind, call.message_id, call.context.text_refs) == (MessageKind.REPLY, life.posted[1].plan.message_id, ["t-1"])
    assert (call.channels, call.next_word_at, call.makes) == ([Channel.VOICE], None, None)
    assert call.call_by == MONDAY + 4 * HOUR
    assert called_for(life)[0].alert.reason == "customer_unreachable"


def test_what_may_not_have_arrived_twice_is_to_be_said_by_a_person() -> None:
    life = Life.of(start(), MONDAY, Answer(), *[Answer(UNKNOWN)] * 2)
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    life.after(days=1)
    call = the_call(life)
    assert (called_for(life)[0].alert.reason, call.kind) == ("message_unknown", MessageKind.RESOLUTION)
    assert call.context.resolution is not None


def test_what_no_longer_holds_is_not_said_when_people_could_be_told_late() -> None:
    """A resolution that reached nobody; before a person could be told, the customer came back."""
    life = Life.of(start(), MONDAY, Answer(), Answer(REFUSED))
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    assert the_call(life).kind is MessageKind.RESOLUTION
    alert = called_for(life)[0].alert
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    late = to_be_called(life.state, alert, life.now)
    assert late is not None
    assert ([late.kind, *late.also], late.context.resolution) == ([MessageKind.UPDATE], None)  # how the case stands


def test_other_alerts_ask_for_no_call() -> None:
    life = Life.of(start())
    life.after(days=20)
    assert life.told
    assert called_for(life) == []


@pytest.mark.parametrize("result", [CallResult.NO_ANSWER, CallResult.WRONG_NUMBER, CallResult.REFUSED])
def test_a_message_that_its_call_did_not_say_is_said_again_on_the_next_channel(result: CallResult) -> None:
    life = by_person()
    unsaid = life.posted[0].plan.message_id
    life.after(minutes=30)
    command = PhoneContact(by=AGENT, reached=False, result=result, task_id="call-1", unsaid_message_id=unsaid, unsaid_delivery_id="d-1")
    life.do("phone_contact", command)
    assert [posted.plan.channels for posted in life.posted] == [[Channel.VOICE, Channel.EMAIL], [Channel.EMAIL, Channel.VOICE]]
    assert life.kinds() == ["acknowledgement", "acknowledgement"]
    [fact] = life.facts(FactType.MESSAGE_UNDELIVERED)
    assert (fact.detail["reason"], fact.detail.get("permanent")) == (result.value, True if result is CallResult.WRONG_NUMBER else None)
    life.do("phone_contact", command)  # told again
    assert len(life.posted) == 2


def test_a_voicemail_answers_no_question_and_keeps_no_message_back() -> None:
    life = by_person()
    life.after(minutes=30)
    life.do("phone_contact", PhoneContact(by=AGENT, reached=False, result=CallResult.VOICEMAIL, task_id="call-1"))
    [fact] = life.facts(FactType.PHONE_CONTACT)
    assert (fact.by, fact.detail) == (AGENT, {"reached": False, "result": "voicemail", "task_id": "call-1"})
    assert len(life.posted) == 1
    refused = life.ask("phone_contact", PhoneContact(by=AGENT, reached=False, result=CallResult.VOICEMAIL, promised_at=MONDAY + 5 * HOUR))
    assert refused == "promised_at: nobody was reached, so nothing was promised"
