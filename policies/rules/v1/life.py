"""The life of a case, step by step: begin it, advance it to a moment, and say which jobs are to be started.

Owns the order of things within a step. Called by the workflow's loop; pure, so that a test can live a year in a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from policies.case.case_id import workflow_id
from policies.case.facts import SYSTEM, Actor, lies_ahead
from policies.case.plans import AlertPlan, ArrivalQuestion, BooksEntry, MessagePlan, WatchPlan, WatchTarget
from policies.case.start import CaseStart
from policies.case.state import CaseState, SentUnwritten, Target, UnsentAlert
from policies.case.vocabulary import CaseKind, FactType, MessageKind, Role
from policies.providers.statuses import TargetType
from policies.rules.v1 import clocks, deliveries, feedback, messages, outcomes, provider_news
from policies.rules.v1.agenda import Due, agenda
from policies.rules.v1.memory import alert, forget_recorded, need, remember
from policies.rules.v1.rows import case_row

_FACTS_PER_ENTRY = 500  # about 150 KB: after weeks without books an entry must still fit the engine's limit of 2 MiB per payload
_MAX_STEPS = 200  # more duties at one moment than a case can have: a rule that never ends its own duty


@dataclass(slots=True)
class Jobs:
    """What is to be started now. Each is started once; how it ended comes back as a fact."""

    message: MessagePlan | None = None
    alerts: list[AlertPlan] = field(default_factory=list)
    arrivals: list[ArrivalQuestion] = field(default_factory=list)
    watch: WatchPlan | None = None
    cancel_watch: bool = False
    record: bool = False
    unwritten: list[SentUnwritten] = field(default_factory=list)  # travels with the record


def begin(start: CaseStart, now: datetime) -> CaseState:
    """A new case: facts known already, clocks from the moment it was opened, an acknowledgement at once.

    ValueError for a fact of the future, which the desk would have refused.
    """
    if (wrong := lies_ahead(start.facts, now)) is not None:
        raise ValueError(wrong)
    opened_at = min(start.opened_at or now, now)
    state = CaseState(
        start=start,
        opened_at=opened_at,
        learned_at=now,
        owner=start.owner,
        reach=start.reach,
        targets=[
            Target(
                type=target.type,
                provider=target.provider,
                reference=target.reference,
                amount_minor=target.amount_minor,
                currency=target.currency,
                method=target.method,
                asked_since=now,
            )
            for target in start.targets
        ],
        dispute_stage=start.dispute_stage,
        dispute_due_by=start.dispute_due_by,
        delay_promised_at=start.delay_promised_at,
        delay_revised_at=start.delay_revised_at,
        links=list(start.siblings),
    )
    by = Actor(who=start.origin.value, role=Role.SYSTEM)
    about: dict[str, str | None] = {"amounts": outcomes.sum_words(outcomes.live_amounts(state)), "item": start.item}  # for lists
    remember(state, FactType.OPENED, now, by=by, occurred_at=opened_at, policy=start.policy.policy.id, reason=start.reason, **about)
    need(state, MessageKind.ACKNOWLEDGEMENT, now)
    known: dict[str, datetime] = {"opened": opened_at, **{name: min(at, now) for name, at in start.facts.items()}}
    if start.kind is CaseKind.DISPUTE:
        known.setdefault("dispute_created", opened_at)
    for name, at in sorted(known.items(), key=lambda item: (item[1], item[0])):
        named_fact(state, name, at, now)
    provider_news.want_settlement(state, now)
    return state


def named_fact(state: CaseState, name: str, at: datetime, now: datetime) -> None:
    """A named fact starts and ends clocks; the first occurrence counts."""
    if name in state.named_facts and name not in ("customer_replied",):
        return
    state.named_facts[name] = at
    clocks.end_clocks(state, name, at, now)
    clocks.start_clocks(state, name, at, now)


def advance(state: CaseState, now: datetime) -> None:
    """Let everything happen that is due by `now`, soonest first. Messages are not composed here but by `jobs`, after all of it."""
    if now <= state.learned_at:
        clocks.fire_what_had_passed(state, now)
    for _ in range(_MAX_STEPS):
        due = next((item for item in agenda(state) if item.at <= now and not _done_already(state, item)), None)
        if due is None:
            break
        fire(state, due, now)
    if outcomes.may_close(state, now):
        outcomes.close(state, now)


def _done_already(state: CaseState, due: Due) -> bool:
    """True for duties that `jobs` takes up or that wait for something else."""
    if due.what in ("write", "watch", "write_books", "tell_people", "look_for_arrival"):
        return True
    return due.what == "tail_ends" and state.named_facts.get("tail_ended") == due.at


def fire(state: CaseState, due: Due, now: datetime) -> None:
    """One duty comes due."""
    match due.what:
        case "update":
            need(state, MessageKind.UPDATE, now)
        case "warn" | "breach" | "ladder" | "new_date":
            clocks.fire(state, due.ref, now)
        case "ask_reminder":
            if state.hold is not None:
                state.hold.reminders = [at for at in state.hold.reminders if at > now]
                remember(state, FactType.ASK_REMINDED, now, by=SYSTEM, reason=state.hold.reason)
                need(state, MessageKind.ASK_REMINDER, now)
        case "ask_expires":
            _ask_expired(state, now)
        case "hold_ends":
            provider_news.lift_hold(state, SYSTEM, now, why="until")
            alert(state, "owner", state.escalation, "hold_ended", now)
        case "feedback" | "feedback_reminder" | "feedback_expires":
            _survey(state, due, now)
        case "money_check":
            outcomes.ask_for_the_money(state, now)
        case "tail_ends":
            state.named_facts["tail_ended"] = due.at
            state.watch.wanted = False
            remember(state, FactType.TAIL_ENDED, now, by=SYSTEM)
        case _:
            raise AssertionError(f"no rule for the duty {due.what}")


def _survey(state: CaseState, due: Due, now: datetime) -> None:
    match due.what:
        case "feedback":
            if state.feedback is None:  # announced by a resolution that is still on its way: asked once that has arrived
                state.named_facts["feedback_waits"] = due.at
            feedback.ask(state, now)
        case "feedback_reminder":
            feedback.remind(state, now)
        case _:
            feedback.expire(state, now)


def _ask_expired(state: CaseState, now: datetime) -> None:
    hold = state.hold
    if hold is None:
        return
    reason = state.start.policy.policy.hold_reason(hold.reason)
    remember(state, FactType.ASK_EXPIRED, now, by=SYSTEM, reason=hold.reason)
    outcomes.end_hold(state, SYSTEM, now, why="no_answer")
    need(state, MessageKind.ASK_EXPIRED, now, asked=hold.reason, until=hold.expires_at)
    if reason is not None and reason.on_expiry == "resolve" and reason.expiry_outcome is not None:
        outcomes.resolve(state, reason.expiry_outcome, Actor(who="policy", role=Role.SYSTEM, why=f"no answer: {hold.reason}"), now)
    else:
        alert(state, "lead", max(1, state.escalation), "customer_did_not_answer", now)


def jobs(state: CaseState, now: datetime) -> Jobs:
    """What is to be started now; the state notes that it is on its way."""
    planned = Jobs()
    write_at = messages.write_at(state)
    if write_at is not None and write_at <= now:
        planned.message = messages.compose(state, now)
    planned.alerts = _alerts(state, now)
    planned.arrivals = deliveries.questions(state, now)
    _watch(state, planned, now)
    retry_due = state.books_retry_at is not None and state.books_retry_at <= now
    if planned.message is not None or planned.alerts:
        state.books_retry_at = None if retry_due else state.books_retry_at
    elif retry_due or _something_to_record(state):
        planned.record = True
        planned.unwritten, state.unwritten = state.unwritten, []
        state.books_retry_at = None
    return planned


def _alerts(state: CaseState, now: datetime) -> list[AlertPlan]:
    unsent: list[UnsentAlert] = []
    if state.alerts_retry_at is None or state.alerts_retry_at <= now:
        unsent, state.unsent_alerts, state.alerts_retry_at = state.unsent_alerts, [], None
    for waiting in state.alerts:
        state.alert_seq += 1
        unsent.append(UnsentAlert(alert_id=f"{workflow_id(state.start.kind, state.start.case_id)}.alert.{state.alert_seq}", alert=waiting))
    state.alerts = []
    return [
        AlertPlan(
            alert_id=item.alert_id,
            case_id=state.start.case_id,
            kind=state.start.kind,
            merchant=state.start.merchant,
            owner=state.owner,
            alert=item.alert,
            shadow=state.start.shadow,
            call=messages.to_be_called(state, item.alert, now),
            digest=state.start.policy.policy.alert_digest,
        )
        for item in unsent
    ]


def not_alerted(state: CaseState, plan: AlertPlan, reason: str, now: datetime) -> None:
    """People could not be told: tried again, at the pace of whatever is down, never forgotten. The books wait for nobody's pager."""
    policy = state.start.policy.policy
    retries = policy.parked_retries
    state.alerts_retry_at = policy.calendar.add(now, retries[min(state.alerts_failures, len(retries) - 1)])
    state.alerts_failures += 1
    remember(state, FactType.JOB_FAILED, now, job="alert_people", reason=reason, level=plan.alert.level, to=plan.alert.to)
    state.unsent_alerts.append(UnsentAlert(alert_id=plan.alert_id, alert=plan.alert))


