"""Whether a message arrived, by the reports of its provider.

Must never write: reports are the web process's. Called by the activity `check_arrival`.
"""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from policies.case.plans import ArrivalAnswer
from policies.case.vocabulary import Channel
from store.delivery_events import DID_NOT_ARRIVE, ReportedState
from store.recorder.books import Books
from store.tables import deliveries, delivery_events

_ARRIVED = frozenset({ReportedState.DELIVERED, ReportedState.READ, ReportedState.ANSWERED, ReportedState.SPAM, ReportedState.UNSUBSCRIBED})
_JOINED = delivery_events.join(deliveries, deliveries.c.delivery_id == delivery_events.c.delivery_id)
_STATES = select(delivery_events.c.state).select_from(_JOINED).where(deliveries.c.message_id == bindparam("this")).distinct()
# Reports flow if any end of a message on this channel was told since: "processed" alone may come from the API's side of the provider.
_FLOWS = (
    select(func.count())
    .select_from(_JOINED)
    .where(
        deliveries.c.channel == bindparam("on"),
        delivery_events.c.received_at >= bindparam("moment"),
        delivery_events.c.state.in_([state.value for state in (*_ARRIVED, *DID_NOT_ARRIVE)]),
    )
)


class ArrivalBooks(Books):
    async def arrival(self, message_id: str, channel: Channel, since: datetime) -> ArrivalAnswer:
        """`no` after a report that it did not arrive; `silent` if there is no word of an end while others had theirs since `since`."""

        def work(connection: Connection) -> ArrivalAnswer:
            states = {ReportedState(state) for state in connection.scalars(_STATES, {"this": message_id})}
            if states & DID_NOT_ARRIVE:
                return ArrivalAnswer(arrived="no")
            if states & _ARRIVED:
                return ArrivalAnswer(arrived="yes")
            flows = connection.scalar(_FLOWS, {"on": channel.value, "moment": since})
            return ArrivalAnswer(arrived="silent" if flows else "unknowable")

        return await self._store.look_up(work)
