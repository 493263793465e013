"""The agenda: what is due next, when and why. One pure look at the state; the workflow arms one timer for its answer.

Owns the list of everything a case waits for. Must never change the state (`fire` in life.py does). Called after every step.
"""

from dataclasses import dataclass
from datetime import datetime

from policies.case.state import CaseState
from policies.case.vocabulary import MessageKind
from policies.rules.v1 import clocks, deliveries, messages, outcomes

_BY_ITSELF = ("write_books", "tell_people", "look_for_arrival", "watch")


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that will happen at a moment (UTC): `what` is a code, `why` says it in words for people, `ref` names a clock."""

    at: datetime
    what: str
    why: str
    ref: str = ""


def agenda(state: CaseState) -> list[Due]:
    """Everything the case waits for, soonest first. Ties keep the order in which duties are listed here."""
    due: list[Due] = []
    if state.books_retry_at is not None:
        due.append(Due(state.books_retry_at, "write_books", "the books could not be written; tried again"))
    if state.alerts_retry_at is not None:
        due.append(Due(state.alerts_retry_at, "tell_people", "people could not be told; tried again"))
    if state.closed_at is not None:
        return due
    _words(state, due)
    _clocks(state, due)
    _hold(state, due)
    _after_resolution(state, due)
    _watch(state, due)
    due.sort(key=lambda item: item.at)
    return due


def _words(state: CaseState, due: list[Due]) -> None:
    write_at = messages.write_at(state)
    if write_at is not None:
        kinds = ", ".join(dict.fromkeys(waiting.kind.value for waiting in state.needs))
        due.append(Due(write_at, "write", f"write to the customer: {kinds}"))
    look_at = deliveries.look_at(state)
    if look_at is not None:
        due.append(Due(look_at, "look_for_arrival", "ask the books whether a message arrived"))
    if state.resolution is not None or any(waiting.kind is MessageKind.UPDATE for waiting in state.needs):
        return
    if state.in_flight is not None:
        if state.in_flight.next_word_at is not None:
            due.append(Due(state.in_flight.next_word_at, "update", "the next word named in the message that is on its way"))
    elif state.promise is not None:
        due.append(Due(state.promise.due_at, "update", f"next word, promise {state.promise.number}"))


def _clocks(state: CaseState, due: list[Due]) -> None:
    for clock in state.clocks:
        rung = clocks.next_rung(clock)
        if rung is None:
            continue
        word = "breach" if rung.breach else "warn" if rung.at <= clock.due_at else "ladder"
        due.append(Due(rung.at, word, f"{clock.id} {rung.spec}: tell {rung.to} (level {rung.level})", clock.id))
    if state.new_date_at is not None and state.hold is None and state.resolution is None:
        warns_at = clocks.new_date_warns_at(state)
        if warns_at is not None:
            due.append(Due(warns_at, "warn", "the new date that the customer was given is near: tell owner", clocks.NEW_DATE))
        due.append(Due(state.new_date_at, "new_date", "the new date that the customer was given", clocks.NEW_DATE))


def _hold(state: CaseState, due: list[Due]) -> None:
    hold = state.hold
    if hold is None:
        return
    if hold.reminders:
        due.append(Due(hold.reminders[0], "ask_reminder", f"remind the customer: {hold.reason}"))
    if hold.expires_at is not None:
        due.append(Due(hold.expires_at, "ask_expires", f"the customer did not answer: {hold.reason}"))
    if hold.until is not None:
        due.append(Due(hold.until, "hold_ends", f"the hold ends: {hold.reason}"))


def _after_resolution(state: CaseState, due: list[Due]) -> None:
    feedback = state.feedback
    announced_at = state.in_flight.feedback_at if state.in_flight is not None else None
    if announced_at is not None and state.named_facts.get("feedback_waits") != announced_at:
        due.append(Due(announced_at, "feedback", "ask for feedback, as the resolution on its way announces"))
    if feedback is not None and not feedback.ended:
        if feedback.due_at is not None:
            due.append(Due(feedback.due_at, "feedback", "ask for feedback"))
        if feedback.remind_at is not None:
            due.append(Due(feedback.remind_at, "feedback_reminder", "remind of the feedback"))
        if feedback.expires_at is not None:
            due.append(Due(feedback.expires_at, "feedback_expires", "the feedback request expires"))
    if state.money_check_at is not None:
        due.append(Due(state.money_check_at, "money_check", "ask whether the money has arrived"))
    if state.resolution is not None and state.tail_until is not None:
        due.append(Due(state.tail_until, "tail_ends", "the tail ends: the case may close"))


def _watch(state: CaseState, due: list[Due]) -> None:
    watch = state.watch
    if watch.wanted and not watch.running and watch.restart_at is not None:
        due.append(Due(watch.restart_at, "watch", "ask the provider again"))


def next_due(state: CaseState) -> Due | None:
    """What happens next by itself; past duties that only wait for something else (a tail that waits for the survey) are not it."""
    items = [item for item in agenda(state) if not (item.what == "tail_ends" and _tail_waits(state, item.at))]
    return items[0] if items else None


def next_for_people(state: CaseState) -> Due | None:
    """What a list shows as due: the next thing that somebody was promised or must do. What the case tries again by itself comes last."""
    items = [
        item for item in agenda(state) if item.what not in _BY_ITSELF and not (item.what == "tail_ends" and _tail_waits(state, item.at))
    ]
    return items[0] if items else next_due(state)


def _tail_waits(state: CaseState, at: datetime) -> bool:
    """True if the end of the tail is no event of its own any more: it has been noted, the close waits for something else."""
    return state.named_facts.get("tail_ended") == at and not outcomes.may_close(state, at)
