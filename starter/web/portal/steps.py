"""The way of a case as a parcel tracker shows it: steps done, the one that is under way, and those ahead.

Owns which steps a kind of case has and how far they are. Must never name a step that tells of a suspicion, of our people or of an
internal rung. Pure; words are the wording's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from policies.case.vocabulary import CaseKind
from policies.providers.statuses import SETTLED, TROUBLE
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
    begun = [Step("received", "done", case.opened_at), _acknowledged(case)]
    again: list[Step] = []
    for resolved_at, reopening in zip(case.first_results, case.reopenings, strict=False):
        again += [Step("resolved_before", "done", resolved_at), Step("reopened", "done", reopening.at, why=reopening.because)]
    if case.result is not None and case.result.ending != "settled":
        return [*begun, *again, Step(case.result.ending, "done", case.result.decided_at)]
    outside = _OUTSIDE[case.kind](case)
    before = [step for step in outside if step.state == "done" and again and (step.at is None or step.at <= case.first_results[0])]
    outside = [step for step in outside if step not in before]
    if case.result is None:
        if not any(step.state in ("now", "trouble") for step in (*begun, *outside)):
            outside.append(Step("we_decide", "now"))
        expected_at = case.resolve_by if not case.date_missed else None
        return _one_at_a_time([*begun, *before, *again, *outside, Step("resolution", "ahead", by=expected_at)])
    # What the provider never did was not needed: a person settled it in another way.
    done = [step for step in outside if step.state == "done"]
    steps = [*begun, *before, *again, *done, Step("resolution", "done", case.result.decided_at)]
    money_at = case.result.money_expected_at
    if money_at is not None and not case.over:  # of a closed case nobody knows more than that it was to arrive
        steps.append(Step("money_due" if money_at <= case.as_of else "money", "now", by=money_at))
    return steps


def _one_at_a_time(steps: list[Step]) -> list[Step]:
    """The first that is not done is under way, what follows lies ahead."""
    ordered, under_way = [], False
    for step in steps:
        if under_way and step.state in ("now", "trouble"):
            step = replace(step, state="ahead", at=None)
        elif not under_way and step.state != "done":
            step = replace(step, state="trouble" if step.state == "trouble" else "now")
            under_way = True
        ordered.append(step)
    return ordered


def _acknowledged(case: Standing) -> Step:
    return Step("acknowledged", "done" if case.acknowledged_at else "now", case.acknowledged_at)


def _live(case: Standing) -> list[Part]:
    return [part for part in case.parts if not part.replaced]


def _refund(case: Standing) -> list[Step]:
    live = _live(case)
    steps = [_asked("asked_bank", case)]
    settled = [part.status_at for part in live if part.status in SETTLED[part.type]]
    if live and len(settled) == len(live):
        return [*steps, Step("refund_done", "done", max((at for at in settled if at is not None), default=None))]
    if any(part.status in TROUBLE[part.type] for part in live):
        return [
            *steps,
            Step("refund_failed", "trouble", max((part.status_at for part in live if part.status_at is not None), default=None)),
        ]
    if case.phase in ("asks_you", "waits"):
        return [*steps, Step("waiting_you" if case.phase == "asks_you" else "waiting", "now"), Step("refund_done", "ahead")]
    return [*steps, Step("refund_processing", "now"), Step("refund_done", "ahead")]


def _dispute(case: Standing) -> list[Step]:
    live = _live(case)
    status = live[0].status if live else "unknown"
    at = live[0].status_at if live else None
    if status in ("won", "lost", "closed"):
        return [Step("bank_answered", "done", case.evidence_sent_at), Step("bank_decided", "done", at)]
    answered = status == "under_review" or case.evidence_sent_at is not None
    steps = [_asked("asked_bank", case)]
    if case.phase in ("asks_you", "waits"):
        steps.append(Step("waiting_you" if case.phase == "asks_you" else "waiting", "now"))
        return [*steps, Step("bank_decided", "ahead")]
    if status == "needs_response" and case.evidence_sent_at is None:
        return [*steps, Step("answering_bank", "now"), Step("bank_reviews", "ahead"), Step("bank_decided", "ahead")]
    if answered:
        steps.append(Step("bank_answered", "done", case.evidence_sent_at))
    return [*steps, Step("bank_reviews", "now"), Step("bank_decided", "ahead")]


_ROAD = ("announced", "handed_over", "on_its_way", "out_for_delivery", "delivered")


def _delay(case: Standing) -> list[Step]:
    live = _live(case)
    steps = [_asked("asked_carrier", case)]
    states = {part.state for part in live}
    at = max((part.status_at for part in live if part.status_at is not None), default=None)
    if "lost" in states:
        return [*steps, Step("parcel_lost", "trouble", at)]
    if states == {"delivered"}:
        return [*steps, Step("parcel_delivered", "done", at)]
    if case.phase in ("asks_you", "waits"):
        return [*steps, Step("waiting_you" if case.phase == "asks_you" else "waiting", "now"), Step("parcel_delivered", "ahead")]
    if "held_up" in states:
        return [*steps, Step("parcel_held_up", "trouble", at), Step("parcel_delivered", "ahead", by=case.delivery_expected_at)]
    furthest = min((_ROAD.index(state) for state in states if state in _ROAD), default=None)
    if furthest is None:
        return [*steps, Step("parcel_searched", "now"), Step("parcel_delivered", "ahead", by=case.delivery_expected_at)]
    now = f"parcel_{_ROAD[furthest]}"
    ahead = [Step("parcel_out_for_delivery", "ahead")] if furthest < _ROAD.index("out_for_delivery") else []
    return [*steps, Step(now, "now", at), *ahead, Step("parcel_delivered", "ahead", by=case.delivery_expected_at)]


def _asked(name: str, case: Standing) -> Step:
    """Asking goes on: that it began is done, when it was last answered stands elsewhere on the page."""
    return Step(name, "done" if case.asked_at else "ahead")


_OUTSIDE: dict[CaseKind, Callable[[Standing], list[Step]]] = {CaseKind.REFUND: _refund, CaseKind.DISPUTE: _dispute, CaseKind.DELAY: _delay}
