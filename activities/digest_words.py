"""The words of a digest: how many cases by reason, and a line for each alert.

Owns this text. Must never hold anything of a customer: case ids, merchants, levels, clocks and due moments are all there is to say.
Called by the activity `tell_digest`.
"""

from collections.abc import Sequence

from policies.case.plans import AlertPlan
from store.recorder.digests import WaitingAlert

# A chat cuts a longer message, and nobody reads it: the list of cases has them all.
_MOST_LINES = 40

# One case, several cases. A reason that stands in neither is told by its code.
_SAID = {
    "at_risk": ("is at risk", "are at risk"),
    "breached": ("is breached", "are breached"),
    "escalated": ("was escalated by hand", "were escalated by hand"),
    "reopened": ("came back after its resolution", "came back after their resolution"),
    "provider_failed": ("failed at the provider", "failed at the provider"),
    "provider_needs_us": ("has a provider that waits for us", "have a provider that waits for us"),
    "provider_unreachable": ("has a provider that does not answer", "have a provider that does not answer"),
    "reference_unknown": ("has a reference that the provider does not know", "have references that the provider does not know"),
    "too_many_payments": ("had its refunds issued anew too often", "had their refunds issued anew too often"),
    "customer_wrote_after_the_end": ("has ended, and its customer wrote", "have ended, and their customers wrote"),
    "watch_failed": ("cannot be asked about (configuration or credentials)", "cannot be asked about (configuration or credentials)"),
    "decide_outcome": ("needs a decision on its outcome", "need a decision on their outcome"),
    "hold_ended": ("is off hold by its own date", "are off hold by their own date"),
    "customer_did_not_answer": ("has had no answer of the customer", "have had no answer of the customer"),
    "customer_supplied": ("got from the customer what was asked", "got from the customer what was asked"),
    "customer_replied": ("has a customer who wrote; a person must answer", "have customers who wrote; a person must answer"),
    "customer_unreachable": (
        "reaches its customer on no channel; a call is needed",
        "reach their customers on no channel; calls are needed",
    ),
    "message_unknown": ("has a message that may not have arrived, twice", "have messages that may not have arrived, twice"),
    "message_parked": ("has a message that could not be sent and waits", "have messages that could not be sent and wait"),
    "recovery": ("has a low score", "have low scores"),
    "reassigned": ("is yours now", "are yours now"),
    "cancellation_requested": ("was to be cancelled in the engine", "were to be cancelled in the engine"),
}


def digest_words(waiting: Sequence[WaitingAlert]) -> tuple[str, str, int]:
    """Title, body and level of one message about several alerts. The highest level first; within a reason the soonest due."""
    level = max(one.plan.alert.level for one in waiting)
    by_reason: dict[str, list[WaitingAlert]] = {}
    for one in sorted(waiting, key=_urgency):
        by_reason.setdefault(one.plan.alert.reason, []).append(one)
    headlines = [_headline(reason, group) for reason, group in by_reason.items()]
    lines: list[str] = []
    left = _MOST_LINES
    for headline, group in zip(headlines, by_reason.values(), strict=True):
        lines += [f"{headline}:", *(f"- {_line(one)}" for one in group[:left])]
        if len(group) > left:
            lines.append(f"- and {len(group) - left} more")
        left = max(0, left - len(group))
    return f"[level {level}] {'; '.join(headlines)}", "\n".join(lines), level


def _urgency(one: WaitingAlert) -> tuple[int, bool, float, str]:
    alert = one.plan.alert
    return -alert.level, alert.due_at is None, alert.due_at.timestamp() if alert.due_at is not None else 0.0, one.plan.alert_id


def _headline(reason: str, group: Sequence[WaitingAlert]) -> str:
    count = len({one.plan.case_id for one in group})
    said = reason.replace("_", " ")
    single, several = _SAID.get(reason, (f"tells: {said}", f"tell: {said}"))
    return f"1 case {single}" if count == 1 else f"{count} cases {several}"


def _line(one: WaitingAlert) -> str:
    plan: AlertPlan = one.plan
    clock = f", clock {plan.alert.clock}" if plan.alert.clock else ""
    due = f", due {plan.alert.due_at:%Y-%m-%d %H:%M:%S} UTC" if plan.alert.due_at else ""
    settled = ", resolved meanwhile" if one.settled else ""
    return f"{plan.merchant}: {plan.kind.value} {plan.case_id}, level {plan.alert.level}{clock}{due}{settled}"
