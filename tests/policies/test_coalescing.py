"""Coalescing: what becomes one message, who names it, what never merges, and what an outcome leaves behind."""

from datetime import timedelta
from itertools import pairwise

import pytest

from policies.case.commands import ChangePreferences, CustomerReply, Extend, GiveFeedback, HoldCase, Reply, Resolve, Resume, Withdraw
from policies.case.plans import MessageResult
from policies.case.start import Reachability
from policies.case.vocabulary import CaseStatus, Channel, FactType, MessageKind, MessageOutcome
from policies.rules import v1
from policies.rules.v1.memory import need
from policies.rules.v1.messages import compose
from tests.policies.driver import AGENT, CUSTOMER, DAY, HOUR, LEAD, MINUTE, MONDAY, Answer, Life, start
from tests.policies.time.moments import moment

K = MessageKind
SURVEYS = {K.FEEDBACK_REQUEST, K.FEEDBACK_REMINDER}
SLOW = Answer(after=8 * MINUTE)
PARKED, REFUSED, UNKNOWN, SKIPPED = MessageOutcome.PARKED, MessageOutcome.REFUSED, MessageOutcome.UNKNOWN, MessageOutcome.SKIPPED


def resolve(life: Life, outcome: str = "denied") -> None:
    life.do("resolve", Resolve(by=LEAD, outcome=outcome))


BY_ITSELF = SURVEYS | {K.ADDRESS_CHANGED}


def composed(*kinds: MessageKind) -> tuple[list[MessageKind], list[MessageKind]]:
    """(the kinds of the one message, what still waits) of these needs."""
    life = Life.of(start())
    for kind in kinds:
        need(life.state, kind, life.now)
    plan = compose(life.state, life.now)
    assert plan is not None
    return [plan.kind, *plan.also], [waiting.kind for waiting in life.state.needs]


@pytest.mark.parametrize("second", [kind for kind in K if kind not in BY_ITSELF])
@pytest.mark.parametrize("first", [kind for kind in K if kind not in BY_ITSELF])
def test_any_two_that_are_no_survey_are_one_message_named_by_the_weightier(first: MessageKind, second: MessageKind) -> None:
    by_weight = sorted({first, second}, key=list(K).index)
    assert composed(first, second) == (by_weight, [])


@pytest.mark.parametrize("survey", sorted(SURVEYS))
@pytest.mark.parametrize("other", [kind for kind in K if kind not in SURVEYS])
def test_a_survey_never_shares_a_message(survey: MessageKind, other: MessageKind) -> None:
    assert composed(survey, other) == ([other], [survey])


@pytest.mark.parametrize("other", [kind for kind in K if kind is not K.ADDRESS_CHANGED])
def test_a_notice_to_a_replaced_address_goes_first_and_says_nothing_else(other: MessageKind) -> None:
    assert composed(other, K.ADDRESS_CHANGED) == ([K.ADDRESS_CHANGED], [other])


def test_the_weights_are_those_of_the_vocabulary() -> None:
    everything = [kind for kind in K if kind not in BY_ITSELF]
    assert composed(*reversed(everything)) == (everything, [])
    assert everything[:4] == [K.RESOLUTION, K.REOPEN, K.ACKNOWLEDGEMENT, K.APOLOGY]


def test_two_replies_are_one_message_with_both_texts() -> None:
    life = Life.of(start(), MONDAY, SLOW)
    for text in ("t-1", "t-2", "t-3"):
        life.do("reply", Reply(by=AGENT, text_ref=text))
    life.after(minutes=8)
    assert life.kinds() == ["acknowledgement", "reply"]
    assert life.posted[-1].plan.context.text_refs == ["t-1", "t-2", "t-3"]


def test_acknowledgement_apology_and_catch_up_after_a_late_start_are_one_message() -> None:
    life = Life.of(start(opened_at=MONDAY - 40 * DAY))
    [message] = life.posted
    assert message.kinds == [K.ACKNOWLEDGEMENT, K.APOLOGY]
    assert message.plan.next_word_at == MONDAY + DAY


