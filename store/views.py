"""What people read of the books: the answers of the queries.

Owns these shapes for the command line, the API and the console. Must never compute. Grows by optional fields only.
"""

from pydantic import Field

from policies.case.facts import Actor
from policies.case.plans import CaseRow
from policies.case.state import PromiseState
from policies.case.vocabulary import CaseKind, Channel, MessageClass, MessageKind, PromiseEnd
from policies.contract import Contract, Instant
from store.standing import Delivery, MessageState


class CaseView(CaseRow):
    """A case as the books know it."""


class CasePage(Contract):
    """One page of a list. Hand `after` in again for the next page; None: this was the last one."""

    cases: list[CaseView]
    after: str | None = None


class MessageView(Contract):
    """One row of the message ledger with its deliveries."""

    message_id: str
    case_id: str
    cycle: int
    kind: MessageKind
    seq: int
    also: list[MessageKind]
    message_class: MessageClass
    contact_ref: str
    must_arrive: bool
    shadow: bool
    keeps: int | None = None
    makes: int | None = None
    next_word_at: Instant | None = None
    state: MessageState
    opened_at: Instant
    ended_at: Instant | None = None
    channel: Channel | None = None
    reason: str | None = None
    retry_at: Instant | None = None
    template_id: str | None = None
    template_version: str | None = None
    locale: str | None = None
    brand: str | None = None
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    deliveries: list[Delivery] = Field(default_factory=list)


class PromiseView(PromiseState):
    """A promise of a next word; `end` is None while it is open."""

    case_id: str
    end: PromiseEnd | None = None
    ended_at: Instant | None = None
    late_s: int = 0


class AlertView(Contract):
    """An alert and whom it reached. `sent_at` is None while it is on its way."""

    alert_id: str
    case_id: str
    kind: CaseKind
    merchant: str
    role: str
    level: int
    reason: str
    clock: str | None = None
    due_at: Instant | None = None
    since: Instant
    shadow: bool
    opened_at: Instant
    people: list[str]
    sent_at: Instant | None = None
    title: str | None = None
    body: str | None = None


class TextView(Contract):
    """A reply, note or comment."""

    text_ref: str
    case_id: str
    kind: str
    body: str
    by: Actor
    at: Instant


class PromiseSums(Contract):
    """Counted from the promise rows: made = kept + late + broken + superseded + withdrawn + open, always."""

    made: int = 0
    kept: int = 0
    late: int = 0
    broken: int = 0
    superseded: int = 0
    withdrawn: int = 0
    open: int = 0
    median_late_s: float | None = None  # of the late ones
    max_late_s: int | None = None


class FeedbackSums(Contract):
    """CSAT % = answers 4-5 of all; NPS = % 9-10 minus % 0-6; `n` belongs to every figure."""

    asked: int = 0  # cases whose feedback request was accepted by a provider
    answered: int = 0  # ... of which gave an answer
    answer_percent: float | None = None
    csat_n: int = 0
    csat_percent: float | None = None
    nps_n: int = 0
    nps: float | None = None


class Summary(Contract):
    """The figures of some or all cases."""

    cases: dict[str, dict[str, int]] = Field(default_factory=dict)  # kind -> status -> number
    total: int = 0
    open: int = 0  # not resolved
    resolved: int = 0  # told to the customer; feedback and tail still run
    closed: int = 0
    promises: PromiseSums = Field(default_factory=PromiseSums)
    clocks_met: int = 0
    clocks_breached: int = 0
    sla_percent: float | None = None
    feedback: FeedbackSums = Field(default_factory=FeedbackSums)
    messages: dict[str, dict[str, int]] = Field(default_factory=dict)  # kind -> outcome or "sending" -> number
