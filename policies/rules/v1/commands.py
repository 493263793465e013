"""Commands: what people and other systems do to a case, with who, role and why.

Owns every act. Must never judge whether it may be done now: refusals.py has been asked. Called by the workflow's handlers.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.state import CaseState, Need, PromiseState
from policies.case.vocabulary import CallResult, CaseStatus, Channel, FactType, MessageClass, MessageKind, PromiseEnd, Role
from policies.rules.v1 import clocks, deliveries, feedback, messages, outcomes, provider_news
from policies.rules.v1.life import named_fact, stale_watch
from policies.rules.v1.memory import alert, end_promise, need, remember
from policies.rules.v1.refusals import replaced_by_it


def apply(state: CaseState, name: str, command: Any, now: datetime) -> None:
    """Do it. The caller has asked `refusal` first."""
    _ACTS[name](state, command, now)


def _resolve(state: CaseState, command: c.Resolve, now: datetime) -> None:
    outcomes.resolve(
        state,
        command.outcome,
        command.by,
        now,
        amounts=command.amounts or None,
        references=command.references or None,
        evidence=command.evidence or None,
    )


def _hold(state: CaseState, command: c.HoldCase, now: datetime) -> None:
    provider_news.begin_hold(state, command.reason, command.by, now, until=command.until)


def _resume(state: CaseState, command: c.Resume, now: datetime) -> None:
    provider_news.lift_hold(state, command.by, now, why=command.by.why or "resumed")


def _escalate(state: CaseState, command: c.Escalate, now: datetime) -> None:
    level = command.level if command.level is not None else state.escalation + 1
    to = command.to or _role_of_level(state, level)
    remember(state, FactType.ESCALATED, now, by=command.by, level=level, to=to)
    alert(state, to, level, "escalated", now, due_at=clocks.resolve_by(state))


def _role_of_level(state: CaseState, level: int) -> str:
    rungs = [rung for clock in state.start.policy.policy.clocks for rung in clock.ladder if rung.level <= level]
    return max(rungs, key=lambda rung: rung.level).to if rungs else "lead"


def _extend(state: CaseState, command: c.Extend, now: datetime) -> None:
    if command.until is None:
        return
    before = clocks.resolve_by(state)
    clocks.extend_internal(state, command.until, now)
    clocks.give_new_date(state, command.until, now)
    remember(
        state,
        FactType.EXTENDED,
        now,
        by=command.by,
        until=command.until.isoformat(),
        before=before.isoformat() if before else None,
    )
    need(state, MessageKind.EXTENSION, now)


def _reassign(state: CaseState, command: c.Reassign, now: datetime) -> None:
    remember(state, FactType.REASSIGNED, now, by=command.by, before=state.owner, owner=command.owner)
    state.owner = command.owner
    alert(state, "owner", state.escalation, "reassigned", now)


def _reply(state: CaseState, command: c.Reply, now: datetime) -> None:
    remember(state, FactType.LEAD_REPLIED, now, by=command.by, text_ref=command.text_ref)
    state.unanswered_since = None
    clocks.end_clocks(state, "lead_replied", now, now)
    feedback.recovered(state, now)
    need(state, MessageKind.REPLY, now, text_ref=command.text_ref)


def _note(state: CaseState, command: c.Note, now: datetime) -> None:
    remember(state, FactType.NOTED, now, by=command.by, text_ref=command.text_ref)


def _phone_contact(state: CaseState, command: c.PhoneContact, now: datetime) -> None:
    promised = command.promised_at
    remember(
        state,
        FactType.PHONE_CONTACT,
        now,
        by=command.by,
        reached=command.reached,
        text_ref=command.text_ref,
        promised_at=promised.isoformat() if promised else None,
        result=command.result.value if command.result is not None else None,
        task_id=command.task_id,
    )
    if not command.reached:
        _not_said(state, command, now)
        return
    state.unanswered_since = None
    clocks.end_clocks(state, "lead_replied", now, now)
    feedback.recovered(state, now)
    if promised is None:
        return
    if state.promise is not None:
        # The call is itself a word to the customer: what was promised by now is kept by it, what was promised for later is replaced.
        grace = state.start.policy.policy.cadence.grace.elapsed()
        overdue = now >= state.promise.due_at
        late = now > state.promise.due_at + grace
        end_promise(
            state,
            PromiseEnd.LATE if late else PromiseEnd.KEPT if overdue else PromiseEnd.SUPERSEDED,
            now,
            now,
            why="phone",
        )
    number = messages.next_promise_number(state)
    given = PromiseState(number=number, made_at=now, due_at=promised, made_by=f"phone:{command.by.who}", cycle=state.cycle)
    messages.promised(state, given)


def _not_said(state: CaseState, command: c.PhoneContact, now: datetime) -> None:
    """The call was to speak a message, and did not: as if the voice provider had reported it undelivered."""
    if command.unsaid_message_id is None or command.result is None:
        return
    report = c.DeliveryReport(
        message_id=command.unsaid_message_id,
        delivery_id=command.unsaid_delivery_id or command.unsaid_message_id,
        channel=Channel.VOICE,
        state="undelivered",
        permanent=command.result is CallResult.WRONG_NUMBER,
        reason=command.result.value,
        at=now,
    )
    deliveries.not_delivered(state, report, now)


def _report_fact(state: CaseState, command: c.ReportFact, now: datetime) -> None:
    at = command.occurred_at or now
    remember(
        state,
        FactType.REPORTED,
        now,
        by=command.by,
        occurred_at=at,
        name=command.name,
        old_reference=command.old_reference,
        new_reference=command.new_reference,
    )
    if command.name == "payment_replaced":
        old = replaced_by_it(state, command)[0]
        provider_news.replace_payment(state, old, command.new_reference or "", now)
        if state.resolution is None:
            provider_news.want_settlement(state, now)
            stale_watch(state)
            need(state, MessageKind.NEWS, now)
            state.last_news_at = now
        return
    if command.name == "customer_supplied":
        _supplied(state, command.by, now)
    named_fact(state, command.name, at, now)


def _supplied(state: CaseState, by: Actor, now: datetime) -> None:
    remember(state, FactType.CUSTOMER_SUPPLIED, now, by=by)
    if state.hold is not None and state.status is CaseStatus.WAITING_ON_CUSTOMER:
        outcomes.end_hold(state, by, now, why="supplied")
        need(state, MessageKind.NEWS, now)
        state.last_news_at = now
        alert(state, "owner", state.escalation, "customer_supplied", now)


def _link(state: CaseState, command: c.Link, now: datetime) -> None:
    state.links.append(command.case_id)
    remember(state, FactType.LINKED, now, by=command.by, case_id=command.case_id, relation=command.relation)


def _absorb(state: CaseState, command: c.Absorb, now: datetime) -> None:
    before = clocks.resolve_by(state)
    if command.case_id not in state.links:
        state.links.append(command.case_id)
    remember(
        state,
        FactType.ABSORBED,
        now,
        by=command.by,
        case_id=command.case_id,
        resolve_by=command.resolve_by.isoformat() if command.resolve_by else None,
    )
    date = command.resolve_by
    if date is not None and state.resolution is None and date > now and (before is None or date < before):
        clocks.pull_in(state, date)  # the strictest clock survives, with its warnings and its breach
        clocks.give_new_date(state, date, now)
        need(state, MessageKind.EXTENSION, now)


def _merge(state: CaseState, command: c.Merge, now: datetime) -> None:
    state.links.append(command.into)
    outcomes.end_without_result(state, outcomes.MERGED, command.by, now, into=command.into)


def _withdraw(state: CaseState, command: c.Withdraw, now: datetime) -> None:
    outcomes.end_without_result(state, outcomes.WITHDRAWN, command.by, now)


def _feedback(state: CaseState, command: c.GiveFeedback, now: datetime) -> None:
    feedback.answer(state, command, now)


def _preferences(state: CaseState, command: c.ChangePreferences, now: datetime) -> None:
    before = state.reach
    state.reach = command.reach
    if command.contact_ref is not None:
        if command.replaced and command.by.role is Role.CUSTOMER:
            # Whoever holds a link may do this: who was written to until now is told, and so is the new address, with a link that works.
            # A lead who mends a wrong address tells no stranger.
            ways = list(dict.fromkeys([*command.replaced, *before.channels]))
            for former in (state.start.contact_ref, None):
                notice = Need(kind=MessageKind.ADDRESS_CHANGED, since=now, fact_seq=state.fact_seq, contact_ref=former, channels=ways)
                state.needs.append(notice)
        state.start = state.start.model_copy(update={"contact_ref": command.contact_ref})
    if command.contact_ref is not None or command.reach.channels != before.channels:
        state.failing_channels = []  # other addresses, another order: each is tried again
    wishes = [name for name in Reachability.model_fields if getattr(before, name) != getattr(command.reach, name)]
    changed = ",".join([*wishes, *(["contact"] if command.contact_ref is not None else [])]) or None
    remember(state, FactType.PREFERENCES_CHANGED, now, by=command.by, channels=",".join(command.reach.channels), changed=changed)
    stopped = MessageClass.STATUS in command.reach.opted_out and MessageClass.STATUS not in before.opted_out
    if stopped:
        end_promise(state, PromiseEnd.WITHDRAWN, now, now, why="opted_out")
        state.needs = [waiting for waiting in state.needs if waiting.kind is not MessageKind.UPDATE]
    messages.reachable_again(state, now)
    if state.resolution is None and state.promise is None and state.in_flight is None and not stopped and state.acknowledged_at:
        again = MessageClass.STATUS in before.opted_out and MessageClass.STATUS not in command.reach.opted_out
        if again:
            need(state, MessageKind.UPDATE, now)


def _customer_reply(state: CaseState, command: c.CustomerReply, now: datetime) -> None:
    remember(
        state,
        FactType.CUSTOMER_REPLIED,
        now,
        by=command.by,
        text_ref=command.text_ref or None,
        not_solved=command.not_solved or None,
        supplied=command.supplied or None,
    )
    if command.supplied:
        _supplied(state, command.by, now)
    if command.not_solved and state.resolution is not None and not outcomes.is_merged(state.resolution):
        outcomes.reopen(state, "customer_not_solved", command.by, now)
        provider_news.want_settlement(state, now)
    if command.text_ref:
        state.unanswered_since = state.unanswered_since or now
        named_fact(state, "customer_replied", now, now)
        alert(state, "owner", state.escalation, "customer_replied", now)


def _change_policy(state: CaseState, command: c.ChangePolicy, now: datetime) -> None:
    before, after = state.start.policy, command.policy
    resolve_by = clocks.resolve_by(state)
    state.start = state.start.model_copy(update={"policy": after})
    kept = {clock.id for clock in after.policy.clocks}
    for clock in clocks.running(state):
        if clock.id not in kept:
            clock.ended, clock.ended_at = "cancelled", now
    # Newest first: what restarts with a reopen runs from the reopen. What was met stays met, what was answered is not asked again.
    for name, at in sorted(state.named_facts.items(), key=lambda item: (item[1], item[0]), reverse=True):
        if name != "customer_replied" or state.unanswered_since is not None:
            clocks.start_clocks(state, name, at, now, again=False)
    clocks.replan(state, before.policy)
    new = clocks.resolve_by(state)
    remember(
        state,
        FactType.POLICY_CHANGED,
        now,
        by=command.by,
        before=before.policy.id,
        after=after.policy.id,
        resolve_by_before=resolve_by.isoformat() if resolve_by else None,
        resolve_by_after=new.isoformat() if new else None,
    )
    provider_news.want_settlement(state, now)
    stale_watch(state)


_ACTS: dict[str, Callable[[CaseState, Any, datetime], None]] = {
    "resolve": _resolve,
    "hold": _hold,
    "resume": _resume,
    "escalate": _escalate,
    "extend": _extend,
    "reassign": _reassign,
    "reply": _reply,
    "note": _note,
    "phone_contact": _phone_contact,
    "report_fact": _report_fact,
    "link": _link,
    "absorb": _absorb,
    "merge": _merge,
    "withdraw": _withdraw,
    "feedback": _feedback,
    "preferences": _preferences,
    "customer_reply": _customer_reply,
    "change_policy": _change_policy,
}


def cancellation_refused(state: CaseState, now: datetime) -> None:
    """The engine was asked to cancel the workflow: a promise is not cancelled in silence. People are told what would be right."""
    remember(state, FactType.REFUSED_SIGNAL, now, signal="cancel", reason="a case is not cancelled; withdraw, merge or resolve it")
    alert(state, "lead", max(1, state.escalation), "cancellation_requested", now)
