"""Rows of the message ledger as models.

Owns this one mapping. Must never write. Called by the recorder and the queries.
"""

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.case.plans import MessageResult
from store.standing import Delivery, MessageState
from store.tables import deliveries


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


async def deliveries_of(connection: AsyncConnection, message_ids: list[str]) -> dict[str, list[Delivery]]:
    """Deliveries per message, in the order in which they began."""
    found: dict[str, list[Delivery]] = {message_id: [] for message_id in message_ids}
    if message_ids:
        statement = (
            select(deliveries)
            .where(deliveries.c.message_id.in_(message_ids))
            .order_by(deliveries.c.started_at, deliveries.c.channel, deliveries.c.try_no)
        )
        for row in (await connection.execute(statement)).mappings():
            found[row["message_id"]].append(as_delivery(row))
    return found
