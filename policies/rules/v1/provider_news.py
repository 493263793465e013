"""What a provider's reading does to a case.

Owns which reading is news, what follows from it, and the watch's outcome. Must never show a vendor's word. Called with results of
the watch activity and with webhooks.
"""

from datetime import datetime

from policies.case.facts import Actor
from policies.case.plans import Reading, UnknownReference, WatchResult
from policies.case.state import CaseState, Hold, Target
from policies.case.vocabulary import CaseKind, CaseStatus, FactType, MessageKind, Role
from policies.providers.statuses import IN_PROGRESS, SETTLED, TROUBLE, WAITS_FOR_US, TargetType, in_our_words, may_follow, stage_may_follow
from policies.rules.v1 import clocks
from policies.rules.v1.bounds import within_bounds
from policies.rules.v1.memory import MOST_TARGETS, alert, need, remember
from policies.rules.v1.outcomes import end_hold, reopen, resolve, settled_at

_ANSWERED = SETTLED[TargetType.DISPUTE] | {"under_review"}
_REMEMBERED_EVENTS = 50  # enough for a burst of redelivered webhooks; the inbox of the web process keeps them all


def is_news(type_: TargetType, current: str, new: str) -> bool:
    """False for the first reading that only says "in progress": the customer knows that already."""
    return not (current == "unknown" and new in (IN_PROGRESS[type_], "pending", "under_review", "shipped", "label_created"))


def apply_readings(state: CaseState, readings: list[Reading], now: datetime) -> bool:
    """Take over what is new; True if anything was. Stale, repeated and out-of-order readings change nothing."""
    changed: list[Target] = []
    reasons = False
    for reading in map(within_bounds, readings):
        if reading.event_id is not None:
            if reading.event_id in state.applied_ids:
                continue
            state.applied_ids = [*state.applied_ids, reading.event_id][-_REMEMBERED_EVENTS:]
        target = _target(state, reading)
        if target is None:
            continue
        before = target.status
        if _apply(state, target, reading, now):
            changed.append(target)
        reasons = _reasons(state, target, reading, now, moved=target.status != before) or reasons
    if changed:
        _consequences(state, changed, now)
    return bool(changed) or reasons


def _reasons(state: CaseState, target: Target, reading: Reading, now: datetime, *, moved: bool) -> bool:
    """What a reading says beside the status, for our own people: why a refund waits, whether a refund would still end a dispute. True if it
    is new. The customer is told nothing of it by itself; what waits for us is told to the owner, once for each time that it begins.
    """
    at = reading.occurred_at or reading.read_at
    if target.replaced_by is not None or (target.status_at is not None and at < target.status_at):
        return False
    waits, refundable = reading.pending_reason, reading.charge_refundable
    waits_for_us = waits in WAITS_FOR_US and target.pending_reason not in WAITS_FOR_US
    new_wait = waits != target.pending_reason
    new_refundable = refundable is not None and refundable != target.charge_refundable
    target.pending_reason = waits
    target.charge_refundable = refundable if refundable is not None else target.charge_refundable
    if not moved and ((new_wait and waits is not None) or new_refundable):  # else the fact of the status says it
        remember(
            state,
            FactType.PROVIDER_STATUS,
            now,
            by=_provider(reading),
            occurred_at=at,
            reference=target.reference,
            waits=waits,
            charge_refundable=refundable,
        )
    if waits_for_us and state.resolution is None and state.closed_at is None:
        alert(state, "owner", state.escalation, "provider_needs_us", now)
    return new_wait or new_refundable


def _target(state: CaseState, reading: Reading) -> Target | None:
    return next(
        (
            target
            for target in state.targets
            if target.type is reading.type and target.reference == reading.reference and target.provider == reading.provider
        ),
        None,
    )


