"""Parked channels: a fault of the operator (a bad key, an unverified sender, credits gone) stops a channel for all cases, with one alert.

Owns who is told, and which message may find out whether it is mended. Must never judge what a fault is: the adapters' tables do. Called
by the message activity; the rows are those of store/parks.py.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from activities.ports import AlertMessage, AlertPort, DirectoryPort, SendFailed
from policies.case.plans import MessagePlan, MessageResult
from policies.case.vocabulary import CHANNEL_PARKED, Channel, MessageOutcome
from store.parks import ChannelPark
from store.recorder import Recorder

_ROLE = "operator"
_LEVEL = 3  # nothing leaves any more, for any case
# Everything that waits for a parked channel tries again after its probe, not at the same moment (the provider has a rate).
_SPREAD_S = 60


class Parking:
    def __init__(self, recorder: Recorder, alerts: AlertPort, directory: DirectoryPort) -> None:
        self._recorder = recorder
        self._alerts = alerts
        self._directory = directory

    async def park(self, channel: Channel, provider: str, reason: str, plan: MessagePlan, at: datetime) -> MessageResult:
        """The provider has just refused for a reason that is the operator's: park the channel, tell the operator once."""
        standing = await self._recorder.park(channel, provider, reason, at, plan.parked_retry.elapsed())
        if standing is None:
            return MessageResult(
                outcome=MessageOutcome.PARKED, at=at, channel=channel, reason=CHANNEL_PARKED, retry_at=at + plan.parked_retry.elapsed()
            )
        if standing.alerted_at is None:
            await self._alert(standing, at)
        return self.parked(standing, plan, at)

    async def may_probe(self, park: ChannelPark, plan: MessagePlan, at: datetime) -> bool:
        """True for the one message that tries a parked channel when its time has come."""
        if park.alerted_at is None:
            await self._alert(park, at)
        return at >= park.probe_at and await self._recorder.claim_probe(park.channel, park.provider, at, plan.parked_retry.elapsed())

    def parked(self, park: ChannelPark, plan: MessagePlan, at: datetime) -> MessageResult:
        """Certainly not sent; tried again soon after the channel is probed next."""
        probe_at = park.probe_at if park.probe_at > at else at + plan.parked_retry.elapsed()
        share = int.from_bytes(sha256(plan.message_id.encode()).digest()[:2], "big") / 0xFFFF
        spread = timedelta(seconds=min(_SPREAD_S, plan.parked_retry.elapsed().total_seconds()) * share)
        return MessageResult(outcome=MessageOutcome.PARKED, at=at, channel=park.channel, reason=CHANNEL_PARKED, retry_at=probe_at + spread)

    async def mended(self, park: ChannelPark, at: datetime) -> None:
        """The channel took a message again."""
        await self._recorder.lift_park(park.channel, park.provider, at)

    async def _alert(self, park: ChannelPark, at: datetime) -> None:
        message = AlertMessage(
            alert_id=park.alert_id,
            case_id="",
            to=self._directory.people(_ROLE, None),
            role=_ROLE,
            level=_LEVEL,
            title=f"[level {_LEVEL}] {park.channel.value} by {park.provider} is parked: {park.reason}",
            body=f"Nothing leaves by {park.channel.value} since {park.since:%Y-%m-%d %H:%M:%S} UTC ({park.reason}). "
            "Cases keep their clocks; what they wanted to say waits, and goes out as one true message each when the account is mended.",
        )
        try:
            await self._alerts.alert(message, at)
        except SendFailed:
            return  # the next message that meets the park tells it
        await self._recorder.note_alerted(park.channel, park.provider, at)