def test_apology_and_update_after_an_outage_are_one_message() -> None:
    life = Life.of(start())
    life.outage_until(moment("2026-03-17 10:00"))
    assert [posted.kinds for posted in life.posted] == [[K.ACKNOWLEDGEMENT], [K.APOLOGY, K.UPDATE]]
    assert life.posted[-1].plan.context.owed_update_at == MONDAY + DAY


def test_everything_of_the_minutes_in_which_one_is_on_its_way_is_the_next_one() -> None:
    life = Life.of(start(), MONDAY, SLOW)
    life.after(minutes=1)
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    life.do("hold", HoldCase(by=LEAD, reason="photo"))
    life.do("extend", Extend(by=LEAD, until=MONDAY + 20 * DAY))
    life.report("requires_action", life.now)
    assert life.kinds() == ["acknowledgement"]
    life.until(MONDAY + 8 * MINUTE)
    assert [posted.kinds for posted in life.posted[1:]] == [[K.REPLY, K.ASK, K.EXTENSION, K.NEWS]]
    assert life.posted[-1].plan.keeps == 1


def test_what_was_overtaken_before_it_could_be_said_is_not_said() -> None:
    life = Life.of(start(), MONDAY, SLOW)
    life.do("hold", HoldCase(by=LEAD, reason="photo"))
    life.do("extend", Extend(by=LEAD, until=MONDAY + 20 * DAY))
    resolve(life)
    life.until(MONDAY + 8 * MINUTE)
    assert life.posted[-1].kinds == [K.RESOLUTION]


def test_a_hold_that_ended_before_it_was_told_asks_nobody() -> None:
    life = Life.of(start(), MONDAY, SLOW)
    life.do("hold", HoldCase(by=LEAD, reason="photo"))
    life.do("resume", Resume(by=LEAD))
    life.until(MONDAY + 9 * MINUTE)
    assert life.kinds() == ["acknowledgement"]


# -- parked -----------------------------------------------------------------------------------------------------------------------


def test_a_parked_message_waits_takes_up_what_comes_meanwhile_and_people_are_told_once() -> None:
    life = Life.of(start(), MONDAY, Answer(PARKED, retry_in=HOUR), Answer(PARKED, retry_in=2 * HOUR))
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    assert len(life.posted) == 1
    life.after(hours=1)
    assert life.posted[-1].kinds == [K.ACKNOWLEDGEMENT, K.REPLY]
    life.after(hours=2)
    assert [posted.at - MONDAY for posted in life.posted] == [timedelta(), HOUR, 3 * HOUR]
    assert [plan.alert.reason for plan, _ in life.told] == ["message_parked"]
    assert life.state.parked_count == 0
    assert life.state.acknowledged_at == life.now


def test_without_a_word_of_the_provider_the_policys_retries_are_used_and_the_last_repeats() -> None:
    life = Life.of(start(), MONDAY, *[Answer(PARKED)] * 6)
    life.after(days=1)
    gaps = [(later.at - earlier.at) // MINUTE for earlier, later in pairwise(life.posted)]
    assert gaps[:6] == [15, 30, 60, 240, 240, 240]


def test_a_parked_update_does_not_come_after_the_resolution() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(PARKED, after=8 * MINUTE, retry_in=MINUTE))
    life.until(MONDAY + DAY + MINUTE)
    resolve(life)
    life.after(days=30)
    assert [posted.kinds for posted in life.posted[2:3]] == [[K.RESOLUTION]]
    assert [posted.at for posted in life.posted if K.UPDATE in posted.kinds] == [MONDAY + DAY]


def test_a_parked_resolution_is_not_sent_after_the_case_came_back() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(PARKED, after=8 * MINUTE, retry_in=MINUTE))
    life.after(hours=1)
    resolve(life)
    life.after(minutes=1)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    life.after(hours=1)
    assert [posted.kinds for posted in life.posted] == [[K.ACKNOWLEDGEMENT], [K.RESOLUTION], [K.REOPEN]]


def test_a_parked_survey_is_not_sent_after_the_case_came_back() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(), Answer(PARKED, after=8 * MINUTE, retry_in=MINUTE))
    resolve(life)
    life.after(days=1, minutes=1)
    assert life.posted[-1].kinds == [K.FEEDBACK_REQUEST]
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    life.after(hours=1)
    assert [posted.kinds for posted in life.posted[3:]] == [[K.REOPEN]]