def _apply(state: CaseState, target: Target, reading: Reading, now: datetime) -> bool:
    at = reading.occurred_at or reading.read_at
    status = in_our_words(target.type, target.status, reading.status)
    overtaken = target.replaced_by is not None  # kept on record, but the case rests on its successor
    stale = target.status_at is not None and at < target.status_at
    news = not stale and _carried_dates(state, target, reading, now)
    if reading.replaced_by is not None and not overtaken:
        if room_for_payment(state, target, reading.replaced_by):
            replace_payment(state, target, reading.replaced_by, now)
            news = True
        else:
            _too_many_payments(state, reading, now)
    trace_is_new = reading.trace is not None and target.trace is None
    if trace_is_new:
        target.trace = reading.trace
    current_at = target.status_at.timestamp() if target.status_at else None
    if not may_follow(target.type, target.status, status, current_at, at.timestamp()):
        if trace_is_new and state.resolution is not None:
            remember(
                state,
                FactType.PROVIDER_STATUS,
                now,
                by=_provider(reading),
                reference=target.reference,
                trace=reading.trace,
            )
            on_its_way = state.in_flight is not None and MessageKind.RESOLUTION in (state.in_flight.kind, *state.in_flight.also)
            if state.resolution.told_at is not None or on_its_way:
                need(state, MessageKind.TRACE, now)
        return news
    before = target.status
    target.status, target.status_at = status, at
    target.reversal = reading.reversal or target.reversal
    target.failure = reading.failure
    remember(
        state,
        FactType.PROVIDER_STATUS,
        now,
        by=_provider(reading),
        occurred_at=at,
        reference=target.reference,
        before=before,
        status=status,
        failure=reading.failure,
        trace=target.trace,
        waits=reading.pending_reason,
        charge_refundable=reading.charge_refundable,
    )
    return news or (not overtaken and is_news(target.type, before, status))


def _provider(reading: Reading) -> Actor:
    return Actor(who=reading.provider, role=Role.PROVIDER)


def _carried_dates(state: CaseState, target: Target, reading: Reading, now: datetime) -> bool:
    """Dates and the stage that the provider tells; True if the customer must hear of it (another stage, a new delivery date)."""
    next_stage = False
    asked_anew = reading.type is TargetType.DISPUTE and reading.status == "needs_response" and target.status in _ANSWERED
    if reading.type is TargetType.DISPUTE and reading.stage is not None and stage_may_follow(state.dispute_stage, reading.stage):
        asked_anew = asked_anew or state.dispute_stage is not None
        next_stage = state.dispute_stage is not None and state.resolution is None
        state.dispute_stage = reading.stage
    if asked_anew:
        clocks.asked_anew(state, now)
    new_date = reading.due_by is not None and reading.due_by != state.dispute_due_by
    if new_date:
        state.dispute_due_by = reading.due_by
    if (new_date or asked_anew) and state.resolution is None:  # of a resolved one when it comes back
        clocks.carried_date_changed(state, "dispute_due_by", now)
    if reading.eta_at is not None and state.start.kind is CaseKind.DELAY and reading.eta_at != state.delay_revised_at:
        state.delay_revised_at = reading.eta_at
        clocks.carried_date_changed(state, "delay_revised", now)
        remember(state, FactType.REPORTED, now, by=_provider(reading), name="delivery_date", at=reading.eta_at.isoformat())
        return state.resolution is None
    return next_stage


def room_for_payment(state: CaseState, old: Target, new_reference: str) -> bool:
    """Whether the refund that takes another's place can be watched: it is known already, or not one too many."""
    known = any(target.reference == new_reference and target.provider == old.provider for target in state.targets)
    return known or len(state.targets) < MOST_TARGETS


def _too_many_payments(state: CaseState, reading: Reading, now: datetime) -> None:
    """The old reference stays the one that is watched; a person is told, once per case and not at every look."""
    if "too_many_payments" in state.named_facts:
        return
    state.named_facts["too_many_payments"] = now
    remember(
        state,
        FactType.REPORTED,
        now,
        by=_provider(reading),
        name="too_many_payments",
        old_reference=reading.reference,
        new_reference=reading.replaced_by,
    )
    alert(state, "owner", state.escalation, "too_many_payments", now)


def replace_payment(state: CaseState, old: Target, new_reference: str, now: datetime) -> None:
    """A refund was issued again: the new reference replaces the old, both stay on record."""
    old.replaced_by = new_reference
    if not any(target.reference == new_reference and target.provider == old.provider for target in state.targets):
        state.targets.append(
            Target(
                type=old.type,
                provider=old.provider,
                reference=new_reference,
                amount_minor=old.amount_minor,
                currency=old.currency,
                method=old.method,
                asked_since=now,
            )
        )
    remember(state, FactType.PAYMENT_REPLACED, now, old=old.reference, new=new_reference)
    state.watch.restart_at = now


