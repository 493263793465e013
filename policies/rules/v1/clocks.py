"""Clocks: started and ended by named facts, stopped by holds, with every rung of the ladder worked out in advance.

Owns due moments and rungs. Statutory, network and provider dates never stop and never move. Must never send or alert by itself
beyond noting that people are to be told. Called by the rules that learn facts and by the agenda.
"""

from datetime import UTC, datetime, timedelta

from policies.book import ClockPolicy, Policy, Threshold
from policies.case.facts import SYSTEM
from policies.case.state import CaseState, ClockState, Rung
from policies.case.vocabulary import OWN_FACTS, FactType, MessageKind
from policies.rules.v1.memory import alert, need, remember
from policies.time.business_calendar import BusinessCalendar
from policies.time.spans import SpanUnit

_BUSINESS = (SpanUnit.BUSINESS_HOURS, SpanUnit.BUSINESS_DAYS)
_NEAR = 0.75  # of the business time until a new date, as the first rung of the shipped books' ladders
_ASKED_BY = "dispute_due_by"  # the date of a request that may come again


def _share(calendar: BusinessCalendar, clock: ClockPolicy, started_at: datetime, due_at: datetime, percent: int) -> datetime:
    if percent == 100:
        return due_at
    if clock.span is not None and clock.span.unit in _BUSINESS:
        return calendar.advance(started_at, calendar.business_time_between(started_at, due_at) * percent / 100)
    return started_at + (due_at - started_at) * percent / 100


def _rung_at(calendar: BusinessCalendar, clock: ClockPolicy, threshold: Threshold, started_at: datetime, due_at: datetime) -> datetime:
    if threshold.percent is not None:
        return _share(calendar, clock, started_at, due_at, threshold.percent)
    if threshold.before is not None:
        span = threshold.before
        back = timedelta(days=float(span.amount)) if span.unit is SpanUnit.CALENDAR_DAYS else span.elapsed()
        return max(started_at, due_at - back)
    if threshold.after is None:
        raise ValueError(f"threshold {threshold.at} says neither percent nor before nor after")
    return calendar.add(due_at, threshold.after)


def _rungs(policy: Policy, clock: ClockPolicy, started_at: datetime, due_at: datetime) -> list[Rung]:
    rungs = [
        Rung(
            at=_rung_at(policy.calendar, clock, threshold, started_at, due_at),
            level=threshold.level,
            to=threshold.to,
            breach=threshold.percent == 100,
            apology=threshold.apology,
            spec=threshold.at,
        )
        for threshold in clock.ladder
    ]
    return sorted(rungs, key=lambda rung: (rung.at, rung.level))


def _carried_date(state: CaseState, clock: ClockPolicy) -> datetime | None:
    match clock.due_from:
        case "dispute_due_by":
            return state.dispute_due_by
        case "delay_promised":
            return state.delay_promised_at
        case "delay_revised":
            return state.delay_revised_at or state.delay_promised_at
    return None


def find(state: CaseState, clock_id: str) -> ClockState | None:
    """The newest clock of that id."""
    return next((clock for clock in reversed(state.clocks) if clock.id == clock_id), None)


def running(state: CaseState) -> list[ClockState]:
    """Clocks that have not ended; those on hold included."""
    return [clock for clock in state.clocks if not clock.ended]


def start_clocks(state: CaseState, fact: str, at: datetime, now: datetime, *, again: bool = True) -> None:
    """Start every clock that the named fact starts; one that runs already goes on. `again`: also one that was met before."""
    policy = state.start.policy.policy
    for clock in policy.clocks:
        if clock.starts != fact and not (clock.restarts and fact == "reopened" and clock.starts == "opened"):
            continue
        present = find(state, clock.id)
        if present is not None and (not present.ended or (present.ended != "cancelled" and not again)):
            continue
        due_at = _carried_date(state, clock) if clock.span is None else policy.calendar.add(at, clock.span)
        if due_at is None:
            continue  # the date is not known yet; `carried_date_changed` starts it
        _start(state, clock, at, due_at, now)


