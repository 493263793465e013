"""Messages: which of the waiting needs become one message now, what it may say, and what its outcome means for the promises.

Owns coalescing, consent, the message's promise and the promise accounting. Must never hold a text. Called by the workflow's loop.
"""

from datetime import datetime

from policies.case.case_id import workflow_id
from policies.case.facts import CUSTOMER
from policies.case.plans import MessageContext, MessagePlan, MessageResult, TargetView, WhoActs
from policies.case.state import Alert, CaseState, InFlight, Need, PromiseState, Target, Unsaid
from policies.case.vocabulary import (
    BUSY,
    CHANNEL_PARKED,
    EXPIRED,
    MESSAGE_CLASS,
    QUIET_HOURS,
    UNKNOWN_TWICE,
    UNSUBSCRIBED,
    Channel,
    FactType,
    MessageClass,
    MessageKind,
    MessageOutcome,
    PromiseEnd,
)
from policies.money import Money
from policies.providers.statuses import SETTLED, WAITS_FOR_US, TargetType
from policies.rules.v1 import cadence, clocks, deliveries, feedback, outcomes
from policies.rules.v1.memory import alert, end_promise, remember
from policies.time.spans import Span

_WEIGHT = {kind: weight for weight, kind in enumerate(MessageKind)}
_NOTICE = MessageKind.ADDRESS_CHANGED  # to whoever was written to before: alone, bare, and no word of the case to its customer
_AFTER_ALL_PROMISES = frozenset({MessageKind.MONEY_CHECK, MessageKind.TRACE})  # what a resolution has announced: keeps none, makes none
_NO_PROMISE = _AFTER_ALL_PROMISES | {_NOTICE, MessageKind.RESOLUTION, MessageKind.FEEDBACK_REQUEST, MessageKind.FEEDBACK_REMINDER}
# Why an address is not written to (store/suppressions.py) where its owner said so: STOP, unsubscribed, called it spam.
_BY_WISH = frozenset({"suppressed_stop", "suppressed_unsubscribe", "suppressed_spam"})
# Sent again after an unknown outcome: better twice than never. Routine updates and surveys are skipped (issue 3, provider-facts 1.6).
_MUST_ARRIVE = frozenset(kind for kind, class_ in MESSAGE_CLASS.items() if class_ is MessageClass.MANDATORY)
_WAITS_ON: dict[str, WhoActs] = {
    "customer": "you",
    "provider": "bank",
    "carrier": "carrier",
    "merchant": "seller",
    "review": "us",
}
_ALONE = frozenset({MessageKind.FEEDBACK_REQUEST, MessageKind.FEEDBACK_REMINDER})


def write_at(state: CaseState) -> datetime | None:
    """When the waiting needs may become a message; None while there are none or one is on its way."""
    if not state.needs or state.in_flight is not None or state.unreachable_since is not None:
        return None
    kinds = [waiting.kind for waiting in state.needs]
    since = min(waiting.since for waiting in state.needs)
    if state.parked_until is not None and state.parked_until > since:
        since = state.parked_until
    return cadence.may_write_at(state, kinds, since)


def _consented(state: CaseState, now: datetime) -> list[Need]:
    """Needs the customer agreed to; the others are dropped with their reason on the timeline."""
    kept = []
    for waiting in state.needs:
        class_ = MESSAGE_CLASS[waiting.kind]
        out = class_ in state.reach.opted_out or (class_ is MessageClass.SURVEY and MessageClass.STATUS in state.reach.opted_out)
        if not out:
            kept.append(waiting)
            continue
        remember(state, FactType.MESSAGE_SKIPPED, now, kind=waiting.kind.value, reason="opted_out")
        if waiting.kind is MessageKind.FEEDBACK_REQUEST:
            feedback.not_asked(state, "opted_out", now)
    return kept


