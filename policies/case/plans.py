"""What the rules hand to activities: an entry for the books, a message to send, people to alert, a reference to watch.

Owns these shapes. Without personal data: names, addresses and texts are added from the store where the message is rendered.
Grows by optional fields only.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator

from policies.alert_digest import AlertDigest
from policies.case.facts import Fact
from policies.case.state import Alert, EndedPromise, PromiseState, Resolution, SentUnwritten
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, MessageClass, MessageKind, MessageOutcome
from policies.contract import Contract, Instant
from policies.money import Money
from policies.providers.statuses import TargetType
from policies.time.spans import Span

_FIRST_YEAR, _LAST_YEAR = 1990, 2200


class CaseRow(Contract):
    """The books' one row of a case: what lists and searches need."""

    case_id: str
    workflow_id: str
    kind: CaseKind
    merchant: str
    brand: str | None = None
    reference: str
    order: str
    customer_key: str
    contact_ref: str
    segment: str | None = None
    owner: str | None = None
    status: CaseStatus
    cycle: int
    escalation: int
    opened_at: Instant
    next_at: Instant | None = None  # what is due next ...
    next_what: str | None = None  # ... and what it is
    resolve_by: Instant | None = None
    next_word_at: Instant | None = None
    hold_reason: str | None = None
    resolution: Resolution | None = None
    promises: dict[str, int] = Field(default_factory=dict)
    clocks_met: int = 0
    clocks_breached: int = 0
    csat: int | None = None
    nps: int | None = None
    tags: list[str] = Field(default_factory=list)
    digests: dict[str, str] = Field(default_factory=dict)
    shadow: bool = False
    closed_at: Instant | None = None
    # Why a person is needed, and since when (policies/rules: attention.py). None in nearly every row, and what is None does not travel.
    breached_at: Instant | None = None
    at_risk_since: Instant | None = None
    unanswered_since: Instant | None = None
    recovery_since: Instant | None = None
    as_of_seq: int = 0  # newest fact it reflects: an older row never overwrites a newer one


class BooksEntry(Contract):
    """What one activity commits in one transaction before it does anything else. Idempotent by (case, seq) and (case, number)."""

    row: CaseRow
    facts: list[Fact] = Field(default_factory=list)
    ended_promises: list[EndedPromise] = Field(default_factory=list)
    open_promise: PromiseState | None = None


class TargetView(Contract):
    """One reference as the customer may know it."""

    type: TargetType
    reference: str
    provider: str
    status: str
    status_at: Instant | None = None
    amount: Money | None = None
    method: str | None = None
    trace: str | None = None
    reversal: bool = False
    failure: str | None = None


WhoActs = Literal["us", "you", "bank", "carrier", "seller", "nobody"]
"""Whose turn it is, as the customer is told."""


class MessageContext(Contract):
    """The facts a text may use. Every moment is UTC; the template turns it into the recipient's zone and locale."""

    case_id: str
    kind: CaseKind
    merchant: str
    brand: str | None = None
    order: str
    item: str | None = None
    reason: str
    opened_at: Instant
    locale: str
    zone: str
    show_seconds: bool = False
    targets: list[TargetView] = Field(default_factory=list)
    amounts: list[Money] = Field(default_factory=list)
    dispute_stage: str | None = None
    dispute_due_by: Instant | None = None
    delay_promised_at: Instant | None = None
    delay_revised_at: Instant | None = None
    unchanged_since: Instant | None = None  # last real change; None right after one
    who_acts: WhoActs = "us"
    next_word_at: Instant | None = None
    resolve_by: Instant | None = None
    resolve_by_why: dict[str, str] = Field(default_factory=dict)
    resolve_by_citation: str | None = None
    resolve_by_moves: bool = False  # the case waits and this date stands still: it moves on by as long as the wait lasts
    hold_public: dict[str, str] = Field(default_factory=dict)
    hold_since: Instant | None = None
    ask_public: dict[str, str] = Field(default_factory=dict)
    ask_until: Instant | None = None
    ask_expiry: str | None = None  # "escalate" or the public outcome code
    missed_due_at: Instant | None = None  # what was promised for when (apology)
    owed_update_at: Instant | None = None  # an update that we owed and are catching up on
    new_date_at: Instant | None = None
    resolution: Resolution | None = None
    outcome_public: dict[str, str] = Field(default_factory=dict)
    trace_follows: bool = False
    money_check_at: Instant | None = None  # when we shall ask whether the money has arrived
    feedback_at: Instant | None = None
    feedback_until: Instant | None = None
    reopened_because: str | None = None
    reopen_until: Instant | None = None
    to_former_address: bool = False  # address_changed: its reader may be nobody of the case any more, and gets no link
    text_refs: list[str] = Field(default_factory=list)  # lead's replies kept in the store


