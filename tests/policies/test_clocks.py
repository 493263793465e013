"""Clocks: every rung to the second, holds, reopening, dates that never move, and what is promised of all that."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from policies.book import Policy, snapshot
from policies.case.commands import (
    Absorb,
    ChangePolicy,
    CustomerReply,
    Extend,
    HoldCase,
    Reply,
    ReportFact,
    Resolve,
    Resume,
    Withdraw,
)
from policies.case.vocabulary import CaseKind, FactType, MessageKind, MessageOutcome
from policies.rules.v1 import clocks
from policies.rules.v1.agenda import next_due
from policies.rules.v1.rows import case_row
from policies.rules.v1.rows import snapshot as snapshot_of
from tests.policies.driver import CUSTOMER, DAY, HOUR, LEAD, MINUTE, MONDAY, SECOND, Answer, Life, book, policy, start
from tests.policies.time.moments import moment, utc

LADDER = [
    {"at": "50%", "level": 1, "to": "owner"},
    {"at": "100%", "level": 2, "to": "lead", "apology": True},
    {"at": "+1bd", "level": 3, "to": "head"},
]
PUBLIC = {"en": "our promise"}


def with_clock(
    span: str | None = None, *, ladder: list[dict[str, Any]] | None = None, more: tuple[dict[str, Any], ...] = (), **fields: Any
) -> Policy:
    one = {"id": "c", "starts": "opened", "span": span, "promised": True, "public": PUBLIC, "ladder": ladder or LADDER, **fields}
    return policy(clocks=[one, *more])


def denied(life: Life) -> None:
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))


# -- moments ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "begin", "expected"),
    [
        # h runs through the night in which clocks change (2026-03-29).
        (
            "48h",
            "2026-03-28 10:00",
            {"50%": "2026-03-29 11:00", "75%": "2026-03-29 23:00", "100%": "2026-03-30 11:00", "-6h": "2026-03-30 05:00"},
        ),
        (
            "90m",
            "2026-03-02 10:00",
            {"50%": "2026-03-02 10:45", "75%": "2026-03-02 11:07:30", "100%": "2026-03-02 11:30", "+2bh": "2026-03-02 13:30"},
        ),
        # bh: half an hour on Friday, the rest from Monday on; the share too is business time.
        (
            "8bh",
            "2026-03-06 16:30",
            {"50%": "2026-03-09 12:30", "75%": "2026-03-09 14:30", "100%": "2026-03-09 16:30", "+2bh": "2026-03-10 10:30"},
        ),
        (
            "1bh",
            "2026-03-07 12:00",
            {"50%": "2026-03-09 09:30", "75%": "2026-03-09 09:45", "100%": "2026-03-09 10:00", "+1bd": "2026-03-10 17:00"},
        ),
        # bd: due at the close of the Nth open day; 23 open hours lie between, three quarters of them are 17 h 15 min.
        (
            "2bd",
            "2026-03-02 10:00",
            {"50%": "2026-03-03 13:30", "75%": "2026-03-04 11:15", "100%": "2026-03-04 17:00", "+1bd": "2026-03-05 17:00"},
        ),
        (
            "1bd",
            "2026-03-07 12:00",
            {"75%": "2026-03-09 15:00", "100%": "2026-03-09 17:00", "+1bd": "2026-03-10 17:00", "-24h": "2026-03-08 17:00"},
        ),
        # cd: the midnight after the 14th day; 350 elapsed hours, three quarters are 262.5.
        (
            "14cd",
            "2026-03-02 10:00",
            {"75%": "2026-03-13 08:30", "100%": "2026-03-17 00:00", "-7cd": "2026-03-10 00:00", "+2cd": "2026-03-20 00:00"},
        ),
        # Over the change of clocks the day of 2026-03-29 has 23 hours.
        ("1cd", "2026-03-28 00:00", {"50%": "2026-03-28 23:30", "100%": "2026-03-30 00:00"}),
        # What would begin before the start begins with it.
        ("12h", "2026-03-02 10:00", {"-24h": "2026-03-02 10:00", "100%": "2026-03-02 22:00"}),
    ],
)
def test_every_rung_fires_at_its_second(span: str, begin: str, expected: dict[str, str]) -> None:
    order = sorted(expected.items(), key=lambda item: moment(item[1]))
    ladder = [{"at": spec, "level": level, "to": "lead"} for level, (spec, _) in enumerate(order, start=1)]
    life = Life.of(start(rules=with_clock(span, ladder=ladder)), moment(begin))
    assert life.rungs("c") == {spec: moment(at) for spec, at in expected.items()}
    fired: list[str] = []
    for level, (spec, at) in enumerate(order, start=1):
        due_at = moment(at)
        if due_at > life.now:
            life.until(due_at - SECOND)
            assert [spec for _, spec, _ in life.fired("c")] == fired
            life.until(due_at)
        fired.append(spec)
        assert life.fired("c")[-1] == (due_at, spec, level)
    assert life.clock("c").breached_at == moment(expected["100%"])
    assert len(life.fired("c")) == len(expected)


def test_friday_half_past_four_and_one_business_hour_is_monday_half_past_nine() -> None:
    assert Life.of(start(rules=with_clock("1bh")), moment("2026-03-06 16:30")).clock("c").due_at == moment("2026-03-09 09:30")


def test_resolved_one_second_earlier_means_silence() -> None:
    life = Life.of(start(rules=with_clock("1bd")))
    life.until(moment("2026-03-03 16:59:59"))
    denied(life)
    life.until(MONDAY + 30 * DAY)
    assert [spec for _, spec, _ in life.fired("c")] == ["50%"]
    assert (life.clock("c").ended, life.state.clocks_met, life.state.clocks_breached) == ("met", 1, 0)


def test_resolved_at_the_very_second_is_a_breach_that_stays_on_record() -> None:
    life = Life.of(start(rules=with_clock("1bd")))
    life.now = moment("2026-03-03 17:00")
    denied(life)
    assert life.clock("c").ended == "breached_then_met"
    assert (life.state.clocks_met, life.state.clocks_breached) == (0, 1)


def test_a_fact_of_the_future_starts_no_clock() -> None:
    with pytest.raises(ValueError, match=r"^facts\.withdrawal_told: lies in the future"):
        Life.of(start(facts={"withdrawal_told": MONDAY + 30 * DAY}))
    life = Life.of(start(facts={"withdrawal_told": MONDAY + 2 * MINUTE}))  # a clock a little ahead of ours
    assert life.clock("withdrawal_refund").started_at == MONDAY


def test_a_clock_starts_with_its_fact_at_the_facts_own_time() -> None:
    life = Life.of(start(rules=with_clock("10bd", more=({"id": "goods", "starts": "goods_received", "span": "4bh", "ladder": LADDER},))))
    assert clocks.find(life.state, "goods") is None
    life.after(hours=2)
    life.do("report_fact", ReportFact(by=LEAD, name="goods_received", occurred_at=moment("2026-03-02 09:30")))
    assert life.clock("goods").due_at == moment("2026-03-02 13:30")
    assert [spec for _, spec, _ in life.fired("goods")] == ["50%"]  # its moment, 11:30, lies in the past
    life.do("report_fact", ReportFact(by=LEAD, name="goods_received", occurred_at=moment("2026-03-02 11:30")))
    assert life.clock("goods").due_at == moment("2026-03-02 13:30")  # the first occurrence counts


# -- dates that a provider or carrier carries --------------------------------------------------------------------------------------


def test_evidence_is_due_when_the_provider_says_and_each_warning_comes_to_the_second() -> None:
    due_by = utc("2026-03-20 23:59:59")
    life = Life.of(start(CaseKind.DISPUTE, dispute_due_by=due_by))
    for level, (spec, back) in enumerate((("-7cd", 7 * DAY), ("-3cd", 3 * DAY), ("-24h", DAY), ("100%", timedelta())), start=1):
        life.until(due_by - back - SECOND)
        assert len(life.fired("evidence_due")) == level - 1
        life.until(due_by - back)
        assert life.fired("evidence_due")[-1] == (due_by - back, spec, level)


def test_a_new_date_of_the_provider_moves_what_is_to_come_and_what_has_fired_stays_fired() -> None:
    first, second = utc("2026-03-12 12:00:00"), utc("2026-03-20 12:00:00")
    life = Life.of(start(CaseKind.DISPUTE, dispute_due_by=first))
    life.until(utc("2026-03-06 00:00:00"))
    assert [spec for _, spec, _ in life.fired("evidence_due")] == ["-7cd"]
    life.report("needs_response", due_by=second)
    assert life.clock("evidence_due").due_at == second
    life.until(second)
    assert [(at, spec) for at, spec, _ in life.fired("evidence_due")] == [
        (first - 7 * DAY, "-7cd"),
        (second - 3 * DAY, "-3cd"),
        (second - DAY, "-24h"),
        (second, "100%"),
    ]


def test_a_date_that_is_not_known_yet_starts_its_clock_when_it_is() -> None:
    life = Life.of(start(CaseKind.DISPUTE))
    assert clocks.find(life.state, "evidence_due") is None
    life.after(hours=1)
    life.report("needs_response", due_by=utc("2026-03-20 12:00:00"))
    assert life.clock("evidence_due").due_at == utc("2026-03-20 12:00:00")
    assert life.clock("evidence_due").started_at == MONDAY


def test_a_delay_runs_to_the_newest_date_of_the_carrier() -> None:
    promised, revised = utc("2026-03-06 17:00:00"), utc("2026-03-11 17:00:00")
    life = Life.of(start(CaseKind.DELAY, delay_promised_at=promised))
    assert life.clock("new_delivery_date").due_at == promised
    life.after(days=1)
    life.report("in_transit", life.now, eta_at=revised)
    assert life.clock("new_delivery_date").due_at == revised
    assert life.posted[-1].plan.context.resolve_by == revised


def test_a_date_that_the_carrier_told_of_a_resolved_case_holds_when_it_comes_back() -> None:
    promised, revised = utc("2026-03-06 17:00:00"), utc("2026-03-11 17:00:00")
    life = Life.of(start(CaseKind.DELAY, delay_promised_at=promised))
    life.do("resolve", Resolve(by=LEAD, outcome="replaced"))
    life.after(days=1)
    life.report("in_transit", life.now, eta_at=revised)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    assert life.clock("new_delivery_date").due_at == revised


# -- which binds -------------------------------------------------------------------------------------------------------------------


def test_the_strictest_of_all_is_promised_with_its_reason_and_its_law() -> None:
    life = Life.of(start())
    [acknowledged] = life.posted
    context = acknowledged.plan.context
    assert context.resolve_by == moment("2026-03-16 17:00")
    assert context.resolve_by_why["en"] == "our promise to you: ten business days"
    assert context.resolve_by_citation is None
    life.do("report_fact", ReportFact(by=LEAD, name="withdrawal_told", occurred_at=moment("2026-02-25 10:00")))
    life.after(days=1)
    context = life.posted[-1].plan.context
    assert context.resolve_by == moment("2026-03-12 00:00")  # fourteen days after 25 February
    assert context.resolve_by_why["en"] == "by law, fourteen days after you withdrew from the purchase"
    assert context.resolve_by_citation == "Directive 2011/83/EU, Article 13(1)"


def test_after_a_breach_the_new_date_is_promised_unless_a_law_is_stricter() -> None:
    life = Life.of(start(facts={"withdrawal_told": moment("2026-03-05 00:00")}), moment("2026-03-05 10:00"))
    assert life.clock("withdrawal_refund").due_at == moment("2026-03-20 00:00")
    life.until(moment("2026-03-19 17:00"))  # the tenth business day: breached, new date three business days on
    assert [posted.plan.kind for posted in life.posted if MessageKind.APOLOGY in posted.kinds] == [MessageKind.APOLOGY]
    context = life.posted[-1].plan.context
    assert context.missed_due_at == moment("2026-03-19 17:00")
    assert context.new_date_at == moment("2026-03-24 17:00")
    assert context.resolve_by == moment("2026-03-20 00:00")
    assert context.resolve_by_citation is not None
    life.until(moment("2026-03-20 00:00"))
    assert life.posted[-1].plan.context.resolve_by == life.posted[-1].plan.context.new_date_at == moment("2026-03-25 17:00")


# -- holds -------------------------------------------------------------------------------------------------------------------------


def test_a_hold_of_three_business_days_moves_an_internal_clock_by_three_business_days() -> None:
    life = Life.of(start())
    assert life.rungs("refund_promise") == {
        "75%": moment("2026-03-12 11:15"),
        "100%": moment("2026-03-16 17:00"),
        "+1bd": moment("2026-03-17 17:00"),
    }
    life.until(moment("2026-03-03 10:00"))
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.until(moment("2026-03-06 10:00"))
    life.do("resume", Resume(by=LEAD))
    assert life.rungs("refund_promise") == {
        "75%": moment("2026-03-17 11:15"),
        "100%": moment("2026-03-19 17:00"),
        "+1bd": moment("2026-03-20 17:00"),
    }
    life.until(moment("2026-04-01 10:00"))
    assert [(at, spec) for at, spec, _ in life.fired("refund_promise")] == [
        (moment("2026-03-17 11:15"), "75%"),
        (moment("2026-03-19 17:00"), "100%"),
        (moment("2026-03-20 17:00"), "+1bd"),
    ]


@pytest.mark.parametrize(("facts", "moves"), [({}, True), ({"withdrawal_told": moment("2026-02-25 10:00")}, False)])
def test_a_letter_of_a_hold_knows_whether_its_date_stands_still(facts: dict[str, datetime], moves: bool) -> None:
    life = Life.of(start(facts=facts))
    assert not life.posted[-1].plan.context.resolve_by_moves
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.after(days=2)
    context = life.posted[-1].plan.context
    assert (bool(context.hold_public), context.resolve_by_moves) == (True, moves)  # ours stands still, a date of law never does


def test_a_hold_over_a_weekend_costs_no_business_time() -> None:
    life = Life.of(start(), moment("2026-03-06 10:00"))
    before = life.rungs("refund_promise")
    life.until(moment("2026-03-06 18:00"))
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.until(moment("2026-03-09 08:59:59"))
    life.do("resume", Resume(by=LEAD))
    assert life.rungs("refund_promise") == before


@pytest.mark.parametrize(("span", "shift"), [("48h", timedelta(hours=70)), ("6bh", timedelta(0))])
def test_each_clock_is_moved_in_its_own_unit(span: str, shift: timedelta) -> None:
    life = Life.of(start(rules=with_clock(span)), moment("2026-03-06 16:00"))
    life.until(moment("2026-03-06 17:00"))
    before = life.clock("c").due_at
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.until(moment("2026-03-06 17:00") + timedelta(hours=70) if span == "48h" else moment("2026-03-09 09:00"))
    life.do("resume", Resume(by=LEAD))
    assert life.clock("c").due_at == before + shift


@pytest.mark.parametrize("held_at", ["2026-03-12 11:14:59", "2026-03-12 11:15:00", "2026-03-16 16:59:59", "2026-03-16 17:00:00"])
def test_no_threshold_is_lost_to_a_hold(held_at: str) -> None:
    life = Life.of(start())
    life.until(moment(held_at) - SECOND)
    life.now = moment(held_at)  # the hold comes before the timer is looked at
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.after(days=40)
    life.do("resume", Resume(by=LEAD))
    life.after(days=40)
    assert [spec for _, spec, _ in life.fired("refund_promise")] == ["75%", "100%", "+1bd"]
    assert life.clock("refund_promise").breached_at is not None


def test_what_starts_during_a_hold_waits_with_it() -> None:
    inspection = {"id": "inspection", "starts": "goods_received", "span": "8bh", "ladder": LADDER}
    life = Life.of(start(rules=with_clock("10bd", more=(inspection,))))
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.after(hours=1)
    life.do("report_fact", ReportFact(by=LEAD, name="goods_received"))
    assert life.clock("inspection").held_since == life.now
    life.after(days=7)
    assert life.fired("inspection") == []
    life.do("resume", Resume(by=LEAD))
    assert life.clock("inspection").due_at == moment("2026-03-10 11:00")


def test_a_question_of_the_customer_is_ours_whoever_else_we_wait_for() -> None:
    life = Life.of(start())
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-1"))
    life.until(moment("2026-03-03 10:00"))
    assert [(at, spec) for at, spec, _ in life.fired("next_response")] == [
        (moment("2026-03-02 16:00"), "75%"),
        (moment("2026-03-03 10:00"), "100%"),
    ]


def test_the_date_that_is_told_during_a_hold_is_what_it_would_be_if_the_hold_ended_now() -> None:
    life = Life.of(start())
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    told = []
    for day in (3, 4, 5):
        life.until(moment(f"2026-03-0{day} 10:00"))
        told.append(life.posted[-1].plan.context.resolve_by)
    assert told == [moment("2026-03-17 17:00"), moment("2026-03-18 17:00"), moment("2026-03-19 17:00")]
    life.do("resume", Resume(by=LEAD))
    assert life.clock("refund_promise").due_at == told[-1]


def test_a_statutory_clock_never_stops_and_never_moves() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    due_at, warn_at = moment("2026-03-17 00:00"), moment("2026-03-13 08:30")
    for _ in range(3):
        life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
        life.after(days=2)
        life.do("resume", Resume(by=LEAD))
        assert life.rungs("withdrawal_refund") == {"75%": warn_at, "100%": due_at}
    life.do("hold", HoldCase(by=LEAD, reason="fraud_review"))
    life.until(due_at)
    assert [(at, spec) for at, spec, _ in life.fired("withdrawal_refund")] == [(warn_at, "75%"), (due_at, "100%")]
    assert life.posted[-1].plan.context.missed_due_at == due_at  # the apology goes out during the hold


# -- breaches, several at once ------------------------------------------------------------------------------------------------------


def test_of_several_thresholds_passed_at_once_only_the_highest_fires() -> None:
    life = Life.of(start())
    life.outage_until(moment("2026-03-18 10:00"))
    assert [(spec, level) for _, spec, level in life.fired("refund_promise")] == [("+1bd", 3)]
    passed = life.facts(FactType.THRESHOLD_PASSED)
    assert [(fact.detail["at"], fact.occurred_at) for fact in passed] == [
        ("75%", moment("2026-03-12 11:15")),
        ("100%", moment("2026-03-16 17:00")),
    ]
    assert [(plan.alert.to, plan.alert.reason) for plan, at in life.told if at == life.now and plan.alert.clock] == [("head", "breached")]
    assert life.state.escalation == 3
    assert life.state.clocks_breached == 1
    assert len(life.moments(MessageKind.APOLOGY)) == 1
    life.after(days=30)
    assert len(life.fired("refund_promise")) == 1


def test_an_import_of_an_old_case_tells_the_highest_level_once_in_one_message() -> None:
    life = Life.of(start(origin="import", opened_at=MONDAY - 60 * DAY), MONDAY)
    assert [(spec, level) for _, spec, level in life.fired("refund_promise")] == [("+1bd", 3)]
    [message] = life.posted
    assert set(message.kinds) == {MessageKind.ACKNOWLEDGEMENT, MessageKind.APOLOGY}
    assert len(life.told) == 1


def test_an_import_with_several_clocks_passed_tells_the_highest_level_over_all_of_them_once() -> None:
    opened = MONDAY - 60 * DAY
    ladder = [LADDER[0], {"at": "100%", "level": 2, "to": "lead"}]
    asked = {"id": "inspection", "starts": "goods_received", "span": "4bh", "ends": ["inspected"], "ladder": ladder}
    rules = policy(clocks=[*(clock.model_dump() for clock in policy().clocks), asked])
    life = Life.of(start(rules=rules, origin="import", opened_at=opened, facts={"withdrawal_told": opened, "goods_received": opened}))
    # The law's 100 % is level 4; the promise's three rungs, its own 75 % and the two of the inspection are on record.
    assert [(plan.alert.level, plan.alert.to, plan.alert.clock) for plan, _ in life.told] == [(4, "head", "withdrawal_refund")]
    assert [fact.detail["clock"] for fact in life.facts(FactType.THRESHOLD_FIRED)] == ["withdrawal_refund"]
    passed = [(fact.detail["clock"], fact.detail["at"]) for fact in life.facts(FactType.THRESHOLD_PASSED)]
    assert sorted(passed) == [
        ("inspection", "100%"),
        ("inspection", "50%"),
        ("refund_promise", "+1bd"),
        ("refund_promise", "100%"),
        ("refund_promise", "75%"),
        ("withdrawal_refund", "75%"),
    ]
    assert (life.state.clocks_breached, life.state.escalation) == (3, 4)
    # One message: sorry for the strictest of the dates, a new one.
    [message] = life.posted
    assert message.kinds == [MessageKind.ACKNOWLEDGEMENT, MessageKind.APOLOGY]
    assert message.plan.context.missed_due_at == min(life.clock(name).due_at for name in ("refund_promise", "withdrawal_refund"))
    life.after(days=2)
    assert len(life.told) == 1


def test_what_two_clocks_pass_later_on_is_told_of_each() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    life.until(moment("2026-03-17 12:00"))
    assert {plan.alert.clock for plan, _ in life.told} == {"refund_promise", "withdrawal_refund"}


def test_a_new_date_is_a_promise_too_and_missing_it_is_told() -> None:
    life = Life.of(start())
    life.until(moment("2026-03-19 16:59:59"))
    assert [posted.plan.context.missed_due_at for posted in life.posted if MessageKind.APOLOGY in posted.kinds] == [
        moment("2026-03-16 17:00")
    ]
    life.until(moment("2026-03-19 17:00"))  # three business days later
    context = life.posted[-1].plan.context
    assert MessageKind.APOLOGY in life.posted[-1].kinds
    assert (context.missed_due_at, context.new_date_at) == (moment("2026-03-19 17:00"), moment("2026-03-24 17:00"))
    assert life.told[-1][0].alert.to == "lead"
    assert life.state.clocks_breached == 1  # one clock, however often its date was moved


def test_people_are_told_before_the_new_date_of_a_reopened_case_is_missed() -> None:
    """No clock runs to it: its own is weeks away, or over."""
    life = Life.of(start())
    denied(life)
    life.after(days=1)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-1", not_solved=True))
    date = life.state.new_date_at
    assert date is not None
    shown = snapshot_of(life.state)
    assert (shown.resolve_by, shown.resolve_by_clock) == (date, "new_date")
    life.until(date - timedelta(seconds=1))
    [(near, at)] = [(plan.alert, at) for plan, at in life.told if plan.alert.clock == "new_date"]
    assert (near.to, near.reason, near.due_at) == ("owner", "at_risk", date)
    calendar = life.state.start.policy.policy.calendar
    given_at = life.state.new_date_given_at
    assert given_at is not None
    assert calendar.business_time_between(given_at, at) == calendar.business_time_between(given_at, date) * 0.75
    assert life.state.new_date_warned_at == at


def test_a_clock_that_runs_to_the_new_date_or_was_breached_tells_people_itself() -> None:
    life = Life.of(start())
    life.do("extend", Extend(by=LEAD, until=moment("2026-03-20 17:00")))
    life.until(moment("2026-03-25 16:00"))
    assert not [plan for plan, _ in life.told if plan.alert.clock == "new_date" and plan.alert.reason == "at_risk"]


# -- reopening ----------------------------------------------------------------------------------------------------------------------


def test_a_reopen_takes_back_what_satisfied_a_statutory_clock() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    due_at = life.clock("withdrawal_refund").due_at
    life.after(days=1)
    denied(life)
    assert (life.clock("withdrawal_refund").ended, life.state.clocks_met) == ("met", 2)
    life.after(days=1)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    assert (life.clock("withdrawal_refund").ended, life.clock("withdrawal_refund").due_at) == ("", due_at)
    assert life.state.clocks_met == 1  # the internal promise of the first cycle was kept
    assert life.clock("refund_promise").started_at == life.now  # anew
    assert life.clock("refund_promise").due_at == moment("2026-03-18 17:00")
    life.until(due_at)
    assert [(at, spec) for at, spec, _ in life.fired("withdrawal_refund")] == [(moment("2026-03-13 08:30"), "75%"), (due_at, "100%")]


def test_reopened_after_the_date_of_the_law_tells_the_highest_once() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    life.after(days=1)
    denied(life)
    life.after(days=20)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    assert [(at, spec) for at, spec, _ in life.fired("withdrawal_refund")] == [(life.now, "100%")]
    assert life.clock("withdrawal_refund").breached_at == moment("2026-03-17 00:00")
    assert life.state.clocks_breached == 1


def test_a_reopen_takes_back_a_withdrawal_too() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    life.answers = [Answer(MessageOutcome.PARKED, retry_in=4 * HOUR)]
    life.do("withdraw", Withdraw(by=LEAD))
    assert life.clock("withdrawal_refund").ended == "cancelled"
    life.after(hours=1)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    assert life.clock("withdrawal_refund").ended == ""


def test_an_appeal_does_not_ask_again_for_evidence_that_was_handed_in() -> None:
    life = Life.of(start(CaseKind.DISPUTE, dispute_due_by=utc("2026-03-20 12:00:00")))
    life.do("report_fact", ReportFact(by=LEAD, name="evidence_submitted"))
    life.after(days=10)
    life.report("won", life.now)
    life.after(days=20)
    life.report("under_review", life.now)
    assert life.state.cycle == 2
    assert life.clock("evidence_due").ended == "met"
    assert life.fired("evidence_due") == []
    assert life.state.clocks_breached == 0


# -- extension and change of policy ------------------------------------------------------------------------------------------------


def test_an_extension_up_to_the_date_of_the_law_and_not_a_second_further() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    law = life.clock("withdrawal_refund").due_at
    refused = life.ask("extend", Extend(by=LEAD, until=law + SECOND))
    assert refused is not None
    assert "withdrawal_refund, which never moves" in refused
    assert law.isoformat() in refused
    life.do("extend", Extend(by=LEAD, until=law))
    assert life.posted[-1].plan.kind is MessageKind.EXTENSION
    assert life.posted[-1].plan.context.resolve_by == law
    assert life.clock("refund_promise").due_at == law
    assert life.clock("withdrawal_refund").due_at == law


def test_an_extension_is_later_than_the_date_that_the_customer_has_and_within_a_year() -> None:
    life = Life.of(start())
    told = life.clock("refund_promise").due_at
    for until in (told, told - SECOND):
        assert f"is not after {told.isoformat()}, the date that the customer has" in (
            life.ask("extend", Extend(by=LEAD, until=until)) or ""
        )
    assert "more than a year away" in (life.ask("extend", Extend(by=LEAD, until=MONDAY + timedelta(days=367))) or "")
    life.do("extend", Extend(by=LEAD, until=told + SECOND))
    assert life.ask("extend", Extend(by=LEAD, until=told)) is not None, "the new date is one that the customer has"


def test_what_is_tried_again_by_itself_is_not_what_is_due() -> None:
    life = Life.of(start())
    state = life.state.model_copy(update={"books_retry_at": life.now + SECOND, "alerts_retry_at": life.now + SECOND})
    assert (next_due(state).what, case_row(state).next_what) == ("write_books", "update")  # type: ignore[union-attr]


def test_an_extension_moves_the_warnings_with_the_date_and_repeats_none() -> None:
    life = Life.of(start())
    life.until(moment("2026-03-13 10:00"))
    assert [spec for _, spec, _ in life.fired("refund_promise")] == ["75%"]
    life.do("extend", Extend(by=LEAD, until=moment("2026-03-27 17:00")))
    life.until(moment("2026-03-27 16:59:59"))
    assert [spec for _, spec, _ in life.fired("refund_promise")] == ["75%"]
    life.until(moment("2026-03-30 17:00"))
    assert [(at, spec) for at, spec, _ in life.fired("refund_promise")][1:] == [
        (moment("2026-03-27 17:00"), "100%"),
        (moment("2026-03-30 17:00"), "+1bd"),
    ]


def change_to(life: Life, **change: Any) -> None:
    life.do("change_policy", ChangePolicy(by=LEAD, policy=snapshot(book(), policy(**change), ())))


def test_another_policy_starts_no_clock_again_that_has_ended() -> None:
    life = Life.of(start())
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-1"))
    life.after(hours=1)
    life.do("reply", Reply(by=LEAD, text_ref="t-2"))
    assert life.clock("next_response").ended == "met"
    life.after(days=5)
    change_to(life, tail="700h")
    assert life.clock("next_response").ended == "met"
    assert life.fired("next_response") == []
    assert life.state.clocks_breached == 0


def test_what_was_met_under_the_old_policy_stays_met_under_the_new_one() -> None:
    inspection = {"id": "inspection", "starts": "goods_received", "span": "4bh", "ends": ["inspected"], "ladder": LADDER}
    life = Life.of(start(rules=with_clock("10bd", more=(inspection,))))
    life.do("report_fact", ReportFact(by=LEAD, name="goods_received"))
    life.after(hours=1)
    life.do("report_fact", ReportFact(by=LEAD, name="inspected"))
    life.after(days=1)
    life.do("change_policy", ChangePolicy(by=LEAD, policy=snapshot(book(), with_clock("12bd", more=(inspection,)), ())))
    assert life.clock("inspection").ended == "met"
    assert (life.fired("inspection"), life.state.clocks_met) == ([], 1)


def test_another_policy_plans_what_runs_from_where_it_started() -> None:
    life = Life.of(start())
    life.until(moment("2026-03-13 10:00"))
    longer = [{**clock.model_dump(), "span": "15bd"} if clock.id == "refund_promise" else clock.model_dump() for clock in policy().clocks]
    change_to(life, clocks=longer)
    assert life.clock("refund_promise").started_at == MONDAY
    assert life.clock("refund_promise").due_at == moment("2026-03-23 17:00")
    life.until(moment("2026-03-23 17:00"))
    assert [spec for _, spec, _ in life.fired("refund_promise")] == ["75%", "100%"]


def spans(**span: str) -> list[dict[str, Any]]:
    return [{**clock.model_dump(), "span": span.get(clock.id, clock.span)} for clock in policy().clocks]


def test_a_stricter_policy_shortens_what_runs_and_the_strictest_date_is_told() -> None:
    life = Life.of(start())
    life.until(moment("2026-03-04 12:00"))
    change_to(life, clocks=spans(refund_promise="5bd"))
    assert life.clock("refund_promise").due_at == moment("2026-03-09 17:00")
    life.until(moment("2026-03-05 10:00"))
    assert life.posted[-1].plan.context.resolve_by == moment("2026-03-09 17:00")
    life.until(moment("2026-03-09 17:00"))
    assert [(at, spec) for at, spec, _ in life.fired("refund_promise")] == [
        (moment("2026-03-06 13:15"), "75%"),
        (moment("2026-03-09 17:00"), "100%"),
    ]


def test_a_stricter_policy_whose_date_has_passed_tells_the_breach_once() -> None:
    life = Life.of(start())
    life.until(moment("2026-03-10 10:00"))
    change_to(life, clocks=spans(refund_promise="5bd"))
    assert [(at, spec) for at, spec, _ in life.fired("refund_promise")] == [(life.now, "100%")]
    assert life.clock("refund_promise").breached_at == moment("2026-03-09 17:00")
    assert life.posted[-1].kinds == [MessageKind.APOLOGY]


@pytest.mark.parametrize(
    ("span", "due_at"),
    [("5bd", "2026-03-12 17:00"), ("15bd", "2026-03-26 17:00"), ("40bh", "2026-03-12 10:00"), ("200h", "2026-03-13 18:00")],
)
def test_what_a_hold_has_added_so_far_stays_added_under_another_policy(span: str, due_at: str) -> None:
    life = Life.of(start(rules=with_clock(span.replace("5bd", "10bd") if span.endswith("bd") else "80bh" if "bh" in span else "400h")))
    life.after(hours=2)  # 12:00
    life.do("hold", HoldCase(by=LEAD, reason="under_review"))
    life.after(days=3)
    life.do("resume", Resume(by=LEAD))
    life.do("change_policy", ChangePolicy(by=LEAD, policy=snapshot(book(), with_clock(span), ())))
    assert life.clock("c").due_at == moment(due_at)


def test_a_date_that_a_merge_made_stricter_stands_under_a_looser_policy() -> None:
    life = Life.of(start())
    life.do("absorb", Absorb(by=LEAD, case_id="another", resolve_by=moment("2026-03-06 17:00")))
    change_to(life, clocks=spans(refund_promise="15bd"))
    assert life.clock("refund_promise").due_at == moment("2026-03-06 17:00")


def test_a_clock_that_the_new_policy_does_not_know_counts_neither_as_met_nor_as_breached() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    change_to(life, clocks=[clock.model_dump() for clock in policy().clocks if clock.id != "withdrawal_refund"])
    assert life.clock("withdrawal_refund").ended == "cancelled"
    denied(life)
    assert (life.state.clocks_met, life.state.clocks_breached) == (1, 0)


def due_moments(life: Life) -> list[datetime]:
    return [rung.at for clock in life.state.clocks for rung in clock.rungs]


def test_a_year_of_updates_changes_no_clock() -> None:
    life = Life.of(start(CaseKind.DISPUTE, dispute_due_by=utc("2027-06-01 12:00:00")))
    before = due_moments(life)
    life.after(days=365)
    assert due_moments(life) == before
    assert len(life.posted) > 100
    assert life.promise_due_at() > life.now - MINUTE
