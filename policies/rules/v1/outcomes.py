"""How a case ends and how it comes back: resolve, reopen, withdraw, merge, close.

Owns the resolution record, the tail and the legal moments of closing. Called by commands, by provider news and by the agenda.
"""

from datetime import datetime

from policies.case.facts import SYSTEM, Actor
from policies.case.state import CaseState, FeedbackState, Resolution
from policies.case.vocabulary import MESSAGE_CLASS, CaseStatus, FactType, MessageClass, MessageKind, PromiseEnd, Role
from policies.money import Money, plain_money, total
from policies.providers.statuses import SETTLED, TargetType
from policies.rules.v1 import cadence, clocks
from policies.rules.v1.memory import KEPT_RESOLUTIONS, alert, drop_needs, end_promise, need, remember

WITHDRAWN = "withdrawn"
MERGED = "merged"
_FINAL = (WITHDRAWN, MERGED)  # endings without tail and survey, on every policy
_OVERTAKEN = frozenset(
    {
        MessageKind.UPDATE,
        MessageKind.NEWS,
        MessageKind.EXTENSION,
        MessageKind.ASK,
        MessageKind.ASK_REMINDER,
        MessageKind.REOPEN,
        MessageKind.MONEY_CHECK,
        MessageKind.TRACE,
    }
)
_OF_A_RESOLUTION = frozenset(
    {
        MessageKind.RESOLUTION,
        MessageKind.FEEDBACK_REQUEST,
        MessageKind.FEEDBACK_REMINDER,
        MessageKind.MONEY_CHECK,
        MessageKind.TRACE,
    },
)


def is_merged(resolution: Resolution) -> bool:
    """True if another case has taken this one's place: it does not come back."""
    return resolution.outcome == MERGED


def overtaken(state: CaseState, kind: MessageKind, cycle: int) -> bool:
    """True if what was to be said in that cycle no longer makes sense."""
    if kind in (MessageKind.ASK, MessageKind.ASK_REMINDER):
        return state.hold is None
    if kind in _OF_A_RESOLUTION:
        return state.resolution is None or cycle != state.cycle
    return state.resolution is not None and kind in _OVERTAKEN


def live_amounts(state: CaseState) -> list[Money]:
    """What the case is about: the sum of its payments, re-issued ones counted once."""
    return total(
        [
            Money(amount_minor=target.amount_minor, currency=target.currency)
            for target in state.targets
            if target.amount_minor is not None and target.currency is not None and target.replaced_by is None
        ]
    )


def sum_words(amounts: list[Money]) -> str | None:
    """ "49.90 EUR", for people who work with cases; None if there is no amount."""
    return ", ".join(plain_money(money) for money in total(amounts)) or None


def settled_at(state: CaseState) -> datetime | None:
    """When the last of the case's live references settled; None while one has not."""
    live = [target for target in state.targets if target.replaced_by is None]
    moments = [target.status_at for target in live if target.status in SETTLED[target.type] and target.status_at is not None]
    return max(moments) if live and len(moments) == len(live) else None


