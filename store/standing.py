"""Where a message, a delivery or a watch stands, as the recorder tells activities.

Owns these shapes and their states. Must never hold an address. Made by the recorder and the queries.
"""

from enum import StrEnum

from pydantic import Field

from policies.case.plans import MessageResult
from policies.case.vocabulary import Channel
from policies.contract import Contract, Instant


class MessageState(StrEnum):
    """`sending`, or the message's outcome."""

    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PARKED = "parked"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class DeliveryState(StrEnum):
    """How one try on one channel stands."""

    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # permanently: this address or body will never do
    NOT_SENT = "not_sent"  # certainly not processed; another try may follow
    UNKNOWN = "unknown"  # it may have been sent


class Delivery(Contract):
    """One try on one channel. `fresh` is True only for the caller that created it."""

    delivery_id: str
    message_id: str
    channel: Channel
    try_no: int
    attempt: int
    state: DeliveryState
    fresh: bool = False
    started_at: Instant
    lease_until: Instant
    ended_at: Instant | None = None
    provider_id: str | None = None
    reason: str | None = None


class MessageStanding(Contract):
    """What the books know of a message. `result` is there once it ended; a parked one may be opened again."""

    message_id: str
    state: MessageState
    result: MessageResult | None = None
    deliveries: list[Delivery] = Field(default_factory=list)


class CheckStanding(Contract):
    """When a provider was last asked about a reference, when it last answered, and since when it has not."""

    case_id: str
    provider: str
    reference: str
    generation: int
    status: str | None = None
    last_checked_at: Instant
    last_answered_at: Instant | None = None
    failing_since: Instant | None = None
    checks: int = 0
    checks_in_generation: int = 0
