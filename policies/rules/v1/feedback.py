"""Feedback: asked once per resolution, reminded once, replaced by a later answer, recovered when low.

Owns the survey's life. Called by the agenda, by commands and when messages are accepted.
"""

from datetime import datetime

from policies.case.commands import GiveFeedback
from policies.case.facts import SYSTEM
from policies.case.state import CaseState
from policies.case.vocabulary import FactType, MessageKind
from policies.rules.v1 import clocks
from policies.rules.v1.memory import alert, drop_needs, need, remember


def ask(state: CaseState, now: datetime) -> None:
    """The moment has come: the request becomes a message."""
    if state.feedback is not None:
        state.feedback.due_at = None
        need(state, MessageKind.FEEDBACK_REQUEST, now)
        if state.unreachable_since is not None:
            unreachable(state, now)


def unreachable(state: CaseState, now: datetime) -> None:
    """Nothing reaches the customer: a survey waits for no new address, and keeps no case open."""
    if any(waiting.kind is MessageKind.FEEDBACK_REQUEST for waiting in state.needs):
        not_asked(state, "unreachable", now)
    drop_needs(state, frozenset({MessageKind.FEEDBACK_REQUEST, MessageKind.FEEDBACK_REMINDER}))


def remind(state: CaseState, now: datetime) -> None:
    if state.feedback is not None:
        state.feedback.remind_at = None
        if state.feedback.asked_at is None:
            return
        need(state, MessageKind.FEEDBACK_REMINDER, now)


def plan(state: CaseState, now: datetime) -> None:
    """The request goes out: reminder and expiry are counted from here, as it tells."""
    feedback = state.feedback
    if feedback is None:
        return
    policy = state.start.policy.policy
    feedback.remind_at = policy.calendar.add(now, policy.feedback.remind_after)
    feedback.expires_at = policy.calendar.add(now, policy.feedback.expires_after)


def not_planned(state: CaseState, kind: MessageKind) -> None:
    """The request did not go out after all."""
    if kind is MessageKind.FEEDBACK_REQUEST and state.feedback is not None and state.feedback.asked_at is None:
        state.feedback.remind_at = state.feedback.expires_at = None


def asked(state: CaseState, at: datetime, now: datetime) -> None:
    """The request was accepted."""
    feedback = state.feedback
    if feedback is None or feedback.asked_at is not None:
        return
    feedback.asked_at = at
    remember(state, FactType.FEEDBACK_ASKED, now, occurred_at=at)


def not_asked(state: CaseState, reason: str, now: datetime) -> None:
    """The request was skipped: asked later while another case of the customer is open, else not at all."""
    feedback = state.feedback
    if feedback is None or feedback.ended or feedback.asked_at is not None:
        return
    feedback.remind_at = feedback.expires_at = None
    policy = state.start.policy.policy
    if reason == "other_case_open" and (state.tail_until is None or state.tail_until > now):
        feedback.due_at = policy.calendar.add(now, policy.feedback.retry_while_other_case_open)
        return
    feedback.ended = "skipped"


def expire(state: CaseState, now: datetime) -> None:
    feedback = state.feedback
    if feedback is None or feedback.ended:
        return
    feedback.remind_at = None
    feedback.ended = "expired"
    drop_needs(state, frozenset({MessageKind.FEEDBACK_REMINDER}))  # one that could not be sent reminds of nothing now
    remember(state, FactType.FEEDBACK_EXPIRED, now, by=SYSTEM)


def answer(state: CaseState, command: GiveFeedback, now: datetime) -> None:
    """An answer, or one that replaces the last. A low score opens recovery: its own clock and a named person."""
    feedback = state.feedback
    if feedback is None:
        return
    policy = state.start.policy.policy
    feedback.answered_at = now
    feedback.answers += 1
    feedback.ended = "answered"
    feedback.remind_at = None
    feedback.csat = command.csat if command.csat is not None else feedback.csat
    feedback.nps = command.nps if command.nps is not None else feedback.nps
    feedback.comment_ref = command.comment_ref or feedback.comment_ref
    drop_needs(state, frozenset({MessageKind.FEEDBACK_REMINDER}))
    remember(
        state,
        FactType.FEEDBACK_GIVEN,
        now,
        by=command.by,
        csat=command.csat,
        nps=command.nps,
        comment_ref=command.comment_ref,
        replaces=True if feedback.answers > 1 else None,
    )
    # Only what this answer says: an old low score has had its recovery.
    low = (command.csat is not None and command.csat <= policy.feedback.low_csat) or (
        command.nps is not None and command.nps <= policy.feedback.low_nps
    )
    if low and not in_recovery(state):
        clocks.start_clocks(state, "feedback_low", now, now)
        remember(state, FactType.RECOVERY_OPENED, now, by=SYSTEM, owner=state.owner)
        alert(state, "owner", state.escalation, "recovery", now)


def in_recovery(state: CaseState) -> bool:
    """True while a recovery clock runs."""
    policy = state.start.policy.policy
    return any(
        (definition := policy.clock(clock.id)) is not None and definition.starts == "feedback_low" for clock in clocks.running(state)
    )


def recovered(state: CaseState, now: datetime) -> None:
    """A person spoke with or wrote to the unhappy customer."""
    if in_recovery(state):
        clocks.end_clocks(state, "recovered", now, now)
        remember(state, FactType.RECOVERY_ENDED, now)
