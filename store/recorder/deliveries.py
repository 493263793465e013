"""Deliveries: each try of a message on a channel, with a lease against mistaking a slow attempt for a dead one.

Owns their numbers and tokens. Must never call a provider or judge a lease: the activity compares `lease_until` with
its own time. Called by the message activity.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.case.vocabulary import Channel
from store.errors import StoreRefused
from store.insertion import insert_into
from store.ledger import as_delivery
from store.recorder.books import Books
from store.standing import Delivery, DeliveryState
from store.tables import deliveries, messages


class DeliveryBooks(Books):
    async def claim_delivery(self, message_id: str, channel: Channel, at: datetime, lease_s: float, reuse: bool) -> Delivery:
        """The delivery under which to send now, by how the newest one of this message and channel stands.

        `reuse`: the channel knows the id, a second sending under it is the same message.

        none, not_sent     a new try: fresh, leased until at + lease_s
        sending            the same one, attempt + 1, not fresh. With `reuse` it is leased anew; without, the old lease
                           stands and the caller waits for its end
        unknown            with `reuse` the same one goes on; without, claiming is the decision to send again: a new try
        accepted, refused  the same one, untouched: nothing is left to do on this channel
        """
        lease_until = at + timedelta(seconds=lease_s)
        async with self._store.begin() as connection:
            # The message's row is the lock of its deliveries.
            locked = select(messages.c.message_id).where(messages.c.message_id == message_id).with_for_update()
            if (await connection.execute(locked)).first() is None:
                raise StoreRefused(f"there is no message {message_id}")
            newest = await _newest(connection, message_id, channel)
            if newest is None:
                return await _new_try(connection, message_id, channel, 1, at, lease_until)
            match DeliveryState(newest.state):
                case DeliveryState.NOT_SENT:
                    return await _new_try(connection, message_id, channel, newest.try_no + 1, at, lease_until)
                case DeliveryState.UNKNOWN if not reuse:
                    return await _new_try(connection, message_id, channel, newest.try_no + 1, at, lease_until)
                case DeliveryState.SENDING | DeliveryState.UNKNOWN:
                    return await _again(connection, newest, lease_until if reuse else newest.lease_until)
            return as_delivery(newest._mapping)

    async def finish_delivery(
        self,
        delivery_id: str,
        state: DeliveryState,
        at: datetime,
        provider_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write how the try ended. What a provider accepted stays accepted."""
        if DeliveryState(state) is DeliveryState.SENDING:
            raise ValueError("sending is no end of a delivery")
        async with self._store.begin() as connection:
            await connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery_id == delivery_id, deliveries.c.state != DeliveryState.ACCEPTED.value)
                .values(state=DeliveryState(state).value, ended_at=at, provider_id=provider_id, reason=reason)
            )


def delivery_token(message_id: str, channel: Channel, try_no: int) -> str:
    """Opaque, and the same for every attempt of one try: the provider's key against a second sending."""
    return hashlib.sha256(f"{message_id}|{channel.value}|{try_no}".encode()).hexdigest()[:32]


async def _newest(connection: AsyncConnection, message_id: str, channel: Channel) -> Row[Any] | None:
    statement = (
        select(deliveries)
        .where(deliveries.c.message_id == message_id, deliveries.c.channel == channel.value)
        .order_by(deliveries.c.try_no.desc())
        .limit(1)
    )
    return (await connection.execute(statement)).first()


async def _new_try(
    connection: AsyncConnection, message_id: str, channel: Channel, try_no: int, at: datetime, lease_until: datetime
) -> Delivery:
    delivery = Delivery(
        delivery_id=delivery_token(message_id, channel, try_no),
        message_id=message_id,
        channel=channel,
        try_no=try_no,
        attempt=1,
        state=DeliveryState.SENDING,
        fresh=True,
        started_at=at,
        lease_until=lease_until,
    )
    values = delivery.model_dump(exclude={"fresh"}) | {"channel": channel.value, "state": DeliveryState.SENDING.value}
    await connection.execute(insert_into(connection, deliveries), values)
    return delivery


async def _again(connection: AsyncConnection, newest: Row[Any], lease_until: datetime) -> Delivery:
    again: dict[str, Any] = {
        "attempt": newest.attempt + 1,
        "state": DeliveryState.SENDING.value,
        "lease_until": lease_until,
        "ended_at": None,
        "reason": None,
    }
    await connection.execute(update(deliveries).where(deliveries.c.delivery_id == newest.delivery_id).values(**again))
    return Delivery.model_validate({**newest._mapping, **again})