def compose(state: CaseState, now: datetime) -> MessagePlan | None:
    """Turn the waiting needs into one message and put it on its way; None if nothing may go."""
    needs = _consented(state, now)
    state.needs = []
    if not needs:
        return None
    # A notice to an address that was replaced goes first and by itself: nothing else is for that reader.
    needs.sort(key=lambda waiting: (waiting.kind is not _NOTICE, _WEIGHT[waiting.kind], waiting.since))
    first = needs[0].kind
    notice = needs[0] if first is _NOTICE else None
    together = [notice] if notice is not None else [waiting for waiting in needs if (waiting.kind in _ALONE) == (first in _ALONE)]
    state.needs = [waiting for waiting in needs if waiting not in together]
    kinds = list(dict.fromkeys(waiting.kind for waiting in together))
    promises = not all(kind in _NO_PROMISE for kind in kinds) and MessageKind.RESOLUTION not in kinds
    next_word = cadence.next_word_at(state, kinds, now) if promises else None
    state.message_seq += 1
    case_id = state.start.case_id
    # Opaque to the outside: no name, no address; unique by (case, cycle, kind, seq).
    message_id = f"{workflow_id(state.start.kind, case_id)}.{state.cycle}.{first.value}.{state.message_seq}"
    silent = notice is not None or first in _ALONE or first in _AFTER_ALL_PROMISES
    keeps = None if silent else (state.promise.number if state.promise else None)
    makes = next_promise_number(state) if next_word is not None else None
    context = _context(state, together, kinds, next_word, now) if notice is None else _bare_context(state, notice)
    state.in_flight = InFlight(
        message_id=message_id,
        kind=first,
        also=kinds[1:],
        cycle=state.cycle,
        seq=state.message_seq,
        needs=together,
        keeps=keeps,
        makes=makes,
        next_word_at=next_word,
        routine=MessageKind.UPDATE in kinds,
        feedback_at=context.feedback_at if MessageKind.RESOLUTION in kinds and state.feedback is None else None,
    )
    if MessageKind.FEEDBACK_REQUEST in kinds:
        feedback.plan(state, now)
    state.parked_until = None
    return MessagePlan(
        message_id=message_id,
        kind=first,
        also=kinds[1:],
        message_class=MESSAGE_CLASS[first],
        cycle=state.cycle,
        seq=state.message_seq,
        channels=cadence.channels(state) if notice is None else notice.channels,
        contact_ref=state.start.contact_ref if notice is None else notice.contact_ref or state.start.contact_ref,
        must_arrive=any(waiting.kind in _MUST_ARRIVE and not waiting.again for waiting in together),  # once more means once
        keeps=keeps,
        kept_until=kept_until(state) if keeps is not None else None,
        makes=makes,
        next_word_at=next_word,
        context=context,
        shadow=state.start.shadow,
        customer_key=state.start.customer_key,
        only_if_no_other_open_case=first in _ALONE,
        parked_retry=_parked_span(state),
        quiet_until=cadence.quiet_now(state, kinds, now),
        call_by=call_by(state, next_word, now) if state.start.policy.policy.voice == "person" else None,
    )


def kept_until(state: CaseState) -> datetime | None:
    """Until when a message may be accepted and keep the open promise; None if there is none."""
    return state.promise.due_at + state.start.policy.policy.cadence.grace.elapsed() if state.promise is not None else None


def call_by(state: CaseState, next_word: datetime | None, now: datetime) -> datetime:
    """By when a person makes a call that is asked for now: within the policy's span, and before the next word is due."""
    policy = state.start.policy.policy
    due_at = policy.calendar.add(now, policy.call_within)
    return due_at if next_word is None else min(due_at, next_word)


