"""Twilio's status callbacks in our words: statuses of text messages and calls; what an error code means stands in its table.

Owns the statuses and the reading of one callback (the codes: report_tables/twilio.toml). Must never carry on an error's text. Sources:
provider-facts 1.3, twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks. Called by the endpoint.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from starter.web.webhooks.report_tables.table import Means, Row, Said, report_table
from store.delivery_events import ReportedState
from store.delivery_reports import Fault, IncomingReport
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


_BY_STATUS = {"busy": "busy", "no-answer": "no_answer", "canceled": "canceled"}

_LONGEST_SENDER = 254  # as the books keep one
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
    number = int(code) if code.isascii() and code.isdigit() and len(code) <= 6 else None
    row = report_table(PROVIDER).judge(Said(code=number)) if failed and number is not None else None
    sender = params.get("From", "").strip()[:_LONGEST_SENDER].lower()
    return IncomingReport(
        provider=PROVIDER,
        event_key=f"{sid}:{status}",  # a message passes through each status once
        delivery_id=ours,
        provider_id=sid,
        state=state,
        permanent=row is not None and row.means is Means.PERMANENT,
        reason=_reason(row, number, status) if failed else None,
        at=now,  # the callback names no moment
        address=params.get("To") if failed else None,
        suppress=SuppressionReason(row.suppress) if row is not None and row.suppress is not None else None,
        fault=_fault(row, params) if row is not None else None,
        superseded=row is not None and row.means is Means.SUPERSEDED,
        sender="" if "MessagingServiceSid" in params else sender,
    )


def _reason(row: Row | None, code: int | None, status: str) -> str:
    if row is not None:
        return row.reason
    return f"twilio_{code}" if code is not None else _BY_STATUS.get(status, status)


def _fault(row: Row, params: Mapping[str, str]) -> Fault | None:
    """Of the sender only where the message named it: the pool of a Messaging Service serves all brands."""
    if row.means is not Means.OPERATOR:
        return None
    return Fault.SENDER if row.scope == "sender" and params.get("From") and "MessagingServiceSid" not in params else Fault.ACCOUNT
