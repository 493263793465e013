"""Which one thing is true of a case now: headline, steps, whose turn it is, parts and JSON are all read from it.

Owns that decision and the public state of every part. Must never hold words, and nothing else of the page may decide anew from statuses:
two readings of the same statuses are two truths. Pure; called by standing.py for all others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from policies.case.plans import WhoActs
from policies.case.vocabulary import CaseKind
from starter.web.portal.parts_of_case import Part

Phase = Literal["open", "asks_you", "waits", "resolved", "closed"]

_DECIDED = ("payment_stands", "decided_for_you", "closed")
# The worst first: of several parcels the one that is worst off says where the case stands; what has arrived is counted beside it.
_PARCEL = ("lost", "held_up", "not_reported", "announced", "handed_over", "on_its_way", "out_for_delivery")


@dataclass(frozen=True, slots=True)
class Situation:
    """`name` is a key of the wording and of the steps; `besides`: what holds while we owe an answer; `done` of `all` parts are where
    they should be."""

    name: str
    who_acts: WhoActs
    besides: str | None = None
    done: int = 0
    all: int = 0


def situation_of(
    kind: CaseKind,
    phase: Phase,
    parts: Sequence[Part],
    *,
    waits_on: WhoActs | None,
    owes_answer: bool,
    asked: bool,
    acknowledged: bool,
) -> Situation:
    """`parts`: as `told_parts` returns them. `asked`: the bank or carrier was asked at least once."""
    states = [part.state for part in parts if not part.replaced]
    found = _found(kind, phase, states, waits_on, owes_answer, asked, acknowledged)
    return replace(found, done=states.count("delivered" if kind is CaseKind.DELAY else "done"), all=len(states))


def _found(
    kind: CaseKind, phase: Phase, states: list[str], waits_on: WhoActs | None, owes_answer: bool, asked: bool, acknowledged: bool
) -> Situation:
    if phase in ("resolved", "closed"):
        return Situation("ended", "us" if owes_answer and phase == "resolved" else "nobody")
    if phase == "asks_you":
        return Situation("asks_you", "you")
    if phase == "waits":
        waiting = Situation("waits", waits_on or "us")
        return Situation("answering", "us", besides="waits") if owes_answer else waiting
    if not acknowledged and not asked and not owes_answer and set(states) <= {"not_reported"}:
        return Situation("received", "us")
    name, who_acts = _OUTSIDE[kind](states, asked)
    if owes_answer and who_acts != "us":
        return Situation("answering", "us", besides=f"{kind.value}.{name}")
    return Situation(f"{kind.value}.{name}", who_acts)  # what is ours to do anyway (a refund that failed) says more than "we answer"


def told_parts(parts: Sequence[Part], phase: Phase, evidence_sent_at: datetime | None) -> list[Part]:
    """The parts with their public states, where the provider's word alone would say what is not so any more."""
    return [_told(part, phase, evidence_sent_at) for part in parts]


def _told(part: Part, phase: Phase, evidence_sent_at: datetime | None) -> Part:
    if part.state == "needs_you" and phase != "asks_you":
        return replace(part, told_as="needs_details")  # we have it, or have not asked yet: nothing is wanted of the customer
    if part.state == "processing" and part.waits_for_us:
        return replace(part, told_as="waits_for_us")
    sent = evidence_sent_at is not None and (part.status_at is None or evidence_sent_at >= part.status_at)
    if part.state == "being_answered" and sent:
        return replace(part, told_as="answer_sent")  # the bank has not read it yet; a later word of its would be a new request
    return part


def _refund(states: list[str], asked: bool) -> tuple[str, WhoActs]:
    for name, among in (("trouble", ("failed", "stopped")), ("details", ("needs_you", "needs_details")), ("held", ("waits_for_us",))):
        if any(state in among for state in states):
            return name, "us"
    if states and set(states) == {"done"}:
        return "done", "us"  # all is done out there: what is left is ours to tell
    if "processing" in states:
        return "processing", "bank"
    return ("not_reported", "bank") if asked else ("not_asked", "us")


def _dispute(states: list[str], asked: bool) -> tuple[str, WhoActs]:
    live = [state for state in states if state not in _DECIDED]
    if states and not live:
        return "decided", "us"
    if "being_answered" in live:
        return "being_answered", "us"
    for state in ("answer_sent", "under_review"):
        if state in live:
            return state, "bank"
    return ("not_reported", "bank") if asked else ("not_asked", "us")


def _delay(states: list[str], asked: bool) -> tuple[str, WhoActs]:
    live = [state for state in states if state != "delivered"]
    if states and not live:
        return "delivered", "us"
    worst = min(live, key=_PARCEL.index, default="not_reported")
    if worst == "not_reported" and not asked:
        return "not_asked", "us"
    return worst, "us" if worst == "lost" else "carrier"


_OUTSIDE: dict[CaseKind, Callable[[list[str], bool], tuple[str, WhoActs]]] = {
    CaseKind.REFUND: _refund,
    CaseKind.DISPUTE: _dispute,
    CaseKind.DELAY: _delay,
}
