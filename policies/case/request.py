"""The request to open a case, as people and backend services hand it in.

Owns the strict form (an unknown field is refused by name) and what counts as the same case. Never crosses Temporal: the desk
splits it into contact data (to the store) and a `CaseStart` without personal data. Called by the desk, the CLI and the API.
"""

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from policies.case.case_id import looks_personal
from policies.case.contact_words import contact_in_number, email_in
from policies.case.facts import is_to_come, lies_ahead
from policies.case.vocabulary import OWN_FACTS, CaseKind, Channel, MessageClass, Origin
from policies.contract import Instant, Strict
from policies.money import check_currency
from policies.providers.statuses import DisputeStage
from policies.time.spans import Span
from policies.time.zones import all_zones

_NUMBER = re.compile(r"[0-9]{9}")


def _a_word(tag: str) -> str:
    # Search attributes are never encrypted, whatever codec the connection has: who operates the engine reads them.
    if looks_personal(tag) or _NUMBER.search(tag):
        raise ValueError("looks like a phone number, and would be indexed in clear text; right would be a word, for example vip")
    return tag


def _no_contact(text: str) -> str:
    found = contact_in_number(text)
    if found is not None:
        raise ValueError(f"holds {found}, which would stand in the engine's history; right would be the business's own number or name")
    return text


def _no_email(text: str) -> str:
    if email_in(text):
        raise ValueError("holds an e-mail address, which would stand in the engine's history; right would be the provider's own number")
    return text


Slug = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._&'-]*$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Order = Annotated[Reference, AfterValidator(_no_contact)]
Matter = Annotated[Reference, AfterValidator(_no_email)]  # as a provider or carrier names it
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_:-]{0,39}$"), AfterValidator(_a_word)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


_FIRST_YEAR, _LAST_YEAR = 1990, 2200  # what lies outside is a typing error, or a system's word for "none"


def _a_date_a_case_can_have(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"right would be a moment between {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment


Moment = Annotated[Instant, AfterValidator(_a_date_a_case_can_have)]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
CaseRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{2,59}$")]


class Preferences(Strict):
    """What the customer chose about being written to."""

    channels: list[Channel] = Field(default_factory=lambda: [Channel.EMAIL], min_length=1)
    cadence: Span | None = None
    opted_out: list[MessageClass] = Field(default_factory=list)
    quiet_from: str | None = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    quiet_until: str | None = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    quiet_email: bool = False  # quiet hours bind e-mail only on the customer's wish

    @field_validator("cadence", mode="before")
    @classmethod
    def _elapsed(cls, value: object) -> object:
        try:
            wished = Span.parse(value) if isinstance(value, str) else value
        except ValueError:  # its own words repeat what was given
            wished = None
        if value is not None and not (isinstance(wished, Span) and wished.is_elapsed):
            raise ValueError("no elapsed time; right would be a number and one of s, m, h, for example 48h")
        return wished

    @field_validator("opted_out")
    @classmethod
    def _mandatory_stays(cls, value: list[MessageClass]) -> list[MessageClass]:
        if MessageClass.MANDATORY in value:
            raise ValueError("mandatory messages cannot be opted out of; right would be status or survey")
        return value

    @model_validator(mode="after")
    def _both_quiet_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until go together, for example 21:00 and 08:00")
        return self


class Party(Strict):
    """A person of the case. Everything here but id, locale, zone and segment is contact data and goes to the store only."""

    id: Reference
    name: str | None = Field(default=None, max_length=200)
    email: Email | None = None
    phone: Phone | None = None
    locale: Locale = "en"
    zone: str = "UTC"
    segment: Tag | None = None
    country: Country | None = None
    preferences: Preferences = Field(default_factory=Preferences)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in all_zones():
            raise ValueError("no IANA time zone; right would be for example Europe/Berlin")
        ZoneInfo(value)
        return value


class Payment(Strict):
    """One payment leg that is to be made good: integer minor units and ISO 4217."""

    amount_minor: int = Field(gt=0, le=10**12)
    currency: str
    method: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "card"
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    reference: Matter

    @field_validator("currency")
    @classmethod
    def _iso_4217(cls, value: str) -> str:
        return check_currency(value)


class Parcel(Strict):
    """One parcel of the order."""

    carrier: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    tracking: Matter


class Dispute(Strict):
    """A dispute at the payment provider: what is known when the case is opened."""

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    reference: Matter
    stage: DisputeStage = DisputeStage.CHARGEBACK
    due_by: Moment | None = None


class Delay(Strict):
    """A delivery delay: what was promised at the sale and what is expected now."""

    promised_at: Moment
    revised_at: Moment | None = None


class CaseRequest(Strict):
    """Everything a case is opened with."""

    merchant: Slug
    brand: Slug | None = None
    kind: CaseKind
    reference: Reference
    origin: Origin = Origin.API
    order: Order
    item: Annotated[str, StringConstraints(max_length=200), AfterValidator(_no_contact)] | None = None
    parcels: list[Parcel] = Field(default_factory=list, max_length=50)
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "unspecified"
    payments: list[Payment] = Field(default_factory=list, max_length=50)
    dispute: Dispute | None = None
    delay: Delay | None = None
    customer: Party
    recipient: Party | None = None
    payer: Party | None = None
    delegate: Party | None = None
    owner: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,59}$")] | None = None
    tags: list[Tag] = Field(default_factory=list, max_length=20)
    opened_at: Moment | None = None  # None: now; the past for imported cases
    facts: dict[FactName, Moment] = Field(default_factory=dict, max_length=20)
    siblings: list[CaseRef] = Field(default_factory=list, max_length=20)
    shadow: bool = False
    schema_version: Literal[1] = 1

    @field_validator("facts")
    @classmethod
    def _not_the_cases_own(cls, value: dict[str, datetime]) -> dict[str, datetime]:
        own = sorted(OWN_FACTS & set(value))
        if own:
            raise ValueError(f"{', '.join(own)}: a case finds this out by itself; leave it out")
        return value

    @model_validator(mode="after")
    def _what_the_kind_needs(self) -> Self:
        if self.kind is CaseKind.REFUND and not self.payments:
            raise ValueError("payments: a refund needs at least one payment (amount_minor, currency, provider, reference)")
        if self.kind is CaseKind.DISPUTE and self.dispute is None:
            raise ValueError("dispute: a dispute needs its provider and reference, for example {provider: stripe, reference: dp_1}")
        if self.kind is CaseKind.DELAY and (self.delay is None or not self.parcels):
            raise ValueError("delay, parcels: a delay needs delay.promised_at and at least one parcel (carrier, tracking)")
        references = [(payment.provider, payment.reference) for payment in self.payments]
        if len(set(references)) != len(references):
            raise ValueError("payments: the same provider reference stands there twice")
        if self.customer.email is None and self.customer.phone is None:
            raise ValueError("customer: an e-mail address or a phone number (E.164, for example +4930123456) is needed to keep a promise")
        return self

    def lies_ahead(self, now: datetime) -> str | None:
        """Which moment is told of the future, with what would be right; None if all have happened. `now`: aware."""
        if self.opened_at is not None and is_to_come(self.opened_at, now):
            return "opened_at: lies in the future; right would be when the matter began, or nothing: then it is now"
        return lies_ahead(self.facts, now)
