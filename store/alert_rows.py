"""The columns of an alert's row, and the word for one that people were told of.

Owns these. Must never decide who is told. Called by the recorder (alerts that cases raise) and by late_replies.py (the one alert that
arises when no case is running any more).
"""

from datetime import datetime
from typing import Any

from policies.case.plans import AlertPlan

SENDING = "sending"
SENT = "sent"


def alert_columns(plan: AlertPlan, at: datetime, gathered_by: str | None) -> dict[str, Any]:
    """Of an alert that nobody was told of yet. `gathered_by`: the digest that tells it."""
    return {
        "alert_id": plan.alert_id,
        "case_id": plan.case_id,
        "kind": plan.kind.value,
        "merchant": plan.merchant,
        "role": plan.alert.to,
        "owner": plan.owner,
        "gathered_by": gathered_by,
        "level": plan.alert.level,
        "reason": plan.alert.reason,
        "clock": plan.alert.clock,
        "due_at": plan.alert.due_at,
        "since": plan.alert.since,
        "shadow": plan.shadow,
        "state": SENDING,
        "opened_at": at,
        "people": [],
    }
