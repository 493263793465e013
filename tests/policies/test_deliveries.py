"""What was accepted and did not arrive: said again where it must, on another channel, once."""

from datetime import datetime, timedelta
from typing import Literal

import pytest

from policies.case.commands import DeliveryReport, Reply
from policies.case.plans import ArrivalAnswer, ArrivalQuestion, MessagePlan
from policies.case.start import Reachability
from policies.case.vocabulary import CaseStatus, Channel, FactType, MessageClass, MessageKind, MessageOutcome, PromiseEnd
from policies.rules import v1
from policies.rules.v1 import deliveries
from tests.policies.driver import AGENT, DAY, HOUR, MONDAY, Answer, Life, policy, start
from tests.policies.time.moments import moment

BOTH = Reachability(channels=[Channel.EMAIL, Channel.SMS], zone="Europe/Berlin", quiet_from="00:00", quiet_until="00:00")
K = MessageKind


def _not_arrived(
    life: Life,
    message: MessagePlan,
    *,
    permanent: bool = True,
    delivery: str | None = None,
    channel: Channel = Channel.EMAIL,
    operator: bool = False,
) -> None:
    report = DeliveryReport(
        message_id=message.message_id,
        delivery_id=delivery or f"d-{message.message_id}",
        channel=channel,
        state="bounced",
        permanent=permanent and not operator,
        reason="over_quota" if operator else "mailbox_gone",
        operator=operator,
        at=life.now,
    )
    v1.advance(life.state, life.now)
    v1.not_delivered(life.state, report, life.now)
    life.settle()


def test_an_acknowledgement_that_did_not_arrive_is_said_again_on_the_next_channel_once() -> None:
    life = Life.of(start(reach=BOTH))
    life.after(minutes=2)
    for _ in range(5):
        _not_arrived(life, life.posted[0].plan)
    assert life.kinds() == ["acknowledgement", "acknowledgement"]
    assert [posted.plan.channels[0] for posted in life.posted] == [Channel.EMAIL, Channel.SMS]
    assert life.ends() == {1: (PromiseEnd.KEPT, 0)}  # said again it names the next word anew
    assert life.promise_due_at() == MONDAY + timedelta(minutes=2) + DAY
    assert [fact.detail["reason"] for fact in life.facts(FactType.MESSAGE_UNDELIVERED)] == ["mailbox_gone"]
    _not_arrived(life, life.posted[1].plan, channel=Channel.SMS)  # nor there: twice is enough
    assert len(life.posted) == 2


def test_a_report_that_is_faster_than_the_answer_of_the_sending_counts() -> None:
    life = Life.of(start(reach=BOTH), MONDAY, Answer(after=timedelta(minutes=2)))
    life.after(minutes=1)
    _not_arrived(life, life.posted[0].plan)
    assert life.kinds() == ["acknowledgement"]  # still on its way: nothing is said beside it
    life.after(minutes=5)
    assert life.kinds() == ["acknowledgement", "acknowledgement"]
    assert life.posted[1].plan.channels[0] is Channel.SMS
    life.after(days=1)
    assert life.kinds().count("acknowledgement") == 2


def test_what_was_sent_twice_without_an_answer_is_told_to_a_person_at_once() -> None:
    life = Life.of(start(), MONDAY, Answer(MessageOutcome.UNKNOWN, reason="unknown_twice"))
    life.after(hours=2)
    assert life.kinds() == ["acknowledgement"]
    assert [plan.alert.reason for plan, _ in life.told] == ["message_unknown"]


def test_the_hours_of_the_channel_that_is_left_are_in_what_is_promised() -> None:
    """E-mail has no quiet hours, and the message fell to the phone: what comes next is planned for the phone."""
    reach = Reachability(channels=[Channel.EMAIL, Channel.SMS], zone="Europe/Berlin", quiet_from="21:00", quiet_until="12:00")
    life = Life.of(start(reach=reach))
    assert life.posted[0].plan.quiet_until == {}  # the acknowledgement of the customer's own act has no quiet hours
    life.answers = [Answer(channel=Channel.SMS)]
    life.after(days=1, minutes=1)
    assert life.posted[1].plan.quiet_until == {Channel.SMS: moment("2026-03-03 12:00")}
    life.after(days=2)
    assert life.posted[2].plan.channels == [Channel.SMS, Channel.EMAIL]
    assert life.posted[2].plan.quiet_until == {}


def test_a_routine_update_is_not_said_again_the_next_one_takes_the_other_channel_at_its_time() -> None:
    life = Life.of(start(reach=BOTH))
    life.after(days=1, hours=1)
    due_at = life.promise_due_at()
    _not_arrived(life, life.posted[1].plan)
    assert life.kinds() == ["acknowledgement", "update"]
    assert life.promise_due_at() == due_at
    life.until(due_at)
    assert life.kinds() == ["acknowledgement", "update", "update"]
    assert life.posted[2].plan.channels == [Channel.SMS, Channel.EMAIL]


