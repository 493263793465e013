"""A provider's reports on messages, taken in one transaction: the ledger of events, the suppressions that follow at once, and the inbox
row for what its case must hear.

Owns that one transaction. Must never keep a report on a message that is not ours (the account may be shared), nor an address anywhere
but in the suppressions. Called by the web process.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection

from policies.case.commands import DeliveryReport
from policies.contract import Contract, Instant
from store.delivery_events import DID_NOT_ARRIVE, DeliveryEvent, KnownDelivery, ReportedState, known_deliveries, write_event
from store.engine import Store
from store.inbox import InboxEvent, put
from store.suppressions import Covers, SuppressionReason, lift, suppress

DELIVERY = "delivery"  # kind of an inbox row; its payload is a DeliveryReport


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


class Taken(Contract):
    """What a batch came to."""

    new: int = 0  # written for the first time
    to_tell: int = 0  # ... of which a case must hear
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
        if report.state in DID_NOT_ARRIVE:
            put(connection, _for_the_case(report, found), at)
            taken.to_tell += 1
    return taken


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