def _start(state: CaseState, clock: ClockPolicy, at: datetime, due_at: datetime, now: datetime) -> None:
    """Start it in the place of the one that ran before."""
    policy = state.start.policy.policy
    present = find(state, clock.id)
    if present is not None:
        state.clocks.remove(present)
    held = now if state.hold is not None and clock.pausable else None
    state.clocks.append(ClockState(id=clock.id, started_at=at, due_at=due_at, rungs=_rungs(policy, clock, at, due_at), held_since=held))
    remember(state, FactType.CLOCK_STARTED, now, by=SYSTEM, occurred_at=at, clock=clock.id, due_at=due_at.isoformat())


def asked_anew(state: CaseState, now: datetime) -> None:
    """The network's next stage, or a new request for a response: what was handed in before does not answer it."""
    state.dispute_asked_at = now
    for clock in state.start.policy.policy.clocks:
        if clock.due_from == _ASKED_BY:
            for fact in set(clock.ends) - OWN_FACTS:
                state.named_facts.pop(fact, None)


def _waits_for_the_new_date(state: CaseState, clock: ClockPolicy, present: ClockState) -> bool:
    """True if the clock was over (ended or breached) before its answer was asked for anew, and nobody has answered since."""
    over_at = present.ended_at or present.breached_at
    if clock.due_from != _ASKED_BY or over_at is None or state.dispute_asked_at is None:
        return False
    return over_at <= state.dispute_asked_at and not any(fact in state.named_facts for fact in clock.ends)


def carried_date_changed(state: CaseState, source: str, now: datetime) -> None:
    """A date told by a provider or carrier is new: clocks that run to it are planned again; rungs already fired stay fired.

    One that was over when a dispute's next stage asked for another answer starts anew, with every rung.
    """
    policy = state.start.policy.policy
    for clock in policy.clocks:
        if clock.due_from != source:
            continue
        due_at = _carried_date(state, clock)
        present = find(state, clock.id)
        if present is None:
            started = state.named_facts.get(clock.starts)
            if started is not None and not any(fact in state.named_facts for fact in clock.ends):  # handed in before the date was known
                start_clocks(state, clock.starts, started, now)
            continue
        if due_at is None or due_at == present.due_at:
            continue
        if _waits_for_the_new_date(state, clock, present):
            _start(state, clock, now, due_at, now)
        elif not present.ended:
            _plan_again(policy, clock, present, due_at)


def _plan_again(policy: Policy, clock: ClockPolicy, present: ClockState, due_at: datetime) -> None:
    done = {rung.spec: rung.done for rung in present.rungs}
    present.due_at = due_at
    present.rungs = _rungs(policy, clock, present.started_at, due_at)
    for rung in present.rungs:
        rung.done = done.get(rung.spec, "")


def replan(state: CaseState, before: Policy) -> None:
    """After a change of policy: clocks that go on are planned anew from the moment they started, earlier as well as later.

    `before`: the policy until now. What holds and extensions have added to an internal clock so far stays added.
    """
    policy = state.start.policy.policy
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is None:
            continue
        due_at = _replanned(state, definition, clock, before)
        if due_at is not None:
            _plan_again(policy, definition, clock, due_at)


def _replanned(state: CaseState, definition: ClockPolicy, clock: ClockState, before: Policy) -> datetime | None:
    if definition.span is None:
        return _carried_date(state, definition)
    calendar = state.start.policy.policy.calendar
    planned = calendar.add(clock.started_at, definition.span)
    old = before.clock(clock.id)
    if definition.basis != "internal" or old is None or old.span is None:
        return planned
    as_planned_before = before.calendar.add(clock.started_at, old.span)
    if clock.due_at <= as_planned_before:  # not moved so far, or pulled in by a merge: that stricter date stands
        return planned if clock.due_at == as_planned_before else min(planned, clock.due_at)
    return calendar.moved(planned, as_planned_before, clock.due_at, definition.span.unit)


def stop_for_hold(state: CaseState, now: datetime) -> None:
    """Internal clocks stop. Nothing is lost: a rung whose moment has come fires before the hold begins (the loop sees to it)."""
    policy = state.start.policy.policy
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is not None and definition.pausable and clock.held_since is None:
            clock.held_since = now


