"""Addresses that may not be written to any more, whichever case wants to: hard bounces, spam reports, STOP, unsubscribing.

Owns the rows of `suppressions`: why, since when, for which classes of message, and that a later word lifts an earlier one. Must never
forget a suppression because a person's data is erased: that would write to them again. Called within transactions by the message
activity (may I?) and by what the webhooks report (no more); by the desk, the one-click unsubscribe, the customer's page and the admins'
pages of the console through `SuppressionBooks`.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from policies.case.vocabulary import Channel, MessageClass
from policies.contract import Contract, Instant
from store.engine import Store
from store.insertion import Insertion, insert_for
from store.normal import normal_address
from store.tables import suppressions


class SuppressionReason(StrEnum):
    """Why an address is not written to."""

    HARD_BOUNCE = "hard_bounce"
    SPAM = "spam"
    STOP = "stop"
    UNSUBSCRIBE = "unsubscribe"
    INVALID = "invalid"


_BY_NUMBER = (Channel.SMS, Channel.VOICE)


class Covers(StrEnum):
    """What is stopped: everything, or status messages and surveys (the customer wants no updates; what must be said is still said)."""

    ALL = "all"
    STATUS = "status"


class Suppression(Contract):
    channel: Channel
    address: str
    reason: SuppressionReason
    covers: Covers
    since: Instant
    lifted_at: Instant | None = None
    source: str


_THIS = (suppressions.c.channel == bindparam("on"), suppressions.c.address == bindparam("to"))
_STANDING = select(suppressions).where(*_THIS, suppressions.c.lifted_at.is_(None)).order_by(suppressions.c.covers, suppressions.c.since)
# The newest first. Two that were said at the same moment: by address, so that pages break at the same row.
_LISTED = (
    select(suppressions)
    .where(suppressions.c.channel == bindparam("on"), suppressions.c.lifted_at.is_(None))
    .order_by(suppressions.c.since.desc(), suppressions.c.address, suppressions.c.reason)
    .limit(bindparam("most"))
    .offset(bindparam("skipped"))
)
_COUNTED = (
    select(suppressions.c.channel, suppressions.c.reason, func.count())
    .where(suppressions.c.lifted_at.is_(None))
    .group_by(suppressions.c.channel, suppressions.c.reason)
)
_LIFT = update(suppressions).where(
    *_THIS,
    suppressions.c.reason.in_(bindparam("reasons", expanding=True)),
    suppressions.c.lifted_at.is_(None),
    suppressions.c.since <= bindparam("moment"),
)


def suppress(
    connection: Connection, channel: Channel, address: str, reason: SuppressionReason, covers: Covers, at: datetime, source: str
) -> bool:
    """From `at` on nothing that `covers` names goes to `address`; STOP stops texts and calls to a number alike. False if that is known, or
    was lifted by a later word.

    `source` is the event that said so ("sendgrid:..."), or the code of a lead's act; nothing personal. ValueError: no address.
    """
    new = False
    for stopped in _meant(channel, reason):
        values = {
            "channel": stopped.value,
            "address": _normal(stopped, address),
            "reason": reason.value,
            "covers": covers.value,
            "since": at,
            "source": source,
            "lifted_at": None,
        }
        result = connection.execute(_upsert(connection.dialect.name), values, execution_options={"preserve_rowcount": True})
        new = result.rowcount > 0 or new
    return new


def lift(connection: Connection, channel: Channel, address: str, reasons: Collection[SuppressionReason], at: datetime) -> bool:
    """The address may be written to again as far as these reasons go (a STOP is lifted for texts and calls alike); False if none of them
    stood at that moment.
    """
    lifted = False
    for reason in reasons:
        for stopped in _meant(channel, reason):
            values = {"on": stopped.value, "to": _normal(stopped, address), "reasons": [reason.value], "moment": at}
            lifted = bool(connection.execute(_LIFT.values(lifted_at=bindparam("moment")), values).rowcount) or lifted
    return lifted


def is_suppressed(connection: Connection, channel: Channel, address: str, message_class: MessageClass) -> SuppressionReason | None:
    """Why a message of this class may not go to this address; None if it may. What stops everything is named first."""
    normal = normal_address(channel, address)
    if normal is None:
        return None  # no address at all: whoever wants to send to it has another reason not to
    for row in connection.execute(_STANDING, {"on": channel.value, "to": normal}).mappings():
        if row["covers"] == Covers.ALL or message_class is not MessageClass.MANDATORY:
            return SuppressionReason(row["reason"])
    return None


def standing(connection: Connection, channel: Channel, address: str) -> list[Suppression]:
    """What stops messages to this address now."""
    rows = connection.execute(_STANDING, {"on": channel.value, "to": _normal(channel, address)}).mappings()
    return [Suppression.model_validate(dict(row)) for row in rows]


class SuppressionBooks:
    """The same for the desk and the web process, each in a transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def suppress(
        self, channel: Channel, address: str, reason: SuppressionReason, at: datetime, source: str, covers: Covers = Covers.ALL
    ) -> bool:
        return await self._store.write(lambda connection: suppress(connection, channel, address, reason, covers, at, source))

    async def suppress_all(
        self,
        addresses: Iterable[tuple[Channel, str]],
        reason: SuppressionReason,
        at: datetime,
        source: str,
        covers: Covers = Covers.ALL,
    ) -> int:
        """All of them or none, in one transaction; returns how many are news. ValueError: one is no address."""
        every = list(addresses)

        def work(connection: Connection) -> int:
            return sum(suppress(connection, channel, address, reason, covers, at, source) for channel, address in every)

        return await self._store.write(work)

    async def lift(self, channel: Channel, address: str, reasons: Collection[SuppressionReason], at: datetime) -> bool:
        return await self._store.write(lambda connection: lift(connection, channel, address, reasons, at))

    async def listed(self, channel: Channel, *, limit: int, skip: int = 0) -> list[Suppression]:
        """What stands on this channel, the newest first."""
        values = {"on": channel.value, "most": limit, "skipped": skip}
        rows = await self._store.read(lambda connection: connection.execute(_LISTED, values).mappings().all())
        return [Suppression.model_validate(dict(row)) for row in rows]

    async def counted(self) -> dict[tuple[Channel, SuppressionReason], int]:
        """How many stand, by channel and reason; one statement."""
        rows = await self._store.read(lambda connection: connection.execute(_COUNTED).all())
        return {(Channel(channel), SuppressionReason(reason)): number for channel, reason, number in rows}

    async def of_address(self, channel: Channel, address: str) -> list[Suppression]:
        """What stands for one address. ValueError: it is none."""
        return await self._store.read(lambda connection: standing(connection, channel, address))

    async def is_suppressed(self, channel: Channel, address: str, message_class: MessageClass) -> SuppressionReason | None:
        return await self._store.read(lambda connection: is_suppressed(connection, channel, address, message_class))


