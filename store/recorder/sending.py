"""A whole message in three transactions: read what it needs, write that it is being sent, write how it ended.

Owns the grouping only; each step is that of messages.py and deliveries.py. Five separate transactions cost most of a worker's CPU
per message. Called by the message activity.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from policies.case.plans import BooksEntry, MessagePlan, MessageResult
from policies.case.vocabulary import Channel
from policies.contract import Contract
from store.contacts import LIVING, Contact, address_on, as_contact
from store.delivery_events import AcceptedByEvents, accepted_by_events
from store.parks import (
    ChannelPark,
    claim_alert,
    claim_probe,
    lift_park,
    note_alerted,
    park,
    parked,
    parks_standing,
    release_alert,
    taken_again,
)
from store.recorder.books import Books
from store.recorder.cases import has_other_open_case, read_texts
from store.recorder.deliveries import claimed, ended, first_try
from store.recorder.messages import finished, keep_words, opened
from store.standing import CheckStanding, Delivery, DeliveryState, MessageStanding, MessageState
from store.suppressions import Covers, SuppressionReason, is_suppressed, suppress
from store.watch_rows import checks_of


class Preparation(Contract):
    """What a text needs of the books."""

    contact: Contact | None = None
    link_id: str | None = None  # what the contact's signed links carry
    suppressed: dict[Channel, SuppressionReason] = Field(default_factory=dict)  # why nothing of this class may go to the address
    parks: list[ChannelPark] = Field(default_factory=list)  # faults of the operator that may stand in the way
    texts: list[str] = Field(default_factory=list)
    checks: list[CheckStanding] = Field(default_factory=list)
    other_open_case: bool = False


class Begun(Contract):
    """The message as the books know it; the delivery only if it is still to be sent on this channel."""

    standing: MessageStanding
    delivery: Delivery | None = None


class SendingBooks(Books):
    async def prepare(self, plan: MessagePlan, providers: Mapping[Channel, str]) -> Preparation:
        """What a message needs to know, at one moment of the books: contact data and what forbids to use them, the lead's texts, when
        the provider last answered, other cases of the customer. `providers`: which one serves each channel.
        """

        def work(connection: Connection) -> Preparation:
            case_id = plan.context.case_id
            found = connection.execute(LIVING, {"ref": plan.contact_ref}).mappings().first()
            contact = as_contact(found) if found is not None else None
            return Preparation(
                contact=contact,
                link_id=found["link_id"] if found is not None else None,
                suppressed=_suppressed(connection, contact, plan),
                parks=[park for park in parks_standing(connection) if providers.get(park.channel) == park.provider],
                texts=read_texts(connection, plan.context.text_refs),
                checks=checks_of(connection, case_id),
                other_open_case=plan.only_if_no_other_open_case and has_other_open_case(connection, plan.customer_key, case_id),
            )

        return await self._store.look_up(work)

    async def begin_sending(
        self,
        entry: BooksEntry,
        plan: MessagePlan,
        words: dict[str, Any],
        channel: Channel,
        at: datetime,
        lease_s: float,
        reuse: bool,
    ) -> Begun:
        """Commit the entry, the ledger row with its words, and the delivery as `sending`: the books first."""

        def work(connection: Connection) -> Begun:
            standing, new = opened(connection, entry, plan, at, words)
            if standing.result is not None and standing.state is not MessageState.PARKED:
                return Begun(standing=standing)
            if not new:
                keep_words(connection, plan.message_id, words)
            if plan.shadow:
                return Begun(standing=standing)
            if new:
                return Begun(standing=standing, delivery=first_try(connection, plan.message_id, channel, at, lease_s))
            return Begun(standing=standing, delivery=claimed(connection, plan.message_id, channel, at, lease_s, reuse))

        return await self._store.write(work)

    async def end_sending(
        self,
        message_id: str,
        delivery_id: str,
        state: DeliveryState,
        at: datetime,
        result: MessageResult | None,
        *,
        provider_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write how the delivery ended and, if that ends the message, the message's outcome and the promise it makes."""

        def work(connection: Connection) -> None:
            ended(connection, delivery_id, state, at, provider_id, reason)
            if result is not None:
                finished(connection, message_id, result, at)

        await self._store.write(work)

    async def accepted_by_events(self, delivery_id: str) -> AcceptedByEvents | None:
        """Whether a provider's report proves that it has the message of an attempt that died."""
        return await self._store.look_up(lambda connection: accepted_by_events(connection, delivery_id))

    async def suppress(self, channel: Channel, address: str, reason: SuppressionReason, at: datetime, source: str) -> None:
        """The provider's answer to a sending says that this address is not to be written to any more."""
        await self._store.write(lambda connection: suppress(connection, channel, address, reason, Covers.ALL, at, source))

    async def park(
        self, channel: Channel, provider: str, reason: str, at: datetime, probe_after: timedelta, sender: str = ""
    ) -> ChannelPark | None:
        """Park the channel, or one sender on it, because of a fault of the operator; the park that stands, None if it was lifted at this
        moment. A provider that refuses a sender has let the account in: what was parked for all goes on.
        """

        def work(connection: Connection) -> ChannelPark | None:
            park(connection, channel, provider, reason, at, probe_after, sender)
            if sender:
                lift_park(connection, channel, provider, at)
            return parked(connection, channel, provider, sender)

        return await self._store.write(work)

    async def claim_probe(self, parks: Sequence[ChannelPark], at: datetime, every: timedelta) -> bool:
        """True for the one message per `every` that may try in spite of these parks."""
        return await self._store.write(lambda connection: all(claim_probe(connection, one, at, every) for one in parks))

    async def standing_park(self, channel: Channel, provider: str, sender: str = "") -> ChannelPark | None:
        return await self._store.look_up(lambda connection: parked(connection, channel, provider, sender))

    async def claim_alert(self, park: ChannelPark, at: datetime, lease: timedelta) -> bool:
        """True for the one who may tell the operator of this park now; another may after `lease` if it is not noted by then."""
        return await self._store.write(lambda connection: claim_alert(connection, park, at, lease))

    async def release_alert(self, park: ChannelPark) -> None:
        """The alert was not taken: another may tell it at once."""
        await self._store.write(lambda connection: release_alert(connection, park))

    async def note_alerted(self, park: ChannelPark, at: datetime) -> None:
        await self._store.write(lambda connection: note_alerted(connection, park, at))

    async def taken_again(self, parks: Sequence[ChannelPark], at: datetime) -> None:
        """A message was taken in spite of them: they end, or wait for the provider's report on it (store/parks.py)."""

        def work(connection: Connection) -> None:
            for one in parks:
                taken_again(connection, one, at)

        await self._store.write(work)


def _suppressed(connection: Connection, contact: Contact | None, plan: MessagePlan) -> dict[Channel, SuppressionReason]:
    found: dict[Channel, SuppressionReason] = {}
    for channel in plan.channels:
        address = address_on(contact, channel)
        reason = is_suppressed(connection, channel, address, plan.message_class) if address else None
        if reason is not None:
            found[channel] = reason
    return found