def to_be_called(state: CaseState, waiting: Alert, now: datetime) -> MessagePlan | None:
    """What a person is to tell the customer by phone: all that the message had to say and that still holds, as the case stands now;
    where nothing of it holds any more, how the case stands. None if the alert asks for no call.

    It names no next word: that is promised by who calls (`phone_contact`).
    """
    unsaid = waiting.unsaid
    if unsaid is None:
        return None
    needs = [one for one in unsaid.needs if not outcomes.overtaken(state, one.kind, unsaid.cycle)]
    needs = sorted(needs, key=lambda one: _WEIGHT[one.kind]) or [Need(kind=MessageKind.UPDATE, since=now)]
    kinds = list(dict.fromkeys(one.kind for one in needs))
    return MessagePlan(
        message_id=unsaid.message_id,
        kind=kinds[0],
        also=kinds[1:],
        message_class=MESSAGE_CLASS[kinds[0]],
        cycle=state.cycle,
        seq=state.message_seq,
        channels=[Channel.VOICE],
        contact_ref=state.start.contact_ref,
        must_arrive=True,
        context=_context(state, needs, kinds, None, now),
        shadow=state.start.shadow,
        customer_key=state.start.customer_key,
        call_by=call_by(state, state.promise.due_at if state.promise is not None and state.promise.due_at > now else None, now),
    )


def next_promise_number(state: CaseState) -> int:
    """The number of the next promise; the one that a message on its way will make is taken already (the ledger names it)."""
    taken = state.in_flight.makes if state.in_flight is not None else None
    return max(state.promise_seq, taken or 0) + 1


def promised(state: CaseState, promise: PromiseState) -> None:
    """A promise is made: it is the open one and counted."""
    state.tally.made += 1
    state.promise_seq = max(state.promise_seq, promise.number)
    state.promise = promise


def _parked_span(state: CaseState) -> Span:
    retries = state.start.policy.policy.parked_retries
    return retries[min(state.parked_count, len(retries) - 1)]


def _context(state: CaseState, needs: list[Need], kinds: list[MessageKind], next_word: datetime | None, now: datetime) -> MessageContext:
    policy = state.start.policy.policy
    start = state.start
    binding = clocks.binding(state, now)
    resolve_by = clocks.resolve_by(state, now)
    binds = binding is not None and clocks.due_as_of(state, binding, now) == resolve_by
    definition = policy.clock(binding.id) if binding is not None and binds else None
    hold = state.hold
    reason = policy.hold_reason(hold.reason) if hold is not None else None
    resolution = state.resolution
    outcome = policy.outcome(resolution.outcome) if resolution is not None else None
    ask_public, ask_until, ask_expiry = _asking(state, needs)
    asked = {waiting.kind: waiting.asked for waiting in needs if waiting.asked}
    missed = asked.get(MessageKind.APOLOGY)
    promise = state.promise
    owed = promise is not None and now > promise.due_at + policy.cadence.grace.elapsed()
    unchanged = None if MessageKind.NEWS in kinds or resolution is not None else (state.last_news_at or state.opened_at)
    feedback_at = _feedback_at(state, kinds, now)
    return MessageContext(
        case_id=start.case_id,
        kind=start.kind,
        merchant=start.merchant,
        brand=start.brand,
        order=start.order,
        item=start.item,
        reason=start.reason,
        opened_at=state.opened_at,
        locale=state.reach.locale,
        zone=state.reach.zone,
        show_seconds=policy.show_seconds,
        targets=[_view(target) for target in state.targets if target.replaced_by is None],
        amounts=(resolution.amounts if resolution is not None else None) or outcomes.live_amounts(state),
        dispute_stage=state.dispute_stage,
        dispute_due_by=state.dispute_due_by,
        delay_promised_at=state.delay_promised_at,
        delay_revised_at=state.delay_revised_at,
        unchanged_since=unchanged,
        who_acts=_who_acts(state),
        next_word_at=next_word,
        resolve_by=resolve_by,
        resolve_by_why=definition.public if definition is not None else {},
        resolve_by_citation=definition.citation if definition is not None else None,
        resolve_by_moves=binding is not None and binds and binding.held_since is not None,
        hold_public=reason.public if reason is not None else {},
        hold_since=hold.since if hold is not None else None,
        ask_public=ask_public,
        ask_until=ask_until,
        ask_expiry=ask_expiry,
        missed_due_at=datetime.fromisoformat(missed) if missed else None,
        owed_update_at=promise.due_at if owed and promise is not None else None,
        new_date_at=clocks.new_date_as_of(state, now),
        resolution=resolution.model_copy(deep=True) if resolution is not None else None,
        outcome_public=outcome.public if outcome is not None else {},
        trace_follows=bool(
            resolution is not None
            and resolution.rests_on_provider
            and any(_may_have_trace(target.type) and target.trace is None and not target.reversal for target in state.targets)
        ),
        money_check_at=state.money_check_at
        if MessageKind.RESOLUTION in kinds and MessageClass.STATUS not in state.reach.opted_out
        else None,
        feedback_at=feedback_at,
        feedback_until=_feedback_until(state, kinds, now),
        reopened_because=asked.get(MessageKind.REOPEN),
        reopen_until=state.tail_until,
        text_refs=[waiting.text_ref for waiting in needs if waiting.text_ref],
    )