def _meant(channel: Channel, reason: SuppressionReason) -> tuple[Channel, ...]:
    """Who says STOP to a text wants to hear nothing of a machine at that number: a call instead would be worse."""
    return _BY_NUMBER if reason is SuppressionReason.STOP and channel in _BY_NUMBER else (channel,)


def _normal(channel: Channel, address: str) -> str:
    normal = normal_address(channel, address)
    if normal is None:
        right = "name@example.com" if channel is Channel.EMAIL else "E.164, for example +4930123456"
        raise ValueError(f"no {channel.value} address; right would be {right}")
    return normal


@cache
def _upsert(dialect: str) -> Insertion:
    """Insert; stand again after a lift that is older; cover more, never less, while it stands."""
    insert = insert_for(dialect, suppressions)
    new, old = insert.excluded, suppressions.c
    again = old.lifted_at.is_not(None) & (new.since >= old.lifted_at)  # said at the same moment: rather not written to
    more = old.lifted_at.is_(None) & (old.covers != Covers.ALL.value) & (new.covers == Covers.ALL.value)
    return insert.on_conflict_do_update(
        index_elements=["channel", "address", "reason"],
        set_={
            "covers": new.covers,
            "since": case((again, new.since), else_=old.since),
            "lifted_at": None,
            "source": new.source,
        },
        where=or_(again, more),
    )
