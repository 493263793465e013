"""The watch's plan: when to ask again, and which answer is worth ending the watch for.

Owns the arithmetic of polling. Called by the watch activity.
"""

from datetime import datetime

from policies.case.plans import Reading, WatchPlan, WatchTarget
from policies.providers.statuses import WAITS_FOR_US, TargetType, in_our_words, may_follow, stage_may_follow
from policies.rules.v1.provider_news import is_news

_FLOOR_S = 1.0  # the engine fires nothing sooner
_LAST_LOOK_S = 60.0  # before the plan's end: time enough to read a failure and reopen the case while its tail still runs


def next_check_in(plan: WatchPlan, at: datetime) -> float:
    """Seconds until the next check, by the age of the watch; the last one is just before the plan's end."""
    age = (at - plan.started_at).total_seconds()
    every = plan.steps[-1][0]
    for step, until in plan.steps:
        if until is None or age < until:
            every = step if until is None else min(step, max(_FLOOR_S, until - age))
            break
    if plan.ends_at is not None:
        last_look = (plan.ends_at - at).total_seconds() - min(_LAST_LOOK_S, every / 10)
        every = min(every, last_look) if last_look > _FLOOR_S else every
    return max(_FLOOR_S, every)


def tell_unknown_in(plan: WatchPlan, target: WatchTarget, at: datetime) -> float | None:
    """Seconds until people hear that the provider does not know a reference, if it has said nothing else (404) so far.

    Zero or less: now. None: they know already, or it is only looked back at. As long as a silence is borne: a reference may be younger
    than what the provider answers from, and a day of nothing is no news that a customer was promised.
    """
    if target.told_unknown or plan.mode == "tail":
        return None
    return plan.unreachable_after_s - (at - (target.asked_since or plan.started_at)).total_seconds()


def changes_something(target: WatchTarget, reading: Reading, mode: str) -> bool:
    """True if the case should hear of this reading."""
    if reading.replaced_by is not None:
        return True
    if reading.trace is not None and target.trace is None and mode == "tail":
        return True
    at = reading.occurred_at or reading.read_at
    older = target.status_at is not None and at < target.status_at  # the provider's own answer lags behind what it told by webhook
    if not older and _tells_a_date_or_stage(target, reading):
        return True
    if not older and (reading.pending_reason in WAITS_FOR_US) != (target.pending_reason in WAITS_FOR_US):
        return True  # it waits for us, or does so no more
    status = in_our_words(target.type, target.status, reading.status)
    known_at = target.status_at.timestamp() if target.status_at is not None else None
    return may_follow(target.type, target.status, status, known_at, at.timestamp()) and is_news(target.type, target.status, status)


def _tells_a_date_or_stage(target: WatchTarget, reading: Reading) -> bool:
    if reading.due_by is not None and reading.due_by != target.due_by:
        return True
    if target.type is TargetType.DELIVERY:
        return reading.eta_at is not None and reading.eta_at != target.eta_at
    return target.type is TargetType.DISPUTE and reading.stage is not None and stage_may_follow(target.stage, reading.stage)