class MessagePlan(Contract):
    """One message to the customer. `message_id` is opaque and the key of the ledger row (case, cycle, kind, seq)."""

    message_id: str
    kind: MessageKind
    also: list[MessageKind] = Field(default_factory=list)
    message_class: MessageClass
    cycle: int
    seq: int
    channels: list[Channel]
    contact_ref: str
    must_arrive: bool
    keeps: int | None = None
    kept_until: Instant | None = None  # accepted after it, the promise that it keeps was kept late
    makes: int | None = None
    next_word_at: Instant | None = None
    context: MessageContext
    shadow: bool = False
    customer_key: str = ""
    only_if_no_other_open_case: bool = False
    parked_retry: Span = Field(default_factory=lambda: Span.parse("15m"))
    quiet_until: dict[Channel, Instant] = Field(default_factory=dict)  # channels that must not be fallen back to before then
    call_by: Instant | None = None  # a person speaks it on the channel voice, by then; None: a machine does


class MessageResult(Contract):
    """How the message job ended. `at` is the engine's time of the attempt that ended it."""

    outcome: MessageOutcome
    at: Instant
    channel: Channel | None = None
    reason: str | None = None
    retry_at: Instant | None = None
    unwritten: SentUnwritten | None = None  # accepted, but the books could not be told


class ArrivalQuestion(Contract):
    """Has this message arrived, by all that its provider reported?"""

    message_id: str
    channel: Channel
    since: Instant  # when the provider took it


class ArrivalAnswer(Contract):
    """`unknowable`: nothing at all is reported on this channel, so that silence proves nothing."""

    arrived: Literal["yes", "no", "silent", "unknowable"]


class AlertPlan(Contract):
    """People to tell. `alert_id` is the key against a second alert."""

    alert_id: str
    case_id: str
    kind: CaseKind
    merchant: str
    owner: str | None = None
    alert: Alert
    shadow: bool = False
    call: MessagePlan | None = None  # what a person is to tell the customer by phone, where the alert asks for a call
    digest: AlertDigest | None = None  # the policy's setting; None: told at once


class WatchTarget(Contract):
    type: TargetType
    provider: str
    reference: str
    status: str
    status_at: Instant | None = None
    trace: str | None = None
    due_by: Instant | None = None
    eta_at: Instant | None = None
    stage: str | None = None
    asked_since: Instant | None = None  # when the case began to ask about this reference
    pending_reason: str | None = None
    told_unknown: bool = False  # people know that the provider does not


class WatchPlan(Contract):
    """Ask the provider until one of the targets is no longer as stated here."""

    case_id: str
    generation: int
    mode: Literal["settlement", "tail"]
    started_at: Instant
    targets: list[WatchTarget]
    steps: list[tuple[float, float | None]]  # (every seconds, until age in seconds or None)
    unreachable_after_s: float
    told_unreachable_since: Instant | None = None  # a silence that people know of: it is asked on, not told again
    ends_at: Instant | None = None  # the tail's end: no check is planned after it


class Reading(Contract):
    """What a provider said of one reference."""

    type: TargetType
    provider: str
    reference: str
    status: str
    occurred_at: Instant | None = None
    read_at: Instant
    trace: str | None = None
    reversal: bool = False
    failure: str | None = None
    due_by: Instant | None = None
    stage: str | None = None
    eta_at: Instant | None = None
    replaced_by: str | None = None
    event_id: str | None = None
    pending_reason: str | None = None  # why a refund is still pending: charge_pending | insufficient_funds | processing | unknown
    charge_refundable: bool | None = None  # of a dispute: whether refunding the charge would still end it; None where it is not said

    @field_validator("occurred_at", "due_by", "eta_at")
    @classmethod
    def _a_date_a_case_can_have(cls, value: datetime | None) -> datetime | None:
        # Providers send 0001-01-01 (Go's zero time) or 9999-12-31 for "none"; reckoning with them would overflow in the workflow.
        return value if value is not None and _FIRST_YEAR <= value.year <= _LAST_YEAR else None


class UnknownReference(Contract):
    """A reference of which the provider has said nothing but that it does not know it (404), since the case asks about it."""

    provider: str
    reference: str
    since: Instant


class WatchResult(Contract):
    """The watch ended: something changed, or the provider has not answered for too long, or does not know what it is asked about."""

    generation: int
    readings: list[Reading] = Field(default_factory=list)
    unreachable_since: Instant | None = None
    unknown: list[UnknownReference] = Field(default_factory=list)
    checks: int = 0


class Foreseen(Contract):
    """What an act would do if it were done now: refused, or the message to the customer that it leads to."""

    refusal: str | None = None
    plan: MessagePlan | None = None  # None: the customer is told nothing by it
    at: Instant | None = None  # when the message may go
