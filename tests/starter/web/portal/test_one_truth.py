"""Headline, steps, turn, parts and JSON never contradict each other, whatever has become of a case.

The table: every kind, every pair of statuses, every way of waiting, asked or not, told or not, with and without an answer that we owe. What
may stand beside what is written down here a second time, on purpose: a test that asked situation.py would agree with it.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from policies.case.commands import Snapshot
from policies.case.facts import Fact
from policies.case.plans import WhoActs
from policies.case.vocabulary import CaseKind, CaseStatus, FactType, MessageKind
from policies.providers.statuses import STATUSES
from starter.policy_books import load_books
from starter.web.portal.headline import besides, headline
from starter.web.portal.json_status import status_of
from starter.web.portal.parts_of_case import Part
from starter.web.portal.public_words import PublicWords
from starter.web.portal.saying import reading
from starter.web.portal.shown import step_words
from starter.web.portal.standing import Reopening, Standing, Wait, standing
from starter.web.portal.steps import steps_of
from store.portal_views import LinkHolder, PortalView, SentMessage
from tests.starter.web.portal.test_steps import NOW, SAY, TYPE, case, settled

VIEW = PortalView(holder=LinkHolder(contact_ref="c", case_id="acme-1", merchant="acme", locale="en", zone="UTC"))
WHOSE_STEP: dict[str, WhoActs] = {
    "acknowledged": "us",
    "asked_bank": "us",
    "asked_carrier": "us",
    "answering": "us",
    "answering_bank": "us",
    "we_decide": "us",
    "refund_details": "us",
    "refund_held": "us",
    "refund_failed": "us",
    "parcel_lost": "us",
    "waiting_you": "you",
    "bank_reports": "bank",
    "refund_processing": "bank",
    "bank_reviews": "bank",
    "carrier_reports": "carrier",
    **{f"parcel_{state}": "carrier" for state in ("announced", "handed_over", "on_its_way", "out_for_delivery", "held_up")},
}
# A step under way that tells of something out there, and the states of parts that bear it out.
BORNE_OUT_BY = {
    "bank_reports": {"not_reported"},
    "carrier_reports": {"not_reported"},
    "refund_processing": {"processing"},
    "refund_details": {"needs_details"},
    "refund_held": {"waits_for_us"},
    "refund_failed": {"failed", "stopped"},
    "answering_bank": {"being_answered"},
    "bank_reviews": {"under_review", "answer_sent"},
    "parcel_lost": {"lost"},
    **{f"parcel_{state}": {state} for state in ("announced", "handed_over", "on_its_way", "out_for_delivery", "held_up")},
}
SAYS = {  # words of a headline, and the step that must be under way beside them
    "being processed by the bank": {"refund_processing"},
    "are asking the bank": {"bank_reports"},
    "We have asked the carrier": {"carrier_reports"},
    "did not go through": {"refund_failed"},
    "needs details": {"refund_details"},
    "a step of ours": {"refund_held"},
    "have been carried out": {"refund_processing", "bank_reports", "asked_bank"},
    "has been carried out": {"we_decide"},
    "is with the bank": {"bank_reports", "bank_reviews"},
    "preparing our answer": {"answering_bank"},
    "reviewing your dispute": {"bank_reviews"},
    "has decided": {"we_decide"},
    "looking into your delivery": {"asked_carrier"},
    "is announced": {"parcel_announced"},
    "is with the carrier": {"parcel_handed_over"},
    "on its way": {"parcel_on_its_way", "parcel_held_up"},
    "held up": {"parcel_held_up"},
    "out for delivery": {"parcel_out_for_delivery"},
    "have been delivered": {f"parcel_{state}" for state in ("announced", "handed_over", "on_its_way", "out_for_delivery")}
    | {"carrier_reports", "asked_carrier"},
    "has been delivered": {"we_decide"},
    "is lost": {"parcel_lost"},
    "We have received": {"acknowledged"},
    "We need something from you": {"waiting_you"},
    "Your case is waiting": {"waiting"},
    "owe you an answer": {"answering"},
    "in hand": {"bank_reports", "asked_bank"},
}


def every_open_case(kind: CaseKind) -> Iterator[Standing]:
    for one, other in product(STATUSES[TYPE[kind]], repeat=2):
        for phase, waits_on in (("open", None), ("asks_you", "you"), ("waits", "bank"), ("waits", "carrier"), ("waits", "us")):
            for asked, told, owed, sent in product((None, NOW), (None, NOW), (False, True), (None, NOW)):
                yield case(
                    kind,
                    one,
                    other,
                    phase=phase,
                    waits_on=waits_on,
                    wait=Wait("public words", None, NOW, None) if phase != "open" else None,
                    asked_at=asked,
                    acknowledged_at=told,
                    owes_answer=owed,
                    answer_due_at=NOW + timedelta(hours=8) if owed else None,
                    evidence_sent_at=sent if kind is CaseKind.DISPUTE else None,
                )


@pytest.mark.parametrize("kind", CaseKind)
def test_whatever_is_said_of_an_open_case_says_the_same(kind: CaseKind) -> None:
    for standing_ in every_open_case(kind):
        steps = steps_of(standing_)
        words = {step.name: step_words(step, SAY) for step in steps}
        told = status_of(standing_, VIEW, SAY, words)
        (now,) = (step["step"] for step in told["steps"] if step["state"] in ("now", "trouble"))
        states = {part["state"] for part in told["parts"]}
        at = (standing_.phase, standing_.asked_at, standing_.owes_answer, [part.status for part in standing_.parts], told["summary"], now)

        assert told["summary"] == headline(standing_, SAY)
        assert told["who_acts"] == standing_.who_acts == (standing_.waits_on if now == "waiting" else WHOSE_STEP[now]), at
        assert (now == "waiting_you") == (told["status"] == "asks_you") == (told["who_acts"] == "you"), at
        assert "needs_you" not in states or told["status"] == "asks_you", at
        assert now not in BORNE_OUT_BY or states & BORNE_OUT_BY[now] or (now.endswith("_reports") and not states), at
        assert ("asked_bank" in words or "asked_carrier" in words) == (standing_.asked_at is not None or now in _NOT_ASKED), at
        beside = [allowed for part, allowed in SAYS.items() if part in told["summary"]]
        assert beside, at
        assert all(now in allowed for allowed in beside), at
        if standing_.owes_answer and told["status"] != "asks_you":
            assert told["who_acts"] == "us", at
            assert told["answer_due_at"], at
        order = [step["state"] for step in told["steps"]]
        assert order == sorted(order, key=["done", "now", "trouble", "ahead"].index), at
        assert (besides(standing_, SAY) is None) == (now != "answering"), at


_NOT_ASKED = ("acknowledged", "asked_bank", "asked_carrier")


def test_a_refund_that_nobody_has_reported_on_is_not_told_as_being_processed() -> None:
    unknown = case(CaseKind.REFUND, "unknown")
    assert [step.name for step in steps_of(unknown) if step.state == "now"] == ["bank_reports"]
    assert "being processed" not in headline(unknown, SAY)


def test_a_carrier_that_could_not_be_asked_was_not_asked() -> None:
    """Its check failed as misconfigured: the books hold no question."""
    unasked = case(CaseKind.DELAY, "unknown", asked_at=None, answered_at=None)
    assert headline(unasked, SAY) == "We are looking into your delivery"
    assert [(step.name, step.state) for step in steps_of(unasked)][2] == ("asked_carrier", "now")
    assert unasked.who_acts == "us"


def test_a_hold_before_anybody_was_asked_waits_for_the_customer_and_for_nothing_else() -> None:
    held = case(CaseKind.REFUND, "unknown", phase="asks_you", asked_at=None, wait=Wait(None, "a photo", NOW, None))
    assert [f"{step.name}:{step.state}" for step in steps_of(held)] == [
        "received:done",
        "acknowledged:done",
        "waiting_you:now",
        "refund_done:ahead",
        "resolution:ahead",
    ]


def test_what_holds_besides_an_answer_that_we_owe_is_told_under_it() -> None:
    owed = case(CaseKind.REFUND, "pending", owes_answer=True)
    assert headline(owed, SAY) == "You wrote to us, and we owe you an answer"
    assert besides(owed, SAY) == "Your refund is being processed by the bank"


def test_after_a_result_an_answer_is_still_ours_to_give() -> None:
    settled_ = case(CaseKind.REFUND, "succeeded", phase="resolved", result=settled(), owes_answer=True, answer_due_at=NOW)
    assert settled_.who_acts == "us"
    assert [f"{step.name}:{step.state}" for step in steps_of(settled_)][-2:] == ["answering:now", "money:ahead"]
    assert case(CaseKind.REFUND, "succeeded", phase="resolved", result=settled()).who_acts == "nobody"


def test_evidence_that_was_sent_is_not_told_as_being_prepared_until_the_bank_asks_again() -> None:
    sent = case(CaseKind.DISPUTE, "needs_response", evidence_sent_at=NOW)
    assert (sent.parts[0].state, sent.who_acts) == ("answer_sent", "bank")
    again = case(CaseKind.DISPUTE, "needs_response", evidence_sent_at=NOW - timedelta(days=1))
    assert (again.parts[0].state, again.who_acts) == ("being_answered", "us")


def test_a_refund_that_waits_for_our_funds_is_ours() -> None:
    held = case(CaseKind.REFUND, "pending")
    assert held.who_acts == "bank"
    ours = stood({"targets": [{"type": "refund", "reference": "re_1", "status": "pending", "waits": "insufficient_funds"}]})
    assert (ours.parts[0].state, ours.who_acts) == ("waits_for_us", "us")


# -- from the engine's snapshot -------------------------------------------------------------------------------------------------------


def stood(changes: dict[str, Any], facts: list[Fact] | None = None, messages: list[SentMessage] | None = None) -> Standing:
    """As standing() reads it; nothing is computed by the test."""
    plain: dict[str, Any] = {
        "case_id": "acme-1",
        "workflow_id": "refund:acme-1",
        "kind": "refund",
        "status": CaseStatus.OPEN,
        "cycle": 1,
        "merchant": "acme",
        "order": "O-1",
        "escalation": 0,
        "opened_at": NOW - timedelta(days=2),
        "agenda": [],
        "clocks": [],
        "targets": [{"type": "refund", "reference": "re_1", "status": "pending"}],
        "promises": {},
        "links": [],
        "policy": "refund-default (retail 2026.11)",
        "shadow": False,
        "counts": {},
    }
    view = VIEW.model_copy(update={"facts": facts or [], "messages": messages or []})
    found = standing(view, Snapshot.model_validate(plain | changes), PublicWords(load_books([])), reading("en", "en"), NOW)
    assert found is not None
    return found


def response_clock(ended: str | None = None) -> dict[str, str | None]:
    due = (NOW + timedelta(hours=8)).isoformat()
    return {"id": "next_response", "started_at": NOW.isoformat(), "due_at": due, "ended": ended}


def reopened() -> Fact:
    at = NOW - timedelta(hours=1)
    return Fact(seq=9, type=FactType.REOPENED, learned_at=at, occurred_at=at, cycle=1, detail={"because": "customer_not_solved"})


def test_who_wrote_is_told_that_it_is_our_turn_and_by_when_we_answer() -> None:
    owed = stood({"clocks": [response_clock()]})
    assert (owed.who_acts, owed.answer_due_at) == ("us", NOW + timedelta(hours=8))
    answered = stood({"clocks": [response_clock("met")]})
    assert (answered.who_acts, answered.answer_due_at) == ("bank", None)


def test_not_solved_without_a_word_is_ours_until_a_person_writes() -> None:
    assert stood({}, [reopened()]).who_acts == "us"
    reply = SentMessage(kind=MessageKind.REPLY, cycle=1, at=NOW)
    assert stood({}, [reopened()], [reply]).who_acts == "bank"
    assert stood({"clocks": [response_clock("met")]}, [reopened()]).who_acts == "bank"  # said with words, answered by phone, say


def test_a_case_that_came_back_is_headed_as_that() -> None:
    back = stood({"clocks": [response_clock()]}, [reopened()])
    assert back.reopenings == [Reopening(NOW - timedelta(hours=1), "customer")]
    assert headline(back, SAY) == "Your case is open again, and we are working on it"


def test_a_part_is_told_once_for_page_and_programs() -> None:
    part = Part(TYPE[CaseKind.REFUND], "requires_action")
    assert (part.state, case(CaseKind.REFUND, "requires_action").parts[0].state) == ("needs_you", "needs_details")
    assert case(CaseKind.REFUND, "requires_action", phase="asks_you").parts[0].state == "needs_you"