def alerted(state: CaseState) -> None:
    """People could be told: the next failure is the first again."""
    state.alerts_failures = 0


def _something_to_record(state: CaseState) -> bool:
    if state.books_retry_at is not None:
        return False  # the books did not answer: their turn comes at books_retry_at
    if state.unwritten:
        return True
    known = max(state.carried_seq, state.recorded_seq)
    unknown = [fact for fact in state.facts if fact.seq > known]
    return any(not fact.quiet for fact in unknown) or len(unknown) >= (1 if state.closed_at is not None else 50)


def _watch(state: CaseState, planned: Jobs, now: datetime) -> None:
    watch = state.watch
    if watch.running:
        if state.closed_at is not None:
            return  # what a closed workflow's activity would say is dropped by the engine; a cancellation costs five events
        if not watch.wanted or (watch.restart_at is not None and watch.restart_at <= now):
            watch.running = False
            planned.cancel_watch = True
        else:
            return
    if not watch.wanted or state.closed_at is not None or (watch.restart_at is not None and watch.restart_at > now):
        return
    targets = provider_news.watchable(state)
    if not targets:
        watch.wanted = False
        return
    policy = state.start.policy.policy
    since = state.watch_since or now
    tail = watch.mode == "tail"
    steps: list[tuple[float, float | None]]
    if tail:
        steps = [(policy.watch.tail_every.elapsed().total_seconds(), None)]
    else:
        steps = [
            (
                step.every.elapsed().total_seconds(),
                step.until.elapsed().total_seconds() if step.until is not None else None,
            )
            for step in policy.watch.steps
        ]
    watch.generation += 1
    watch.running = True
    watch.started_at = now
    watch.restart_at = None
    planned.watch = WatchPlan(
        case_id=state.start.case_id,
        generation=watch.generation,
        mode=watch.mode,
        started_at=since,
        targets=[
            WatchTarget(
                type=target.type,
                provider=target.provider,
                reference=target.reference,
                status=target.status,
                status_at=target.status_at,
                trace=target.trace,
                due_by=state.dispute_due_by if target.type is TargetType.DISPUTE else None,
                eta_at=state.delay_revised_at if target.type is TargetType.DELIVERY else None,
                stage=state.dispute_stage if target.type is TargetType.DISPUTE else None,
                asked_since=target.asked_since,
                told_unknown=target.told_unknown,
                pending_reason=target.pending_reason,
            )
            for target in targets
        ],
        steps=steps,
        unreachable_after_s=policy.watch.unreachable_after.elapsed().total_seconds(),
        told_unreachable_since=watch.unreachable_since,
        ends_at=state.tail_until if tail else None,
    )


