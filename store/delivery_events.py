"""What providers report on a message after they took it: delivered, deferred, bounced, dropped ...

Owns the rows of `delivery_events`, one per report, never changed, and the state of a delivery that follows from them. Must never
change a delivery's own row (that is the recorder's). Written by the web process, read by the message activity (did the provider take
it?) and for the case's page.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select

from policies.case.vocabulary import CaseKind, Channel, MessageClass
from policies.contract import Contract, Instant
from store.engine import Store
from store.insertion import insert_or_ignore, wrote
from store.tables import cases, deliveries, delivery_events, messages


class ReportedState(StrEnum):
    """Our words for a report. A word of a vendor's that nobody knows is no report."""

    PROCESSED = "processed"  # the provider has it and works on it
    QUEUED = "queued"
    SENT = "sent"  # handed to the network
    DEFERRED = "deferred"  # the recipient's side put it off; it is tried again
    DELIVERED = "delivered"
    READ = "read"
    ANSWERED = "answered"  # a call that was taken
    BOUNCED = "bounced"
    BLOCKED = "blocked"  # refused for the moment, for what it is or where it comes from: says nothing of the address
    DROPPED = "dropped"  # the provider took it and did not try
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    SPAM = "spam"  # it arrived, and was reported
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"


DID_NOT_ARRIVE = frozenset(
    {ReportedState.BOUNCED, ReportedState.BLOCKED, ReportedState.DROPPED, ReportedState.UNDELIVERED, ReportedState.FAILED}
)
"""Ends of a message that the case must hear of."""
IS_ON_ITS_WAY = frozenset({ReportedState.SENT, ReportedState.DEFERRED, ReportedState.DELIVERED, ReportedState.READ, ReportedState.ANSWERED})
"""Proofs that the provider does what it is paid for: the message has left its house."""

# Which of several reports says where a delivery stands: they come in any order. A bounce may follow "delivered" (the far server took
# it first), and a spam report is about a message that arrived.
_RANK = {
    ReportedState.QUEUED: 0,
    ReportedState.PROCESSED: 0,
    ReportedState.SENT: 1,
    ReportedState.DEFERRED: 2,
    ReportedState.ANSWERED: 3,
    ReportedState.DELIVERED: 3,
    ReportedState.READ: 4,
    ReportedState.UNSUBSCRIBED: 4,
    ReportedState.RESUBSCRIBED: 4,
    ReportedState.SPAM: 5,
    **dict.fromkeys(DID_NOT_ARRIVE, 6),
}


class DeliveryEvent(Contract):
    """One report. `at`: when it occurred, as far as the provider says so, else when it came in. `reason`: a code, never its text."""

    provider: str
    event_key: str
    delivery_id: str
    state: ReportedState
    permanent: bool = False
    reason: str | None = None
    at: Instant
    provider_id: str | None = None


class ReportedDelivery(Contract):
    """Where a delivery stands by all reports on it."""

    delivery_id: str
    message_id: str
    channel: Channel
    state: ReportedState
    permanent: bool
    reason: str | None = None
    at: Instant
    events: list[DeliveryEvent]


class KnownDelivery(Contract):
    """A delivery of ours, and the case that it is about."""

    delivery_id: str
    message_id: str
    channel: Channel
    case_id: str
    kind: CaseKind
    provider_id: str | None = None
    started_at: Instant  # when its sending began
    message_class: MessageClass
    next_word_at: Instant | None = None  # that the message named


class AcceptedByEvents(Contract):
    """A report proves that the provider has the message, whatever became of our call's answer."""

    provider_id: str | None
    at: Instant


_KNOWN = (
    select(
        deliveries.c.delivery_id,
        deliveries.c.message_id,
        deliveries.c.channel,
        deliveries.c.provider_id,
        deliveries.c.started_at,
        messages.c.case_id,
        messages.c.message_class,
        messages.c.next_word_at,
        cases.c.kind,
    )
    .join(messages, messages.c.message_id == deliveries.c.message_id)
    .join(cases, cases.c.case_id == messages.c.case_id)
    .where(
        or_(
            deliveries.c.delivery_id.in_(bindparam("ids", expanding=True)),
            deliveries.c.provider_id.in_(bindparam("provider_ids", expanding=True)),
        )
    )
)
_EARLIEST = select(func.min(delivery_events.c.at), func.max(delivery_events.c.provider_id)).where(
    delivery_events.c.delivery_id == bindparam("this")
)
_OF_CASE = (
    select(delivery_events, deliveries.c.message_id, deliveries.c.channel)
    .join(deliveries, deliveries.c.delivery_id == delivery_events.c.delivery_id)
    .join(messages, messages.c.message_id == deliveries.c.message_id)
    .where(messages.c.case_id == bindparam("id"))
    .order_by(deliveries.c.started_at, deliveries.c.delivery_id, delivery_events.c.at, delivery_events.c.event_key)
)
_SEEN = select(func.max(delivery_events.c.received_at)).where(delivery_events.c.provider == bindparam("by"))


def known_deliveries(connection: Connection, ids: Collection[str], provider_ids: Collection[str] = ()) -> list[KnownDelivery]:
    """The deliveries of ours among these ids: our own, or the provider's. Others' messages are nobody's here."""
    if not ids and not provider_ids:
        return []
    rows = connection.execute(_KNOWN, {"ids": list(ids), "provider_ids": list(provider_ids)}).mappings()
    return [KnownDelivery.model_validate(dict(row)) for row in rows]


def write_event(connection: Connection, event: DeliveryEvent, received_at: datetime) -> bool:
    """Keep a report; False if it is known. Its delivery must be in the books: they know it before the provider does."""
    values = {**event.model_dump(mode="python"), "state": event.state.value, "received_at": received_at}
    return wrote(connection, insert_or_ignore(connection, delivery_events), values)


def accepted_by_events(connection: Connection, delivery_id: str) -> AcceptedByEvents | None:
    """Whether any report proves that the provider has this message (also one that says it did not arrive), and since when."""
    at, provider_id = connection.execute(_EARLIEST, {"this": delivery_id}).one()
    return AcceptedByEvents(provider_id=provider_id, at=at) if at is not None else None


def events_seen_at(connection: Connection, provider: str) -> datetime | None:
    """When this provider last reported anything (UTC): silence about one message means something only while reports flow."""
    seen: datetime | None = connection.scalar(_SEEN, {"by": provider})
    return seen


def reported_deliveries(connection: Connection, case_id: str) -> list[ReportedDelivery]:
    """Every reported delivery of a case, in the order of sending."""
    found: dict[str, list[RowMapping]] = {}
    for row in connection.execute(_OF_CASE, {"id": case_id}).mappings():
        found.setdefault(row["delivery_id"], []).append(row)
    return [_standing(rows) for rows in found.values()]


class DeliveryEventBooks:
    """For the case's page and the API."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_case(self, case_id: str) -> list[ReportedDelivery]:
        return await self._store.read(lambda connection: reported_deliveries(connection, case_id))

    async def seen_at(self, provider: str) -> datetime | None:
        return await self._store.read(lambda connection: events_seen_at(connection, provider))


def _standing(rows: Sequence[RowMapping]) -> ReportedDelivery:
    events = [DeliveryEvent.model_validate(dict(row)) for row in rows]
    last = max(events, key=lambda event: (_RANK[event.state], event.permanent, event.at))
    return ReportedDelivery(
        delivery_id=last.delivery_id,
        message_id=rows[0]["message_id"],
        channel=rows[0]["channel"],
        state=last.state,
        permanent=last.permanent,
        reason=last.reason,
        at=last.at,
        events=events,
    )
