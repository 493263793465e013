"""A dispute that goes on: the next stage, or a new request for a response, has its own date, its own warnings and its own answer."""

from datetime import datetime

from policies.case.commands import ReportFact, Resolve
from policies.case.vocabulary import CaseKind
from policies.money import Money
from tests.policies.driver import DAY, LEAD, MONDAY, Life, start
from tests.policies.time.moments import utc

FIRST, SECOND = utc("2026-03-20 12:00:00"), utc("2026-04-20 12:00:00")
RUNGS = ["-7cd", "-3cd", "-24h", "100%"]


def a_dispute() -> Life:
    life = Life.of(start(CaseKind.DISPUTE, dispute_stage="chargeback", dispute_due_by=FIRST))
    life.report("needs_response", MONDAY, due_by=FIRST, stage="chargeback")
    return life


def evidence(life: Life) -> None:
    life.do("report_fact", ReportFact(by=LEAD, name="evidence_submitted"))


def fired(life: Life) -> list[str]:
    return [spec for _, spec, _ in life.fired("evidence_due")]


def test_the_second_stage_asks_for_its_own_evidence_by_its_own_date() -> None:
    life = a_dispute()
    life.after(days=2)
    evidence(life)
    life.report("under_review", life.now)
    assert life.clock("evidence_due").ended == "met"
    life.until(MONDAY + 20 * DAY)
    life.report("needs_response", life.now, due_by=SECOND, stage="pre_arbitration")
    assert (life.clock("evidence_due").ended, life.clock("evidence_due").due_at) == ("", SECOND)
    life.until(SECOND - DAY)
    assert fired(life) == RUNGS[:3]
    evidence(life)  # the answer to the first stage was none to this one
    assert life.clock("evidence_due").ended == "met"
    life.until(SECOND + DAY)
    assert (fired(life), life.state.clocks_breached) == (RUNGS[:3], 0)


def test_the_date_may_come_after_the_stage_and_an_answer_given_meanwhile_stands() -> None:
    for answered in (False, True):
        life = a_dispute()
        evidence(life)
        life.after(days=10)
        life.report("needs_response", life.now, stage="arbitration")
        if answered:
            life.after(hours=1)
            evidence(life)
        life.after(hours=5)
        life.report("needs_response", life.now, due_by=SECOND, stage="arbitration")
        assert life.clock("evidence_due").ended == ("met" if answered else "")
        life.until(SECOND)
        assert fired(life) == ([] if answered else RUNGS)


def test_a_response_that_is_asked_for_again_within_a_stage_has_its_date_too() -> None:
    life = a_dispute()
    evidence(life)
    life.report("under_review", life.now)
    life.after(days=3)
    life.report("needs_response", life.now, due_by=SECOND)
    assert (life.clock("evidence_due").ended, life.clock("evidence_due").due_at) == ("", SECOND)


def test_another_date_of_the_same_request_asks_nothing_again_of_who_has_answered() -> None:
    life = a_dispute()
    evidence(life)
    life.after(days=1)
    life.report("needs_response", life.now, due_by=SECOND, stage="chargeback")
    assert life.clock("evidence_due").ended == "met"


def test_a_stage_that_was_missed_is_on_record_and_the_next_one_warns_anew() -> None:
    life = a_dispute()
    life.until(FIRST + DAY)
    assert fired(life) == RUNGS
    life.report("needs_response", life.now, due_by=SECOND, stage="pre_arbitration")
    assert life.clock("evidence_due").breached_at is None
    life.until(SECOND)
    assert fired(life) == RUNGS * 2
    assert life.state.clocks_breached == 2


def reopened_by(due_by: datetime | None) -> Life:
    life = a_dispute()
    evidence(life)
    life.after(days=10)
    life.report("won", life.now)
    assert life.state.resolution is not None
    life.after(days=10)
    life.report("needs_response", life.now, due_by=due_by, stage="pre_arbitration")
    assert life.state.cycle == 2
    return life


def test_a_decided_dispute_that_goes_on_to_the_next_stage_has_its_date() -> None:
    life = reopened_by(SECOND)
    assert (life.clock("evidence_due").ended, life.clock("evidence_due").due_at) == ("", SECOND)
    life.until(SECOND)
    assert fired(life) == RUNGS


def test_without_a_new_date_the_old_one_is_not_breached_again() -> None:
    life = reopened_by(None)
    life.after(days=5)
    assert fired(life) == []
    assert life.state.clocks_breached == 1  # the date that the customer was given when the case came back, which no clock runs to
    life.report("needs_response", life.now, due_by=SECOND)
    assert life.clock("evidence_due").due_at == SECOND


def test_a_date_that_is_told_after_the_evidence_was_handed_in_asks_for_none() -> None:
    life = Life.of(start(CaseKind.DISPUTE, dispute_stage="chargeback"))
    evidence(life)
    life.report("needs_response", life.now, due_by=FIRST)
    life.until(FIRST + DAY)
    assert fired(life) == []
    life.report("needs_response", life.now, due_by=SECOND, stage="pre_arbitration")
    assert life.clock("evidence_due").ended == ""  # the next stage asks


def test_nothing_is_due_of_a_dispute_that_a_lead_has_resolved_in_another_way() -> None:
    life = a_dispute()
    life.do("resolve", Resolve(by=LEAD, outcome="refunded", amounts=[Money(amount_minor=4990, currency="EUR")]))
    life.after(days=5)
    life.report("needs_response", life.now, due_by=SECOND, stage="pre_arbitration")
    assert life.clock("evidence_due").ended
    life.until(SECOND + DAY)
    assert fired(life) == []
    life.after(days=30)
    assert life.state.closed_at is not None