def stale_watch(state: CaseState) -> None:
    """What the running watch believes is no longer so (a webhook was faster): it is started again."""
    if state.watch.running:
        state.watch.restart_at = state.watch.started_at


def entry(state: CaseState) -> BooksEntry:
    """What the books do not have for certain yet; safe to write twice."""
    facts = [fact for fact in state.facts if fact.seq > state.recorded_seq][:_FACTS_PER_ENTRY]
    state.carried_seq = max(state.carried_seq, facts[-1].seq if facts else 0)
    return BooksEntry(
        row=case_row(state),
        facts=list(facts),
        ended_promises=list(state.ended_promises),
        open_promise=state.promise,
    )


def recorded(state: CaseState, written: BooksEntry) -> None:
    """The books have this entry."""
    if written.facts:
        state.recorded_seq = max(state.recorded_seq, written.facts[-1].seq)
    done = {promise.number for promise in written.ended_promises}
    state.ended_promises = [promise for promise in state.ended_promises if promise.number not in done]
    state.books_failures = 0
    state.books_retry_at = None
    forget_recorded(state)


def not_recorded(state: CaseState, now: datetime, unwritten: Sequence[SentUnwritten] = ()) -> None:
    """The books did not take an entry: everything unconfirmed travels again, at the latest at `books_retry_at`."""
    state.unwritten = [*unwritten, *state.unwritten]
    policy = state.start.policy.policy
    retries = policy.parked_retries
    state.carried_seq = state.recorded_seq
    state.books_retry_at = policy.calendar.add(now, retries[min(state.books_failures, len(retries) - 1)])
    state.books_failures += 1
