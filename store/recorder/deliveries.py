"""Deliveries: each try of a message on a channel, with a lease against mistaking a slow attempt for a dead one.

Owns their numbers and tokens. Must never call a provider or judge a lease: the activity compares `lease_until` with its
own time. Called by the message activity.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from policies.case.vocabulary import Channel
from store.errors import StoreRefused
from store.ledger import as_delivery
from store.recorder.books import Books
from store.standing import Delivery, DeliveryState
from store.tables import deliveries, messages

# The message's row is the lock of its deliveries.
_LOCK = select(messages.c.message_id).where(messages.c.message_id == bindparam("this")).with_for_update()
_NEWEST = (
    select(deliveries)
    .where(deliveries.c.message_id == bindparam("this"), deliveries.c.channel == bindparam("on"))
    .order_by(deliveries.c.try_no.desc())
    .limit(1)
)
_NEW = insert(deliveries)
_AGAIN = update(deliveries).where(deliveries.c.delivery_id == bindparam("this"))
_END = _AGAIN.where(deliveries.c.state != DeliveryState.ACCEPTED.value)


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
        return await self._store.write(lambda connection: claimed(connection, message_id, channel, at, lease_s, reuse))

    async def note_lost(self, delivery_id: str, reason: str) -> None:
        """Why the answer to this try was lost (a code); the try itself goes on, until somebody knows what became of it."""
        lost = _AGAIN.where(deliveries.c.state == DeliveryState.SENDING.value)

        def work(connection: Connection) -> None:
            connection.execute(lost, {"this": delivery_id, "reason": reason}).close()

        await self._store.write(work)


def claimed(connection: Connection, message_id: str, channel: Channel, at: datetime, lease_s: float, reuse: bool) -> Delivery:
    """`claim_delivery` within the caller's transaction."""
    lease_until = at + timedelta(seconds=lease_s)
    if connection.execute(_LOCK, {"this": message_id}).first() is None:
        raise StoreRefused(f"there is no message {message_id}")
    newest = connection.execute(_NEWEST, {"this": message_id, "on": channel.value}).mappings().first()
    if newest is None:
        return _new_try(connection, message_id, channel, 1, at, lease_until)
    state = DeliveryState(newest["state"])
    if state is DeliveryState.NOT_SENT or (state is DeliveryState.UNKNOWN and not reuse):
        return _new_try(connection, message_id, channel, newest["try_no"] + 1, at, lease_until)
    if state in (DeliveryState.SENDING, DeliveryState.UNKNOWN):
        return _again(connection, newest, lease_until if reuse else newest["lease_until"])
    return as_delivery(newest)


def first_try(connection: Connection, message_id: str, channel: Channel, at: datetime, lease_s: float) -> Delivery:
    """The delivery of a message whose row this transaction has just made: nobody else can have one."""
    return _new_try(connection, message_id, channel, 1, at, at + timedelta(seconds=lease_s))


def ended(
    connection: Connection, delivery_id: str, state: DeliveryState, at: datetime, provider_id: str | None, reason: str | None
) -> None:
    """Write how the try ended. What a provider accepted stays accepted."""
    if DeliveryState(state) is DeliveryState.SENDING:
        raise ValueError("sending is no end of a delivery; right would be accepted, refused, not_sent or unknown")
    values = {
        "this": delivery_id,
        "state": DeliveryState(state).value,
        "ended_at": at,
        "provider_id": provider_id,
        "reason": reason,
    }
    connection.execute(_END, values).close()


def delivery_token(message_id: str, channel: Channel, try_no: int) -> str:
    """Opaque, and the same for every attempt of one try: the provider's key against a second sending."""
    return hashlib.sha256(f"{message_id}|{channel.value}|{try_no}".encode()).hexdigest()[:32]


def _new_try(connection: Connection, message_id: str, channel: Channel, try_no: int, at: datetime, lease_until: datetime) -> Delivery:
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
    connection.execute(_NEW, values)
    return delivery


def _again(connection: Connection, newest: RowMapping, lease_until: datetime) -> Delivery:
    again: dict[str, Any] = {
        "attempt": newest["attempt"] + 1,
        "state": DeliveryState.SENDING.value,
        "lease_until": lease_until,
        "ended_at": None,  # `reason` stays: why the answer of the attempt before was lost
    }
    connection.execute(_AGAIN, {"this": newest["delivery_id"], **again})
    return Delivery.model_validate({**newest, **again})
