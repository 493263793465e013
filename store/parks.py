"""Channels that are parked because of a fault of the operator: a bad key, an unverified sender, credits gone.

Owns one row per channel, provider and sender of the shop's own ("": all of them, the fault is the account's): since when, why, who was
told or is being told, and when one message may try whether it is mended. Must never decide that a fault is the operator's, or a sender's:
the adapter's table and that of the reports do. Called within transactions by the message activity and by what the webhooks report; read
by the CLI and the console.

A fault that came by report (reported_at) is one that the provider does not tell when it takes a message: that it took one more proves
nothing. Such a park ends when a message that was sent in spite of it is reported to be on its way, or when nothing bad was heard of one
for half an hour and another is taken.
"""

from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

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
    reported_at: Instant | None = None
    taken_at: Instant | None = None
    lifted_at: Instant | None = None

    @property
    def alert_id(self) -> str:
        """The same for all who meet this park: it is told once."""
        sender = f"-{sha256(self.sender.encode()).hexdigest()[:8]}" if self.sender else ""
        return f"park-{self.channel.value}-{self.provider}{sender}-{self.since:%Y%m%dT%H%M%S%f}"


SILENCE = timedelta(minutes=30)
"""Drops and failures of an account are reported within minutes (SendGrid sends events in batches of some seconds, Twilio at once)."""
_FRESH = ("reason", "since", "probe_at", "alerted_at", "alert_lease_until", "reported_at", "taken_at", "lifted_at")
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
# The park that the caller knows, not one that came after it was lifted.
_UNTOLD = (*_THIS, channel_parks.c.since == bindparam("begun"), channel_parks.c.alerted_at.is_(None))
_CLAIM_ALERT = (
    update(channel_parks)
    .where(*_UNTOLD, or_(channel_parks.c.alert_lease_until.is_(None), channel_parks.c.alert_lease_until <= bindparam("moment")))
    .values(alert_lease_until=bindparam("until"))
)
_ALERTED = update(channel_parks).where(*_UNTOLD).values(alerted_at=bindparam("moment"), alert_lease_until=None)
_RELEASE_ALERT = update(channel_parks).where(*_UNTOLD).values(alert_lease_until=None)
_ANY = select(channel_parks).where(*_THIS[:3])
_REPORTED = (
    update(channel_parks)
    .where(*_THIS, channel_parks.c.since < bindparam("sent"))
    .values(reported_at=bindparam("moment"), taken_at=None, probe_at=bindparam("next"))
)
_BY_REPORT = update(channel_parks).where(*_THIS).values(reported_at=bindparam("moment"))
_TAKEN = (
    update(channel_parks)
    .where(
        *_THIS, channel_parks.c.reported_at.is_not(None), channel_parks.c.taken_at.is_(None), channel_parks.c.since <= bindparam("moment")
    )
    .values(taken_at=bindparam("moment"))
)
_REFUSED_AGAIN = update(channel_parks).where(*_THIS).values(taken_at=None)
_GOES_ON = (
    update(channel_parks)
    .where(
        channel_parks.c.channel == bindparam("on"),
        channel_parks.c.provider == bindparam("by"),
        channel_parks.c.sender.in_(bindparam("senders", expanding=True)),
        channel_parks.c.lifted_at.is_(None),
        channel_parks.c.reported_at < bindparam("sent"),
    )
    .values(lifted_at=bindparam("moment"))
)
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
        "alert_lease_until": None,
        "reported_at": None,
        "taken_at": None,
        "lifted_at": None,
    }
    result = connection.execute(_upsert(connection.dialect.name), values, execution_options={"preserve_rowcount": True})
    if result.rowcount > 0:
        return True
    connection.execute(_REFUSED_AGAIN, {"on": channel.value, "by": provider, "from_": sender})
    return False


