"""Why a case needs a person, and since when: what the queue of the support leads is sorted by.

Owns these readings of the state. Must never change it, and never look at a clock: what becomes true by the mere passing of time (a date
that is near) is for whoever reads the books. Called for the books' row.
"""

from datetime import datetime

from policies.case.state import CaseState, ClockState
from policies.rules.v1 import clocks


def breached_at(state: CaseState) -> datetime | None:
    """When the first date that is still owed was missed. A breach that was made good (answered late, resolved late) is history."""
    return min((clock.breached_at for clock in _owed(state) if clock.breached_at is not None), default=None)


def at_risk_since(state: CaseState) -> datetime | None:
    """The first warning of a clock that runs on; one that stands still warns of nothing."""
    warned = [
        rung.at
        for clock in _owed(state)
        if clock.breached_at is None and clock.held_since is None
        for rung in clock.rungs
        if rung.done and rung.at < clock.due_at
    ]
    if state.new_date_warned_at is not None and state.hold is None and state.resolution is None:
        warned.append(state.new_date_warned_at)
    return min(warned, default=None)


def recovery_since(state: CaseState) -> datetime | None:
    """Since when an unhappy customer waits for a person: a low score, nobody has spoken with them yet."""
    policy = state.start.policy.policy
    for clock in clocks.running(state):
        definition = policy.clock(clock.id)
        if definition is not None and definition.starts == "feedback_low":
            return clock.started_at
    return None


def _owed(state: CaseState) -> list[ClockState]:
    """Running clocks that bind us, and nobody else."""
    policy = state.start.policy.policy
    return [
        clock for clock in clocks.running(state) if (definition := policy.clock(clock.id)) is not None and definition.binds == "merchant"
    ]
