"""The state of one case: everything that must survive a restart and continue-as-new.

Owns the shape only; the rules (policies/rules) read and change it, the workflow carries it from run to run. Bounded: facts beyond
the last 200 live in the books. Grows by optional fields only, a default never changes its meaning.
"""

from typing import Literal

from pydantic import Field

from policies.case.facts import Actor, Fact
from policies.case.start import CaseStart, Reachability
from policies.case.vocabulary import CaseStatus, Channel, MessageKind, PromiseEnd
from policies.contract import Contract, Instant
from policies.money import Money
from policies.providers.statuses import TargetType


class Target(Contract):
    """A watched reference and what we last believed of it."""

    type: TargetType
    provider: str
    reference: str
    amount_minor: int | None = None
    currency: str | None = None
    method: str | None = None
    status: str = "unknown"
    status_at: Instant | None = None  # the provider's own time where it told one
    trace: str | None = None  # acquirer reference number
    reversal: bool = False  # the charge was undone: no credit line will appear
    failure: str | None = None  # our code, never the vendor's raw word
    replaced_by: str | None = None
    asked_since: Instant | None = None  # when we began to ask the provider about it
    told_unknown: bool = False  # people were told that the provider does not know it
    pending_reason: str | None = None  # why the provider waits, in our words
    charge_refundable: bool | None = None  # a dispute: refunding the charge would still end it


class PromiseState(Contract):
    """A next word that was named to the customer."""

    number: int
    made_at: Instant
    due_at: Instant
    made_by: str  # message id, or the lead who gave it on the phone
    cycle: int = 1


class EndedPromise(PromiseState):
    end: PromiseEnd
    ended_at: Instant
    late_s: int = 0


class PromiseTally(Contract):
    """Exact sums: made = kept + late + broken + superseded + withdrawn + (1 if one is open)."""

    made: int = 0
    kept: int = 0
    late: int = 0
    broken: int = 0
    superseded: int = 0
    withdrawn: int = 0


class Rung(Contract):
    """One threshold of a running clock with its moment worked out."""

    at: Instant
    level: int
    to: str
    breach: bool = False  # the 100 % rung
    apology: bool = False
    spec: str = ""
    done: Literal["", "fired", "passed"] = ""


class ClockState(Contract):
    """One clock of the case."""

    id: str
    started_at: Instant
    due_at: Instant
    rungs: list[Rung] = Field(default_factory=list)
    ended: Literal["", "met", "breached_then_met", "cancelled"] = ""
    ended_at: Instant | None = None
    breached_at: Instant | None = None
    held_since: Instant | None = None


class Hold(Contract):
    """Why and since when the case waits."""

    reason: str
    since: Instant
    until: Instant | None = None  # the moment at which the hold ends by itself
    asked: bool = False
    reminders: list[Instant] = Field(default_factory=list)  # still to come
    expires_at: Instant | None = None
    by: Actor | None = None


class Need(Contract):
    """Something the customer must be told; coalesced with others into one message."""

    kind: MessageKind
    since: Instant
    text_ref: str | None = None
    fact_seq: int | None = None
    asked: str | None = None
    again: bool = False  # said once already, with an unknown outcome
    until: Instant | None = None  # the date that the customer had for an answer
    contact_ref: str | None = None  # address_changed: the contact data that were replaced (None: those that replace them) ...
    channels: list[Channel] = Field(default_factory=list)  # ... and where they are written to, what was changed first


class InFlight(Contract):
    """The one message that is on its way."""

    message_id: str
    kind: MessageKind
    also: list[MessageKind] = Field(default_factory=list)
    cycle: int
    seq: int
    needs: list[Need]
    keeps: int | None = None  # promise number
    makes: int | None = None  # number of the promise that it makes if it is accepted
    next_word_at: Instant | None = None
    routine: bool = False
    feedback_at: Instant | None = None  # when a resolution announces that we shall ask


class EarlyReport(Contract):
    """A message did not arrive, and the report of it came before the answer that the provider took it."""

    message_id: str
    channel: Channel
    permanent: bool = False
    operator: bool = False


class Said(Contract):
    """A mandatory message that its provider took: what it had to say, should it not arrive."""

    message_id: str
    cycle: int
    channel: Channel
    at: Instant
    needs: list[Need]
    look_at: Instant | None = None  # when the books are asked whether it arrived; None: not, or not any more


class Resolution(Contract):
    """The record of how the case ended: exactly what the customer is told."""

    outcome: str
    amounts: list[Money] = Field(default_factory=list)
    references: list[str] = Field(default_factory=list)
    evidence: list[str] = Field(default_factory=list)  # address#sha256=...
    by: Actor
    decided_at: Instant
    money_expected_at: Instant | None = None
    rests_on_provider: bool = False
    told_at: Instant | None = None
    untold: str | None = None  # reason code if no channel could tell it
    cycle: int = 1