def test_a_parked_question_is_not_asked_after_the_hold() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(PARKED, after=8 * MINUTE, retry_in=MINUTE))
    life.do("hold", HoldCase(by=LEAD, reason="photo"))
    life.after(minutes=1)
    life.do("resume", Resume(by=LEAD))
    life.after(hours=1)
    assert [posted.kinds for posted in life.posted] == [[K.ACKNOWLEDGEMENT], [K.ASK]]


def test_a_resolution_still_on_its_way_does_not_count_for_the_next_one() -> None:
    life = Life.of(start(), MONDAY, Answer(), SLOW, SLOW)
    life.after(hours=1)
    resolve(life)
    life.after(minutes=2)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    life.after(minutes=2)
    resolve(life, "replaced")
    life.after(minutes=5)
    assert life.state.resolution is not None
    assert (life.state.resolution.outcome, life.state.resolution.told_at) == ("replaced", None)
    life.after(minutes=10)
    assert life.state.resolution.told_at == MONDAY + HOUR + 16 * MINUTE
    assert life.state.feedback is not None
    assert life.kinds() == ["acknowledgement", "resolution", "resolution"]


def test_a_resolution_refused_after_the_case_came_back_and_was_resolved_again_leaves_the_new_one_untouched() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(UNKNOWN, after=8 * MINUTE), Answer())
    life.after(hours=1)
    resolve(life)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    resolve(life, "replaced")
    life.after(hours=1)
    assert life.state.resolution is not None
    assert life.state.resolution.untold is None
    assert life.state.resolution.told_at is not None


# -- refused ----------------------------------------------------------------------------------------------------------------------


def test_a_customer_whom_nothing_reaches_is_a_persons_task_and_the_clocks_go_on() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(REFUSED, reason="mailbox_gone"))
    life.after(days=12)
    assert life.kinds() == ["acknowledgement", "update"]
    assert ("customer_unreachable", "owner") in [(plan.alert.reason, plan.alert.to) for plan, _ in life.told]
    assert [spec for _, spec, _ in life.fired("refund_promise")] == ["75%"]
    assert [fact.detail["reason"] for fact in life.facts(FactType.MESSAGE_REFUSED)] == ["mailbox_gone"]


def test_with_a_new_address_what_was_not_told_is_told_in_one_message() -> None:
    life = Life.of(start(), MONDAY, Answer(REFUSED))
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    life.after(days=3)
    assert life.kinds() == ["acknowledgement"]
    life.do("preferences", ChangePreferences(by=AGENT, reach=life.state.reach))
    assert life.posted[-1].plan.kind is K.ACKNOWLEDGEMENT
    assert K.REPLY in life.posted[-1].kinds
    assert len(life.posted) == 2
    assert life.state.promise is not None


def test_a_case_whose_customer_cannot_be_reached_closes_all_the_same() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(REFUSED))
    life.after(days=2)
    resolve(life)
    life.after(days=40)
    assert life.state.status is CaseStatus.CLOSED
    assert life.state.resolution is not None
    assert life.state.resolution.untold is not None


@pytest.mark.parametrize("refused_after", [2 * HOUR, DAY - MINUTE])
def test_a_survey_that_nothing_can_carry_keeps_no_case_open(refused_after: timedelta) -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(), Answer(REFUSED, after=5 * MINUTE))
    resolve(life)
    life.until(MONDAY + refused_after)
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))  # comes back; the survey falls due before or after that
    life.after(days=40)
    assert life.moments(K.FEEDBACK_REQUEST) == []
    assert life.state.feedback is not None
    assert life.state.feedback.ended == "skipped"
    assert life.state.status is CaseStatus.CLOSED


def test_refused_just_after_the_resolution_closes_all_the_same() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(REFUSED, after=5 * MINUTE))
    life.until(MONDAY + DAY + MINUTE)
    resolve(life)
    life.after(days=40)
    assert life.state.resolution is not None
    assert life.state.resolution.untold == "unreachable"
    assert life.state.status is CaseStatus.CLOSED


