"""How the channels stand, read from the rows at one moment: what is parked, whether reports come in, which webhooks went wrong, what
customers wrote to cases that had ended.

Owns these counts. Must never hold an address, a text or a reference: whoever reads it may be anybody who operates the house. Called by
the command line (`makegood channels status`).
"""

from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection, case, distinct, func, select

from policies.case.vocabulary import Channel
from policies.contract import Contract, Instant
from store.engine import Store
from store.inbox import InboxState
from store.late_replies import LateReply, late_replies
from store.parks import ChannelPark, parks_standing
from store.standing import DeliveryState
from store.tables import deliveries, delivery_events, suppressions, webhook_inbox

_WATCHED = (InboxState.NEW.value, InboxState.WAITING.value, InboxState.FAILED.value)


class ChannelTraffic(Contract):
    """One channel since a moment. `reported`: of the messages that a provider took, those on which any report came in."""

    channel: Channel
    taken: int
    reported: int
    unknown: int  # nobody knows whether they were sent
    last_taken_at: Instant | None = None


class ReportsSeen(Contract):
    """What one provider reported on messages. `lately`: since the same moment."""

    provider: str
    lately: int
    last_at: Instant


class HeldWebhooks(Contract):
    """Webhooks that are not done. `problem` is a code: why they wait or were given up; None: nobody has tried yet."""

    provider: str
    kind: str
    state: InboxState
    problem: str | None = None
    number: int
    oldest_at: Instant
    newest_id: int


class ChannelStanding(Contract):
    since: Instant
    parks: list[ChannelPark] = Field(default_factory=list)
    traffic: list[ChannelTraffic] = Field(default_factory=list)
    reports: list[ReportsSeen] = Field(default_factory=list)
    webhooks: list[HeldWebhooks] = Field(default_factory=list)
    suppressed: dict[Channel, int] = Field(default_factory=dict)  # addresses that are not written to now
    late_replies: list[LateReply] = Field(default_factory=list)  # to cases that had ended, since that moment or longer ago (see there)


_TAKEN = deliveries.c.state == DeliveryState.ACCEPTED.value
_REPORTED = select(delivery_events.c.delivery_id).where(delivery_events.c.delivery_id == deliveries.c.delivery_id).exists()
_SUPPRESSED = (
    select(suppressions.c.channel, func.count(distinct(suppressions.c.address)))
    .where(suppressions.c.lifted_at.is_(None))
    .group_by(suppressions.c.channel)
)
_HELD = (
    select(
        webhook_inbox.c.provider,
        webhook_inbox.c.kind,
        webhook_inbox.c.state,
        webhook_inbox.c.problem,
        func.count().label("number"),
        func.min(webhook_inbox.c.received_at).label("oldest_at"),
        func.max(webhook_inbox.c.id).label("newest_id"),
    )
    .where(webhook_inbox.c.state.in_(_WATCHED))
    .group_by(webhook_inbox.c.provider, webhook_inbox.c.kind, webhook_inbox.c.state, webhook_inbox.c.problem)
    .order_by(webhook_inbox.c.state, webhook_inbox.c.provider, webhook_inbox.c.kind, webhook_inbox.c.problem)
)


async def channel_standing(store: Store, since: datetime, late_since: datetime) -> ChannelStanding:
    """All of one moment. `late_since`: how far back replies to ended cases are looked for. Raises StoreUnavailable."""
    return await store.read(lambda connection: _standing(connection, since, late_since))


def _standing(connection: Connection, since: datetime, late_since: datetime) -> ChannelStanding:
    return ChannelStanding(
        since=since,
        parks=parks_standing(connection),
        traffic=_traffic(connection, since),
        reports=_reports(connection, since),
        webhooks=[HeldWebhooks.model_validate(dict(row)) for row in connection.execute(_HELD).mappings()],
        suppressed={Channel(channel): number for channel, number in connection.execute(_SUPPRESSED)},
        late_replies=late_replies(connection, late_since),
    )


def _traffic(connection: Connection, since: datetime) -> list[ChannelTraffic]:
    counted = (
        select(
            deliveries.c.channel,
            func.count(case((_TAKEN, 1))).label("taken"),
            func.count(case((_TAKEN & _REPORTED, 1))).label("reported"),
            func.count(case((deliveries.c.state == DeliveryState.UNKNOWN.value, 1))).label("unknown"),
            func.max(case((_TAKEN, deliveries.c.started_at))).label("last_taken_at"),
        )
        .where(deliveries.c.started_at >= since)
        .group_by(deliveries.c.channel)
        .order_by(deliveries.c.channel)
    )
    return [ChannelTraffic.model_validate(dict(row)) for row in connection.execute(counted).mappings()]


def _reports(connection: Connection, since: datetime) -> list[ReportsSeen]:
    counted = (
        select(
            delivery_events.c.provider,
            func.count(case((delivery_events.c.received_at >= since, 1))).label("lately"),
            func.max(delivery_events.c.received_at).label("last_at"),
        )
        .group_by(delivery_events.c.provider)
        .order_by(delivery_events.c.provider)
    )
    return [ReportsSeen.model_validate(dict(row)) for row in connection.execute(counted).mappings()]