def _bare_context(state: CaseState, notice: Need) -> MessageContext:
    """For a reader who may be nobody of the case: which case and order it is about, and nothing of how it stands."""
    start = state.start
    return MessageContext(
        case_id=start.case_id,
        kind=start.kind,
        merchant=start.merchant,
        brand=start.brand,
        order=start.order,
        reason=start.reason,
        opened_at=state.opened_at,
        locale=state.reach.locale,
        zone=state.reach.zone,
        to_former_address=notice.contact_ref is not None,
    )


def _feedback_at(state: CaseState, kinds: list[MessageKind], now: datetime) -> datetime | None:
    """When the resolution says that we shall ask; said again it names the same moment, if that still lies ahead."""
    if state.resolution is None:
        return None
    if state.resolution.told_at is None:
        return outcomes.feedback_at(state, now)
    due_at = state.feedback.due_at if state.feedback is not None and not state.feedback.ended else None
    return due_at if MessageKind.RESOLUTION in kinds and due_at is not None and due_at > now else None


def _asking(state: CaseState, needs: list[Need]) -> tuple[dict[str, str], datetime | None, str | None]:
    """What the customer is asked for, until when and what happens otherwise; after the date has passed, what had been asked."""
    expired = next((waiting for waiting in needs if waiting.kind is MessageKind.ASK_EXPIRED), None)
    code = expired.asked if expired is not None else state.hold.reason if state.hold is not None else None
    until = expired.until if expired is not None else state.hold.expires_at if state.hold is not None else None
    reason = state.start.policy.policy.hold_reason(code) if code is not None else None
    if reason is None:
        return {}, until, None
    return reason.needs, until, (reason.expiry_outcome or "escalate") if until is not None else None


def _may_have_trace(type_: TargetType) -> bool:
    return type_ is TargetType.REFUND


def _feedback_until(state: CaseState, kinds: list[MessageKind], now: datetime) -> datetime | None:
    if state.feedback is None or not any(outcomes.is_survey(kind) for kind in kinds):
        return None
    policy = state.start.policy.policy
    return state.feedback.expires_at or policy.calendar.add(now, policy.feedback.expires_after)


def _view(target: Target) -> TargetView:
    amount = None
    if target.amount_minor is not None and target.currency is not None:
        amount = Money(amount_minor=target.amount_minor, currency=target.currency)
    return TargetView(
        type=target.type,
        reference=target.reference,
        provider=target.provider,
        status=target.status,
        status_at=target.status_at,
        amount=amount,
        method=target.method,
        trace=target.trace,
        reversal=target.reversal,
        failure=target.failure,
    )


