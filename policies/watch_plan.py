"""The watch's plan: when to ask again, and which answer is worth ending the watch for.

Owns the arithmetic of polling. Called by the watch activity.
"""

from datetime import datetime

from policies.case.plans import Reading, WatchPlan, WatchTarget
from policies.providers.statuses import TargetType, may_follow
from policies.rules.v1.provider_news import is_news

_FLOOR_S = 1.0  # the engine fires nothing sooner


def next_check_in(plan: WatchPlan, at: datetime) -> float:
    """Seconds until the next check, by the age of the watch; the last one is not after the plan's end."""
    age = (at - plan.started_at).total_seconds()
    every = plan.steps[-1][0]
    for step, until in plan.steps:
        if until is None or age < until:
            every = step if until is None else min(step, max(_FLOOR_S, until - age))
            break
    return max(_FLOOR_S, every)


def changes_something(target: WatchTarget, reading: Reading, mode: str) -> bool:
    """True if the case should hear of this reading."""
    if reading.replaced_by is not None:
        return True
    if reading.trace is not None and target.trace is None and mode == "tail":
        return True
    if reading.due_by is not None and reading.due_by != target.due_by:
        return True
    if reading.eta_at is not None and reading.eta_at != target.eta_at and target.type is TargetType.DELIVERY:
        return True
    if target.type is not TargetType.DELIVERY and not may_follow(target.type, target.status, reading.status, None, None):
        return False
    return reading.status != target.status and is_news(target.type, target.status, reading.status)
