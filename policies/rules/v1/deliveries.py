"""What providers report on a message after they took it: one that did not arrive is said again where it can.

Owns which messages are said again, and which channel comes last from then on. Must never judge an address (store/suppressions.py does).
Called when a message was accepted and by the workflow's signal handler.
"""

from datetime import datetime

from policies.case.commands import DeliveryReport
from policies.case.facts import Actor
from policies.case.plans import ArrivalAnswer, ArrivalQuestion
from policies.case.state import CaseState, EarlyReport, InFlight, Need, Said
from policies.case.vocabulary import MESSAGE_CLASS, Channel, FactType, MessageClass, MessageKind, Role
from policies.rules.v1 import cadence, outcomes
from policies.rules.v1.memory import remember

_KNOWN_REPORTS = 50  # reports come at least once, within days of the message; a case has one message on its way at a time
_KEPT = 5  # mandatory messages that may still be reported as not arrived: bounces come within three days, by the e-mail standard


def said(state: CaseState, flight: InFlight, channel: Channel | None, at: datetime, now: datetime) -> None:
    """A message was accepted: what it had to say is kept for a while, should it not arrive. A report that was faster than this
    answer is followed now.
    """
    early, state.early_report = state.early_report, None
    _keep(state, flight, channel, at)
    if early is not None and early.message_id == flight.message_id:
        _say_again(state, early, now)


def _keep(state: CaseState, flight: InFlight, channel: Channel | None, at: datetime) -> None:
    must = [waiting for waiting in flight.needs if MESSAGE_CLASS[waiting.kind] is MessageClass.MANDATORY]
    if not must or channel is None:
        return
    patience = state.start.policy.policy.delivery_patience.get(channel)
    elsewhere = any(other is not channel for other in cadence.channels(state))
    again = any(not waiting.again for waiting in must)
    look_at = at + patience.elapsed() if patience is not None and elsewhere and again and not state.start.shadow else None
    message = Said(message_id=flight.message_id, cycle=flight.cycle, channel=channel, at=at, needs=must, look_at=look_at)
    state.said = [*state.said, message][-_KEPT:]


def look_at(state: CaseState) -> datetime | None:
    """When the books are to be asked next whether a message arrived."""
    return min((message.look_at for message in state.said if message.look_at is not None), default=None)


def questions(state: CaseState, now: datetime) -> list[ArrivalQuestion]:
    """What is to be asked of the books now; each is asked once."""
    due = [message for message in state.said if message.look_at is not None and message.look_at <= now]
    for message in due:
        message.look_at = None
    return [ArrivalQuestion(message_id=message.message_id, channel=message.channel, since=message.at) for message in due]


def answered(state: CaseState, question: ArrivalQuestion, answer: ArrivalAnswer, now: datetime) -> None:
    """Silence while others are reported on counts as not arrived; a report that it did not has been signalled, or is in the books."""
    if answer.arrived in ("no", "silent"):
        report = DeliveryReport(
            message_id=question.message_id,
            delivery_id=question.message_id,  # of its own: the provider may still report on the delivery
            channel=question.channel,
            state="silent",
            reason="no_report" if answer.arrived == "silent" else "reported_before",
            at=now,
        )
        if not any(message == question.message_id for message in state.undelivered):
            not_delivered(state, report, now)


def not_delivered(state: CaseState, report: DeliveryReport, now: datetime) -> None:
    """The message did not arrive. What must be said is said again, once, on the next channel; what was routine goes out there with the
    next word, which keeps its date.
    """
    if state.closed_at is not None or report.delivery_id in state.undelivered:
        return
    state.undelivered = [*state.undelivered, report.delivery_id][-_KNOWN_REPORTS:]
    remember(
        state,
        FactType.MESSAGE_UNDELIVERED,
        now,
        by=Actor(who=report.channel.value, role=Role.PROVIDER),
        occurred_at=min(report.at, now),
        message_id=report.message_id,
        channel=report.channel.value,
        permanent=report.permanent or None,
        reason=report.reason,
    )
    if not report.operator:  # a fault of ours says nothing of the customer's channel
        cadence.comes_last(state, report.channel)
    early = EarlyReport(message_id=report.message_id, channel=report.channel, permanent=report.permanent, operator=report.operator)
    if state.in_flight is not None and state.in_flight.message_id == report.message_id:
        state.early_report = early
        return
    _say_again(state, early, now)


def _say_again(state: CaseState, report: EarlyReport, now: datetime) -> None:
    if report.operator:
        _say_when_mended(state, report.message_id, now)
        return
    again = _to_be_said_again(state, report.message_id)
    if not again:
        return
    state.needs = [*[waiting.model_copy(update={"since": now, "again": True}) for waiting in again], *state.needs]
    if cadence.channels(state)[:1] == [report.channel] and not report.permanent:
        # There is no other channel, and the address is good: a phone that was off, a mailbox that was full. Not at once.
        policy = state.start.policy.policy
        state.parked_until = policy.calendar.add(now, policy.parked_retries[-1])


def _say_when_mended(state: CaseState, message_id: str, now: datetime) -> None:
    """As if the provider had not taken it: what it said waits until the operator has mended the fault (the channel is parked by now),
    also the routine word whose promise is still open, and once more does not count: the customer has seen none of it.
    """
    again = [waiting.model_copy(update={"since": now}) for waiting in _to_be_said_again(state, message_id, also_again=True)]
    for message in state.said:
        if message.message_id == message_id:
            message.look_at = None  # it is known what became of it
    newest = state.promise is not None and state.promise.made_by == message_id and state.in_flight is None
    if not again and newest and state.resolution is None and not state.needs:
        again = [Need(kind=MessageKind.UPDATE, since=now)]
    if not again:
        return
    state.needs = [*again, *state.needs]
    # Not at once, as with a fault that the answer names: where nothing was parked for it after all, it would be thrown away in a circle.
    policy = state.start.policy.policy
    state.parked_until = policy.calendar.add(now, policy.parked_retries[0])


def _to_be_said_again(state: CaseState, message_id: str, *, also_again: bool = False) -> list[Need]:
    place = next((number for number, one in enumerate(state.said) if one.message_id == message_id), None)
    if place is None:
        return []  # routine, or so old that only the books know it
    message, later = state.said[place], state.said[place + 1 :]
    return [
        waiting
        for waiting in message.needs
        if (also_again or not waiting.again)  # said twice already
        and not outcomes.overtaken(state, waiting.kind, message.cycle)
        and (state.resolution is None or waiting.kind in (MessageKind.RESOLUTION, MessageKind.REPLY))  # the resolution says it all
        and not any(_says(one, waiting) or (one.channel is not message.channel and waiting.kind is not MessageKind.REPLY) for one in later)
        and not any(other.kind is waiting.kind and other.text_ref == waiting.text_ref for other in state.needs)
    ]


def _says(message: Said, waiting: Need) -> bool:
    return any(need.kind is waiting.kind and need.text_ref == waiting.text_ref for need in message.needs)