def _who_acts(state: CaseState) -> WhoActs:
    policy = state.start.policy.policy
    if state.resolution is not None:
        return "nobody"
    if state.hold is not None:
        reason = policy.hold_reason(state.hold.reason)
        waits_on = reason.waits_on if reason is not None else "review"
        return _WAITS_ON[waits_on]
    if state.unanswered_since is not None:
        return "us"  # whatever the bank does: the customer asked something, and a person owes the answer
    live = [target for target in state.targets if target.replaced_by is None]
    if any(target.status in ("failed", "canceled", "lost", "needs_response") for target in live):
        return "us"
    if state.watch.failed_since is not None and all(target.status == "unknown" for target in live):
        return "us"  # nobody can be asked before an operator has mended the settings
    if any(target.status == "pending" and target.pending_reason in WAITS_FOR_US for target in live):
        return "us"
    if live and all(target.status in SETTLED[target.type] for target in live):
        return "us"  # all is done out there (a case that came back): what is left is ours
    types = {target.type for target in live}
    if TargetType.DELIVERY in types and state.start.kind == "delay":
        return "carrier"
    return "bank" if types & {TargetType.REFUND, TargetType.DISPUTE} else "us"


def ended(state: CaseState, message_id: str, result: MessageResult, now: datetime) -> None:
    """Take over how a message job ended. A result of a message that is no longer on its way changes nothing."""
    flight = state.in_flight
    if flight is None or flight.message_id != message_id:
        return
    state.in_flight = None
    if any(waiting.contact_ref is not None for waiting in flight.needs) and _notice_ended(state, flight, result, now):
        return
    match result.outcome:
        case MessageOutcome.ACCEPTED:
            _accepted(state, flight, result, now)
        case MessageOutcome.PARKED:
            _parked(state, flight, result, now)
        case MessageOutcome.REFUSED:
            _refused(state, flight, result, now)
        case MessageOutcome.UNKNOWN:
            _unknown(state, flight, result, now)
        case MessageOutcome.SKIPPED:
            remember(state, FactType.MESSAGE_SKIPPED, now, kind=flight.kind.value, reason=result.reason)
            if result.reason == UNSUBSCRIBED:
                _unsubscribed(state, now)
            _not_told(state, flight, result.reason or "skipped", now)


_NOTICE_FACTS = {
    MessageOutcome.ACCEPTED: FactType.MESSAGE_ACCEPTED,
    MessageOutcome.REFUSED: FactType.MESSAGE_REFUSED,
    MessageOutcome.UNKNOWN: FactType.MESSAGE_UNKNOWN,
}


def _notice_ended(state: CaseState, flight: InFlight, result: MessageResult, now: datetime) -> bool:
    """A notice to a former address says nothing of how the customer is reached now: an old mailbox that is gone makes nobody unreachable
    and changes no order of channels. False where it waits, or is said once more, like any other message.
    """
    type_ = _NOTICE_FACTS.get(result.outcome)
    if type_ is None or (result.outcome is MessageOutcome.UNKNOWN and not any(waiting.again for waiting in flight.needs)):
        return False
    remember(
        state,
        type_,
        now,
        occurred_at=result.at,
        kind=flight.kind.value,
        message_id=flight.message_id,
        channel=result.channel.value if result.channel else None,
        reason=result.reason,
    )
    return True


def _unsubscribed(state: CaseState, now: datetime) -> None:
    """The customer has had enough of updates, on whatever case they said so: nothing routine is promised here either."""
    if MessageClass.STATUS in state.reach.opted_out:
        return
    state.reach = state.reach.model_copy(update={"opted_out": [*state.reach.opted_out, MessageClass.STATUS]})
    remember(state, FactType.PREFERENCES_CHANGED, now, by=CUSTOMER, opted_out=MessageClass.STATUS.value)
    end_promise(state, PromiseEnd.WITHDRAWN, now, now, why="opted_out")
    state.needs = [waiting for waiting in state.needs if waiting.kind is not MessageKind.UPDATE]


