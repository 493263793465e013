"""A provider's reports on messages, taken in one transaction: the ledger of events, the suppressions and the parks that follow at once,
and the inbox rows for what a case or the operator must hear.

Owns that one transaction. Must never keep a report on a message that is not ours (the account may be shared), nor an address anywhere
but in the suppressions. Called by the web process.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field
from sqlalchemy import Connection

from policies.case.commands import DeliveryReport
from policies.case.vocabulary import Channel, MessageClass
from policies.contract import Contract, Instant
from store.delivery_events import (
    DID_NOT_ARRIVE,
    IS_ON_ITS_WAY,
    DeliveryEvent,
    KnownDelivery,
    ReportedState,
    known_deliveries,
    write_event,
)
from store.engine import Store
from store.inbox import InboxEvent, put
from store.parks import ChannelPark, goes_on, park_by_report
from store.suppressions import Covers, SuppressionReason, lift, suppress

DELIVERY = "delivery"  # kind of an inbox row; its payload is a DeliveryReport
PARK = "park"  # kind of an inbox row; its payload is a ReportedPark

# When the first message may try whether it is mended, as the first of `parked_retries` in the retail book; later ones wait as their own
# policy says.
_PROBE_AFTER = timedelta(minutes=15)
# A message is valid until its next word is due, and is reported at that moment; five minutes are the grace of a promise.
_DUE_BY_THEN = timedelta(minutes=5)


class Fault(StrEnum):
    """A message did not arrive because of a fault of the operator: what is parked."""

    ACCOUNT = "account"
    SENDER = "sender"


class ReportedPark(Contract):
    """A park that the operator must be told of, should no message meet it."""

    channel: Channel
    provider: str
    sender: str = ""
    alert_id: str


class IncomingReport(Contract):
    """One report as a provider sent it, in our words. Our own id or the provider's says which delivery it is about."""

    provider: str
    event_key: str
    delivery_id: str | None = None
    provider_id: str | None = None
    state: ReportedState
    permanent: bool = False
    reason: str | None = None
    at: Instant
    address: str | None = None  # whom it concerns; kept only if it is to be suppressed
    suppress: SuppressionReason | None = None
    covers: Covers = Covers.ALL
    lifts: list[SuppressionReason] = Field(default_factory=list)
    fault: Fault | None = None
    superseded: bool = False  # it ended so that a newer word can take its place
    sender: str = ""  # of ours, that it left by; "": not said, or one for all


class Taken(Contract):
    """What a batch came to."""

    new: int = 0  # written for the first time
    to_tell: int = 0  # ... of which a case or the operator must hear
    strangers: int = 0  # about messages that are not ours


class DeliveryReports:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def take(self, reports: Sequence[IncomingReport], at: datetime) -> Taken:
        """Write what is new. The same report again changes nothing."""
        return await self._store.write_many(lambda connection: _take(connection, reports, at))


def _take(connection: Connection, reports: Sequence[IncomingReport], at: datetime) -> Taken:
    taken = Taken()
    ids = {report.delivery_id for report in reports if report.delivery_id}
    # By the provider's id only where ours is not said.
    provider_ids = {report.provider_id for report in reports if report.provider_id and not report.delivery_id}
    known: dict[str, KnownDelivery] = {}
    for delivery in known_deliveries(connection, ids, provider_ids):
        known[delivery.delivery_id] = delivery
        if delivery.provider_id:
            known.setdefault(delivery.provider_id, delivery)
    for report in reports:
        found = known.get(report.delivery_id or report.provider_id or "")
        if found is None:
            taken.strangers += 1
            continue
        event = DeliveryEvent.model_validate({**report.model_dump(), "delivery_id": found.delivery_id})
        if not write_event(connection, event, at):
            continue
        taken.new += 1
        _follow(connection, report, found)
        new_park = _park(connection, report, found, at)
        if new_park is not None:
            put(connection, _for_the_operator(new_park), at)
            taken.to_tell += 1
        if report.state in DID_NOT_ARRIVE and not _overtaken(report, found):
            put(connection, _for_the_case(report, found), at)
            taken.to_tell += 1
    return taken


def _park(connection: Connection, report: IncomingReport, found: KnownDelivery, at: datetime) -> ChannelPark | None:
    """Before the case hears of it: what it says again meets the park."""
    if report.state in IS_ON_ITS_WAY:
        goes_on(connection, found.channel, report.provider, sent_at=found.started_at, at=at, sender=report.sender)
    if report.fault is None:
        return None
    return park_by_report(
        connection,
        found.channel,
        report.provider,
        report.reason or "reported",
        sent_at=found.started_at,
        at=at,
        probe_after=_PROBE_AFTER,
        sender=report.sender if report.fault is Fault.SENDER else "",
    )


def _overtaken(report: IncomingReport, found: KnownDelivery) -> bool:
    """A newer word takes its place: the next routine one, or the one that it named. What must be said and has no successor yet (a
    provider holds a message for some hours only, whatever it is told) is said again like any other that did not arrive.
    """
    if not report.superseded:
        return False
    successor = found.next_word_at
    return found.message_class is not MessageClass.MANDATORY or (successor is not None and successor <= report.at + _DUE_BY_THEN)


def _follow(connection: Connection, report: IncomingReport, found: KnownDelivery) -> None:
    if not report.address:
        return
    try:
        if report.suppress is not None:
            source = f"{report.provider}:{report.event_key}"
            suppress(connection, found.channel, report.address, report.suppress, report.covers, report.at, source)
        if report.lifts:
            lift(connection, found.channel, report.address, report.lifts, report.at)
    except ValueError:
        return  # no address: there is nothing to stop


def _for_the_case(report: IncomingReport, found: KnownDelivery) -> InboxEvent:
    told = DeliveryReport(
        message_id=found.message_id,
        delivery_id=found.delivery_id,
        channel=found.channel,
        state=report.state.value,
        permanent=report.permanent,
        reason=report.reason,
        operator=report.fault is not None,
        at=report.at,
    )
    return InboxEvent(
        provider=report.provider,
        event_key=f"delivery:{report.event_key}",
        kind=DELIVERY,
        reference=found.delivery_id,
        case_id=found.case_id,
        payload={"kind": found.kind.value, "report": told.model_dump(mode="json", exclude_none=True)},
    )


def _for_the_operator(park: ChannelPark) -> InboxEvent:
    told = ReportedPark(channel=park.channel, provider=park.provider, sender=park.sender, alert_id=park.alert_id)
    return InboxEvent(
        provider=park.provider,
        event_key=f"park:{park.alert_id}",
        kind=PARK,
        reference=park.alert_id,
        payload=told.model_dump(mode="json"),
    )
