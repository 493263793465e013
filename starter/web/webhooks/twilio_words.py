"""Twilio's status callbacks in our words: statuses of text messages and calls, and what an error code means for the address.

Owns these tables. Twilio says that its codes may change, hence data. Must never carry on an error's text. Sources: provider-facts 1.3,
twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks, twilio.com/docs/api/errors. Called by the endpoint.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from store.delivery_events import ReportedState
from store.delivery_reports import IncomingReport
from store.suppressions import SuppressionReason

PROVIDER = "twilio"
OUR_ID = "n"  # in the query of the callback's address; the adapter puts the delivery's id there

_STATES: dict[str, ReportedState] = {
    "scheduled": ReportedState.QUEUED,
    "accepted": ReportedState.QUEUED,
    "queued": ReportedState.QUEUED,
    "sending": ReportedState.PROCESSED,
    "sent": ReportedState.SENT,
    "delivered": ReportedState.DELIVERED,
    "read": ReportedState.READ,
    "undelivered": ReportedState.UNDELIVERED,
    "failed": ReportedState.FAILED,
    "canceled": ReportedState.FAILED,
    # Calls. Answered is not yet heard: "completed" is the end of one that was taken.
    "initiated": ReportedState.PROCESSED,
    "ringing": ReportedState.SENT,
    "in-progress": ReportedState.ANSWERED,
    "completed": ReportedState.DELIVERED,
    "busy": ReportedState.UNDELIVERED,
    "no-answer": ReportedState.UNDELIVERED,
}


@dataclass(frozen=True)
class Meaning:
    """What an error code says. `permanent`: this number will never do on this channel."""

    reason: str
    permanent: bool = False
    suppress: SuppressionReason | None = None


_CODES: dict[str, Meaning] = {
    "21610": Meaning("opted_out", permanent=True, suppress=SuppressionReason.STOP),
    "21211": Meaning("invalid_number", permanent=True, suppress=SuppressionReason.INVALID),
    "21614": Meaning("no_mobile_number", permanent=True, suppress=SuppressionReason.INVALID),
    "30004": Meaning("blocked", permanent=True),  # by the carrier or the handset: not said for how long, so not suppressed
    "30005": Meaning("unknown_number", permanent=True, suppress=SuppressionReason.INVALID),
    "30006": Meaning("landline", permanent=True, suppress=SuppressionReason.INVALID),
    "30007": Meaning("filtered", permanent=True),  # as spam, for what it says: the next text fares no better
    "30001": Meaning("queue_overflow"),
    "30002": Meaning("account_suspended"),
    "30003": Meaning("handset_off"),
    "30008": Meaning("unknown_error"),
    "30022": Meaning("carrier_rate"),
    "30036": Meaning("expired"),  # its validity ended first: a newer word is due
    "30500": Meaning("internal_error"),
}
_BY_STATUS = {"busy": "busy", "no-answer": "no_answer", "canceled": "canceled"}

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}\Z")
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")


def report_of(params: Mapping[str, str], delivery_id: str | None, now: datetime) -> IncomingReport | None:
    """The report in a callback; None for one that is none of ours, or says a word that nobody knows. `delivery_id`: from the query."""
    sid = params.get("MessageSid") or params.get("CallSid") or ""
    status = (params.get("MessageStatus") or params.get("CallStatus") or "").lower()
    state = _STATES.get(status)
    if state is None or not _SID.match(sid):
        return None
    ours = delivery_id if delivery_id and _ID.match(delivery_id) else None
    failed = state in (ReportedState.UNDELIVERED, ReportedState.FAILED)
    code = params.get("ErrorCode", "")
    meaning = _CODES.get(code) or Meaning(f"twilio_{code}" if code.isdigit() and len(code) <= 6 else _BY_STATUS.get(status, status))
    return IncomingReport(
        provider=PROVIDER,
        event_key=f"{sid}:{status}",  # a message passes through each status once
        delivery_id=ours,
        provider_id=sid,
        state=state,
        permanent=failed and meaning.permanent,
        reason=meaning.reason if failed else None,
        at=now,  # the callback names no moment
        address=params.get("To") if failed else None,
        suppress=meaning.suppress if failed else None,
    )
