"""What an act would do, seen before it is done: its refusal, or the message that the customer would get.

Owns this look ahead. Must never change the case: it is tried on a copy. Called by the workflow's query.
"""

from datetime import datetime
from typing import Any

from policies.case.plans import Foreseen
from policies.case.state import CaseState
from policies.rules.v1 import messages
from policies.rules.v1.commands import apply
from policies.rules.v1.life import advance
from policies.rules.v1.refusals import refusal


def foresee(state: CaseState, name: str, command: Any, now: datetime) -> Foreseen:
    """The message holds whatever waits beside the act: what is due together is one message."""
    case = state.model_copy(deep=True)
    advance(case, now)
    reason = refusal(case, name, command, now)
    if reason is not None:
        return Foreseen(refusal=reason)
    waited = len(case.needs)
    apply(case, name, command, now)
    if len(case.needs) == waited and not case.needs:
        return Foreseen()
    case.in_flight = None  # a message on its way leaves first; what is asked here is what comes after it
    at = messages.write_at(case)
    plan = messages.compose(case, max(now, at)) if at is not None else None
    return Foreseen(plan=plan, at=max(now, at) if at is not None else None)