def resolve(
    state: CaseState,
    outcome: str,
    by: Actor,
    now: datetime,
    *,
    amounts: list[Money] | None = None,
    references: list[str] | None = None,
    evidence: list[str] | None = None,
) -> None:
    """Document the resolution; the customer is told exactly this record."""
    policy = state.start.policy.policy
    definition = policy.outcome(outcome)
    rests = bool(definition and definition.rests_on_provider)
    success_at = settled_at(state) if rests else None
    live = [target for target in state.targets if target.replaced_by is None]
    money_expected_at = policy.calendar.add(success_at or now, policy.money_shows) if rests and _is_refund(state) else None
    if state.hold is not None:
        end_hold(state, SYSTEM, now, why="resolved")
    clocks.end_clocks(state, "resolved", now, now)
    state.resolution = Resolution(
        outcome=outcome,
        amounts=amounts or ([] if outcome in _FINAL else live_amounts(state) if _moves_money(state, rests) else []),
        references=references or ([target.trace or target.reference for target in live] if rests else []),
        evidence=evidence or [],
        by=by,
        decided_at=now,
        money_expected_at=money_expected_at,
        rests_on_provider=rests,
        untold="unreachable" if state.unreachable_since is not None else None,  # told when the contact data are mended
        cycle=state.cycle,
    )
    state.status = CaseStatus.RESOLVED
    state.new_date_at = None
    if by.role in (Role.AGENT, Role.LEAD, Role.ADMIN):  # a person's resolution answers; the provider's leaves the question open
        state.unanswered_since = None
        clocks.end_clocks(state, "lead_replied", now, now)
    remember(
        state, FactType.RESOLVED, now, by=by, outcome=outcome, rests_on_provider=rests or None, amounts=sum_words(state.resolution.amounts)
    )
    drop_needs(state, _OVERTAKEN)
    need(state, MessageKind.RESOLUTION, now)
    if outcome in _FINAL:
        state.tail_until = now
    else:
        state.tail_until = policy.calendar.add(success_at or now, policy.tail)
    state.money_check_at = _money_check_at(state, now)
    state.watch.wanted = rests and policy.tail_watch and outcome not in _FINAL
    state.watch.mode = "tail"
    state.watch_since = now
    state.watch.restart_at = None


def _money_check_at(state: CaseState, now: datetime) -> datetime | None:
    """When the customer will be asked whether the money has arrived; None if nobody asks.

    Only for a date to come (of one that has passed the resolution itself says what to do), while an answer can still reopen the case.
    Where the survey waits for the money, it comes at the same date and is enough.
    """
    policy = state.start.policy.policy
    expected_at = state.resolution.money_expected_at if state.resolution is not None else None
    if expected_at is None or not policy.ask_money_arrived or policy.feedback.wait_for_money:
        return None
    if MessageClass.STATUS in state.reach.opted_out:
        return None
    at = cadence.may_write_at(state, [MessageKind.MONEY_CHECK], expected_at)
    return at if now < at and state.tail_until is not None and at < state.tail_until else None


def ask_for_the_money(state: CaseState, now: datetime) -> None:
    """The date has come at which the money is to show. A resolution that still waits to be told says what to do by itself."""
    state.money_check_at = None
    if not any(waiting.kind is MessageKind.RESOLUTION for waiting in state.needs):
        need(state, MessageKind.MONEY_CHECK, now)


def _is_refund(state: CaseState) -> bool:
    return any(target.type is TargetType.REFUND for target in state.targets)


def _moves_money(state: CaseState, rests: bool) -> bool:
    return rests and _is_refund(state)


def end_hold(state: CaseState, by: Actor, now: datetime, *, why: str) -> None:
    """The case waits no longer; internal clocks go on with what was left of them."""
    hold = state.hold
    if hold is None:
        return
    state.new_date_at = clocks.new_date_as_of(state, now)
    state.hold = None
    clocks.go_on_after_hold(state, now)
    drop_needs(state, frozenset({MessageKind.ASK, MessageKind.ASK_REMINDER}))
    if state.status in (CaseStatus.ON_HOLD, CaseStatus.WAITING_ON_CUSTOMER):
        state.status = CaseStatus.OPEN
    remember(state, FactType.RESUMED, now, by=by, reason=hold.reason, why=why)