class FeedbackState(Contract):
    """The survey of one resolution."""

    due_at: Instant | None = None
    asked_at: Instant | None = None
    remind_at: Instant | None = None
    expires_at: Instant | None = None
    answered_at: Instant | None = None
    csat: int | None = None
    nps: int | None = None
    comment_ref: str | None = None
    ended: Literal["", "answered", "expired", "withdrawn", "skipped"] = ""
    answers: int = 0


class WatchState(Contract):
    """The watch activity: its generation (results of older ones are ignored) and its mode."""

    generation: int = 0
    mode: Literal["settlement", "tail"] = "settlement"
    wanted: bool = False
    running: bool = False
    started_at: Instant | None = None
    restart_at: Instant | None = None
    unreachable_since: Instant | None = None
    failed_since: Instant | None = None  # it cannot be asked at all: configuration or credentials


class Unsaid(Contract):
    """What a message had to say that did not reach the customer: a person is to say it."""

    message_id: str
    cycle: int
    needs: list[Need] = Field(default_factory=list)


class Alert(Contract):
    """People to be told: a role, resolved to names when it is sent."""

    to: str
    level: int
    reason: str
    clock: str | None = None
    due_at: Instant | None = None
    since: Instant
    unsaid: Unsaid | None = None  # a call is needed


class UnsentAlert(Contract):
    """An alert whose job failed; it keeps its id, so that nobody is told twice."""

    alert_id: str
    alert: Alert


class SentUnwritten(Contract):
    """A message that its provider took, while the books could not be told; they are told with the next entry."""

    message_id: str
    delivery_id: str
    provider_id: str | None = None
    channel: Channel | None = None
    at: Instant


class CaseState(Contract):
    """Everything. See the module docstring."""

    start: CaseStart
    status: CaseStatus = CaseStatus.OPEN
    cycle: int = 1
    opened_at: Instant
    learned_at: Instant  # when the workflow began; differs from opened_at for imported cases
    owner: str | None = None
    reach: Reachability
    targets: list[Target] = Field(default_factory=list)
    dispute_stage: str | None = None
    dispute_due_by: Instant | None = None
    dispute_asked_at: Instant | None = None  # the last time at which an answer that had been given was asked for anew
    delay_promised_at: Instant | None = None
    delay_revised_at: Instant | None = None
    named_facts: dict[str, Instant] = Field(default_factory=dict)
    clocks: list[ClockState] = Field(default_factory=list)
    hold: Hold | None = None
    escalation: int = 0
    new_date_at: Instant | None = None  # given with an apology or an extension
    new_date_given_at: Instant | None = None
    new_date_warned_at: Instant | None = None  # people were told that it is near
    promise: PromiseState | None = None
    promise_seq: int = 0  # highest number of a promise that was made
    tally: PromiseTally = Field(default_factory=PromiseTally)
    ended_promises: list[EndedPromise] = Field(default_factory=list)  # not yet confirmed in the books
    routine_count: int = 0
    tight_cadence: bool = False
    needs: list[Need] = Field(default_factory=list)
    in_flight: InFlight | None = None
    parked_until: Instant | None = None
    parked_count: int = 0
    message_seq: int = 0
    acknowledged_at: Instant | None = None
    last_news_at: Instant | None = None
    watch: WatchState = Field(default_factory=WatchState)
    alerts: list[Alert] = Field(default_factory=list)
    alert_seq: int = 0
    unsent_alerts: list[UnsentAlert] = Field(default_factory=list)
    unwritten: list[SentUnwritten] = Field(default_factory=list)
    resolution: Resolution | None = None
    past_resolutions: list[Resolution] = Field(default_factory=list)  # the last ones
    forgotten_resolutions: int = 0  # how many came before those; they are facts in the books
    tail_until: Instant | None = None
    money_check_at: Instant | None = None  # when the customer is asked whether the money has arrived
    feedback: FeedbackState | None = None
    last_csat: int | None = None  # of an earlier cycle: an answer stays an answer when the case comes back
    last_nps: int | None = None
    links: list[str] = Field(default_factory=list)
    facts: list[Fact] = Field(default_factory=list)
    fact_seq: int = 0
    recorded_seq: int = 0  # facts up to here are confirmed in the books
    books_retry_at: Instant | None = None
    books_failures: int = 0
    alerts_retry_at: Instant | None = None  # people could not be told: again then
    alerts_failures: int = 0
    closed_at: Instant | None = None
    carried_seq: int = 0  # facts up to here travel in a job that has not ended
    unreachable_since: Instant | None = None  # no channel reaches the customer
    unanswered_since: Instant | None = None  # a customer's reply that no person has answered
    clocks_met: int = 0
    clocks_breached: int = 0
    watch_since: Instant | None = None  # when this phase of watching began (its density depends on its age)
    said: list[Said] = Field(default_factory=list)  # the last mandatory messages, the newest last
    undelivered: list[str] = Field(default_factory=list)  # the last deliveries that were reported as not arrived, against duplicates
    early_report: EarlyReport | None = None
    failing_channels: list[Channel] = Field(default_factory=list)  # come last: a message did not arrive there
    applied_ids: list[str] = Field(default_factory=list)  # the last ids of provider reports, against duplicates
