"""The activity `send_message`: books first, then one message on one channel, then its outcome.

Owns the order of those steps, the choice of the next channel after a permanent refusal or where an address is suppressed, and what to do
with an attempt whose answer was lost (never a blind resend). Must never decide whether a message is due. Called by the engine; at least
once, with a memory.
"""

import contextlib
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.calling import PersonCall
from activities.contracts import names
from activities.contracts.jobs import SendMessage
from activities.correspondence import Correspondence
from activities.early_readings import EarlyReadings
from activities.engine_time import alive, engine_now
from activities.failures import books_errors
from activities.parking import Parking
from activities.ports import ChannelPort, Outgoing, SendFailed, SendOutcome, Sent, sender_key
from activities.templates.overrides import Overrides
from activities.wording import BrandsPort, worded
from policies.case.plans import MessagePlan, MessageResult
from policies.case.state import SentUnwritten
from policies.case.vocabulary import EXPIRED, QUIET_HOURS, UNKNOWN_TWICE, UNSUBSCRIBED, Channel, MessageClass, MessageOutcome
from store.contacts import address_on
from store.errors import StoreUnavailable
from store.parks import ChannelPark
from store.recorder import Recorder
from store.recorder.sending import Preparation
from store.standing import Delivery, DeliveryState, MessageState
from store.suppressions import SuppressionReason

# Longer than the whole HTTP limit of any channel (10 s, house.md), so that a slow attempt is not mistaken for a dead one.
LEASE_S = 15.0
_DIED = "attempt_died"  # its process ended before any answer
# After an answer was lost: reports come within a minute or two of the sending, and looking costs nothing (provider-facts 1.6).
LOOK_AFTER_S = 90.0

_OUTCOMES = {
    SendOutcome.PERMANENT: MessageOutcome.REFUSED,
    SendOutcome.UNKNOWN: MessageOutcome.UNKNOWN,
    SendOutcome.RETRY: MessageOutcome.PARKED,
    SendOutcome.OPERATOR: MessageOutcome.PARKED,
}
_DELIVERIES = {
    SendOutcome.PERMANENT: DeliveryState.REFUSED,
    SendOutcome.UNKNOWN: DeliveryState.UNKNOWN,
    SendOutcome.RETRY: DeliveryState.NOT_SENT,
    SendOutcome.OPERATOR: DeliveryState.NOT_SENT,
}