def test_a_resolution_said_again_announces_the_same_survey_and_there_is_one() -> None:
    life = Life.of(start(reach=BOTH))
    life.will_be(MONDAY + 6 * DAY + HOUR, "succeeded")
    life.after(days=7)
    resolution = life.posted[-1].plan
    assert resolution.kind is K.RESOLUTION
    _not_arrived(life, resolution)
    again = life.posted[-1].plan
    assert (again.kind, again.channels[0]) == (K.RESOLUTION, Channel.SMS)
    assert again.context.feedback_at == resolution.context.feedback_at
    assert again.message_id != resolution.message_id
    life.after(days=60)
    assert life.kinds().count("feedback_request") == 1
    assert life.moments(K.FEEDBACK_REQUEST) == [resolution.context.feedback_at]
    assert life.state.status is CaseStatus.CLOSED


def test_a_reply_is_said_again_with_its_own_words_also_after_another_one() -> None:
    life = Life.of(start(reach=BOTH))
    life.after(hours=1)
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    life.do("reply", Reply(by=AGENT, text_ref="t-2"))
    first = life.posted[1].plan
    _not_arrived(life, first)
    assert life.posted[-1].plan.context.text_refs == ["t-1"]
    assert life.posted[-1].plan.channels[0] is Channel.SMS


@pytest.mark.parametrize("later", ["a newer word reached the customer elsewhere", "the case was resolved"])
def test_what_no_longer_matters_is_not_said_again(later: str) -> None:
    life = Life.of(start(reach=BOTH))
    life.after(hours=1)
    if later.startswith("a newer"):
        life.do("reply", Reply(by=AGENT, text_ref="t-1"))
        _not_arrived(life, life.posted[1].plan)  # goes out by SMS
    else:
        life.report("succeeded", life.now)
    before = len(life.posted)
    _not_arrived(life, life.posted[0].plan, delivery="d-late")
    assert len(life.posted) == before


def test_a_phone_that_was_off_is_tried_again_later_where_there_is_no_other_channel() -> None:
    life = Life.of(start())
    _not_arrived(life, life.posted[0].plan, permanent=False)
    assert len(life.posted) == 1
    life.after(days=1)
    assert life.kinds()[:2] == ["acknowledgement", "acknowledgement"]
    assert life.posted[1].at > MONDAY + timedelta(minutes=10)


def test_reports_on_a_closed_case_and_on_messages_nobody_knows_change_nothing_else() -> None:
    life = Life.of(start(reach=BOTH))
    _not_arrived(life, life.posted[0].plan.model_copy(update={"message_id": "refund-x.1.update.99"}))
    assert len(life.posted) == 1
    life.will_be(MONDAY + HOUR, "succeeded")
    life.after(days=60)
    assert life.state.status is CaseStatus.CLOSED
    before = life.state.model_copy(deep=True)
    _not_arrived(life, life.posted[0].plan)
    assert life.state == before


def test_unsubscribed_elsewhere_is_an_opt_out_here_and_what_must_be_said_is_still_said() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(MessageOutcome.SKIPPED, reason="unsubscribed"))
    life.after(days=5)
    assert life.kinds() == ["acknowledgement", "update"]
    assert life.ends() == {1: (PromiseEnd.WITHDRAWN, 0)}
    assert life.state.promise is None
    assert MessageClass.STATUS in life.state.reach.opted_out
    life.report("succeeded", life.now)
    assert life.kinds() == ["acknowledgement", "update", "resolution"]
    life.after(days=60)
    assert life.kinds()[-1] == "resolution"


def _parked(reason: str) -> list[str]:
    life = Life.of(start(), MONDAY, Answer(MessageOutcome.PARKED, reason=reason, retry_in=HOUR))
    life.after(hours=2)
    assert life.moments(K.ACKNOWLEDGEMENT) == [MONDAY, MONDAY + HOUR]
    return [plan.alert.reason for plan, _ in life.told]


def test_of_a_parked_channel_no_single_case_tells_anybody() -> None:
    assert _parked("channel_parked") == []
    assert _parked("http_503") == ["message_parked"]


def test_the_state_survives_a_new_run_with_what_may_still_be_said_again() -> None:
    life = Life.of(start(reach=BOTH))
    life.again()
    moment: datetime = life.now
    _not_arrived(life, life.posted[0].plan)
    assert life.posted[-1].at == moment
    life.again()


# -- silence ---------------------------------------------------------------------------------------------------------------------------


def _asked_after(life: Life, span: timedelta) -> list[ArrivalQuestion]:
    """What is asked of the books at the end of that time, which the case waits for by itself."""
    until = life.now + span
    due = v1.next_due(life.state)
    assert due is not None
    assert (due.what, due.at) == ("look_for_arrival", until)
    life.now = until
    return v1.jobs(life.state, life.now).arrivals