def _unsaid(flight: InFlight) -> Unsaid:
    return Unsaid(message_id=flight.message_id, cycle=flight.cycle, needs=flight.needs)


def _kinds(flight: InFlight) -> list[MessageKind]:
    return [flight.kind, *flight.also]


def _accepted(state: CaseState, flight: InFlight, result: MessageResult, now: datetime) -> None:
    state.parked_count = 0
    if result.unwritten is not None:
        state.unwritten.append(result.unwritten)
    remember(
        state,
        FactType.MESSAGE_ACCEPTED,
        now,
        occurred_at=result.at,
        kind=flight.kind.value,
        message_id=flight.message_id,
        channel=result.channel.value if result.channel else None,
    )
    if flight.keeps is not None and state.promise is not None and state.promise.number == flight.keeps:
        until = kept_until(state)
        in_time = until is not None and result.at <= until
        end_promise(state, PromiseEnd.KEPT if in_time else PromiseEnd.LATE, result.at, now)
    cadence.fell_back(state, result.channel)
    _make_promise(state, flight, result.at, now)
    deliveries.said(state, flight, result.channel, result.at, now)
    if flight.routine:
        state.routine_count += 1
    for kind in _kinds(flight):
        if flight.cycle == state.cycle or kind is MessageKind.ACKNOWLEDGEMENT:  # an old resolution says nothing of the new one
            _told(state, kind, result.at, now, flight.feedback_at)


def _make_promise(state: CaseState, flight: InFlight, at: datetime, now: datetime) -> None:
    if flight.next_word_at is None or flight.makes is None:
        return
    given_meanwhile = state.promise
    promised(
        state,
        PromiseState(number=flight.makes, made_at=at, due_at=flight.next_word_at, made_by=flight.message_id, cycle=flight.cycle),
    )
    if given_meanwhile is not None:  # a lead promised something on the phone while the message was on its way: the lead's word stands
        end_promise(state, PromiseEnd.SUPERSEDED, now, now, why="newer_promise")
        state.promise = given_meanwhile
    elif MessageClass.STATUS in state.reach.opted_out or (state.resolution is not None and state.resolution.told_at is not None):
        end_promise(state, PromiseEnd.WITHDRAWN, now, now, why="opted_out")


def _told(state: CaseState, kind: MessageKind, at: datetime, now: datetime, feedback_at: datetime | None) -> None:
    match kind:
        case MessageKind.ACKNOWLEDGEMENT:
            state.acknowledged_at = state.acknowledged_at or at
        case MessageKind.RESOLUTION:
            outcomes.resolution_told(state, at, feedback_at)
        case MessageKind.ASK:
            if state.hold is not None:
                state.hold.asked = True
        case MessageKind.FEEDBACK_REQUEST:
            feedback.asked(state, at, now)
        case _:
            pass


def _wait(state: CaseState, flight: InFlight, needs: list[Need]) -> None:
    """What a message wanted to say waits again, and coalesces with whatever comes meanwhile; what was overtaken is not said."""
    needs = [waiting for waiting in needs if not outcomes.overtaken(state, waiting.kind, flight.cycle)]
    kinds = {waiting.kind for waiting in needs}
    state.needs = [
        *needs,
        *[waiting for waiting in state.needs if waiting.kind not in kinds or waiting.text_ref or waiting.kind is _NOTICE],
    ]


def _parked(state: CaseState, flight: InFlight, result: MessageResult, now: datetime) -> None:
    policy = state.start.policy.policy
    _wait(state, flight, flight.needs)  # not sent for certain
    feedback.not_planned(state, flight.kind)
    state.parked_until = result.retry_at or policy.calendar.add(now, _parked_span(state))
    if result.reason == QUIET_HOURS:
        cadence.fell_back(state, result.channel)
        remember(state, FactType.MESSAGE_PARKED, now, kind=flight.kind.value, reason=result.reason)
        return
    state.parked_count += 1
    remember(state, FactType.MESSAGE_PARKED, now, kind=flight.kind.value, reason=result.reason)
    # Of a parked channel the operator is told once, not by every case; a provider that is busy, and a word that a newer one overtook, are
    # no faults at all. What becomes late by it is told by its clock.
    if state.parked_count == 1 and result.reason not in (CHANNEL_PARKED, BUSY, EXPIRED):
        alert(state, "operator", state.escalation, "message_parked", now)


