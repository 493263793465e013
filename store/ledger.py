"""Rows of the message ledger as models.

Owns this one mapping. Must never write. Called by the recorder and the queries.
"""

from sqlalchemy import Connection, RowMapping, bindparam, select

from policies.case.plans import MessageResult
from store.standing import Delivery, MessageState
from store.tables import deliveries

_DELIVERIES = (
    select(deliveries)
    .where(deliveries.c.message_id.in_(bindparam("message_ids", expanding=True)))
    .order_by(deliveries.c.started_at, deliveries.c.channel, deliveries.c.try_no)
)


def as_delivery(row: RowMapping) -> Delivery:
    return Delivery.model_validate(dict(row))


def as_result(row: RowMapping) -> MessageResult | None:
    """How the message ended; None while it is on its way."""
    if row["state"] == MessageState.SENDING:
        return None
    return MessageResult(
        outcome=row["state"],
        at=row["ended_at"],
        channel=row["channel"],
        reason=row["reason"],
        retry_at=row["retry_at"],
    )


def deliveries_of(connection: Connection, message_ids: list[str]) -> dict[str, list[Delivery]]:
    """Deliveries per message, in the order in which they began."""
    found: dict[str, list[Delivery]] = {message_id: [] for message_id in message_ids}
    if message_ids:
        for row in connection.execute(_DELIVERIES, {"message_ids": message_ids}).mappings():
            found[row["message_id"]].append(as_delivery(row))
    return found