def _consequences(state: CaseState, changed: list[Target], now: datetime) -> None:
    state.last_news_at = now
    if state.closed_at is not None:
        return
    if state.resolution is not None:
        _after_resolution(state, changed, now)
        return
    _asks_the_customer(state, changed, now)
    done_at = settled_at(state)
    if done_at is not None:
        _settled(state, done_at, now)
        return
    if any(target.status in TROUBLE[target.type] and target.replaced_by is None for target in changed):
        alert(state, "lead", max(1, state.escalation), "provider_failed", now)
    elif any(target.status in ("exception", "needs_response") for target in changed):
        alert(state, "owner", state.escalation, "provider_needs_us", now, due_at=state.dispute_due_by)
    need(state, MessageKind.NEWS, now)


def _settled(state: CaseState, done_at: datetime, now: datetime) -> None:
    policy = state.start.policy.policy
    live = [target for target in state.targets if target.replaced_by is None]
    statuses = {target.status for target in live}
    outcome = policy.settled_outcome.get(next(iter(sorted(statuses)))) if len(statuses) == 1 else None
    if outcome is None:  # parts ended differently, or the policy leaves this end to a person
        need(state, MessageKind.NEWS, now)
        alert(state, "lead", max(1, state.escalation), "decide_outcome", now)
        return
    clocks.end_clocks(state, "settled", done_at, now)
    resolve(state, outcome, Actor(who=live[0].provider, role=Role.PROVIDER, why="settled"), now)


def _after_resolution(state: CaseState, changed: list[Target], now: datetime) -> None:
    resolution = state.resolution
    if resolution is None or not resolution.rests_on_provider:
        return  # a lead made it good in another way: recorded, nothing to take back
    for target in changed:
        if target.status in SETTLED[target.type] and target.type is not TargetType.DISPUTE:
            continue
        if state.tail_until is not None and min(target.status_at or now, now) > state.tail_until:
            continue  # what happened inside the tail counts, however late we hear of it
        because = {
            TargetType.REFUND: "refund_canceled" if target.status == "canceled" else "refund_failed",
            TargetType.DISPUTE: "dispute_reopened",
            TargetType.DELIVERY: "delivery_lost",
        }
        reopen(state, because[target.type], Actor(who=target.provider, role=Role.PROVIDER), now)
        done_at = settled_at(state)
        if done_at is not None:  # a decided dispute turned into the other decision: reopened and decided again at once
            _settled(state, done_at, now)
        else:
            want_settlement(state, now)
        return


def _asks_the_customer(state: CaseState, changed: list[Target], now: datetime) -> None:
    policy = state.start.policy.policy
    code = policy.requires_action_reason
    if code is None:
        return
    asking = any(target.status == "requires_action" for target in state.targets if target.replaced_by is None)
    asks_now = any(target.status == "requires_action" for target in changed)  # another part's news asks for nothing again
    if asks_now and state.hold is None:
        begin_hold(state, code, Actor(who=changed[0].provider, role=Role.PROVIDER), now, until=None)
    elif not asking and state.hold is not None and state.hold.reason == code:
        end_hold(state, Actor(who=changed[0].provider, role=Role.PROVIDER), now, why="provided")


def begin_hold(state: CaseState, code: str, by: Actor, now: datetime, *, until: datetime | None) -> None:
    """The case waits: internal clocks stop; one that waits on the customer asks, reminds and expires."""
    policy = state.start.policy.policy
    reason = policy.hold_reason(code)
    if reason is None:
        return
    hold = Hold(reason=code, since=now, until=until, by=by)
    if reason.max_hold is not None:
        latest = policy.calendar.add(now, reason.max_hold)
        hold.until = min(until, latest) if until is not None else latest
    if reason.waits_on == "customer":
        hold.reminders = [policy.calendar.add(now, span) for span in reason.reminders]
        hold.expires_at = policy.calendar.add(now, reason.expires) if reason.expires is not None else None
        need(state, MessageKind.ASK, now)
    state.hold = hold
    state.status = CaseStatus.WAITING_ON_CUSTOMER if reason.waits_on == "customer" else CaseStatus.ON_HOLD
    clocks.stop_for_hold(state, now)
    remember(state, FactType.HELD, now, by=by, reason=code, until=hold.until.isoformat() if hold.until else None)