class Messaging:
    """`parking`: what to do where the operator is at fault; `correspondence`: links and the address for answers, where there are any;
    `overrides`: the shops' own texts.
    """

    def __init__(
        self,
        recorder: Recorder,
        channels: dict[Channel, ChannelPort],
        brands: BrandsPort,
        parking: Parking,
        correspondence: Correspondence | None = None,
        overrides: Overrides | None = None,
    ) -> None:
        self._recorder = recorder
        self._early = EarlyReadings(recorder)
        self._channels = channels
        self._brands = brands
        self._parking = parking
        self._correspondence = correspondence or Correspondence()
        self._overrides = overrides
        self._providers = {channel: port.name for channel, port in channels.items()}

    @activity.defn(name=names.SEND_MESSAGE)
    async def send_message(self, job: SendMessage) -> MessageResult:
        """Send `job.plan` once. Called again with the same plan it returns what the books know."""
        at = engine_now()
        with books_errors():
            async with alive():
                prepared = await self._recorder.prepare(job.plan, self._providers)
                reason = _why_not(prepared)
                if reason is not None:
                    result = await self._not_sent(job, reason, at)
                else:
                    result = await self._on_the_first_channel_that_takes_it(job, prepared, at)
                await self._early.take(job.books)  # after the message: what came early waited, the customer does not
                return result

    async def _on_the_first_channel_that_takes_it(self, job: SendMessage, prepared: Preparation, at: datetime) -> MessageResult:
        plan = job.plan
        refused = MessageResult(outcome=MessageOutcome.REFUSED, at=at, reason="no_channel")
        person = PersonCall(self._recorder, plan, job.books.row.owner) if plan.call_by is not None else None
        for channel in plan.channels:
            port = person if person is not None and channel is Channel.VOICE else self._channels.get(channel)
            address = address_on(prepared.contact, channel)
            if port is None or address is None:
                refused = refused.model_copy(update={"reason": f"no_{channel.value}_address" if port else "no_channel"})
                continue
            suppressed = prepared.suppressed.get(channel)
            if suppressed is SuppressionReason.UNSUBSCRIBE and plan.message_class is not MessageClass.MANDATORY:
                # The customer wants none of this class, on no other channel either.
                return await self._not_sent(job, MessageResult(outcome=MessageOutcome.SKIPPED, at=at, reason=UNSUBSCRIBED), at)
            if suppressed is not None:
                refused = refused.model_copy(update={"channel": channel, "reason": f"suppressed_{suppressed.value}"})
                continue
            quiet_until = plan.quiet_until.get(channel)
            if quiet_until is not None and at < quiet_until:  # nobody is called or texted at night because an e-mail address failed
                parked = MessageResult(outcome=MessageOutcome.PARKED, at=at, channel=channel, reason=QUIET_HOURS, retry_at=quiet_until)
                return await self._not_sent(job, parked, at)
            parks = self._parks(channel, port, prepared, plan) if port is not person else []  # a machine's fault stops no person
            if parks and _first_attempt() and not plan.shadow and not await self._parking.may_probe(parks, plan, at):
                return await self._not_sent(job, self._parking.parked(parks, plan, at), at)
            outgoing, words = self._render(channel, address, prepared, plan, at)
            begun = await self._recorder.begin_sending(job.books, plan, words, channel, at, LEASE_S, reuse=port.idempotent)
            known = begun.standing.result
            if known is not None and begun.standing.state is not MessageState.PARKED:
                return known
            if begun.standing.state is MessageState.PARKED:
                await self._recorder.reopen_message(plan.message_id)
            if begun.delivery is None:  # shadow: everything but the sending
                shadow = MessageResult(outcome=MessageOutcome.ACCEPTED, at=at, channel=channel, reason="shadow")
                return await self._recorder.finish_message(plan.message_id, shadow, at)
            result = await self._deliver(port, begun.delivery, outgoing, plan, at)
            if parks and result.outcome is MessageOutcome.ACCEPTED:
                await self._parking.mended(parks, at)
            if result.outcome is not MessageOutcome.REFUSED:
                return result
            refused = result
        return await self._not_sent(job, refused, at)

    def _parks(self, channel: Channel, port: ChannelPort, prepared: Preparation, plan: MessagePlan) -> list[ChannelPark]:
        """The faults of the operator that stand in this message's way: of the account, or of the sender that it would leave by."""
        found = [park for park in prepared.parks if park.channel is channel and park.provider == port.name]
        if not any(park.sender for park in found):
            return found
        sender = sender_key(self._brands.of(plan.context.merchant, plan.context.brand, channel).sender)
        return [park for park in found if park.sender in ("", sender)]

    async def _not_sent(self, job: SendMessage, result: MessageResult | str, at: datetime) -> MessageResult:
        """Nothing left to try: the outcome goes into the books without a delivery."""
        if isinstance(result, str):
            outcome = MessageOutcome.SKIPPED if result == "other_case_open" else MessageOutcome.REFUSED
            result = MessageResult(outcome=outcome, at=at, reason=result)
        standing = await self._recorder.open_message(job.books, job.plan, at)
        if standing.result is not None and standing.state is not MessageState.PARKED:
            return standing.result
        return await self._recorder.finish_message(job.plan.message_id, result, at)

    async def _deliver(self, port: ChannelPort, delivery: Delivery, outgoing: Outgoing, plan: MessagePlan, at: datetime) -> MessageResult:
        if delivery.state is DeliveryState.ACCEPTED:
            accepted = MessageResult(outcome=MessageOutcome.ACCEPTED, at=delivery.ended_at or at, channel=delivery.channel)
            return await self._recorder.finish_message(plan.message_id, accepted, at)
        if delivery.state is DeliveryState.REFUSED:
            return MessageResult(outcome=MessageOutcome.REFUSED, at=at, channel=delivery.channel, reason=delivery.reason)
        if not delivery.fresh and not port.idempotent:
            known = await self._reconcile(port, delivery, outgoing, plan, at)
            if known is not None:
                return known
            delivery = await self._recorder.claim_delivery(plan.message_id, delivery.channel, at, LEASE_S, reuse=False)
        try:
            sent = await port.send(outgoing.model_copy(update={"delivery_id": delivery.delivery_id}), at)
        except SendFailed as error:
            return await self._failed(port, delivery, outgoing.address, error, plan, at)
        return await self._accepted(delivery, sent, plan, at)

    async def _reconcile(
        self, port: ChannelPort, delivery: Delivery, outgoing: Outgoing, plan: MessagePlan, at: datetime
    ) -> MessageResult | None:
        """What became of an attempt that died: accepted, still running (wait), or unknown; None if it may be sent again."""
        reported = await self._recorder.accepted_by_events(delivery.delivery_id)
        if reported is not None:
            sent: Sent | None = Sent(provider_id=reported.provider_id or "", accepted_at=max(reported.at, delivery.started_at))
        else:
            sent = await self._found(port, outgoing.model_copy(update={"delivery_id": delivery.delivery_id}), delivery.started_at)
        if sent is not None:
            return await self._accepted(delivery, sent, plan, at)
        if at < delivery.lease_until:
            wait = delivery.lease_until - at
            raise ApplicationError("an earlier attempt may still be under way", type="leased", next_retry_delay=wait + timedelta(seconds=1))
        # What must arrive is sent once more, never a third time.
        lost = delivery.reason or _DIED
        reason = lost if delivery.try_no == 1 else UNKNOWN_TWICE
        unknown = MessageResult(outcome=MessageOutcome.UNKNOWN, at=at, channel=delivery.channel, reason=reason)
        ends = None if plan.must_arrive and delivery.try_no == 1 else unknown
        await self._recorder.end_sending(plan.message_id, delivery.delivery_id, DeliveryState.UNKNOWN, at, ends, reason=lost)
        return ends

    async def _found(self, port: ChannelPort, outgoing: Outgoing, since: datetime) -> Sent | None:
        try:
            return await port.find(outgoing, since)
        except SendFailed as error:
            # Asked again until the job's limit; then the case takes it as unknown, and says once more what must arrive.
            wait = timedelta(seconds=error.retry_after_s or LEASE_S)
            raise ApplicationError("the provider cannot be asked what became of it", type="leased", next_retry_delay=wait) from None

    async def _accepted(self, delivery: Delivery, sent: Sent, plan: MessagePlan, at: datetime) -> MessageResult:
        accepted_at = sent.accepted_at or at
        result = MessageResult(outcome=MessageOutcome.ACCEPTED, at=accepted_at, channel=delivery.channel)
        try:
            await self._recorder.end_sending(
                plan.message_id, delivery.delivery_id, DeliveryState.ACCEPTED, accepted_at, result, provider_id=sent.provider_id
            )
        except StoreUnavailable:
            # The customer has it. A failed attempt would say otherwise once the job's limit is over, and it would be said again.
            unwritten = SentUnwritten(
                message_id=plan.message_id,
                delivery_id=delivery.delivery_id,
                provider_id=sent.provider_id,
                channel=delivery.channel,
                at=accepted_at,
            )
            return result.model_copy(update={"unwritten": unwritten})
        return result

    async def _failed(
        self, port: ChannelPort, delivery: Delivery, address: str, error: SendFailed, plan: MessagePlan, at: datetime
    ) -> MessageResult:
        if error.suppress is not None:
            reason = SuppressionReason(error.suppress)
            await self._recorder.suppress(delivery.channel, address, reason, at, f"{port.name}:{error.reason}")
        if error.outcome is SendOutcome.UNKNOWN and (not port.idempotent or delivery.attempt == 1):
            # The row stays `sending`: the next attempt looks for what became of it, as for one that died. A provider with a key against
            # a second sending answers that itself when it is asked again.
            with contextlib.suppress(StoreUnavailable):  # the look counts, not its reason
                await self._recorder.note_lost(delivery.delivery_id, error.reason)
            raise ApplicationError("the answer was lost", type="leased", next_retry_delay=timedelta(seconds=LOOK_AFTER_S))
        result = MessageResult(outcome=_OUTCOMES[error.outcome], at=at, channel=delivery.channel, reason=error.reason)
        if error.reason == EXPIRED:
            return await self._expired(delivery, plan, at)
        untold: ChannelPark | None = None
        if error.outcome is SendOutcome.OPERATOR:
            result, untold = await self._parking.park(delivery.channel, port.name, error.reason, plan, at, error.sender)
        elif error.busy:
            result = self._parking.busy(delivery.channel, plan, at, error.retry_after_s)
        elif result.outcome is MessageOutcome.PARKED:
            wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s is not None else plan.parked_retry.elapsed()
            result = result.model_copy(update={"retry_at": at + wait})
        # A refusal on this channel does not end the message: the next channel may take it.
        ends = None if result.outcome is MessageOutcome.REFUSED else result
        await self._recorder.end_sending(plan.message_id, delivery.delivery_id, _DELIVERIES[error.outcome], at, ends, reason=error.reason)
        if untold is not None:  # after the books: who dies while alerting has certainly sent nothing
            await self._parking.tell(untold, at)
        return result

    async def _expired(self, delivery: Delivery, plan: MessagePlan, at: datetime) -> MessageResult:
        """It names a next word that is due already: the case writes a true one at once. An earlier try of it may be out all the same."""
        tried_before = delivery.try_no > 1 or delivery.attempt > 1
        outcome = MessageOutcome.UNKNOWN if tried_before else MessageOutcome.PARKED
        reason = (delivery.reason or _DIED) if tried_before else EXPIRED
        result = MessageResult(outcome=outcome, at=at, channel=delivery.channel, reason=reason, retry_at=None if tried_before else at)
        await self._recorder.end_sending(plan.message_id, delivery.delivery_id, DeliveryState.NOT_SENT, at, result, reason=EXPIRED)
        return result

    def _render(
        self, channel: Channel, address: str, prepared: Preparation, plan: MessagePlan, at: datetime
    ) -> tuple[Outgoing, dict[str, Any]]:
        context = plan.context
        brand = self._brands.of(context.merchant, context.brand, channel)
        letter = self._correspondence.letter(plan, channel, prepared.link_id, at)
        rendered = worded(plan, channel, prepared, brand, at, links=letter.links, overrides=self._overrides)
        words = {**rendered.model_dump(), "brand": context.brand or context.merchant}
        outgoing = Outgoing(
            delivery_id="",
            message_id=plan.message_id,
            case_id=context.case_id,
            channel=channel,
            address=address,
            sender=brand.sender,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            locale=rendered.locale,
            headers=letter.headers,
            unsubscribe_url=letter.unsubscribe_url,
            valid_until=plan.next_word_at,
        )
        return outgoing, words


def _first_attempt() -> bool:
    """An earlier attempt may have handed the message over: then nobody says that it certainly was not."""
    return activity.info().attempt == 1


def _why_not(prepared: Preparation) -> str | None:
    if prepared.other_open_case:
        return "other_case_open"
    return "no_contact_data" if prepared.contact is None else None
