"""The activity `send_message`: books first, then one message on one channel, then its outcome.

Owns the order of those steps, the choice of the next channel after a permanent refusal, and what to do with an attempt whose answer
was lost (never a blind resend). Must never decide whether a message is due. Called by the engine; at least once, with a memory.
"""

from datetime import datetime, timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.contracts import names
from activities.contracts.jobs import SendMessage
from activities.engine_time import alive, engine_now
from activities.failures import books_errors
from activities.ports import ChannelPort, Outgoing, SendFailed, SendOutcome, Sent
from activities.templates.brand import Brand
from activities.templates.rendering import render
from policies.case.plans import MessagePlan, MessageResult, TargetView
from policies.case.vocabulary import Channel, MessageOutcome
from store.contacts import Contact
from store.recorder import Recorder
from store.standing import Delivery, DeliveryState, MessageState

# Longer than the whole HTTP limit of any channel (10 s, house.md), so that a slow attempt is not mistaken for a dead one.
LEASE_S = 15.0


class BrandsPort(Protocol):
    def of(self, merchant: str, brand: str | None, channel: Channel) -> Brand: ...


class Messaging:
    def __init__(self, recorder: Recorder, channels: dict[Channel, ChannelPort], brands: BrandsPort) -> None:
        self._recorder = recorder
        self._channels = channels
        self._brands = brands

    @activity.defn(name=names.SEND_MESSAGE)
    async def send_message(self, job: SendMessage) -> MessageResult:
        """Send `job.plan` once. Called again with the same plan it returns what the books know."""
        at = engine_now()
        with books_errors():
            async with alive():
                standing = await self._recorder.open_message(job.books, job.plan, at)
                if standing.result is not None and standing.state is not MessageState.PARKED:
                    return standing.result
                if standing.state is MessageState.PARKED:
                    await self._recorder.reopen_message(job.plan.message_id)
                result = await self._send(job.plan, at)
                await self._recorder.finish_message(job.plan.message_id, result, at)
                return result

    async def _send(self, plan: MessagePlan, at: datetime) -> MessageResult:
        if plan.only_if_no_other_open_case and await self._recorder.other_open_case(plan.customer_key, plan.context.case_id):
            return MessageResult(outcome=MessageOutcome.SKIPPED, at=at, reason="other_case_open")
        contact = await self._recorder.contact(plan.contact_ref)
        if contact is None:
            return MessageResult(outcome=MessageOutcome.REFUSED, at=at, reason="no_contact_data")
        reason = "no_channel"
        for channel in plan.channels:
            address = _address(contact, channel)
            if address is None:
                reason = f"no_{channel.value}_address"
                continue
            result = await self._on(channel, address, contact, plan, at)
            if result is None:
                continue
            if result.outcome is not MessageOutcome.REFUSED:
                return result
            reason = result.reason or reason
        return MessageResult(outcome=MessageOutcome.REFUSED, at=at, reason=reason)

    async def _on(self, channel: Channel, address: str, contact: Contact, plan: MessagePlan, at: datetime) -> MessageResult | None:
        port = self._channels.get(channel)
        if port is None:
            return None
        outgoing = await self._render(channel, address, contact, plan, at)
        if plan.shadow:
            return MessageResult(outcome=MessageOutcome.ACCEPTED, at=at, channel=channel, reason="shadow")
        delivery = await self._recorder.claim_delivery(plan.message_id, channel, at, LEASE_S, reuse=port.idempotent)
        if delivery.state is DeliveryState.ACCEPTED:
            return MessageResult(outcome=MessageOutcome.ACCEPTED, at=delivery.ended_at or at, channel=channel)
        if delivery.state is DeliveryState.REFUSED:
            return MessageResult(outcome=MessageOutcome.REFUSED, at=at, channel=channel, reason=delivery.reason)
        if not delivery.fresh and not port.idempotent:
            known = await self._reconcile(port, delivery, plan, at)
            if known is not None:
                return known
            delivery = await self._recorder.claim_delivery(plan.message_id, channel, at, LEASE_S, reuse=False)
        return await self._hand_over(port, delivery, outgoing, plan, at)

    async def _reconcile(self, port: ChannelPort, delivery: Delivery, plan: MessagePlan, at: datetime) -> MessageResult | None:
        """What became of an attempt that died: accepted, still running (wait), or unknown; None if it may be sent again."""
        sent = await port.find(delivery.delivery_id)
        if sent is not None:
            return await self._accepted(delivery, sent, at)
        if at < delivery.lease_until:
            wait = delivery.lease_until - at
            raise ApplicationError("an earlier attempt may still be under way", type="leased", next_retry_delay=wait + timedelta(seconds=1))
        await self._recorder.finish_delivery(delivery.delivery_id, DeliveryState.UNKNOWN, at, reason="attempt_died")
        if plan.must_arrive:
            return None
        return MessageResult(outcome=MessageOutcome.UNKNOWN, at=at, channel=delivery.channel, reason="attempt_died")

    async def _hand_over(self, port: ChannelPort, delivery: Delivery, outgoing: Outgoing, plan: MessagePlan, at: datetime) -> MessageResult:
        outgoing = outgoing.model_copy(update={"delivery_id": delivery.delivery_id})
        try:
            sent = await port.send(outgoing, at)
        except SendFailed as error:
            return await self._failed(delivery, error, plan, at)
        return await self._accepted(delivery, sent, at)

    async def _accepted(self, delivery: Delivery, sent: Sent, at: datetime) -> MessageResult:
        accepted_at = sent.accepted_at or at
        await self._recorder.finish_delivery(delivery.delivery_id, DeliveryState.ACCEPTED, accepted_at, provider_id=sent.provider_id)
        return MessageResult(outcome=MessageOutcome.ACCEPTED, at=accepted_at, channel=delivery.channel)

    async def _failed(self, delivery: Delivery, error: SendFailed, plan: MessagePlan, at: datetime) -> MessageResult:
        match error.outcome:
            case SendOutcome.PERMANENT:
                await self._recorder.finish_delivery(delivery.delivery_id, DeliveryState.REFUSED, at, reason=error.reason)
                return MessageResult(outcome=MessageOutcome.REFUSED, at=at, channel=delivery.channel, reason=error.reason)
            case SendOutcome.UNKNOWN:
                await self._recorder.finish_delivery(delivery.delivery_id, DeliveryState.UNKNOWN, at, reason=error.reason)
                return MessageResult(outcome=MessageOutcome.UNKNOWN, at=at, channel=delivery.channel, reason=error.reason)
            case SendOutcome.RETRY | SendOutcome.OPERATOR:
                await self._recorder.finish_delivery(delivery.delivery_id, DeliveryState.NOT_SENT, at, reason=error.reason)
                wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s is not None else plan.parked_retry.elapsed()
                return MessageResult(
                    outcome=MessageOutcome.PARKED, at=at, channel=delivery.channel, reason=error.reason, retry_at=at + wait
                )

    async def _render(self, channel: Channel, address: str, contact: Contact, plan: MessagePlan, at: datetime) -> Outgoing:
        context = plan.context
        standing = await self._recorder.standing(context.case_id)
        answered = [check.last_answered_at for check in standing if check.last_answered_at is not None]
        statuses = {(check.provider, check.reference): check.status for check in standing if check.status}
        # The workflow keeps real news only; what the provider last said ("pending") is in the books.
        targets: list[TargetView] = [
            target.model_copy(update={"status": statuses.get((target.provider, target.reference), target.status)})
            if target.status == "unknown"
            else target
            for target in context.targets
        ]
        shown = plan.model_copy(update={"context": context.model_copy(update={"targets": targets})})
        brand = self._brands.of(context.merchant, context.brand, channel)
        rendered = render(
            shown,
            channel,
            name=contact.name,
            texts=await self._recorder.texts(context.text_refs),
            brand=brand,
            last_answered_at=max(answered, default=None),
            asked_provider=bool(standing),
            today=at,
        )
        await self._recorder.keep_rendered(
            plan.message_id,
            rendered.template_id,
            rendered.template_version,
            rendered.locale,
            context.brand or context.merchant,
            rendered.subject,
            rendered.text,
            rendered.html,
        )
        return Outgoing(
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
        )


def _address(contact: Contact, channel: Channel) -> str | None:
    return contact.email if channel is Channel.EMAIL else contact.phone
