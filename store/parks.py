"""Channels that are parked because of a fault of the operator: a bad key, an unverified sender, credits gone.

Owns one row per channel, provider and sender of the shop's own ("": all of them, the fault is the account's): since when, why, who was
told, and when one message may try whether it is mended. Must never decide that a fault is the operator's, or a sender's: the adapter's
table does. Called within transactions by the message activity; read by the CLI and the console.
"""

from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from sqlalchemy import Connection, bindparam, select, update

from policies.case.vocabulary import Channel
from policies.contract import Contract, Instant
from store.engine import Store
from store.insertion import Insertion, insert_for
from store.tables import channel_parks


class ChannelPark(Contract):
    """`reason` is a code of ours. `probe_at`: when one message may try the channel again."""

    channel: Channel
    provider: str
    sender: str = ""  # the one of ours that is at fault; "": nothing leaves at all
    reason: str
    since: Instant
    probe_at: Instant
    alerted_at: Instant | None = None
    lifted_at: Instant | None = None

    @property
    def alert_id(self) -> str:
        """The same for all who meet this park: it is told once."""
        sender = f"-{sha256(self.sender.encode()).hexdigest()[:8]}" if self.sender else ""
        return f"park-{self.channel.value}-{self.provider}{sender}-{self.since:%Y%m%dT%H%M%S%f}"


_THIS = (
    channel_parks.c.channel == bindparam("on"),
    channel_parks.c.provider == bindparam("by"),
    channel_parks.c.sender == bindparam("from_"),
    channel_parks.c.lifted_at.is_(None),
)
_STANDING = (
    select(channel_parks)
    .where(channel_parks.c.lifted_at.is_(None))
    .order_by(channel_parks.c.since, channel_parks.c.channel, channel_parks.c.sender)
)
_ONE = select(channel_parks).where(*_THIS)
_LIFT = update(channel_parks).where(*_THIS, channel_parks.c.since <= bindparam("moment")).values(lifted_at=bindparam("moment"))
_ALERTED = update(channel_parks).where(*_THIS, channel_parks.c.alerted_at.is_(None)).values(alerted_at=bindparam("moment"))
_PROBE = update(channel_parks).where(*_THIS, channel_parks.c.probe_at <= bindparam("moment")).values(probe_at=bindparam("next"))


def park(
    connection: Connection, channel: Channel, provider: str, reason: str, at: datetime, probe_after: timedelta, sender: str = ""
) -> bool:
    """Park the channel, or one sender on it; True if it was not parked yet (or was mended since). While it stands, the first reason
    stands.
    """
    values = {
        "channel": channel.value,
        "provider": provider,
        "sender": sender,
        "reason": reason,
        "since": at,
        "probe_at": at + probe_after,
        "alerted_at": None,
        "lifted_at": None,
    }
    result = connection.execute(_upsert(connection.dialect.name), values, execution_options={"preserve_rowcount": True})
    return result.rowcount > 0


def parked(connection: Connection, channel: Channel, provider: str, sender: str = "") -> ChannelPark | None:
    """The park that stands for exactly this; None: it is open."""
    row = connection.execute(_ONE, {"on": channel.value, "by": provider, "from_": sender}).mappings().first()
    return ChannelPark.model_validate(dict(row)) if row else None


def claim_probe(connection: Connection, park: ChannelPark, at: datetime, every: timedelta) -> bool:
    """True for the one caller per `every` who may send in spite of the park, to find out whether it is mended."""
    return bool(connection.execute(_PROBE, {**_key(park), "moment": at, "next": at + every}).rowcount)


def note_alerted(connection: Connection, park: ChannelPark, at: datetime) -> bool:
    """The operator was alerted (under an id made from the park, so that two who do so at once tell it once); False if noted already."""
    return bool(connection.execute(_ALERTED, {**_key(park), "moment": at}).rowcount)


def lift_park(connection: Connection, channel: Channel, provider: str, at: datetime, sender: str = "") -> bool:
    """A message was taken again; False if this was not parked (or was parked after `at`)."""
    return bool(connection.execute(_LIFT, {"on": channel.value, "by": provider, "from_": sender, "moment": at}).rowcount)


def parks_standing(connection: Connection) -> list[ChannelPark]:
    """What is parked now, the oldest first."""
    return [ChannelPark.model_validate(dict(row)) for row in connection.execute(_STANDING).mappings()]


class ParkBooks:
    """For the CLI, the console and health: what stands, and an operator's own lift."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def standing(self) -> list[ChannelPark]:
        return await self._store.read(parks_standing)

    async def lift(self, channel: Channel, provider: str, at: datetime, sender: str = "") -> bool:
        return await self._store.write(lambda connection: lift_park(connection, channel, provider, at, sender))


def _key(park: ChannelPark) -> dict[str, str]:
    return {"on": park.channel.value, "by": park.provider, "from_": park.sender}


@cache
def _upsert(dialect: str) -> Insertion:
    """Insert, or park again what was mended before."""
    insert = insert_for(dialect, channel_parks)
    fresh = {name: insert.excluded[name] for name in ("reason", "since", "probe_at", "alerted_at", "lifted_at")}
    return insert.on_conflict_do_update(
        index_elements=["channel", "provider", "sender"],
        set_=fresh,
        where=channel_parks.c.lifted_at.is_not(None) & (insert.excluded.since > channel_parks.c.lifted_at),
    )