def test_a_mandatory_message_without_a_word_of_its_arrival_is_said_again_while_others_are_reported_on() -> None:
    life = Life.of(start(reach=BOTH))
    [question] = _asked_after(life, 4 * HOUR)
    assert (question.message_id, question.channel, question.since) == (life.posted[0].plan.message_id, Channel.EMAIL, MONDAY)
    v1.arrival_answered(life.state, question, ArrivalAnswer(arrived="silent"), life.now)
    life.settle()
    assert life.kinds() == ["acknowledgement", "acknowledgement"]
    assert life.posted[1].plan.channels[0] is Channel.SMS
    assert [fact.detail["reason"] for fact in life.facts(FactType.MESSAGE_UNDELIVERED)] == ["no_report"]
    life.after(days=3)  # said twice: nobody asks a third time
    assert life.kinds().count("acknowledgement") == 2


@pytest.mark.parametrize("arrived", ["yes", "unknowable"])
def test_silence_proves_nothing_where_nothing_is_reported(arrived: Literal["yes", "unknowable"]) -> None:
    life = Life.of(start(reach=BOTH))
    [question] = _asked_after(life, 4 * HOUR)
    v1.arrival_answered(life.state, question, ArrivalAnswer(arrived=arrived), life.now)
    life.after(hours=1)
    assert life.kinds() == ["acknowledgement"]
    assert v1.jobs(life.state, life.now).arrivals == []


def test_nobody_asks_where_there_is_no_second_channel_or_no_patience_in_the_policy() -> None:
    for case in (start(), start(rules=policy(delivery_patience={}), reach=BOTH)):
        life = Life.of(case)
        assert [item.what for item in v1.agenda(life.state) if item.what == "look_for_arrival"] == []


def test_a_fault_of_the_operator_is_not_held_against_the_customers_channel_and_is_said_again_until_it_is_mended() -> None:
    life = Life.of(start(reach=BOTH))
    for number in range(1, 4):
        life.after(minutes=2)
        assert len(life.posted) == number
        _not_arrived(life, life.posted[-1].plan, operator=True)
        life.after(minutes=14)
        assert len(life.posted) == number  # not at once: where nothing is parked for it, it would go in a circle
        life.after(minutes=1)
    assert life.kinds() == ["acknowledgement"] * 4  # once more does not count: the customer has seen none of them
    assert {posted.plan.channels[0] for posted in life.posted} == {Channel.EMAIL}
    assert [fact.detail["reason"] for fact in life.facts(FactType.MESSAGE_UNDELIVERED)] == ["over_quota"] * 3
    assert life.told == []  # by the park, once for all cases
    assert all(posted.plan.must_arrive for posted in life.posted)


def test_a_routine_word_that_was_thrown_away_by_our_fault_is_said_again_while_its_promise_is_open() -> None:
    life = Life.of(start(reach=BOTH))
    life.after(days=1, hours=1)
    update = life.posted[1].plan
    _not_arrived(life, update, operator=True)
    life.after(minutes=20)
    assert life.kinds() == ["acknowledgement", "update", "update"]
    assert life.posted[2].plan.channels[0] is Channel.EMAIL
    life.after(days=1, hours=1)
    told = len(life.posted)
    _not_arrived(life, update, operator=True, delivery="late")  # of a word that newer ones have overtaken
    life.after(minutes=20)
    assert len(life.posted) == told


def test_a_report_of_our_fault_that_is_faster_than_the_answer_is_followed_after_it() -> None:
    life = Life.of(start(reach=BOTH))
    life.answers = [Answer(after=timedelta(minutes=2))]
    life.after(days=1, minutes=1)
    assert life.kinds() == ["acknowledgement", "update"]
    _not_arrived(life, life.posted[1].plan, operator=True)  # still on its way
    life.after(minutes=10)
    assert life.kinds() == ["acknowledgement", "update"]
    life.after(minutes=20)
    assert life.kinds() == ["acknowledgement", "update", "update"]
    assert life.posted[2].plan.channels[0] is Channel.EMAIL


def test_it_is_not_asked_whether_a_message_arrived_that_is_known_to_be_thrown_away() -> None:
    life = Life.of(start(reach=BOTH))
    life.after(minutes=2)
    assert deliveries.look_at(life.state) is not None
    _not_arrived(life, life.posted[0].plan, operator=True)
    assert deliveries.look_at(life.state) is None


def test_what_was_said_again_after_a_bounce_and_then_thrown_away_by_our_fault_is_said_all_the_same() -> None:
    life = Life.of(start(reach=BOTH))
    life.after(minutes=2)
    _not_arrived(life, life.posted[0].plan)
    assert life.posted[1].plan.channels[0] is Channel.SMS
    life.after(minutes=2)
    _not_arrived(life, life.posted[1].plan, channel=Channel.SMS, operator=True)
    life.after(minutes=20)
    assert life.kinds() == ["acknowledgement"] * 3
    assert life.posted[2].plan.channels[0] is Channel.SMS