def _refused(state: CaseState, flight: InFlight, result: MessageResult, now: datetime) -> None:
    remember(state, FactType.MESSAGE_REFUSED, now, kind=flight.kind.value, message_id=flight.message_id, reason=result.reason)
    if flight.keeps is not None and state.promise is not None and state.promise.number == flight.keeps:
        # Who wants no more words from us is owed none: as after an opt-out, the promise is withdrawn, not broken.
        end = PromiseEnd.WITHDRAWN if result.reason in _BY_WISH else PromiseEnd.BROKEN
        end_promise(state, end, result.at, now, why=result.reason)
    _not_told(state, flight, result.reason or "refused", now)
    if MESSAGE_CLASS[flight.kind] is MessageClass.SURVEY:
        return  # nothing is owed by a survey: what comes next tries the channels again, and a person learns of it then
    state.unreachable_since = state.unreachable_since or now
    alert(state, "owner", max(1, state.escalation), "customer_unreachable", now, unsaid=_unsaid(flight))
    _wait(state, flight, flight.needs)  # told when the contact data are mended
    feedback.unreachable(state, now)
    if state.resolution is not None and state.resolution.told_at is None:
        state.resolution.untold = state.resolution.untold or "unreachable"


def _unknown(state: CaseState, flight: InFlight, result: MessageResult, now: datetime) -> None:
    remember(state, FactType.MESSAGE_UNKNOWN, now, kind=flight.kind.value, message_id=flight.message_id, reason=result.reason)
    again = [waiting for waiting in flight.needs if waiting.kind in _MUST_ARRIVE]
    if again and result.reason != UNKNOWN_TWICE and not any(waiting.again for waiting in again):
        # Said once more: better twice than never. The promise waits for it.
        _wait(state, flight, [waiting.model_copy(update={"again": True}) for waiting in again])
        state.parked_until = state.start.policy.policy.calendar.add(now, _parked_span(state))
        return
    if again:
        alert(state, "owner", max(1, state.escalation), "message_unknown", now, unsaid=_unsaid(flight))
    if flight.keeps is not None and state.promise is not None and state.promise.number == flight.keeps:
        # It may have arrived, but we cannot show it: counted against us.
        end_promise(state, PromiseEnd.BROKEN, result.at, now, why="unknown_outcome")
    _make_promise(state, flight, result.at, now)  # if it did arrive, it named a next word: that word we keep
    _not_told(state, flight, "unknown", now)


def _not_told(state: CaseState, flight: InFlight, reason: str, now: datetime) -> None:
    if flight.cycle != state.cycle:
        return
    for kind in _kinds(flight):
        if kind is MessageKind.FEEDBACK_REQUEST:
            feedback.not_asked(state, reason, now)
        elif kind is MessageKind.RESOLUTION and state.resolution is not None and state.resolution.told_at is None:
            state.resolution.untold = reason
            end_promise(state, PromiseEnd.BROKEN, now, now, why=reason)


def reachable_again(state: CaseState, now: datetime) -> None:
    """New contact data: what the customer was not told is told now."""
    if state.unreachable_since is None:
        return
    state.unreachable_since = None
    state.parked_until = None
    if state.resolution is not None:
        state.resolution.untold = None if state.resolution.told_at is None else state.resolution.untold
    elif not state.needs and state.promise is None:
        state.needs.append(Need(kind=MessageKind.UPDATE, since=now))
