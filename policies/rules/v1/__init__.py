"""Rules, version 1. What workflows call is listed here; everything else is inside."""

from policies.rules.v1.agenda import Due, agenda, next_due
from policies.rules.v1.bounds import over_bounds
from policies.rules.v1.commands import apply, cancellation_refused
from policies.rules.v1.deliveries import answered as arrival_answered
from policies.rules.v1.deliveries import not_delivered
from policies.rules.v1.foresight import foresee
from policies.rules.v1.life import (
    Jobs,
    advance,
    alerted,
    begin,
    entry,
    jobs,
    not_alerted,
    not_recorded,
    recorded,
    stale_watch,
)
from policies.rules.v1.memory import remember
from policies.rules.v1.messages import ended as message_ended
from policies.rules.v1.provider_news import apply_readings, watch_ended, watch_failed
from policies.rules.v1.refusals import moved_on, refusal
from policies.rules.v1.rows import details, search_attributes, snapshot

__all__ = [
    "Due",
    "Jobs",
    "advance",
    "agenda",
    "alerted",
    "apply",
    "apply_readings",
    "arrival_answered",
    "begin",
    "cancellation_refused",
    "details",
    "entry",
    "foresee",
    "jobs",
    "message_ended",
    "moved_on",
    "next_due",
    "not_alerted",
    "not_delivered",
    "not_recorded",
    "over_bounds",
    "recorded",
    "refusal",
    "remember",
    "search_attributes",
    "snapshot",
    "stale_watch",
    "watch_ended",
    "watch_failed",
]