# -- unknown ----------------------------------------------------------------------------------------------------------------------


def test_an_update_that_may_have_arrived_is_not_said_twice() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(UNKNOWN))
    life.after(hours=47)
    assert life.kinds() == ["acknowledgement", "update"]
    life.after(hours=1)
    assert life.kinds() == ["acknowledgement", "update", "update"]


def test_a_resolution_that_may_have_arrived_is_said_once_more_then_a_person_is_told() -> None:
    life = Life.of(start(), MONDAY, Answer(), *[Answer(UNKNOWN)] * 5)
    life.after(hours=1)
    resolve(life)
    life.after(days=30, hours=2)
    assert life.kinds() == ["acknowledgement", "resolution", "resolution"]
    assert "message_unknown" in [plan.alert.reason for plan, _ in life.told]
    assert life.state.resolution is not None
    assert life.state.resolution.untold == "unknown"
    assert life.state.status is CaseStatus.CLOSED


# -- surveys ----------------------------------------------------------------------------------------------------------------------


def test_a_survey_waits_while_another_case_is_open() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(), *[Answer(SKIPPED, reason="other_case_open")] * 3)
    resolve(life)
    life.after(days=5)
    assert [at - MONDAY for at in life.moments(K.FEEDBACK_REQUEST)] == [DAY, 2 * DAY, 3 * DAY, 4 * DAY]
    assert life.state.feedback is not None
    assert life.state.feedback.asked_at == MONDAY + 4 * DAY
    life.do("feedback", GiveFeedback(by=CUSTOMER, csat=5))
    life.after(days=40)
    assert life.moments(K.FEEDBACK_REMINDER) == []


def test_who_opted_out_of_surveys_gets_none_and_the_case_closes() -> None:
    reach = Reachability.model_validate({"channels": [Channel.EMAIL], "opted_out": ["survey"]})
    life = Life.of(start(reach=reach))
    resolve(life)
    assert life.posted[-1].plan.context.feedback_at is None
    life.after(days=31)
    assert life.kinds() == ["acknowledgement", "resolution"]
    assert life.state.status is CaseStatus.CLOSED


def test_opting_out_after_the_survey_was_announced_ends_it() -> None:
    life = Life.of(start())
    resolve(life)
    reach = Reachability.model_validate({"channels": [Channel.EMAIL], "opted_out": ["status"]})
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=reach))
    life.after(days=31)
    assert life.kinds() == ["acknowledgement", "resolution"]
    assert [fact.detail["reason"] for fact in life.facts(FactType.MESSAGE_SKIPPED)] == ["opted_out"]
    assert life.state.status is CaseStatus.CLOSED


# -- on the way -------------------------------------------------------------------------------------------------------------------


def test_a_result_of_a_message_that_is_not_on_its_way_changes_nothing() -> None:
    life = Life.of(start())
    before = life.state.model_dump_json()
    [posted] = life.posted
    result = {"outcome": REFUSED, "at": life.now}
    v1.message_ended(life.state, posted.plan.message_id, MessageResult.model_validate(result), life.now)
    v1.message_ended(life.state, "another", MessageResult.model_validate(result), life.now)
    assert life.state.model_dump_json() == before


def test_a_case_rests_while_a_resolution_hangs_beyond_the_survey_it_announces() -> None:
    """In the demo a day is seconds long: the announced survey is due while the resolution is still on its way."""
    life = Life.of(start(), MONDAY, Answer(), Answer(after=30 * HOUR))
    resolve(life)
    life.after(days=3)
    assert life.kinds() == ["acknowledgement", "resolution", "feedback_request"]


def test_withdrawn_before_the_acknowledgement_went_out_is_one_message() -> None:
    life = Life.of(start(), MONDAY, Answer(PARKED, retry_in=HOUR))
    life.do("withdraw", Withdraw(by=LEAD))
    life.after(hours=1)
    assert life.posted[-1].kinds[0] is K.RESOLUTION
    assert len(life.posted) == 2
    assert life.state.status is CaseStatus.CLOSED
