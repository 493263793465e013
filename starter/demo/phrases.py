"""Facts as short sentences for people who watch.

Owns the wording in English for terminals. Must never show personal data: facts hold none. Called by the demo's screen.
"""

from collections.abc import Callable
from datetime import datetime

from policies.case.facts import Fact
from policies.case.vocabulary import FactType, MessageKind

_MESSAGES = {
    "acknowledgement": "the customer has our acknowledgement",
    "update": "the customer has the promised update",
    "news": "the customer has the news",
    "resolution": "the customer is told the resolution",
    "apology": "the customer has our apology and a new date",
    "reopen": "the customer is told that the case is open again",
    "reply": "the customer has the lead's reply",
    "ask": "the customer is asked",
    "ask_reminder": "the customer is reminded of what we asked",
    "address_changed": "the address that was replaced is told",
    "ask_expired": "the customer is told that the time to answer is over",
    "extension": "the customer has the later date",
    "trace": "the customer has the trace number",
    "feedback_request": "the customer is asked for feedback",
    "feedback_reminder": "the customer is reminded of the feedback",
}
_QUIET = frozenset(
    {
        FactType.MESSAGE_ACCEPTED,
        FactType.CLOCK_STARTED,
        FactType.CLOCK_MET,
        FactType.THRESHOLD_PASSED,
        FactType.FEEDBACK_ASKED,
        FactType.ASK_REMINDED,
    }
)


def _call(fact: Fact) -> str:
    who = fact.by.who if fact.by else "a lead"
    return f"{who} {'called the customer' if fact.detail.get('reached') else 'tried to call the customer, in vain'}"


def _breach(fact: Fact) -> str:
    clock = fact.detail.get("clock")
    return "the new date that the customer was given is missed" if clock == "new_date" else f"clock {clock} is breached"


def _time(text: object) -> str:
    return f"{datetime.fromisoformat(str(text)).astimezone():%H:%M:%S}" if text else ""


def _said(fact: Fact) -> object:
    """A status, or what comes beside it."""
    if "status" in fact.detail:
        return fact.detail["status"]
    return f"waits: {fact.detail['waits']}" if fact.detail.get("waits") else "trace number"


_PHRASES: dict[FactType, Callable[[Fact], str]] = {
    FactType.OPENED: lambda fact: f"opened under {fact.detail.get('policy')}",
    FactType.PROVIDER_STATUS: lambda fact: f"{fact.by.who if fact.by else 'provider'} says {_said(fact)}",
    FactType.PROVIDER_UNREACHABLE: lambda _: "the provider does not answer; the owner is told",
    FactType.PAYMENT_REPLACED: lambda fact: f"refund {fact.detail.get('old')} was issued again as {fact.detail.get('new')}",
    FactType.HELD: lambda fact: f"on hold: {fact.detail.get('reason')}; internal clocks stop, the cadence goes on",
    FactType.RESUMED: lambda fact: f"resumed ({fact.detail.get('why')})",
    FactType.ESCALATED: lambda fact: f"escalated by hand to level {fact.detail.get('level')}",
    FactType.THRESHOLD_FIRED: lambda fact: f"clock {fact.detail.get('clock')} at {fact.detail.get('at')}: {fact.detail.get('to')} is told",
    FactType.CLOCK_BREACHED: _breach,
    FactType.RESOLVED: lambda fact: f"resolved: {fact.detail.get('outcome')}, decided by {fact.by.who if fact.by else '?'}",
    FactType.REOPENED: lambda fact: f"REOPENED: {fact.detail.get('because')}; same case, cycle {fact.cycle}",
    FactType.FEEDBACK_GIVEN: lambda fact: f"feedback: CSAT {fact.detail.get('csat')}, NPS {fact.detail.get('nps')}",
    FactType.FEEDBACK_EXPIRED: lambda _: "the feedback request expired unanswered",
    FactType.FEEDBACK_WITHDRAWN: lambda _: "the feedback request is withdrawn",
    FactType.RECOVERY_OPENED: lambda _: "low score: recovery begins, the owner is told",
    FactType.RECOVERY_ENDED: lambda _: "recovery done",
    FactType.CUSTOMER_REPLIED: lambda _: "the customer wrote; a person must answer",
    FactType.CUSTOMER_SUPPLIED: lambda _: "the customer supplied what we asked for",
    FactType.LEAD_REPLIED: lambda fact: f"{fact.by.who if fact.by else 'a lead'} replies",
    FactType.PHONE_CONTACT: _call,
    FactType.REPORTED: lambda fact: f"reported: {str(fact.detail.get('name')).replace('_', ' ')}",
    FactType.MESSAGE_SKIPPED: lambda fact: f"not sent: {fact.detail.get('kind')} ({fact.detail.get('reason')})",
    FactType.MESSAGE_PARKED: lambda fact: f"waits: {fact.detail.get('kind')} ({fact.detail.get('reason')})",
    FactType.MESSAGE_UNDELIVERED: lambda fact: f"a message by {fact.detail.get('channel')} did not arrive ({fact.detail.get('reason')})",
    FactType.MESSAGE_REFUSED: lambda fact: f"refused: {fact.detail.get('kind')} ({fact.detail.get('reason')})",
    FactType.TAIL_ENDED: lambda _: "nothing came back; the time of watching on is over",
    FactType.CLOSED: lambda fact: f"closed: {fact.detail.get('outcome')}",
}


def message_phrase(kind: MessageKind) -> str:
    """What the customer has now."""
    return _MESSAGES.get(kind.value, f"the customer has our {kind.value.replace('_', ' ')}")


def phrase(fact: Fact) -> str | None:
    """One line for a fact; None for what only a ledger needs."""
    if fact.type in _QUIET:
        return None
    if fact.type is FactType.PROMISE_ENDED:
        if fact.detail.get("end") == "kept":
            return None
        late = f", {fact.detail['late_s']} s late" if fact.detail.get("late_s") else ""
        return f"promise for {_time(fact.detail.get('due_at'))} ended: {fact.detail.get('end')}{late}"
    say = _PHRASES.get(fact.type)
    return say(fact) if say is not None else fact.type.value.replace("_", " ")
