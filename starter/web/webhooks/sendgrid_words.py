"""SendGrid's events in our words: which event means what, and the reading of one; why it dropped a message stands in its table.

Owns which event means what for the message and for its address (reasons of drops: report_tables/sendgrid.toml). Must never carry on
SendGrid's own text of a reason: it quotes the address. Sources: twilio.com/docs/sendgrid/for-developers/tracking-events/event,
provider-facts 1.1. Called by the endpoint.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starter.web.webhooks.report_tables.table import Means, Said, report_table
from store.delivery_events import ReportedState
from store.delivery_reports import Fault, IncomingReport
from store.suppressions import Covers, SuppressionReason

PROVIDER = "sendgrid"
OUR_ID = "notification_id"  # in custom_args, which come back with every event; the adapter puts the delivery's id there


@dataclass(frozen=True)
class Meaning:
    """What an event says. `permanent`: this address will never do."""

    state: ReportedState
    reason: str | None = None
    permanent: bool = False
    suppress: SuppressionReason | None = None
    covers: Covers = Covers.ALL
    lifts: tuple[SuppressionReason, ...] = ()
    fault: Fault | None = None
    superseded: bool = False


# open and click are not taken: pixels and links are fetched by machines, and nobody needs to know when a customer reads.
_EVENTS: dict[str, Meaning] = {
    "processed": Meaning(ReportedState.PROCESSED),
    "deferred": Meaning(ReportedState.DEFERRED, "deferred"),
    "delivered": Meaning(ReportedState.DELIVERED),
    # SendGrid stops only what it is told to stop; we stop updates and surveys, what must be said is still said.
    "unsubscribe": Meaning(ReportedState.UNSUBSCRIBED, "unsubscribe", suppress=SuppressionReason.UNSUBSCRIBE, covers=Covers.STATUS),
    "group_unsubscribe": Meaning(ReportedState.UNSUBSCRIBED, "unsubscribe", suppress=SuppressionReason.UNSUBSCRIBE, covers=Covers.STATUS),
    "group_resubscribe": Meaning(ReportedState.RESUBSCRIBED, "resubscribe", lifts=(SuppressionReason.UNSUBSCRIBE,)),
    "spamreport": Meaning(ReportedState.SPAM, "spam", suppress=SuppressionReason.SPAM),
}
_BOUNCE = Meaning(ReportedState.BOUNCED, "bounced", permanent=True, suppress=SuppressionReason.HARD_BOUNCE)
# "blocked": refused for what or whence it is, or for the moment. SendGrid keeps no such address back, and neither do we.
_BLOCK = Meaning(ReportedState.BLOCKED, "blocked")
_CLASSES = frozenset({"invalid_address", "technical", "content", "reputation", "frequency_or_volume_too_high", "mailbox_unavailable"})

_ID = re.compile(r"[A-Za-z0-9._=+/:-]{1,200}\Z")


def meaning_of(event: Mapping[str, Any]) -> Meaning | None:
    """None for an event that says nothing of the message's way (open, click, words of the future)."""
    name = event.get("event")
    if name == "bounce":
        plain = _BLOCK if event.get("type") == "blocked" else _BOUNCE
        classified = re.sub(r"[^a-z]+", "_", str(event.get("bounce_classification", "")).lower()).strip("_")
        return Meaning(plain.state, classified if classified in _CLASSES else plain.reason, plain.permanent, plain.suppress)
    if name == "dropped":
        return _dropped(event.get("reason"))
    return _EVENTS.get(name) if isinstance(name, str) else None


def _dropped(words: object) -> Meaning:
    row = report_table(PROVIDER).judge(Said(words=words)) if isinstance(words, str) else None
    if row is None:
        return Meaning(ReportedState.DROPPED, "dropped")
    return Meaning(
        ReportedState.DROPPED,
        row.reason,
        permanent=row.means is Means.PERMANENT,
        suppress=SuppressionReason(row.suppress) if row.suppress is not None else None,
        fault=Fault.ACCOUNT if row.means is Means.OPERATOR else None,  # no event names the sender
        superseded=row.means is Means.SUPERSEDED,
    )


def report_of(event: object, now: datetime) -> IncomingReport | None:
    """None for what is no report, or on no message that carries an id of ours or an id at all."""
    if not isinstance(event, dict):
        return None
    meaning = meaning_of(event)
    key, ours, theirs = _id(event.get("sg_event_id")), _id(event.get(OUR_ID)), _id(event.get("sg_message_id"))
    if meaning is None or key is None or (ours is None and theirs is None):
        return None
    address = event.get("email")
    return IncomingReport(
        provider=PROVIDER,
        event_key=key,
        delivery_id=ours,
        provider_id=theirs.partition(".")[0] if theirs else None,  # begins with the X-Message-Id that the call was answered with
        state=meaning.state,
        permanent=meaning.permanent,
        reason=meaning.reason,
        at=_moment(event.get("timestamp"), now),
        address=address if isinstance(address, str) else None,
        suppress=meaning.suppress,
        covers=meaning.covers,
        lifts=list(meaning.lifts),
        fault=meaning.fault,
        superseded=meaning.superseded,
    )


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.match(value) else None


def _moment(seconds: object, now: datetime) -> datetime:
    """The event's own time; a date that no event of ours can have is now."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 946_684_800 <= seconds <= now.timestamp():
        return now
    return datetime.fromtimestamp(seconds, UTC)
