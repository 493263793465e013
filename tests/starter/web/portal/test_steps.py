"""The tracker: whatever a case has been through, its way is told in order and exactly one step is under way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from policies.case.plans import WhoActs
from policies.case.vocabulary import CaseKind, CaseStatus
from policies.providers.statuses import STATUSES, TargetType
from starter.web.portal.headline import headline
from starter.web.portal.parts_of_case import Part
from starter.web.portal.saying import Saying
from starter.web.portal.situation import told_parts
from starter.web.portal.standing import Reopening, Result, Standing, Wait
from starter.web.portal.steps import steps_of

WAITS: dict[str, WhoActs | None] = {"open": None, "waits": "bank", "asks_you": "you"}
NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
TYPE = {CaseKind.REFUND: TargetType.REFUND, CaseKind.DISPUTE: TargetType.DISPUTE, CaseKind.DELAY: TargetType.DELIVERY}
SAY = Saying("en", "en", "Europe/Berlin", today=NOW)


def case(kind: CaseKind = CaseKind.REFUND, *statuses: str, **changes: Any) -> Standing:
    parts = [Part(TYPE[kind], status, NOW - timedelta(hours=3)) for status in statuses]
    parts = told_parts(parts, changes.get("phase", "open"), changes.get("evidence_sent_at"))
    plain = Standing(
        case_id="acme-1",
        kind=kind,
        order="O-1",
        phase="open",
        status=CaseStatus.OPEN,
        opened_at=NOW - timedelta(days=3),
        as_of=NOW,
        fresh=True,
        acknowledged_at=NOW - timedelta(days=3),
        closed_at=None,
        parts=parts,
        asked_at=NOW - timedelta(hours=1),
        answered_at=NOW - timedelta(hours=1),
        waits_on=None,
        next_word_at=NOW + timedelta(hours=20),
        updates_off=False,
        resolve_by=NOW + timedelta(days=9),
        resolve_by_why=None,
        resolve_by_stands_still=False,
        delivery_expected_at=None,
        wait=None,
        result=None,
        reopenings=[],
        first_results=[],
        survey="none",
        csat=None,
        nps=None,
        not_solved_until=None,
        reach=None,
        policy_id=None,
        show_prices=True,
    )
    return replace(plain, **changes)


def settled(**changes: Any) -> Result:
    return replace(Result("settled", "refunded", [], NOW - timedelta(hours=2), None, NOW + timedelta(days=7), None), **changes)


def names(standing: Standing) -> list[str]:
    return [f"{step.name}:{step.state}" for step in steps_of(standing)]


@pytest.mark.parametrize("kind", CaseKind)
def test_while_a_case_is_open_exactly_one_step_is_under_way(kind: CaseKind) -> None:
    for one, other in product(STATUSES[TYPE[kind]], repeat=2):
        for phase, asked, told, owed in product(("open", "waits", "asks_you"), (None, NOW), (None, NOW), (False, True)):
            wait = Wait("public words", None, NOW, None) if phase != "open" else None
            standing = case(
                kind, one, other, phase=phase, asked_at=asked, acknowledged_at=told, wait=wait, waits_on=WAITS[phase], owes_answer=owed
            )
            states = [step.state for step in steps_of(standing)]
            assert states.count("now") + states.count("trouble") == 1, (one, other, phase, states)
            first = next(index for index, state in enumerate(states) if state != "done")
            assert states[first] != "ahead", (one, other, phase, states)
            assert headline(standing, SAY)


def test_a_refund_on_its_way_and_settled() -> None:
    assert names(case(CaseKind.REFUND, "pending")) == [
        "received:done",
        "acknowledged:done",
        "asked_bank:done",
        "refund_processing:now",
        "refund_done:ahead",
        "resolution:ahead",
    ]
    done = case(CaseKind.REFUND, "succeeded", phase="resolved", result=settled())
    assert names(done)[-3:] == ["refund_done:done", "resolution:done", "money:now"]
    assert names(replace(done, result=settled(money_expected_at=NOW)))[-1] == "money_due:now"
    assert names(replace(done, phase="closed"))[-1] == "resolution:done"  # of a closed case nobody knows whether the money came


def test_what_the_provider_never_did_is_not_told_of_a_case_that_a_person_settled() -> None:
    paid = case(CaseKind.REFUND, "failed", phase="resolved", result=settled(money_expected_at=None))
    assert names(paid) == ["received:done", "acknowledged:done", "asked_bank:done", "resolution:done"]


def test_a_case_that_came_back_tells_both_times_in_order() -> None:
    back = case(
        CaseKind.REFUND,
        "failed",
        first_results=[NOW - timedelta(days=1)],
        reopenings=[Reopening(NOW - timedelta(hours=5), "refund_failed")],
    )
    assert names(back) == [
        "received:done",
        "acknowledged:done",
        "asked_bank:done",
        "resolved_before:done",
        "reopened:done",
        "refund_failed:trouble",
        "resolution:ahead",
    ]
    moments = [step.at for step in steps_of(back) if step.at is not None]
    assert moments == sorted(moments)
    assert headline(back, SAY) == "Your case is open again, and we are working on it"


@pytest.mark.parametrize("ending", ["merged", "withdrawn"])
def test_an_ending_without_result_is_told_as_that(ending: Any) -> None:
    over = case(CaseKind.REFUND, "pending", phase="closed", result=settled(ending=ending))
    assert names(over)[-1] == f"{ending}:done"
    assert len(names(over)) == 3


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        (("succeeded", "pending"), "1 of 2 refunds have been carried out"),
        (("succeeded", "failed"), "Your refund did not go through. We are on it"),
        (("succeeded", "succeeded"), "Your refund has been carried out by the bank"),
        (("unknown",), "We have your refund in hand and are asking the bank"),
        (("unknown", "pending"), "Your refund is being processed by the bank"),
    ],
)
def test_the_headline_says_no_more_than_the_parts_do(statuses: tuple[str, ...], words: str) -> None:
    assert headline(case(CaseKind.REFUND, *statuses), SAY) == words


def test_a_missed_date_is_no_headline_of_success() -> None:
    missed = case(CaseKind.REFUND, "pending", resolve_by=NOW - timedelta(hours=1))
    assert headline(missed, SAY) == "We missed our date, and we are sorry"
    assert all(step.by is None for step in steps_of(missed))
