"""What happened, in a line that people read: every kind of fact, every act of a person.

Owns these sentences. Must never show a text or an address: those stand beside the line. Pure; called by the history and by "meanwhile".
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from policies.case.facts import Actor, Fact
from policies.case.vocabulary import FactType, Role

_DECISIONS = frozenset(
    {
        FactType.HELD,
        FactType.RESUMED,
        FactType.ESCALATED,
        FactType.EXTENDED,
        FactType.REASSIGNED,
        FactType.RESOLVED,
        FactType.REOPENED,
        FactType.WITHDRAWN,
        FactType.MERGED,
        FactType.ABSORBED,
        FactType.LINKED,
        FactType.POLICY_CHANGED,
        FactType.PREFERENCES_CHANGED,
        FactType.REPORTED,
    }
)
_TROUBLE = frozenset(
    {
        FactType.CLOCK_BREACHED,
        FactType.MESSAGE_REFUSED,
        FactType.MESSAGE_UNDELIVERED,
        FactType.MESSAGE_UNKNOWN,
        FactType.MESSAGE_PARKED,
        FactType.PROVIDER_UNREACHABLE,
        FactType.REFERENCE_UNKNOWN,
        FactType.JOB_FAILED,
        FactType.RECOVERY_OPENED,
        FactType.ASK_EXPIRED,
    }
)
# What the case does by itself, on time: there for who looks for it, quiet for who scans.
_ROUTINE = frozenset(
    {
        FactType.CLOCK_STARTED,
        FactType.CLOCK_MET,
        FactType.THRESHOLD_PASSED,
        FactType.PROMISE_ENDED,
        FactType.MESSAGE_ACCEPTED,
        FactType.FEEDBACK_ASKED,
        FactType.TAIL_ENDED,
        FactType.ASK_REMINDED,
    }
)


def plainly(code: object) -> str:
    """goods_received -> goods received"""
    return str(code).replace("_", " ")


def weight(fact: Fact) -> str:
    """How loud a fact is on the page: decision | trouble | talk | news | routine."""
    if fact.type is FactType.PROMISE_ENDED:
        return "trouble" if fact.detail.get("end") in ("late", "broken") else "routine"
    if fact.type in _TROUBLE:
        return "trouble"
    if fact.type in _DECISIONS:
        return "decision"
    if fact.type in (FactType.CUSTOMER_REPLIED, FactType.LEAD_REPLIED, FactType.PHONE_CONTACT, FactType.NOTED, FactType.FEEDBACK_GIVEN):
        return "talk"
    return "routine" if fact.type in _ROUTINE else "news"


def who(by: Actor | None) -> str | None:
    """The person, and the API key if one did it in his name; None for the case itself and for providers."""
    if by is None or by.role in (Role.SYSTEM, Role.PROVIDER):
        return None
    return "The customer" if by.role is Role.CUSTOMER else by.shown


def _moment(value: object) -> str:
    try:
        at = datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return str(value)
    return f"{at:%d %b %Y, %H:%M} UTC"


def _late(seconds: object) -> str:
    return f" by {how_long(timedelta(seconds=seconds))}" if isinstance(seconds, int | float) and seconds else ""


def how_long(span: timedelta) -> str:
    """20 seconds, 3 hours, 2 days; the largest unit that is at least one and a half of it, so that "90 minutes" stays exact."""
    seconds = max(0, round(span.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length * (1.5 if unit != "minute" else 1):
            number = seconds // length
            return f"{number} {unit}{'s' if number != 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"


def _status(fact: Fact) -> str:
    detail = fact.detail
    parts = [f"{detail.get('reference')}: {plainly(detail['status'])}" if detail.get("status") else f"{detail.get('reference')}"]
    if detail.get("before") and detail.get("status"):
        parts[0] += f" (was {plainly(detail['before'])})"
    if detail.get("trace"):
        parts.append(f"trace number {detail['trace']}")
    if detail.get("failure"):
        parts.append(f"because {plainly(detail['failure'])}")
    if detail.get("stage"):
        parts.append(f"stage {plainly(detail['stage'])}")
    return ", ".join(parts)


def _told_status(fact: Fact) -> str:
    provider = fact.by.who if fact.by is not None else "The provider"
    return f"{provider} reports {_status(fact)}"


def _phone(fact: Fact) -> str:
    result = fact.detail.get("result")
    reached = "spoke with the customer" if fact.detail.get("reached") else "called the customer and reached nobody"
    words = reached if not result or result == "reached" else f"called the customer: {plainly(result)}"
    promised = fact.detail.get("promised_at")
    return f"{words}, and promised the next word by {_moment(promised)}" if promised else words


def _customer(fact: Fact) -> str:
    if fact.by is not None and fact.by.role is not Role.CUSTOMER:  # it stands in a colleague's words
        said = ["it is not solved"] if fact.detail.get("not_solved") else []
        said += ["what was asked for is there"] if fact.detail.get("supplied") else []
        return f"entered what the customer said{': ' + ', '.join(said) if said else ''}"
    if fact.detail.get("not_solved"):
        return "said that it is not solved"
    return "sent what was asked for" if fact.detail.get("supplied") else "wrote"


def _feedback(fact: Fact) -> str:
    scores = [f"{name.upper()} {fact.detail[name]}" for name in ("csat", "nps") if fact.detail.get(name) is not None]
    return f"gave feedback: {', '.join(scores)}"


_WISHES = {
    "channels": "channels",
    "opted_out": "what is wanted",
    "cadence": "frequency",
    "quiet_from": "quiet hours",
    "quiet_until": "quiet hours",
    "quiet_email": "quiet hours",
    "locale": "language",
    "zone": "time zone",
    "contact": "addresses",
}


def _wishes(fact: Fact) -> str:
    """What was changed; of a fact from before that was kept, the channels only."""
    channels = str(fact.detail.get("channels") or "").replace(",", ", ")
    if fact.detail.get("changed") is None:
        return f" ({channels})" if channels else ""
    names = dict.fromkeys(_WISHES.get(name, plainly(name)) for name in str(fact.detail["changed"]).split(","))
    return f": {', '.join(f'{name} ({channels})' if name == 'channels' and channels else name for name in names)}"


def _clock(fact: Fact, verb: str) -> str:
    due = fact.detail.get("due_at")
    return f"Clock {plainly(fact.detail.get('clock'))} {verb}" + (f", due {_moment(due)}" if due else "")


def _rung(fact: Fact, verb: str) -> str:
    detail = fact.detail
    return f"Clock {plainly(detail.get('clock'))}: {detail.get('at')} {verb}, {plainly(detail.get('to'))} (level {detail.get('level')})"


def _message(fact: Fact, verb: str) -> str:
    reason = fact.detail.get("reason")
    kind = plainly(fact.detail.get("kind") or "message").capitalize()
    return f"{kind} {verb}" + (f": {plainly(reason)}" if reason else "")


def _promise(fact: Fact) -> str:
    detail = fact.detail
    return (
        f"Promise {detail.get('number')} (next word by {_moment(detail.get('due_at'))}): {detail.get('end')}{_late(detail.get('late_s'))}"
    )


# With a person before it ("Ana put it on hold"); of the case itself the passive stands alone.
_DONE: dict[FactType, Callable[[Fact], str]] = {
    FactType.HELD: lambda fact: (
        f"put it on hold: {plainly(fact.detail.get('reason'))}"
        + (f", until {_moment(fact.detail['until'])}" if fact.detail.get("until") else "")
    ),
    FactType.RESUMED: lambda fact: f"ended the hold ({plainly(fact.detail.get('reason'))})",
    FactType.ESCALATED: lambda fact: f"escalated it to level {fact.detail.get('level')}, {plainly(fact.detail.get('to'))}",
    FactType.EXTENDED: lambda fact: (
        f"gave a later date of resolution: {_moment(fact.detail.get('until'))}"
        + (f" instead of {_moment(fact.detail['before'])}" if fact.detail.get("before") else "")
    ),
    FactType.REASSIGNED: lambda fact: (
        f"gave it to {fact.detail.get('owner')}" + (f", it was {fact.detail['before']}'s" if fact.detail.get("before") else "")
    ),
    FactType.NOTED: lambda _: "noted",
    FactType.LEAD_REPLIED: lambda _: "replied to the customer",
    FactType.PHONE_CONTACT: _phone,
    FactType.CUSTOMER_REPLIED: _customer,
    FactType.CUSTOMER_SUPPLIED: lambda _: "sent what was asked for",
    FactType.PREFERENCES_CHANGED: lambda fact: f"changed how the customer is written to{_wishes(fact)}",
    FactType.LINKED: lambda fact: f"linked {fact.detail.get('case_id')} ({plainly(fact.detail.get('relation'))})",
    FactType.ABSORBED: lambda fact: f"merged {fact.detail.get('case_id')} into this case",
    FactType.MERGED: lambda fact: f"merged it into {fact.detail.get('into')}",
    FactType.WITHDRAWN: lambda _: "withdrew it",
    FactType.RESOLVED: lambda fact: (
        f"resolved it: {plainly(fact.detail.get('outcome'))}" + (f", {fact.detail['amounts']}" if fact.detail.get("amounts") else "")
    ),
    FactType.REOPENED: lambda fact: f"reopened it: {plainly(fact.detail.get('because'))}",
    FactType.FEEDBACK_GIVEN: _feedback,
    FactType.REPORTED: lambda fact: (
        f"reported {plainly(fact.detail.get('name'))}"
        + (f": {fact.detail['old_reference']} became {fact.detail.get('new_reference')}" if fact.detail.get("old_reference") else "")
    ),
    FactType.POLICY_CHANGED: lambda fact: f"put it under policy {fact.detail.get('after')} instead of {fact.detail.get('before')}",
}
_HAPPENED: dict[FactType, Callable[[Fact], str]] = {
    FactType.OPENED: lambda fact: f"Opened: {plainly(fact.detail.get('reason') or 'no reason given')}, policy {fact.detail.get('policy')}",
    FactType.PROVIDER_STATUS: _told_status,
    FactType.PROVIDER_UNREACHABLE: lambda _: "The provider does not answer",
    FactType.REFERENCE_UNKNOWN: lambda fact: f"{fact.detail.get('provider')} does not know {fact.detail.get('reference')}",
    FactType.PAYMENT_REPLACED: lambda fact: f"Payment {fact.detail.get('old')} was replaced by {fact.detail.get('new')}",
    FactType.CLOCK_STARTED: lambda fact: _clock(fact, "started"),
    FactType.CLOCK_MET: lambda fact: _clock(fact, "met" if not fact.detail.get("late") else "met, late"),
    FactType.CLOCK_BREACHED: lambda fact: _clock(fact, "breached"),
    FactType.THRESHOLD_FIRED: lambda fact: _rung(fact, "fired"),
    FactType.THRESHOLD_PASSED: lambda fact: _rung(fact, "passed silently"),
    FactType.ASK_REMINDED: lambda fact: f"The customer was reminded: {plainly(fact.detail.get('reason'))}",
    FactType.ASK_EXPIRED: lambda fact: f"The customer did not answer in time: {plainly(fact.detail.get('reason'))}",
    FactType.FEEDBACK_ASKED: lambda _: "Feedback asked for",
    FactType.FEEDBACK_EXPIRED: lambda _: "The feedback request expired",
    FactType.FEEDBACK_WITHDRAWN: lambda _: "The feedback request was withdrawn",
    FactType.RECOVERY_OPENED: lambda fact: f"Recovery opened for {fact.detail.get('owner') or 'nobody yet'}",
    FactType.RECOVERY_ENDED: lambda _: "Recovery ended",
    FactType.MESSAGE_ACCEPTED: lambda fact: _message(fact, "accepted by its provider"),
    FactType.MESSAGE_REFUSED: lambda fact: _message(fact, "refused"),
    FactType.MESSAGE_PARKED: lambda fact: _message(fact, "parked"),
    FactType.MESSAGE_UNKNOWN: lambda fact: _message(fact, "may have been sent"),
    FactType.MESSAGE_SKIPPED: lambda fact: _message(fact, "not sent"),
    FactType.MESSAGE_UNDELIVERED: lambda fact: _message(fact, "did not arrive"),
    FactType.PROMISE_ENDED: _promise,
    FactType.REFUSED_SIGNAL: lambda fact: f"A signal was refused ({fact.detail.get('signal')}): {fact.detail.get('reason')}",
    FactType.JOB_FAILED: lambda fact: f"A job failed ({plainly(fact.detail.get('job'))}): {plainly(fact.detail.get('reason'))}",
    FactType.TAIL_ENDED: lambda _: "The watch after the resolution ended",
    FactType.CLOSED: lambda _: "Closed",
}


def told(fact: Fact) -> str:
    """One line, without its moment."""
    done = _DONE.get(fact.type)
    if done is not None:
        provider = fact.by.who if fact.by is not None and fact.by.role is Role.PROVIDER else None
        comma = "," if fact.by is not None and fact.by.api_key is not None else ""
        return f"{who(fact.by) or provider or 'Makegood'}{comma} {done(fact)}"
    happened = _HAPPENED.get(fact.type)
    return happened(fact) if happened is not None else plainly(fact.type.value).capitalize()