def park_by_report(
    connection: Connection,
    channel: Channel,
    provider: str,
    reason: str,
    *,
    sent_at: datetime,
    at: datetime,
    probe_after: timedelta,
    sender: str = "",
) -> ChannelPark | None:
    """A message sent at `sent_at` did not arrive because of a fault of the operator, as a report that came at `at` says. The new park;
    None if it was parked already, or was mended after that message had been sent.
    """
    this = {"on": channel.value, "by": provider, "from_": sender}
    row = connection.execute(_ANY, this).mappings().first()
    before = ChannelPark.model_validate(dict(row)) if row is not None else None
    if before is not None and before.lifted_at is None:
        # A message that tried whether it is mended has met it again. One from before the park says nothing new.
        connection.execute(_REPORTED, {**this, "sent": sent_at, "moment": at, "next": at + probe_after})
        return None
    if before is not None and before.lifted_at is not None and sent_at <= before.lifted_at:
        return None
    if not park(connection, channel, provider, reason, at, probe_after, sender):
        return None
    connection.execute(_BY_REPORT, {**this, "moment": at})
    return parked(connection, channel, provider, sender)


def goes_on(connection: Connection, channel: Channel, provider: str, *, sent_at: datetime, at: datetime, sender: str = "") -> bool:
    """A message sent at `sent_at` is reported to be on its way: what was parked by a report before that is mended. `sender`: the one it
    left by, "" if nobody knows. True if anything was lifted.
    """
    of = {"on": channel.value, "by": provider, "senders": ["", sender], "sent": sent_at, "moment": at}
    return bool(connection.execute(_GOES_ON, of).rowcount)


def parked(connection: Connection, channel: Channel, provider: str, sender: str = "") -> ChannelPark | None:
    """The park that stands for exactly this; None: it is open."""
    row = connection.execute(_ONE, {"on": channel.value, "by": provider, "from_": sender}).mappings().first()
    return ChannelPark.model_validate(dict(row)) if row else None


def claim_probe(connection: Connection, park: ChannelPark, at: datetime, every: timedelta) -> bool:
    """True for the one caller per `every` who may send in spite of the park, to find out whether it is mended."""
    return bool(connection.execute(_PROBE, {**_key(park), "moment": at, "next": at + every}).rowcount)


def claim_alert(connection: Connection, park: ChannelPark, at: datetime, lease: timedelta) -> bool:
    """True for the one caller who may alert the operator of this park now. Others may after `lease`, unless it is noted by then."""
    return bool(connection.execute(_CLAIM_ALERT, {**_untold(park), "moment": at, "until": at + lease}).rowcount)


def release_alert(connection: Connection, park: ChannelPark) -> None:
    """The alert was not taken: whoever meets the park next may try."""
    connection.execute(_RELEASE_ALERT, _untold(park))


def note_alerted(connection: Connection, park: ChannelPark, at: datetime) -> bool:
    """The operator was alerted; False if noted already."""
    return bool(connection.execute(_ALERTED, {**_untold(park), "moment": at}).rowcount)


def taken_again(connection: Connection, park: ChannelPark, at: datetime) -> bool:
    """A message was taken in spite of the park. True if that ends it: at once where the provider names the fault in its answer; where it
    came by report, if nothing bad was heard for `SILENCE` since one was taken.
    """
    if connection.execute(_TAKEN, {**_key(park), "moment": at}).rowcount:
        return False
    now = parked(connection, park.channel, park.provider, park.sender)
    if now is not None and now.taken_at is not None and at < now.taken_at + SILENCE:
        return False
    return lift_park(connection, park.channel, park.provider, at, park.sender)


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


def _untold(park: ChannelPark) -> dict[str, Any]:
    return {**_key(park), "begun": park.since}


@cache
def _upsert(dialect: str) -> Insertion:
    """Insert, or park again what was mended before."""
    insert = insert_for(dialect, channel_parks)
    fresh = {name: insert.excluded[name] for name in _FRESH}
    return insert.on_conflict_do_update(
        index_elements=["channel", "provider", "sender"],
        set_=fresh,
        where=channel_parks.c.lifted_at.is_not(None) & (insert.excluded.since > channel_parks.c.lifted_at),
    )
