"""Cadence: when the next word is due and when a channel may carry it.

Owns the arithmetic of the promise of a next word. Called where a message is composed and by the agenda.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from policies.case.state import CaseState
from policies.case.vocabulary import MESSAGE_CLASS, Channel, MessageClass, MessageKind
from policies.time.send_window import SendWindow

_EXEMPT_FROM_QUIET = frozenset({MessageKind.ACKNOWLEDGEMENT, MessageKind.LEGAL_NOTICE})


@lru_cache(maxsize=256)
def _outside(quiet_from: str, quiet_until: str) -> SendWindow:
    return SendWindow.outside_quiet_hours(quiet_from, quiet_until)


_ALWAYS = SendWindow.always()


def channels(state: CaseState) -> list[Channel]:
    """The customer's channels, in the customer's order, as far as the policy uses them (all of them if it uses none of these); last
    those on which a message did not arrive.
    """
    allowed = state.start.policy.policy.channels
    chosen = [channel for channel in state.reach.channels if channel in allowed] or list(state.reach.channels)
    return sorted(chosen, key=lambda channel: channel in state.failing_channels) if state.failing_channels else chosen


def window(state: CaseState, channel: Channel | None = None) -> SendWindow:
    """When `channel` (None: the first one) may write: quiet hours bind SMS and voice, e-mail only on the customer's wish."""
    policy = state.start.policy.policy
    channel = channel or next(iter(channels(state)), Channel.EMAIL)
    if channel is Channel.EMAIL and not state.reach.quiet_email:
        return _ALWAYS
    return _outside(state.reach.quiet_from or policy.quiet_from, state.reach.quiet_until or policy.quiet_until)


def may_write_at(state: CaseState, kinds: list[MessageKind], not_before: datetime) -> datetime:
    """The first moment from `not_before` on at which a message of these kinds may go."""
    if any(kind in _EXEMPT_FROM_QUIET for kind in kinds):
        return not_before
    allowed = window(state)
    if all(MESSAGE_CLASS[kind] is MessageClass.SURVEY for kind in kinds):
        survey = state.start.policy.policy.feedback.window
        moment = not_before
        for _ in range(8):  # two windows within one week: they meet within a few openings or never
            moment = survey.next_allowed(allowed.next_allowed(moment, state.reach.zone), state.reach.zone)
            if allowed.allows(moment, state.reach.zone):
                return moment
        return moment
    if allowed is _ALWAYS:
        return not_before
    return allowed.next_allowed(not_before, state.reach.zone)


def quiet_now(state: CaseState, kinds: list[MessageKind], now: datetime) -> dict[Channel, datetime]:
    """The channels that must not be used for these kinds now, should the message fall to them, and from when on they may."""
    if any(kind in _EXEMPT_FROM_QUIET for kind in kinds):
        return {}
    found = {channel: window(state, channel).next_allowed(now, state.reach.zone) for channel in channels(state)[1:]}
    return {channel: moment for channel, moment in found.items() if moment > now}


def comes_last(state: CaseState, channel: Channel) -> None:
    """What is said from now on tries the other channels first."""
    state.failing_channels = [*[known for known in state.failing_channels if known is not channel], channel]


def fell_back(state: CaseState, used: Channel | None) -> None:
    """A message passed the channels before `used` over (no address, suppressed, refused): what comes next is planned for the hours
    of `used`. Where those are all hours, the customer's order stands: a text that was too long for one channel is no fault of it.
    """
    order = channels(state)
    if used in order and window(state, used) is not _ALWAYS:
        for channel in order[: order.index(used)]:
            comes_last(state, channel)


def span(state: CaseState, updates: int) -> timedelta:
    """The cadence in force after that many routine updates: after a breach or reopen its own, else the customer's preference
    within the policy's bounds, else the schedule.
    """
    cadence = state.start.policy.policy.cadence
    if state.tight_cadence:
        return cadence.after_breach.elapsed()
    if state.reach.cadence is not None and state.reach.cadence.is_elapsed:
        return max(cadence.shortest.elapsed(), min(state.reach.cadence.elapsed(), cadence.longest.elapsed()))
    count = updates
    for step in cadence.steps:
        if step.times is None or count < step.times:
            return step.every.elapsed()
        count -= step.times
    return cadence.steps[-1].every.elapsed()


def next_word_at(state: CaseState, kinds: list[MessageKind], now: datetime) -> datetime | None:
    """The moment that a message going out `now` names for the next word; None if none is promised.

    A routine update counts from the time that was promised (no drift), everything else from its own moment; after an outage the
    next word is never in the past. Moved to the next opening of the send window: what is told is a time at which we may write.
    """
    if state.resolution is not None or MessageClass.STATUS in state.reach.opted_out:
        return None
    # "24h three times": the acknowledgement promises the first of them, so an update going out counts already.
    step = span(state, state.routine_count + (MessageKind.UPDATE in kinds))
    base = now
    if kinds == [MessageKind.UPDATE] and state.promise is not None and state.promise.due_at + step > now:
        base = state.promise.due_at
    return may_write_at(state, [MessageKind.UPDATE], base + step)
