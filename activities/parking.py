"""Parked channels: a fault of the operator stops what it concerns, with one alert: a bad key or used-up credits the channel for all
cases, a sender that is not verified only what leaves by that sender.

Owns who is told, and which message may find out whether it is mended. Must never judge what a fault is: the adapters' tables do. Called
by the message activity; the rows are those of store/parks.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from activities.ports import AlertMessage, AlertPort, DirectoryPort, SendFailed
from policies.case.plans import MessagePlan, MessageResult
from policies.case.vocabulary import CHANNEL_PARKED, Channel, MessageOutcome
from store.parks import ChannelPark
from store.recorder import Recorder

_ROLE = "operator"
_LEVEL = 3  # nothing leaves any more, for any case of a shop at least
# Everything that waits for a parked channel tries again after its probe, not at the same moment (the provider has a rate).
_SPREAD_S = 60


class Parking:
    def __init__(self, recorder: Recorder, alerts: AlertPort, directory: DirectoryPort) -> None:
        self._recorder = recorder
        self._alerts = alerts
        self._directory = directory

    async def park(self, channel: Channel, provider: str, reason: str, plan: MessagePlan, at: datetime, sender: str = "") -> MessageResult:
        """The provider has just refused for a reason that is the operator's: park the channel, or the `sender` that is at fault, and
        tell the operator once.
        """
        standing = await self._recorder.park(channel, provider, reason, at, plan.parked_retry.elapsed(), sender)
        if standing is None:
            return MessageResult(
                outcome=MessageOutcome.PARKED, at=at, channel=channel, reason=CHANNEL_PARKED, retry_at=at + plan.parked_retry.elapsed()
            )
        if standing.alerted_at is None:
            await self._alert(standing, at)
        return self.parked([standing], plan, at)

    async def may_probe(self, parks: Sequence[ChannelPark], plan: MessagePlan, at: datetime) -> bool:
        """True for the one message that tries when the time of all that stands in its way has come."""
        for park in parks:
            if park.alerted_at is None:
                await self._alert(park, at)
        return all(at >= park.probe_at for park in parks) and await self._recorder.claim_probe(parks, at, plan.parked_retry.elapsed())

    def parked(self, parks: Sequence[ChannelPark], plan: MessagePlan, at: datetime) -> MessageResult:
        """Certainly not sent; tried again soon after the last of these is probed next."""
        park = max(parks, key=lambda park: park.probe_at)
        probe_at = park.probe_at if park.probe_at > at else at + plan.parked_retry.elapsed()
        share = int.from_bytes(sha256(plan.message_id.encode()).digest()[:2], "big") / 0xFFFF
        spread = timedelta(seconds=min(_SPREAD_S, plan.parked_retry.elapsed().total_seconds()) * share)
        return MessageResult(outcome=MessageOutcome.PARKED, at=at, channel=park.channel, reason=CHANNEL_PARKED, retry_at=probe_at + spread)

    async def mended(self, parks: Sequence[ChannelPark], at: datetime) -> None:
        """A message was taken again."""
        await self._recorder.lift_parks(parks, at)

    async def _alert(self, park: ChannelPark, at: datetime) -> None:
        what = f"{park.channel.value} by {park.provider}" + (f" from {park.sender}" if park.sender else "")
        others = " Other senders go on." if park.sender else ""
        message = AlertMessage(
            alert_id=park.alert_id,
            case_id="",
            to=self._directory.people(_ROLE, None),
            role=_ROLE,
            level=_LEVEL,
            title=f"[level {_LEVEL}] {what} is parked: {park.reason}",
            body=f"Nothing leaves {'from ' + park.sender + ' ' if park.sender else ''}by {park.channel.value} since "
            f"{park.since:%Y-%m-%d %H:%M:%S} UTC ({park.reason}).{others} "
            "Cases keep their clocks; what they wanted to say waits, and goes out as one true message each when it is mended.",
        )
        try:
            await self._alerts.alert(message, at)
        except SendFailed:
            return  # the next message that meets the park tells it
        await self._recorder.note_alerted(park, at)