def reopen(state: CaseState, because: str, by: Actor, now: datetime) -> None:
    """The same case comes back: a new cycle, its survey withdrawn, its customer told, a person told."""
    if state.resolution is None:
        return
    policy = state.start.policy.policy
    state.cycle += 1
    state.past_resolutions.append(state.resolution)
    state.forgotten_resolutions += max(0, len(state.past_resolutions) - KEPT_RESOLUTIONS)
    state.past_resolutions = state.past_resolutions[-KEPT_RESOLUTIONS:]
    state.resolution = None
    state.status = CaseStatus.OPEN
    state.tail_until = None
    state.money_check_at = None
    state.tight_cadence = True
    state.routine_count = 0
    drop_needs(state, _OF_A_RESOLUTION)
    if state.feedback is not None and not state.feedback.ended:
        state.feedback.ended = "withdrawn"
        remember(state, FactType.FEEDBACK_WITHDRAWN, now, by=SYSTEM)
    if state.feedback is not None and state.feedback.answered_at is not None:
        state.last_csat, state.last_nps = state.feedback.csat, state.feedback.nps
    state.feedback = None
    state.named_facts["reopened"] = now
    remember(state, FactType.REOPENED, now, by=by, because=because)
    clocks.revive_statutory(state, now)
    clocks.start_clocks(state, "reopened", now, now)
    for source in ("dispute_due_by", "delay_revised"):  # told while the case was resolved
        clocks.carried_date_changed(state, source, now)
    clocks.give_new_date(state, policy.calendar.add(now, policy.new_date_after_breach), now)
    need(state, MessageKind.REOPEN, now, asked=because)
    alert(state, "lead", 1, "reopened", now)


def end_without_result(state: CaseState, outcome: str, by: Actor, now: datetime, into: str | None = None) -> None:
    """Withdrawn or merged: the open promise is withdrawn, clocks are cancelled, the customer is told, then the case closes."""
    end_promise(state, PromiseEnd.WITHDRAWN, now, now, why=outcome)
    clocks.cancel_clocks(state, now)
    if outcome == MERGED:
        remember(state, FactType.MERGED, now, by=by, into=into)
    else:
        remember(state, FactType.WITHDRAWN, now, by=by)
    resolve(state, outcome, by, now, references=[into] if into else None)


def feedback_at(state: CaseState, told_at: datetime) -> datetime | None:
    """When feedback will be asked for if the resolution is told at `told_at`; None if it will not."""
    policy = state.start.policy.policy
    resolution = state.resolution
    if resolution is None or resolution.outcome in _FINAL:
        return None
    definition = policy.outcome(resolution.outcome)
    if definition is not None and not definition.feedback:
        return None
    if MessageClass.SURVEY in state.reach.opted_out or MessageClass.STATUS in state.reach.opted_out:
        return None
    due_at = policy.calendar.add(told_at, policy.feedback.ask_after)
    if policy.feedback.wait_for_money and resolution.money_expected_at is not None:
        due_at = max(due_at, resolution.money_expected_at)
    return cadence.may_write_at(state, [MessageKind.FEEDBACK_REQUEST], due_at)


def resolution_told(state: CaseState, at: datetime, announced_at: datetime | None) -> None:
    """The customer has the resolution: the survey is planned for the moment that it announced."""
    resolution = state.resolution
    if resolution is None or resolution.told_at is not None:
        return
    resolution.told_at = at
    due_at = feedback_at(state, at)
    if due_at is not None:
        state.feedback = FeedbackState(due_at=announced_at or due_at)


def may_close(state: CaseState, now: datetime) -> bool:
    """True once nothing of the case is left to do."""
    resolution = state.resolution
    if state.closed_at is not None or resolution is None or state.in_flight is not None or state.alerts:
        return False
    if state.needs and state.unreachable_since is None:
        return False
    if resolution.told_at is None and resolution.untold is None:
        return False
    if state.tail_until is None or state.tail_until > now or state.unanswered_since is not None:
        return False
    if state.feedback is not None and not state.feedback.ended:
        return False
    return not any(_must_be_done(state, clock.id) for clock in clocks.running(state))


def _must_be_done(state: CaseState, clock_id: str) -> bool:
    definition = state.start.policy.policy.clock(clock_id)
    return definition is not None and definition.binds == "merchant"


def close(state: CaseState, now: datetime) -> None:
    """The end. A promise that is still open was never kept."""
    end_promise(state, PromiseEnd.BROKEN, now, now, why="closed")
    state.status = CaseStatus.CLOSED
    state.closed_at = now
    state.watch.wanted = False
    remember(state, FactType.CLOSED, now, by=SYSTEM, outcome=state.resolution.outcome if state.resolution else None)


def is_survey(kind: MessageKind) -> bool:
    return MESSAGE_CLASS[kind] is MessageClass.SURVEY