def lift_hold(state: CaseState, by: Actor, now: datetime, *, why: str) -> None:
    """A hold ends. What the provider needed of the customer meanwhile, and nobody could ask for, is asked for now."""
    ended = state.hold
    end_hold(state, by, now, why=why)
    code = state.start.policy.policy.requires_action_reason
    waiting = [target for target in state.targets if target.status == "requires_action" and target.replaced_by is None]
    since = max((target.status_at for target in waiting if target.status_at is not None), default=None)
    if ended is not None and code is not None and ended.reason != code and since is not None and since > ended.since:
        begin_hold(state, code, Actor(who=waiting[0].provider, role=Role.PROVIDER), now, until=None)


def want_settlement(state: CaseState, now: datetime) -> None:
    """Watch what has not settled yet; nothing to watch if no live reference can still move."""
    state.watch.mode = "settlement"
    state.watch_since = now
    state.watch.wanted = bool(watchable(state))
    state.watch.restart_at = None


def watchable(state: CaseState) -> list[Target]:
    """The references whose next status matters."""
    live = [target for target in state.targets if target.replaced_by is None]
    if state.resolution is not None:
        return [target for target in live if target.status in SETTLED[target.type]]
    return [target for target in live if target.status not in SETTLED[target.type] | TROUBLE[target.type]]


def watch_ended(state: CaseState, result: WatchResult, now: datetime) -> bool:
    """Take over the result of a watch; False if it is stale (an older generation)."""
    if result.generation != state.watch.generation:
        return False
    state.watch.running = False
    if result.unreachable_since is not None:
        known_already = state.watch.unreachable_since == result.unreachable_since
        state.watch.unreachable_since = result.unreachable_since
        state.watch.restart_at = now  # asked on at the plan's pace; the same silence is not told again
        if not known_already:  # told once per outage, not at every look
            remember(state, FactType.PROVIDER_UNREACHABLE, now, occurred_at=result.unreachable_since)
            alert(state, "owner", state.escalation, "provider_unreachable", now)
        return True
    if result.unknown:
        _nobody_knows(state, result.unknown, now)
        state.watch.restart_at = now  # asked on at the plan's pace: it may yet turn up
        return True
    state.watch.unreachable_since = state.watch.failed_since = None
    known = _known(state)
    apply_readings(state, result.readings, now)
    if state.resolution is None:
        state.watch.wanted = bool(watchable(state))
    if known == _known(state):
        # What ended the watch is no news here: asked again in due time, since asking at once would go round for ever.
        state.watch.restart_at = state.start.policy.policy.calendar.add(now, state.start.policy.policy.watch.steps[-1].every)
    return True


def _nobody_knows(state: CaseState, unknown: list[UnknownReference], now: datetime) -> None:
    """The provider answers, but not about this: a wrong reference or account. A person is told, once per reference."""
    told = {(one.provider, one.reference): one.since for one in unknown}
    untold = [target for target in state.targets if (target.provider, target.reference) in told and not target.told_unknown]
    for target in untold:
        target.told_unknown = True
        since = told[target.provider, target.reference]
        remember(state, FactType.REFERENCE_UNKNOWN, now, occurred_at=since, provider=target.provider, reference=target.reference)
    if untold:
        alert(state, "owner", state.escalation, "reference_unknown", now)


def _known(state: CaseState) -> tuple[object, ...]:
    """What readings can change."""
    targets = [(target.trace, target.pending_reason) for target in state.targets]
    return (state.fact_seq, state.dispute_stage, state.dispute_due_by, state.delay_revised_at, targets)


def watch_failed(state: CaseState, generation: int, reason: str, now: datetime) -> None:
    """The watch could not be done (configuration): a person is told, and it is tried again later."""
    if generation != state.watch.generation:
        return
    state.watch.running = False
    policy = state.start.policy.policy
    state.watch.restart_at = policy.calendar.add(now, policy.watch.unreachable_after)
    started_at = state.watch.started_at or now
    worked_meanwhile = now >= policy.calendar.add(started_at, policy.watch.unreachable_after)  # this watch did ask for a while
    if state.watch.failed_since is None or worked_meanwhile:  # told once, not at every try
        state.watch.failed_since = now
        remember(state, FactType.JOB_FAILED, now, job="watch_provider", reason=reason)
        alert(state, "operator", state.escalation, "watch_failed", now)