def go_on_after_hold(state: CaseState, now: datetime) -> None:
    """Internal clocks go on: what was left of them is left still, in the clock's own unit of time."""
    policy = state.start.policy.policy
    calendar = policy.calendar
    for clock in running(state):
        definition = policy.clock(clock.id)
        if clock.held_since is None or definition is None:
            continue
        held_from, clock.held_since = clock.held_since, None
        unit = _unit(definition)
        walked = SpanUnit.BUSINESS_HOURS if unit in _BUSINESS else unit
        ran_out = clock.due_at <= held_from
        if not ran_out:
            clock.due_at = calendar.due_after_hold(clock.due_at, held_from, now, unit)
        for rung in clock.rungs:
            if rung.done or rung.at <= held_from:
                continue
            if rung.breach:
                rung.at = clock.due_at
            elif rung.spec.startswith("+") and not ran_out:
                threshold = next(step for step in definition.ladder if step.at == rung.spec)
                rung.at = _rung_at(calendar, definition, threshold, clock.started_at, clock.due_at)
            elif ran_out:  # a level after the breach: what was left of its own span is left still
                level = next(step for step in definition.ladder if step.at == rung.spec).after
                rung.at = calendar.due_after_hold(rung.at, held_from, now, level.unit if level is not None else unit)
            else:
                rung.at = min(clock.due_at, calendar.due_after_hold(rung.at, held_from, now, walked))
        clock.rungs.sort(key=lambda rung: (rung.at, rung.level))


def _unit(definition: ClockPolicy) -> SpanUnit:
    return definition.span.unit if definition.span is not None else SpanUnit.HOURS


NEW_DATE = "new_date"  # what a duty names instead of a clock


def give_new_date(state: CaseState, date: datetime, now: datetime) -> None:
    """A new date of resolution, told to the customer: a promise like the first one."""
    state.new_date_at, state.new_date_given_at, state.new_date_warned_at = date, now, None


def new_date_warns_at(state: CaseState) -> datetime | None:
    """When people are to be told that the new date is near; None if they were, or if a clock tells them: one that runs to this date or
    an earlier one (an extension moved it), or one that was breached and whose ladder goes on.
    """
    date, given_at = state.new_date_at, state.new_date_given_at
    if date is None or given_at is None or state.new_date_warned_at is not None:
        return None
    policy, calendar = state.start.policy.policy, state.start.policy.policy.calendar
    promised = {definition.id for definition in policy.clocks if definition.promised}
    if any(clock.breached_at is not None and clock.id in promised for clock in running(state)) or strictest_of_clocks(state) <= date:
        return None
    return calendar.advance(given_at, calendar.business_time_between(given_at, date) * _NEAR)


def _new_date_near(state: CaseState, now: datetime) -> None:
    """The owner still has time to keep it."""
    date = state.new_date_at
    if date is None:
        return
    state.new_date_warned_at = now
    level = max(1, state.escalation)
    due_at = date.isoformat()
    remember(state, FactType.THRESHOLD_FIRED, now, by=SYSTEM, clock=NEW_DATE, at=f"{_NEAR:.0%}", level=level, to="owner", due_at=due_at)
    alert(state, "owner", level, "at_risk", now, clock=NEW_DATE, due_at=date)


def _new_date_missed(state: CaseState, now: datetime) -> None:
    """The new date has passed as well: an apology with another one, and a lead is told."""
    policy = state.start.policy.policy
    missed = state.new_date_at
    if missed is None:
        return
    state.tight_cadence = True
    if state.clocks_breached == 0:
        state.clocks_breached = 1  # no clock ran to this date (a reopened case): the miss counts all the same, once
    give_new_date(state, policy.calendar.add(now, policy.new_date_after_breach), now)
    remember(state, FactType.CLOCK_BREACHED, now, by=SYSTEM, occurred_at=missed, clock=NEW_DATE, due_at=missed.isoformat())
    need(state, MessageKind.APOLOGY, now, asked=missed.isoformat())
    alert(state, "lead", max(1, state.escalation), "breached", now, clock=NEW_DATE, due_at=missed)


