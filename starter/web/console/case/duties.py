"""What a person must do about a case now, and what it does by itself next.

Owns this short list: what stands on top of the page. Must never invent urgency: each duty follows from a fact or a clock that runs. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.case.facts import Fact
from policies.case.vocabulary import CaseStatus, FactType, Role
from policies.providers.statuses import SETTLED, TROUBLE
from starter.web.console.case.clocks import Clock
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.parts import Part
from starter.web.console.case.said_of_facts import plainly

_OF_TALK = ("next_response", "recovery")  # their duties say what the clock is about
_WATCH = "watch_provider"  # the job, as the fact of its failure names it
# What the agenda names, as a sentence begins.
NEXT_WORDS = {
    "write": "Makegood writes to the customer",
    "update": "Makegood sends the next word",
    "look_for_arrival": "Makegood looks whether a message arrived",
    "write_books": "Makegood writes the books again",
    "tell_people": "Makegood tells people again",
    "warn": "A warning fires",
    "breach": "A clock is breached",
    "ladder": "The ladder goes on",
    "new_date": "The new date is due that the customer was given",
    "ask_reminder": "The customer is reminded",
    "ask_expires": "The customer's time to answer ends",
    "hold_ends": "The hold ends by itself",
    "feedback": "Feedback is asked for",
    "feedback_reminder": "The customer is reminded of the feedback",
    "feedback_expires": "The feedback request expires",
    "money_check": "The customer is asked whether the money arrived",
    "tail_ends": "The watch ends and the case may close",
    "watch": "The provider or carrier is asked again",
}


@dataclass(frozen=True, slots=True)
class Duty:
    """`act`: the page on which it is done; None: it is seen on this one."""

    words: str
    since: datetime | None = None
    due_at: datetime | None = None
    act: str | None = None
    grave: bool = True


def duties_of(case: CaseSeen, clocks: Sequence[Clock], parts: Sequence[Part], now: datetime) -> list[Duty]:
    """The gravest first. Empty: the case moves by itself."""
    if case.closed:
        return []
    found = [*_talk(case, clocks), *_clocks(clocks), *(_parts(parts) if case.status is not CaseStatus.RESOLVED else [])]
    if case.status is not CaseStatus.RESOLVED:
        found += _unwatched(case, parts)
    for task in case.head.tasks:
        at = task.next_try_at or task.due_at
        found.append(Duty(f"A call to make: {plainly(task.reason)}", due_at=at, act=f"calls/{task.task_id}", grave=at <= now))
    return sorted(found, key=lambda duty: not duty.grave)


def _talk(case: CaseSeen, clocks: Sequence[Clock]) -> list[Duty]:
    due = {clock.id: clock.due_at for clock in clocks if clock.runs}
    found = []
    waits = unanswered_since(case.facts)
    if waits is not None:
        found.append(Duty("The customer waits for an answer", since=waits, due_at=due.get("next_response"), act="reply"))
    refused = _open_since(case.facts, FactType.MESSAGE_REFUSED, FactType.PREFERENCES_CHANGED)
    if refused is not None:
        found.append(Duty("No message reaches the customer: mend the contact data", since=refused, act="preferences"))
    low = _open_since(case.facts, FactType.RECOVERY_OPENED, FactType.RECOVERY_ENDED)
    if low is not None:
        found.append(Duty("The customer rated us low: speak with them", since=low, due_at=due.get("recovery"), act="phone"))
    return found


def _clocks(clocks: Sequence[Clock]) -> list[Duty]:
    found = []
    for clock in clocks:
        if clock.id in _OF_TALK:
            continue
        if clock.state == "breached":
            found.append(Duty(f"The clock {plainly(clock.id)} is breached", since=clock.breached_at, act="resolve"))
        elif clock.state == "running" and any(mark.done == "fired" for mark in clock.marks):
            found.append(Duty(f"The clock {plainly(clock.id)} is at risk", due_at=clock.due_at, grave=False))
    return found


def _parts(parts: Sequence[Part]) -> list[Duty]:
    found = []
    for part in parts:
        if part.replaced_by:
            continue
        if part.status in TROUBLE[part.type]:
            found.append(Duty(f"{part.reference} at {part.provider}: {plainly(part.status)}", since=part.status_at, act="replaced"))
        elif part.status == "needs_response":
            found.append(Duty(f"The bank wants an answer on {part.reference}", since=part.status_at, act="fact"))
    return found


def _unwatched(case: CaseSeen, parts: Sequence[Part]) -> list[Duty]:
    """Of which no news comes by itself: the case does not move until somebody mends it, or tells it what happened."""
    waiting = [part for part in parts if not part.replaced_by and part.status not in SETTLED[part.type] | TROUBLE[part.type]]
    failed = next((fact for fact in reversed(case.facts) if fact.type is FactType.JOB_FAILED and fact.detail.get("job") == _WATCH), None)
    found = []
    # Each that has answered since is asked again.
    silent = [part for part in waiting if failed is not None and not _answered_after(part, failed.learned_at)]
    if silent and failed is not None:
        names = ", ".join(dict.fromkeys(part.provider for part in silent))
        words = f"{names} cannot be asked ({plainly(failed.detail.get('reason'))}): an operator must mend the settings"
        found.append(Duty(words, since=failed.learned_at))
    strange = {fact.detail.get("reference") for fact in case.facts if fact.type is FactType.REFERENCE_UNKNOWN}
    told_at = max((fact.learned_at for fact in case.facts if fact.type is FactType.PROVIDER_UNREACHABLE), default=None)
    for part in waiting:  # as soon as a person was told of it: a hiccup is none's duty
        if part.unheard and part.reference in strange and part not in silent:
            found.append(Duty(f"{part.provider} does not know {part.reference}: check the reference", act="replaced", grave=False))
            continue
        since = part.check.failing_since if part.check is not None else None
        if since is not None and told_at is not None and told_at > since and part not in silent:
            found.append(Duty(f"{part.provider} does not answer about {part.reference}", since=since, grave=False))
    return found


def _answered_after(part: Part, at: datetime) -> bool:
    return part.check is not None and part.check.last_answered_at is not None and part.check.last_answered_at > at


def unanswered_since(facts: Sequence[Fact]) -> datetime | None:
    """Since when a customer's words wait for a person's."""
    since: datetime | None = None
    for fact in facts:
        if fact.type is FactType.CUSTOMER_REPLIED and fact.detail.get("text_ref"):
            since = since or fact.occurred_at
        elif _answers(fact):
            since = None
    return since


def _answers(fact: Fact) -> bool:
    if fact.type is FactType.RESOLVED:  # a person's resolution answers; the provider's leaves the question open
        return fact.by is not None and fact.by.role in (Role.AGENT, Role.LEAD, Role.ADMIN)
    return fact.type is FactType.LEAD_REPLIED or (fact.type is FactType.PHONE_CONTACT and bool(fact.detail.get("reached")))


def _open_since(facts: Sequence[Fact], begins: FactType, ends: FactType) -> datetime | None:
    """When the last of the first kind occurred, if none of the second has followed it."""
    last = next((fact for fact in reversed(facts) if fact.type in (begins, ends)), None)
    return last.occurred_at if last is not None and last.type is begins else None
