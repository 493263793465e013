"""What a person must do about a case now, and what it does by itself next.

Owns this short list: what stands on top of the page. Must never invent urgency: each duty follows from a fact or a clock that runs. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.case.facts import Fact
from policies.case.vocabulary import CaseStatus, FactType
from policies.providers.statuses import TROUBLE
from starter.web.console.case.clocks import Clock
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.parts import Part
from starter.web.console.case.said_of_facts import plainly

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
    "watch": "The provider is asked again",
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
    found: list[Duty] = []
    waits = unanswered_since(case.facts)
    if waits is not None:
        due = next((clock.due_at for clock in clocks if clock.runs and clock.id == "next_response"), None)
        found.append(Duty("The customer waits for an answer", since=waits, due_at=due, act="reply"))
    for clock in clocks:
        if clock.state == "breached" and clock.id != "next_response":
            found.append(Duty(f"Clock {plainly(clock.id)} is breached", since=clock.breached_at, act="resolve"))
    for part in parts:
        if not part.replaced_by and part.status in TROUBLE[part.type] and case.status is not CaseStatus.RESOLVED:
            found.append(Duty(f"{part.reference} at {part.provider}: {plainly(part.status)}", since=part.status_at, act="replaced"))
        elif not part.replaced_by and part.status == "needs_response" and case.status is not CaseStatus.RESOLVED:
            found.append(Duty(f"The bank wants an answer on {part.reference}", since=part.status_at, act="fact"))
    if _last(case.facts, FactType.MESSAGE_REFUSED, FactType.PREFERENCES_CHANGED) is FactType.MESSAGE_REFUSED:
        since = next(fact.occurred_at for fact in reversed(case.facts) if fact.type is FactType.MESSAGE_REFUSED)
        found.append(Duty("No message reaches the customer: mend the contact data", since=since, act="preferences"))
    if _last(case.facts, FactType.RECOVERY_OPENED, FactType.RECOVERY_ENDED) is FactType.RECOVERY_OPENED:
        since = next(fact.occurred_at for fact in reversed(case.facts) if fact.type is FactType.RECOVERY_OPENED)
        due = next((clock.due_at for clock in clocks if clock.runs and clock.id == "recovery"), None)
        found.append(Duty("The customer rated us low: speak with them", since=since, due_at=due, act="phone"))
    for task in case.head.tasks:
        at = task.next_try_at or task.due_at
        found.append(Duty(f"A call to make: {plainly(task.reason)}", due_at=at, act=f"calls/{task.task_id}", grave=at <= now))
    for clock in clocks:
        warned = [mark for mark in clock.marks if mark.done == "fired"]
        if clock.state == "running" and warned and clock.id != "next_response":
            found.append(Duty(f"Clock {plainly(clock.id)} is at risk", due_at=clock.due_at, grave=False))
    return sorted(found, key=lambda duty: not duty.grave)


def unanswered_since(facts: Sequence[Fact]) -> datetime | None:
    """Since when a customer's words wait for a person's."""
    since: datetime | None = None
    for fact in facts:
        if fact.type is FactType.CUSTOMER_REPLIED and fact.detail.get("text_ref"):
            since = since or fact.occurred_at
        elif (
            fact.type is FactType.LEAD_REPLIED
            or (fact.type is FactType.PHONE_CONTACT and fact.detail.get("reached"))
            or (fact.type is FactType.RESOLVED and fact.by is not None and fact.by.role.value in ("agent", "lead", "admin"))
        ):
            since = None
    return since


def _last(facts: Sequence[Fact], *kinds: FactType) -> FactType | None:
    return next((fact.type for fact in reversed(facts) if fact.type in kinds), None)
