"""Did the money arrive? Announced in the resolution, asked at its date, once, and only of who still waits for it."""

from typing import Any

import pytest

from policies.case.commands import ChangePreferences, CustomerReply, Resolve, Withdraw
from policies.case.start import Reachability
from policies.case.state import CaseState
from policies.case.vocabulary import Channel, FactType, MessageClass, MessageKind, MessageOutcome
from tests.policies.driver import CUSTOMER, DAY, HOUR, LEAD, MONDAY, Answer, Life, policy, start
from tests.policies.time.moments import moment

SHOWN = moment("2026-03-18 17:00")  # ten business days from Wednesday
CHECK = MessageKind.MONEY_CHECK


def refunded(*answers: Answer, **change: Any) -> Life:
    life = Life.of(start(rules=policy(**change)) if change else start())
    life.answers = list(answers)
    life.will_be(MONDAY + 2 * DAY, "succeeded")
    life.until(MONDAY + 3 * DAY)
    assert life.state.resolution is not None
    return life


def asked(life: Life) -> list[object]:
    life.until(MONDAY + 60 * DAY)
    assert life.state.closed_at is not None
    return list(life.moments(CHECK))


def test_the_resolution_announces_it_and_at_its_date_it_is_asked_once() -> None:
    life = refunded()
    [resolution] = [posted for posted in life.posted if posted.plan.kind is MessageKind.RESOLUTION]
    assert resolution.plan.context.money_check_at == SHOWN
    assert resolution.plan.context.resolution is not None
    assert resolution.plan.context.resolution.money_expected_at == SHOWN
    assert asked(life) == [SHOWN]
    [check] = [posted for posted in life.posted if posted.plan.kind is CHECK]
    assert check.plan.message_class is MessageClass.STATUS
    assert (check.plan.next_word_at, check.plan.keeps, check.plan.makes, check.plan.must_arrive) == (None, None, None, False)
    assert check.plan.context.reopen_until is not None  # until when an answer opens the case again
    assert check.plan.context.reopen_until > SHOWN


def test_no_is_an_answer_that_opens_the_case_again() -> None:
    life = refunded()
    life.until(SHOWN + HOUR)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    assert (life.state.cycle, life.state.resolution) == (2, None)


@pytest.mark.parametrize("how", ["the customer", "the provider"])
def test_a_case_that_came_back_asks_nothing_of_the_old_resolution(how: str) -> None:
    life = refunded()
    life.until(MONDAY + 5 * DAY)
    if how == "the customer":
        life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    else:
        life.report("failed", life.now)
    life.until(SHOWN + DAY)
    assert life.moments(CHECK) == []
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    assert asked(life) == []


def test_who_opted_out_of_updates_is_not_asked_and_it_is_not_announced() -> None:
    out = Reachability(channels=[Channel.EMAIL], zone="Europe/Berlin", opted_out=[MessageClass.STATUS])
    life = Life.of(start(reach=out))
    life.report("succeeded", MONDAY)
    assert life.posted[-1].plan.context.money_check_at is None
    assert asked(life) == []
    assert not [fact for fact in life.facts(FactType.MESSAGE_SKIPPED) if fact.detail["kind"] == "money_check"]  # nor planned at all
    life = refunded()  # announced, then opted out
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=out))
    assert asked(life) == []


def test_who_opted_out_of_surveys_is_asked_all_the_same() -> None:
    out = Reachability(channels=[Channel.EMAIL], zone="Europe/Berlin", opted_out=[MessageClass.SURVEY])
    life = Life.of(start(reach=out))
    life.report("succeeded", MONDAY)
    assert len(asked(life)) == 1


def test_only_where_the_policy_says_so_and_the_survey_does_not_wait_for_the_same_date() -> None:
    assert asked(refunded(ask_money_arrived=False)) == []
    waiting = {**policy().feedback.model_dump(), "wait_for_money": True}
    assert asked(refunded(feedback=waiting)) == []


def test_only_of_money_that_rests_on_the_provider() -> None:
    for outcome in ("denied", "replaced"):
        life = Life.of(start())
        life.do("resolve", Resolve(by=LEAD, outcome=outcome))
        assert asked(life) == []
    life = Life.of(start())
    life.do("withdraw", Withdraw(by=LEAD))
    assert asked(life) == []


def test_of_a_date_that_has_passed_the_resolution_says_it_all() -> None:
    life = Life.of(start(origin="import", opened_at=MONDAY - 40 * DAY))
    life.report("succeeded", MONDAY - 20 * DAY)
    assert life.posted[-1].plan.context.money_check_at is None
    assert asked(life) == []


def test_not_after_the_tail_when_no_answer_could_open_the_case() -> None:
    assert asked(refunded(tail="240h")) == []  # the tail ends four days before the date


def test_a_resolution_that_is_still_waiting_at_that_date_asks_by_itself() -> None:
    life = refunded(*[Answer(MessageOutcome.PARKED, retry_in=17 * DAY)] * 2)
    assert asked(life) == []
    [resolution] = [posted for posted in life.posted if posted.plan.kind is MessageKind.RESOLUTION][-1:]
    assert resolution.at > SHOWN
    assert resolution.plan.context.money_check_at is None


def test_by_sms_it_keeps_the_quiet_hours_and_the_announced_moment_is_kept() -> None:
    reach = Reachability(channels=[Channel.SMS], zone="Asia/Tokyo")  # 17:00 in Berlin is 01:00 there
    life = Life.of(start(reach=reach))
    life.report("succeeded", MONDAY)
    announced = life.posted[-1].plan.context.money_check_at
    assert announced == moment("2026-03-17 00:00")  # 08:00 in Tokyo
    assert asked(life) == [announced]


def test_it_survives_the_next_run() -> None:
    life = refunded()
    carried = CaseState.model_validate_json(life.state.model_dump_json())
    assert carried.money_check_at == SHOWN
    life.again()
    assert asked(life) == [SHOWN]
