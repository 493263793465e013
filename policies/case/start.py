"""What a case's workflow starts with: the request without personal data, and the policy that rules it.

Owns the tolerant form that crosses Temporal. Built by the desk from a `CaseRequest`; read by the rules.
"""

from typing import Self

from pydantic import Field, field_validator, model_validator

from policies.book import PolicySnapshot
from policies.case.vocabulary import CaseKind, Channel, MessageClass, Origin
from policies.contract import Contract, Instant
from policies.providers.statuses import TargetType
from policies.time.send_window import SendWindow
from policies.time.spans import Span
from policies.time.zones import zone_named


class Reachability(Contract):
    """How the customer may be written to, without the addresses themselves."""

    channels: list[Channel] = Field(default_factory=list)  # those with an address, in the customer's order
    opted_out: list[MessageClass] = Field(default_factory=list)
    cadence: Span | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    quiet_email: bool = False
    locale: str = "en"
    zone: str = "UTC"

    # The rules compute with these: what they cannot compute with is refused where it comes in, not met in the middle of a case.
    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone_named(value)
        return value

    @model_validator(mode="after")
    def _quiet_hours_can_be_kept(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until go together, for example 21:00 and 08:00")
        if self.quiet_from is not None and self.quiet_until is not None:
            SendWindow.outside_quiet_hours(self.quiet_from, self.quiet_until)
        return self


class TargetStart(Contract):
    """One reference at a provider that the case watches: a refund, a dispute or a parcel."""

    type: TargetType
    provider: str
    reference: str
    amount_minor: int | None = None
    currency: str | None = None
    method: str | None = None


class CaseStart(Contract):
    """The input of RefundCase, DisputeCase and DelayCase."""

    case_id: str
    kind: CaseKind
    merchant: str
    brand: str | None = None
    reference: str  # the business reference; a hash where it looked personal
    order: str
    item: str | None = None
    reason: str = "unspecified"
    contact_ref: str  # key of the contact data in the store
    customer_key: str  # hash of merchant and customer id: finds the customer's other cases, says nothing of the person
    segment: str | None = None
    owner: str | None = None
    origin: Origin = Origin.API
    opened_at: Instant | None = None
    targets: list[TargetStart] = Field(default_factory=list)
    dispute_stage: str | None = None
    dispute_due_by: Instant | None = None
    delay_promised_at: Instant | None = None
    delay_revised_at: Instant | None = None
    facts: dict[str, Instant] = Field(default_factory=dict)
    siblings: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    reach: Reachability = Field(default_factory=Reachability)
    shadow: bool = False
    digests: dict[str, str] = Field(default_factory=dict)
    policy: PolicySnapshot
