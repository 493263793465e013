"""Parked channels: a fault of the operator stops what it concerns, with one alert: a bad key or used-up credits the channel for all
cases, a sender that is not verified only what leaves by that sender.

Owns who is told, and which message may find out whether it is mended. Must never judge what a fault is: the adapters' tables do. Called
by the message activity; `tell_park` is the engine's, for a fault that a report brought while no message met it. The rows are those of
store/parks.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.contracts import names
from activities.contracts.jobs import TellPark
from activities.engine_time import alive, engine_now
from activities.failures import books_errors
from activities.ports import AlertMessage, AlertPort, DirectoryPort, SendFailed
from policies.case.plans import MessagePlan, MessageResult
from policies.case.vocabulary import BUSY, CHANNEL_PARKED, Channel, MessageOutcome
from store.parks import ChannelPark
from store.recorder import Recorder

_ROLE = "operator"
_LEVEL = 3  # nothing leaves any more, for any case of a shop at least
# Everything that waits for a parked channel tries again after its probe, not at the same moment (the provider has a rate).
_SPREAD_S = 60
# Longer than an alert takes (10 s for all addresses of a role, docs/channels.md), so that a slow one is not mistaken for a dead one.
_ALERT_LEASE = timedelta(seconds=60)


class Parking:
    def __init__(self, recorder: Recorder, alerts: AlertPort, directory: DirectoryPort) -> None:
        self._recorder = recorder
        self._alerts = alerts
        self._directory = directory

    async def park(
        self, channel: Channel, provider: str, reason: str, plan: MessagePlan, at: datetime, sender: str = ""
    ) -> tuple[MessageResult, ChannelPark | None]:
        """The provider has just refused for a reason that is the operator's: park the channel, or the `sender` that is at fault.

        With it the park that the operator is to be told of (`tell`) once the books have the message's own end; None: told already.
        """
        standing = await self._recorder.park(channel, provider, reason, at, plan.parked_retry.elapsed(), sender)
        if standing is None:
            retry_at = at + plan.parked_retry.elapsed()
            result = MessageResult(outcome=MessageOutcome.PARKED, at=at, channel=channel, reason=CHANNEL_PARKED, retry_at=retry_at)
            return result, None
        return self.parked([standing], plan, at), standing if standing.alerted_at is None else None

    async def may_probe(self, parks: Sequence[ChannelPark], plan: MessagePlan, at: datetime) -> bool:
        """True for the one message that tries when the time of all that stands in its way has come."""
        for park in parks:
            if park.alerted_at is None:
                await self.tell(park, at)
        return all(at >= park.probe_at for park in parks) and await self._recorder.claim_probe(parks, at, plan.parked_retry.elapsed())

    def parked(self, parks: Sequence[ChannelPark], plan: MessagePlan, at: datetime) -> MessageResult:
        """Certainly not sent; tried again soon after the last of these is probed next."""
        park = max(parks, key=lambda park: park.probe_at)
        probe_at = park.probe_at if park.probe_at > at else at + plan.parked_retry.elapsed()
        return MessageResult(
            outcome=MessageOutcome.PARKED, at=at, channel=park.channel, reason=CHANNEL_PARKED, retry_at=probe_at + _spread(plan)
        )

    def busy(self, channel: Channel, plan: MessagePlan, at: datetime, wait_s: float | None) -> MessageResult:
        """Certainly not sent, and nobody's fault: tried again when the provider says so (`wait_s`, seconds), not all at one moment."""
        wait = timedelta(seconds=wait_s) if wait_s is not None else plan.parked_retry.elapsed()
        return MessageResult(outcome=MessageOutcome.PARKED, at=at, channel=channel, reason=BUSY, retry_at=at + wait + _spread(plan))

    async def mended(self, parks: Sequence[ChannelPark], at: datetime) -> None:
        """A message was taken again."""
        await self._recorder.taken_again(parks, at)

    async def tell(self, park: ChannelPark, at: datetime) -> bool:
        """Tell the operator, unless somebody beside us does: the books say who may. False if nobody was told by this call.

        An alert that is not taken is told by whoever meets the park next; one whose teller died is told after its lease.
        """
        if not await self._recorder.claim_alert(park, at, _ALERT_LEASE):
            return False
        try:
            await self._alerts.alert(self._words(park), at)
        except SendFailed:
            await self._recorder.release_alert(park)
            return False
        await self._recorder.note_alerted(park, at)
        return True

    @activity.defn(name=names.TELL_PARK)
    async def tell_park(self, job: TellPark) -> None:
        """Tell the operator of a park that may be met by no message. Nothing to do if that was done, or it was lifted meanwhile."""
        at = engine_now()
        with books_errors():
            async with alive():
                park = await self._recorder.standing_park(job.channel, job.provider, job.sender)
                if park is None or park.alerted_at is not None or park.alert_id != job.alert_id:
                    return
                if not await self.tell(park, at):
                    # Not taken, or a message that met it is telling it: looked at again until it is noted.
                    raise ApplicationError("the operator was not told yet", type="park_untold")

    def _words(self, park: ChannelPark) -> AlertMessage:
        what = f"{park.channel.value} by {park.provider}" + (f" from {park.sender}" if park.sender else "")
        others = " Other senders go on." if park.sender else ""
        return AlertMessage(
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


def _spread(plan: MessagePlan) -> timedelta:
    """This message's own share of the spread, the same whenever it is asked for."""
    share = int.from_bytes(sha256(plan.message_id.encode()).digest()[:2], "big") / 0xFFFF
    return timedelta(seconds=min(_SPREAD_S, plan.parked_retry.elapsed().total_seconds()) * share)
