"""A whole message in three transactions: read what it needs, write that it is being sent, write how it ended.

Owns the grouping only; each step is that of messages.py and deliveries.py. Five separate transactions cost most of a worker's CPU
per message. Called by the message activity.
"""

from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from policies.case.plans import BooksEntry, MessagePlan, MessageResult
from policies.case.vocabulary import Channel
from policies.contract import Contract
from store.contacts import Contact, read_contact
from store.recorder.books import Books
from store.recorder.cases import has_other_open_case, read_texts
from store.recorder.deliveries import claimed, ended, first_try
from store.recorder.messages import finished, keep_words, opened
from store.standing import CheckStanding, Delivery, DeliveryState, MessageStanding, MessageState
from store.watch_rows import checks_of


class Preparation(Contract):
    """What a text needs of the books."""

    contact: Contact | None = None
    texts: list[str] = Field(default_factory=list)
    checks: list[CheckStanding] = Field(default_factory=list)
    other_open_case: bool = False


class Begun(Contract):
    """The message as the books know it; the delivery only if it is still to be sent on this channel."""

    standing: MessageStanding
    delivery: Delivery | None = None


class SendingBooks(Books):
    async def prepare(self, plan: MessagePlan) -> Preparation:
        """Contact data, the lead's texts, when the provider last answered, other cases of the customer: one moment of the books."""

        def work(connection: Connection) -> Preparation:
            case_id = plan.context.case_id
            return Preparation(
                contact=read_contact(connection, plan.contact_ref),
                texts=read_texts(connection, plan.context.text_refs),
                checks=checks_of(connection, case_id),
                other_open_case=plan.only_if_no_other_open_case and has_other_open_case(connection, plan.customer_key, case_id),
            )

        return await self._store.read(work)

    async def begin_sending(
        self,
        entry: BooksEntry,
        plan: MessagePlan,
        words: dict[str, Any],
        channel: Channel,
        at: datetime,
        lease_s: float,
        reuse: bool,
    ) -> Begun:
        """Commit the entry, the ledger row with its words, and the delivery as `sending`: the books first."""

        def work(connection: Connection) -> Begun:
            standing, new = opened(connection, entry, plan, at, words)
            if standing.result is not None and standing.state is not MessageState.PARKED:
                return Begun(standing=standing)
            if not new:
                keep_words(connection, plan.message_id, words)
            if plan.shadow:
                return Begun(standing=standing)
            if new:
                return Begun(standing=standing, delivery=first_try(connection, plan.message_id, channel, at, lease_s))
            return Begun(standing=standing, delivery=claimed(connection, plan.message_id, channel, at, lease_s, reuse))

        return await self._store.write(work)

    async def end_sending(
        self,
        message_id: str,
        delivery_id: str,
        state: DeliveryState,
        at: datetime,
        result: MessageResult | None,
        *,
        provider_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write how the delivery ended and, if that ends the message, the message's outcome and the promise it makes."""

        def work(connection: Connection) -> None:
            ended(connection, delivery_id, state, at, provider_id, reason)
            if result is not None:
                finished(connection, message_id, result, at)

        await self._store.write(work)
