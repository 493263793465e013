"""Refusals: may this be done now?

Owns every refusal, a sentence that names the field and what would be right. A refusal leaves nothing in the history. Must never change
the state. Called by the workflow's validators and, before an act, by its handlers.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from policies.book import Outcome, Policy
from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.state import CaseState, Target
from policies.case.vocabulary import OWN_FACTS, CallResult, MessageClass, MessageKind, Role
from policies.money import Money, check_currency, plain_money, total
from policies.rules.v1 import cadence, clocks, outcomes, provider_news
from policies.rules.v1.bounds import over_bounds
from policies.rules.v1.memory import MOST_FACT_NAMES, MOST_LINKS, MOST_TARGETS

_PEOPLE = (Role.AGENT, Role.LEAD, Role.ADMIN)
_LEADS = (Role.LEAD, Role.ADMIN)
# These acts change what the customer gets ...
_NEEDS_LEAD = frozenset({"resolve", "extend", "reassign", "merge", "withdraw", "change_policy"})
# ... and these also who is responsible and what is waited for: a viewer of the timeline must be able to tell why.
_NEEDS_WHY = _NEEDS_LEAD | {"hold", "escalate"}
_FACT_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EVIDENCE = re.compile(r"\S+#sha256=[0-9a-f]{64}")
_LONGEST_EXTENSION = timedelta(days=366)  # what is longer is a slip in the year
_LIFETIME = timedelta(days=3660)  # no case is older, no word is given for later; the engine's timers end after some centuries


def refusal(state: CaseState, name: str, command: Any, now: datetime) -> str | None:
    """Why the command may not be done now; None if it may."""
    if state.closed_at is not None:
        return f"the case was closed at {state.closed_at.isoformat()}; open a new case that links to it"
    if (too_much := over_bounds(command)) is not None:  # first: other refusals repeat what was given
        return too_much
    by: Actor = command.by
    if not by.who.strip():
        return "by.who is empty; say who acts"
    if name in _NEEDS_LEAD and by.role not in _LEADS:
        return f"by.role is {by.role.value}; {name} is for a lead or an admin"
    if name not in ("feedback", "preferences", "customer_reply", "report_fact") and by.role not in _PEOPLE:
        return f"by.role is {by.role.value}; {name} is for agents, leads and admins"
    if name == "report_fact" and by.role is Role.CUSTOMER and command.name != "customer_supplied":
        return f"by.role is customer; {command.name} is reported by agents, leads and admins"
    check = _CHECKS.get(name)
    wrong = check(state, command, now) if check is not None else None
    if wrong is None and name in _NEEDS_WHY and not (by.why or "").strip():
        return f"by.why is empty; {name} needs a reason in a few words, it stands on the timeline"
    return wrong


def moved_on(state: CaseState, command: c.Command) -> str | None:
    """Whether more has happened than the command was decided on; None if not, or if it does not say.

    What the case only notes of its own doings (`Fact.quiet`) changes nothing for who decides: lists are behind by it.
    """
    seq = command.if_seq
    if seq is None or seq == state.fact_seq:
        return None
    since = [fact for fact in state.facts if fact.seq > seq]
    if seq < state.fact_seq and len(since) == state.fact_seq - seq and all(fact.quiet for fact in since):
        return None
    return f"the case has moved on: its newest fact is {state.fact_seq}, this was decided on {command.if_seq}; look at it and decide anew"


def _not_ahead(name: str, moment: datetime, now: datetime) -> str | None:
    if moment <= now:
        return f"{name} {moment.isoformat()} has passed; right would be a moment after {now.isoformat()}"
    if moment > now + _LIFETIME:
        return f"{name} {moment.isoformat()} is more than ten years away; right would be a moment a person will live to see"
    return None


def _still_open(state: CaseState, verb: str) -> str | None:
    if state.resolution is None:
        return None
    record = state.resolution
    return (
        f"the case was resolved as {record.outcome} by {record.by.who} at {record.decided_at.isoformat()}; it cannot be {verb} "
        "unless it is reopened"
    )


def _check_resolve(state: CaseState, command: c.Resolve, now: datetime) -> str | None:
    if (closed := _still_open(state, "resolved again")) is not None:
        return closed
    policy = state.start.policy.policy
    outcome = policy.outcome(command.outcome)
    if outcome is None:
        allowed = ", ".join(item.code for item in policy.outcomes)
        wrong = f'outcome "{command.outcome}" is not in the policy book for this case' if command.outcome else "outcome is missing"
        return f"{wrong}; right would be one of {allowed}"
    if outcome.rests_on_provider and outcomes.settled_at(state) is None:
        return f"outcome {command.outcome} rests on the provider, which has not reported it done; wait for it or choose another outcome"
    if outcome.needs_amount and not command.amounts:
        return f"amounts is empty; outcome {command.outcome} needs what the customer gets (amount_minor, currency)"
    for money in command.amounts:
        if money.amount_minor <= 0:
            return "amounts.amount_minor must be more than 0"
        try:
            check_currency(money.currency)
        except ValueError as error:
            return f"amounts.currency: {error}"
    paid_in = {target.currency for target in state.targets if target.currency is not None}
    foreign = sorted({money.currency for money in command.amounts} - paid_in) if paid_in else []
    if foreign and command.by.role is not Role.ADMIN:
        right = " or ".join(sorted(paid_in))
        return f"amounts.currency {foreign[0]} is not what was paid in; right would be {right}, another one needs an admin"
    if any(not _EVIDENCE.fullmatch(address) for address in command.evidence):
        return "evidence: right would be an address and its hash, for example https://files.example/1.pdf#sha256=<64 hex digits>"
    return _over_the_limit(policy, outcome, command) if outcome.limited and command.by.role is not Role.ADMIN else None


def _over_the_limit(policy: Policy, outcome: Outcome, command: c.Resolve) -> str | None:
    for money in total(command.amounts):
        limit = policy.goodwill_limits.get(money.currency)
        if limit is None:
            return f"amounts: the policy has no limit for {outcome.code} in {money.currency}; such an amount needs an admin"
        if money.amount_minor > limit:
            most = plain_money(Money(amount_minor=limit, currency=money.currency))
            return f"amounts: {outcome.code} over {most} needs an admin"
    return None


def _check_hold(state: CaseState, command: c.HoldCase, now: datetime) -> str | None:
    if (closed := _still_open(state, "put on hold")) is not None:
        return closed
    if state.hold is not None:
        by = state.hold.by.who if state.hold.by else "makegood"
        return f"the case is on hold already ({state.hold.reason}, since {state.hold.since.isoformat()}, by {by})"
    policy = state.start.policy.policy
    if policy.hold_reason(command.reason) is None:
        allowed = ", ".join(item.code for item in policy.hold_reasons)
        wrong = f'reason "{command.reason}" is no hold reason of the policy' if command.reason else "reason is missing"
        return f"{wrong}; right would be one of {allowed}"
    return _not_ahead("until", command.until, now) if command.until is not None else None


def _check_resume(state: CaseState, command: c.Resume, now: datetime) -> str | None:
    return None if state.hold is not None else "the case is not on hold"


def _check_escalate(state: CaseState, command: c.Escalate, now: datetime) -> str | None:
    if command.to is not None and _FACT_NAME.fullmatch(command.to) is None:
        return "to is no role; right would be lower case, for example lead or head"  # never a person: it stands in the history
    if command.level is None:
        return None if state.escalation < 9 else "level 9 is the highest; the case is there already"
    if not 1 <= command.level <= 9:
        return f"level {command.level} is out of range; right would be 1 to 9"
    if command.level <= state.escalation:
        return f"level {command.level} is not above the present level {state.escalation}"
    return None


def _check_extend(state: CaseState, command: c.Extend, now: datetime) -> str | None:
    if (closed := _still_open(state, "extended")) is not None:
        return closed
    if command.until is None:
        return "until is missing; right would be the new date of resolution, for example 2026-03-20T17:00:00+01:00"
    if (wrong := _not_ahead("until", command.until, now)) is not None:
        return wrong
    if command.until > now + _LONGEST_EXTENSION:
        return f"until {command.until.isoformat()} is more than a year away; right would be a date that a customer can wait for"
    fixed, told = clocks.strictest_fixed(state), clocks.resolve_by(state, now)
    if fixed is not None and command.until > fixed.due_at:
        return (
            f"until {command.until.isoformat()} is after {fixed.id}, which never moves; right would be {fixed.due_at.isoformat()} or before"
        )
    if fixed is not None and told == fixed.due_at:
        return f"until: the date that the customer has, {told.isoformat()}, is that of {fixed.id}, which never moves"
    if told is not None and command.until <= told:
        return (
            f"until {command.until.isoformat()} is not after {told.isoformat()}, the date that the customer has; "
            "right would be a later one, or a reply with the good news"
        )
    return None


def _check_reassign(state: CaseState, command: c.Reassign, now: datetime) -> str | None:
    if not command.owner:
        return "owner is empty; name who takes the case"
    return f"the case is {command.owner}'s already" if command.owner == state.owner else None


def _check_text(state: CaseState, command: c.Reply | c.Note, now: datetime) -> str | None:
    return None if command.text_ref else "text_ref is empty; the text must be in the store first"


def _check_phone(state: CaseState, command: c.PhoneContact, now: datetime) -> str | None:
    spoken_with = command.result is None or command.result is CallResult.REACHED
    if command.reached and not spoken_with:
        return f"result {command.result}: nobody was spoken with; right would be reached = false"
    if not command.reached and command.result is CallResult.REACHED:
        return "result reached: the customer was spoken with; right would be reached = true"
    if command.unsaid_message_id is not None and (spoken_with or command.result is CallResult.VOICEMAIL):
        return "unsaid_message_id: it was said; right would be no_answer, wrong_number or refused as the result"
    if command.promised_at is None:
        return None
    if not command.reached:
        return "promised_at: nobody was reached, so nothing was promised"
    if (wrong := _not_ahead("promised_at", command.promised_at, now)) is not None:
        return wrong
    if state.resolution is not None:
        return "promised_at: the case is resolved, no next word is promised; use a reply instead"
    if MessageClass.STATUS in state.reach.opted_out:
        return "promised_at: the customer opted out of updates, so no next word would be sent; change the preferences first"
    allowed = cadence.may_write_at(state, [MessageKind.UPDATE], command.promised_at)
    if allowed != command.promised_at:
        return (
            f"promised_at {command.promised_at.isoformat()} lies in the customer's quiet hours; "
            f"right would be {allowed.isoformat()} or a time at which we may write"
        )
    return None


def _check_fact(state: CaseState, command: c.ReportFact, now: datetime) -> str | None:
    if not command.name:
        return "name is empty; right would be for example goods_received, evidence_submitted, customer_supplied"
    if not _FACT_NAME.fullmatch(command.name):
        return "name: right would be lower case letters, digits and underscores, for example goods_received"
    if command.name in OWN_FACTS:
        return f"name {command.name} is a fact that the case finds out by itself; use the command that brings it about"
    if command.occurred_at is not None and command.occurred_at > now:
        return f"occurred_at {command.occurred_at.isoformat()} lies in the future; facts have happened"
    if command.occurred_at is not None and command.occurred_at < now - _LIFETIME:
        return f"occurred_at {command.occurred_at.isoformat()} is more than ten years ago"
    if command.name == "payment_replaced":
        return _check_replacement(state, command)
    return _too_many_facts(state, command.name)


def _check_replacement(state: CaseState, command: c.ReportFact) -> str | None:
    found = replaced_by_it(state, command)
    if not found:
        where = f" at {command.provider}" if command.provider is not None else ""
        return f"old_reference {command.old_reference} is no payment of this case{where}"
    if len(providers := sorted({target.provider for target in found})) > 1:
        return f"provider is missing; old_reference {command.old_reference} stands at {', '.join(providers)}"
    old = found[0]
    if not command.new_reference:
        return "new_reference is empty; name the refund that takes its place"
    if old.replaced_by is not None:
        return f"old_reference {command.old_reference} was replaced by {old.replaced_by} already"
    if any(target.reference == command.new_reference and target.provider == old.provider for target in state.targets):
        return f"new_reference {command.new_reference} belongs to this case already; name the refund that was issued instead"
    if not provider_news.room_for_payment(state, old, command.new_reference):
        return f"new_reference: this case has {MOST_TARGETS} payments, the most that one may have; open a new case that links to it"
    return None


def replaced_by_it(state: CaseState, command: c.ReportFact) -> list[Target]:
    """The payments that may be meant: two providers may have given the same reference."""
    return [target for target in state.targets if target.reference == command.old_reference and command.provider in (None, target.provider)]


def _too_many_facts(state: CaseState, name: str) -> str | None:
    # What the case itself acts upon is never one too many; the first is not kept by name, the second is one.
    if name in state.named_facts or name in ("payment_replaced", "customer_supplied"):
        return None
    if len(state.named_facts.keys() - OWN_FACTS) < MOST_FACT_NAMES:
        return None
    return f"name: this case knows {MOST_FACT_NAMES} facts by name, the most that one may have; keep {name} as a note"


def _check_link(state: CaseState, command: c.Link, now: datetime) -> str | None:
    if not command.case_id:
        return "case_id is empty"
    if command.case_id == state.start.case_id:
        return "case_id: a case is not linked to itself"
    if command.case_id in state.links:
        return f"case_id: {command.case_id} is linked already"
    return _too_many_links(state)


def _too_many_links(state: CaseState) -> str | None:
    if len(state.links) < MOST_LINKS:
        return None
    return f"case_id: this case is linked to {MOST_LINKS} others, the most that one may have; link from the other case instead"


def _check_absorb(state: CaseState, command: c.Absorb, now: datetime) -> str | None:
    if not command.case_id:
        return "case_id is empty; name the case that is merged into this one"
    if command.case_id == state.start.case_id:
        return "case_id: a case is not merged into itself"
    return None if command.case_id in state.links else _too_many_links(state)


def _check_merge(state: CaseState, command: c.Merge, now: datetime) -> str | None:
    if not command.into or command.into == state.start.case_id:
        return "into: name another case"
    return _still_open(state, "merged")


def _check_withdraw(state: CaseState, command: c.Withdraw, now: datetime) -> str | None:
    return _still_open(state, "withdrawn")


def _check_feedback(state: CaseState, command: c.GiveFeedback, now: datetime) -> str | None:
    if state.resolution is None:
        return "the case is open: there is no resolution to rate yet"
    # The customer may be faster than the news that the request was accepted.
    on_its_way = state.in_flight is not None and state.in_flight.kind is MessageKind.FEEDBACK_REQUEST
    if state.feedback is None or (state.feedback.asked_at is None and not state.feedback.ended and not on_its_way):
        return "feedback has not been asked for yet"
    if state.feedback.ended in ("expired", "withdrawn", "skipped"):
        return f"the feedback request is no longer open ({state.feedback.ended})"
    if command.csat is None and command.nps is None:
        return "csat and nps are both missing; right would be csat 1 to 5 or nps 0 to 10"
    if command.csat is not None and not 1 <= command.csat <= 5:
        return f"csat {command.csat} is out of range; right would be 1 to 5"
    if command.nps is not None and not 0 <= command.nps <= 10:
        return f"nps {command.nps} is out of range; right would be 0 to 10"
    return None


def _check_preferences(state: CaseState, command: c.ChangePreferences, now: datetime) -> str | None:
    if not command.reach.channels:
        return "reach.channels is empty; name at least one channel on which the customer can be reached"
    moved = command.contact_before is not None and command.contact_before != state.start.contact_ref
    if moved or (command.before is not None and command.before != state.reach):
        return "before: the customer's wishes were changed meanwhile; look again and repeat"  # an opt-out must not be lost
    if MessageClass.MANDATORY in command.reach.opted_out:
        return "reach.opted_out: mandatory messages cannot be opted out of; right would be status or survey"
    return None


def _check_customer_reply(state: CaseState, command: c.CustomerReply, now: datetime) -> str | None:
    return None if command.text_ref or command.supplied or command.not_solved else "text_ref is empty; nothing was said"


def _check_policy(state: CaseState, command: c.ChangePolicy, now: datetime) -> str | None:
    policy = command.policy
    if policy.policy.kind is not state.start.kind:
        return f"policy {policy.policy.id} is for a {policy.policy.kind.value}, this case is a {state.start.kind.value}"
    if policy.checksum == state.start.policy.checksum:
        return f"policy {policy.policy.id} rules this case already"
    if policy.rules != state.start.policy.rules:
        return f"policy {policy.policy.id} needs rules {policy.rules}; this case lives under rules {state.start.policy.rules}"
    if state.hold is not None and policy.policy.hold_reason(state.hold.reason) is None:
        return f"policy {policy.policy.id} does not know the present hold reason {state.hold.reason}; resume the case first"
    return _still_open(state, "ruled by another policy")


_CHECKS: dict[str, Callable[[CaseState, Any, datetime], str | None]] = {
    "resolve": _check_resolve,
    "hold": _check_hold,
    "resume": _check_resume,
    "escalate": _check_escalate,
    "extend": _check_extend,
    "reassign": _check_reassign,
    "reply": _check_text,
    "note": _check_text,
    "phone_contact": _check_phone,
    "report_fact": _check_fact,
    "link": _check_link,
    "absorb": _check_absorb,
    "merge": _check_merge,
    "withdraw": _check_withdraw,
    "feedback": _check_feedback,
    "preferences": _check_preferences,
    "customer_reply": _check_customer_reply,
    "change_policy": _check_policy,
}
