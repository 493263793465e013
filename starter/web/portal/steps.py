"""The way of a case as a parcel tracker shows it: steps done, the one that is under way, and those ahead.

Owns which steps a kind of case has and how far they are. Must never name a step that tells of a suspicion, of our people or of an
internal rung, and never read a status of its own: which step is under way follows from the situation. Pure; words are the wording's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from policies.case.vocabulary import CaseKind
from starter.web.portal.parts_of_case import Part
from starter.web.portal.standing import Standing

State = Literal["done", "now", "ahead", "trouble"]


@dataclass(frozen=True, slots=True)
class Step:
    """`at`: when it was done; `by`: when it is expected. `why`: a key of the wording (of a reopening)."""

    name: str
    state: State
    at: datetime | None = None
    by: datetime | None = None
    why: str | None = None


def steps_of(case: Standing) -> list[Step]:
    """Never empty, in the order of time; exactly one step is under way (or in trouble) while the case is open."""
    begun = [Step("received", "done", case.opened_at)]
    if case.acknowledged_at is not None:
        begun.append(Step("acknowledged", "done", case.acknowledged_at))
    again: list[Step] = []
    for resolved_at, reopening in zip(case.first_results, case.reopenings, strict=False):
        again += [Step("resolved_before", "done", resolved_at), Step("reopened", "done", reopening.at, why=reopening.because)]
    answering = Step("answering", "now", by=case.answer_due_at if not case.answer_late else None)
    if case.result is not None and case.result.ending != "settled":
        ending = Step(case.result.ending, "done", case.result.decided_at)
        return [*begun, *again, ending, *([answering] if case.who_acts == "us" else [])]
    outside = _done_outside(case)
    before = [step for step in outside if again and (step.at is None or step.at <= case.first_results[0])]
    done = [*begun, *before, *again, *(step for step in outside if step not in before)]
    if case.result is None and case.situation.name == "ended":
        return done  # nobody knows how any more
    if case.result is None:
        expected_at = case.resolve_by if not case.date_missed else None
        now = answering if case.situation.name == "answering" else _now(case)
        return [*done, now, *_ahead(case), Step("resolution", "ahead", by=expected_at)]
    # What the provider never did was not needed: a person settled it in another way.
    steps = [*done, Step("resolution", "done", case.result.decided_at)]
    owed = case.who_acts == "us"
    if owed:
        steps.append(answering)
    money_at = case.result.money_expected_at
    if money_at is not None and not case.over:  # of a closed case nobody knows more than that it was to arrive
        steps.append(Step("money_due" if money_at <= case.as_of else "money", "ahead" if owed else "now", by=money_at))
    return steps


# The step that is under way in each situation.
_UNDER_WAY = {
    "received": "acknowledged",
    "asks_you": "waiting_you",
    "waits": "waiting",
    "refund.not_asked": "asked_bank",
    "refund.not_reported": "bank_reports",
    "refund.processing": "refund_processing",
    "refund.details": "refund_details",
    "refund.held": "refund_held",
    "refund.trouble": "refund_failed",
    "refund.done": "we_decide",
    "dispute.not_asked": "asked_bank",
    "dispute.not_reported": "bank_reports",
    "dispute.being_answered": "answering_bank",
    "dispute.answer_sent": "bank_reviews",
    "dispute.under_review": "bank_reviews",
    "dispute.decided": "we_decide",
    "delay.not_asked": "asked_carrier",
    "delay.not_reported": "carrier_reports",
    "delay.announced": "parcel_announced",
    "delay.handed_over": "parcel_handed_over",
    "delay.on_its_way": "parcel_on_its_way",
    "delay.out_for_delivery": "parcel_out_for_delivery",
    "delay.held_up": "parcel_held_up",
    "delay.lost": "parcel_lost",
    "delay.delivered": "we_decide",
}
_TROUBLE = ("refund.trouble", "delay.held_up", "delay.lost")
_NO_GOAL = ("refund.trouble", "delay.lost")  # another way is looked for
_ON_THE_ROAD = ("delay.announced", "delay.handed_over", "delay.on_its_way")
_GOAL = {CaseKind.REFUND: "refund_done", CaseKind.DISPUTE: "bank_decided", CaseKind.DELAY: "parcel_delivered"}
_AT_ITS_GOAL = ("done", "delivered", "payment_stands", "decided_for_you", "closed")
_ANSWERED = ("answer_sent", "under_review", "payment_stands", "decided_for_you", "closed")
_UNTOLD = ("delay.not_asked", "delay.not_reported", "delay.delivered")  # all else has the carrier's own time


def _now(case: Standing) -> Step:
    name = case.situation.name
    told = name == "refund.trouble" or (name.startswith("delay.") and name not in _UNTOLD)
    return Step(_UNDER_WAY[name], "trouble" if name in _TROUBLE else "now", _last(_live(case)) if told else None)


def _ahead(case: Standing) -> list[Step]:
    """What is still to come before the result."""
    name, steps = case.situation.name, []
    if name == "received":
        steps.append(Step(_asking(case), "ahead"))
    if name == "dispute.being_answered":
        steps.append(Step("bank_reviews", "ahead"))
    if name in _ON_THE_ROAD:
        steps.append(Step("parcel_out_for_delivery", "ahead"))
    if name not in _NO_GOAL and not _at_its_goal(case):
        steps.append(Step(_GOAL[case.kind], "ahead", by=case.delivery_expected_at if case.kind is CaseKind.DELAY else None))
    return steps


def _done_outside(case: Standing) -> list[Step]:
    """What the bank or carrier has done. Asking goes on: that it began is done, when it was last answered stands elsewhere on the page."""
    live = _live(case)
    steps = [Step(_asking(case), "done")] if case.asked_at is not None else []
    reviewed = any(part.state == "under_review" for part in live)  # it has something to review, whoever handed it in
    if case.kind is CaseKind.DISPUTE and all(part.state in _ANSWERED for part in live) and (reviewed or case.evidence_sent_at is not None):
        steps.append(Step("bank_answered", "done", case.evidence_sent_at))
    if _at_its_goal(case):
        steps.append(Step(_GOAL[case.kind], "done", _last(live)))
    return steps


def _asking(case: Standing) -> str:
    return "asked_carrier" if case.kind is CaseKind.DELAY else "asked_bank"


def _at_its_goal(case: Standing) -> bool:
    live = _live(case)
    return bool(live) and all(part.state in _AT_ITS_GOAL for part in live)


def _live(case: Standing) -> list[Part]:
    return [part for part in case.parts if not part.replaced]


def _last(parts: list[Part]) -> datetime | None:
    return max((part.status_at for part in parts if part.status_at is not None), default=None)