def due_as_of(state: CaseState, clock: ClockState, now: datetime) -> datetime:
    """The clock's date; of one that stands still, what it would be if the hold ended now: never a date that waiting makes untrue."""
    policy = state.start.policy.policy
    definition = policy.clock(clock.id)
    if clock.held_since is None or definition is None:
        return clock.due_at
    return policy.calendar.due_after_hold(clock.due_at, clock.held_since, now, _unit(definition))


def new_date_as_of(state: CaseState, now: datetime) -> datetime | None:
    """The new date that was given; while the case waits it moves like an internal clock."""
    if state.new_date_at is None or state.hold is None:
        return state.new_date_at
    held_from = max(state.hold.since, state.new_date_given_at or state.hold.since)
    return state.start.policy.policy.calendar.due_after_hold(state.new_date_at, held_from, now, SpanUnit.BUSINESS_DAYS)


def extend_internal(state: CaseState, until: datetime, now: datetime) -> None:
    """A lead's extension moves the promised internal clocks to the new date; one that stands still has the time until then left."""
    policy = state.start.policy.policy
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is not None and definition.basis == "internal" and definition.promised and clock.due_at < until:
            _plan_again(policy, definition, clock, until)
            clock.held_since = now if clock.held_since is not None else None


def pull_in(state: CaseState, date: datetime) -> None:
    """The stricter date of a case that was merged into this one: the promised internal clocks run to it."""
    policy = state.start.policy.policy
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is not None and definition.basis == "internal" and definition.promised and clock.due_at > date:
            _plan_again(policy, definition, clock, date)


def end_clocks(state: CaseState, fact: str, at: datetime, now: datetime) -> None:
    """End every running clock that the named fact satisfies. A breach stays on record."""
    policy = state.start.policy.policy
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is None or fact not in definition.ends:
            continue
        breached = clock.breached_at is not None or (at > clock.due_at and clock.held_since is None)
        if breached and clock.breached_at is None:
            _breach(state, clock, now, definition)
        clock.ended, clock.ended_at = ("breached_then_met" if breached else "met"), at
        if definition.binds == "merchant" and not breached:
            state.clocks_met += 1
        remember(state, FactType.CLOCK_MET, now, by=SYSTEM, occurred_at=at, clock=clock.id, late=breached or None)


def cancel_clocks(state: CaseState, now: datetime) -> None:
    """The case ends without its promise falling due (withdrawn, merged): running clocks count neither as met nor as breached."""
    for clock in running(state):
        clock.ended, clock.ended_at = "cancelled", now


def revive_statutory(state: CaseState, now: datetime) -> None:
    """A reopen takes back what satisfied a statutory clock: it runs on to its unmoved date."""
    policy = state.start.policy.policy
    for clock in state.clocks:
        definition = policy.clock(clock.id)
        if definition is None or definition.basis == "internal" or "resolved" not in definition.ends:
            continue
        if any(fact in state.named_facts for fact in definition.ends):
            continue  # what ended it has happened (evidence was handed in), whatever becomes of the resolution
        if _waits_for_the_new_date(state, definition, clock):
            continue  # its old date has no meaning any more
        if clock.ended:
            if clock.ended == "met" and definition.binds == "merchant":
                state.clocks_met -= 1
            clock.ended, clock.ended_at = "", None
            remember(
                state,
                FactType.CLOCK_STARTED,
                now,
                by=SYSTEM,
                clock=clock.id,
                due_at=clock.due_at.isoformat(),
                again=True,
            )


def _breach(state: CaseState, clock: ClockState, now: datetime, definition: ClockPolicy) -> None:
    clock.breached_at = clock.due_at
    if definition.binds == "merchant":
        state.clocks_breached += 1
    remember(
        state,
        FactType.CLOCK_BREACHED,
        now,
        by=SYSTEM,
        occurred_at=clock.due_at,
        clock=clock.id,
        due_at=clock.due_at.isoformat(),
    )


def next_rung(clock: ClockState) -> Rung | None:
    """The first rung still to come; None while the clock stands still or has ended."""
    if clock.ended or clock.held_since is not None:
        return None
    return next((rung for rung in clock.rungs if not rung.done), None)


