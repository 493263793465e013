"""What a digest says: how many cases by reason, the most urgent first, and no more lines than anybody reads."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.alerting import _SENTENCES
from activities.digest_words import _SAID, digest_words
from policies.case.plans import AlertPlan
from policies.case.state import Alert
from policies.case.vocabulary import CaseKind
from store.recorder.digests import WaitingAlert

AT = datetime(2035, 3, 5, 9, 0, tzinfo=UTC)


def waiting(number: int, reason: str = "at_risk", level: int = 1, *, due_h: int | None = None, settled: bool = False) -> WaitingAlert:
    alert = Alert(
        to="lead",
        level=level,
        reason=reason,
        clock="refund_promise" if due_h is not None else None,
        due_at=AT + timedelta(hours=due_h) if due_h is not None else None,
        since=AT,
    )
    case_id = f"case-{number:03d}"
    plan = AlertPlan(alert_id=f"{case_id}.alert.1", case_id=case_id, kind=CaseKind.REFUND, merchant="Nordwind", alert=alert)
    return WaitingAlert(plan=plan, settled=settled)


def test_cases_are_counted_by_reason_and_each_has_its_line() -> None:
    title, body, level = digest_words(
        [waiting(1, due_h=2), waiting(2, due_h=1), waiting(3, "breached", 2, due_h=0, settled=True), waiting(4, due_h=3)]
    )
    assert (title, level) == ("[level 2] 1 case is breached; 3 cases are at risk", 2)
    assert body.splitlines() == [
        "1 case is breached:",
        "- Nordwind: refund case-003, level 2, clock refund_promise, due 2035-03-05 09:00:00 UTC, resolved meanwhile",
        "3 cases are at risk:",
        "- Nordwind: refund case-002, level 1, clock refund_promise, due 2035-03-05 10:00:00 UTC",
        "- Nordwind: refund case-001, level 1, clock refund_promise, due 2035-03-05 11:00:00 UTC",
        "- Nordwind: refund case-004, level 1, clock refund_promise, due 2035-03-05 12:00:00 UTC",
    ]


def test_a_case_with_two_alerts_of_one_reason_is_one_case() -> None:
    assert digest_words([waiting(1), waiting(1)])[0] == "[level 1] 1 case is at risk"


def test_a_long_digest_says_how_many_it_leaves_out() -> None:
    title, body, _ = digest_words(
        [*(waiting(number) for number in range(100)), *(waiting(number, "reopened") for number in range(100, 103))]
    )
    assert title == "[level 1] 100 cases are at risk; 3 cases came back after their resolution"
    lines = body.splitlines()
    assert len(lines) == 40 + 4
    assert "- and 60 more" in lines
    assert lines[-1] == "- and 3 more"


def test_a_reason_without_words_is_told_by_its_code() -> None:
    assert digest_words([waiting(1, "something_new")])[0] == "[level 1] 1 case tells: something new"


@pytest.mark.parametrize("reason", sorted(_SENTENCES))
def test_every_reason_of_an_alert_has_words_for_a_digest(reason: str) -> None:
    assert reason in _SAID