def fire(state: CaseState, clock_id: str, now: datetime) -> None:
    """Fire what is due of one clock: only the highest rung alerts, lower ones that came due with it are recorded as passed."""
    if clock_id == NEW_DATE:
        if state.new_date_at is not None and state.new_date_at <= now:
            _new_date_missed(state, now)
        else:
            _new_date_near(state, now)
        return
    clock = find(state, clock_id)
    if clock is not None:
        _fire(state, [clock], now)


def fire_what_had_passed(state: CaseState, now: datetime) -> None:
    """An old case comes in: what its clocks had passed by then is told once per case, at the highest level over all of them."""
    _fire(state, running(state), now)


def _fire(state: CaseState, of: list[ClockState], now: datetime) -> None:
    policy = state.start.policy.policy
    due = [(clock, rung) for clock in of if not clock.ended and clock.held_since is None for rung in clock.rungs if _is_due(rung, now)]
    if not due:
        return
    due.sort(key=lambda item: item[1].at)
    clock, highest = max(due, key=lambda item: (item[1].level, item[1].at))
    for passed, rung in due:
        definition = policy.clock(passed.id)
        if rung.breach and definition is not None:
            _breach(state, passed, now, definition)
        rung.done = "fired" if rung is highest else "passed"
        kind = FactType.THRESHOLD_FIRED if rung is highest else FactType.THRESHOLD_PASSED
        remember(state, kind, now, by=SYSTEM, occurred_at=rung.at, clock=passed.id, at=rung.spec, level=rung.level, to=rung.to)
    missed = [passed.due_at for passed, rung in due if rung.apology]
    if missed and state.resolution is None:
        state.tight_cadence = True
        give_new_date(state, policy.calendar.add(now, policy.new_date_after_breach), now)
        need(state, MessageKind.APOLOGY, now, asked=min(missed).isoformat())  # of several dates the one that was told: the strictest
    alert(
        state,
        highest.to,
        highest.level,
        "breached" if clock.breached_at is not None else "at_risk",
        now,
        clock=clock.id,
        due_at=clock.due_at,
    )


def _is_due(rung: Rung, now: datetime) -> bool:
    return not rung.done and rung.at <= now


def binding(state: CaseState, now: datetime | None = None) -> ClockState | None:
    """The strictest running clock whose date may be told to the customer; a breached one no longer binds. `now`: see `resolve_by`."""
    policy = state.start.policy.policy
    candidates = []
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is not None and definition.promised and clock.breached_at is None:
            candidates.append(clock)
    return min(candidates, key=lambda clock: clock.due_at if now is None else due_as_of(state, clock, now), default=None)


def strictest_of_clocks(state: CaseState) -> datetime:
    """The date of the clock that binds; the end of time if none does."""
    clock = binding(state)
    return clock.due_at if clock is not None else datetime.max.replace(tzinfo=UTC)


def resolve_by_clock(state: CaseState) -> str | None:
    """What sets the date of resolution: a clock, or the new date that was given; None if nothing does."""
    date = resolve_by(state)
    if date is None:
        return None
    clock = binding(state)
    return clock.id if clock is not None and clock.due_at == date else NEW_DATE


def strictest_fixed(state: CaseState) -> ClockState | None:
    """The strictest running merchant's clock that no person may move."""
    policy = state.start.policy.policy
    fixed = []
    for clock in running(state):
        definition = policy.clock(clock.id)
        if definition is not None and definition.basis != "internal" and definition.binds == "merchant" and clock.breached_at is None:
            fixed.append(clock)
    return min(fixed, key=lambda clock: clock.due_at, default=None)


def resolve_by(state: CaseState, now: datetime | None = None) -> datetime | None:
    """The date of resolution as the customer is told it: the strictest promise; after a breach or extension the new date, unless a
    clock that never moves is stricter. With `now`, dates that a hold has stopped are those of a hold that ends now.
    """
    if state.resolution is not None:
        return None
    clock = binding(state, now)
    if now is None:
        due_at, new_date_at = clock.due_at if clock else None, state.new_date_at
    else:
        due_at, new_date_at = due_as_of(state, clock, now) if clock else None, new_date_as_of(state, now)
    dates = [date for date in (new_date_at, due_at) if date is not None]
    return min(dates) if dates else None
