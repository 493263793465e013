"""Commands of people and reports of systems: what may be asked of an open case.

Owns the tolerant forms that cross Temporal as updates and signals (every field but the actor has a default, so that a signal typed by
hand in the web UI is read as far as it goes). Whether a command is allowed is decided by the rules. Texts (replies, notes,
comments) are kept in the store; a command carries their reference.
"""

import hashlib
from typing import Any

from pydantic import Field

from policies.book import PolicySnapshot
from policies.case.facts import Actor
from policies.case.plans import Reading
from policies.case.start import Reachability
from policies.case.vocabulary import CallResult, CaseStatus, Channel, Role
from policies.contract import Contract, Instant
from policies.money import Money

WEB_UI = Actor(who="web-ui", role=Role.LEAD)


class Command(Contract):
    """Common to all: who asks, in which role and why; and the newest fact that it was decided on."""

    by: Actor = WEB_UI
    if_seq: int | None = None  # an update is refused if the case has moved on from it; None: whatever happened. A signal does not ask.


class Resolve(Command):
    outcome: str = ""
    amounts: list[Money] = Field(default_factory=list)  # empty: what the payments sum up to
    references: list[str] = Field(default_factory=list)
    evidence: list[str] = Field(default_factory=list)


class HoldCase(Command):
    reason: str = ""  # a hold reason of the policy
    until: Instant | None = None


class Resume(Command):
    pass


class Escalate(Command):
    level: int | None = None  # None: one level up
    to: str | None = None  # role; None: what the ladder says for the level


class Extend(Command):
    until: Instant | None = None  # the new date of resolution that the customer is told


class Reassign(Command):
    owner: str = ""


class Reply(Command):
    text_ref: str = ""


class Note(Command):
    text_ref: str = ""


class PhoneContact(Command):
    """A call with the customer; `promised_at` is the next word promised on the phone."""

    text_ref: str | None = None
    reached: bool = True
    promised_at: Instant | None = None
    result: CallResult | None = None  # of a call task; with `reached` only if it is "reached"
    task_id: str | None = None
    # The message that the call was to speak, and did not: its result then is a report on that delivery.
    unsaid_message_id: str | None = None
    unsaid_delivery_id: str | None = None


class ReportFact(Command):
    name: str = ""  # goods_received, evidence_submitted, shipped, customer_supplied ...
    occurred_at: Instant | None = None
    old_reference: str | None = None  # payment_replaced: the refund that was re-issued ...
    new_reference: str | None = None  # ... and the one that takes its place
    provider: str | None = None  # payment_replaced: where both stand; needed where two providers gave the same reference


class Link(Command):
    case_id: str = ""
    relation: str = "sibling"


class Absorb(Command):
    """Sent to the surviving case of a merge: the strictest clock survives."""

    case_id: str = ""
    resolve_by: Instant | None = None


class Merge(Command):
    into: str = ""


class Withdraw(Command):
    pass


class GiveFeedback(Command):
    csat: int | None = None
    nps: int | None = None
    comment_ref: str | None = None


class ChangePreferences(Command):
    """The whole of the customer's wishes. `before`: what the change was made from; refused if it is no longer so."""

    reach: Reachability
    before: Reachability | None = None
    # New addresses stand in the store under a reference of their own before they are asked for: with the acceptance the case uses them.
    contact_ref: str | None = None  # None: the addresses stay
    contact_before: str | None = None  # what the new ones were made from; refused if it is no longer so
    replaced: list[Channel] = Field(default_factory=list)  # which addresses are others now: email, sms (the phone number)


class CustomerReply(Command):
    text_ref: str = ""
    not_solved: bool = False
    supplied: bool = False


class ChangePolicy(Command):
    policy: PolicySnapshot


class ProviderReport(Contract):
    """Readings that reach us without asking (webhooks)."""

    readings: list[Reading] = Field(default_factory=list)


class DeliveryReport(Contract):
    """A message that its provider took did not arrive (a webhook brought it)."""

    message_id: str
    delivery_id: str
    channel: Channel
    state: str  # the provider's report in our words: bounced, dropped, undelivered, failed ...
    permanent: bool = False  # this address will never do
    reason: str | None = Field(default=None, max_length=60)  # a code, never the provider's text: it may quote the address
    operator: bool = False  # a fault of ours, which says nothing of the address: the channel is parked
    at: Instant


class Question(Contract):
    """The query `foresee`: what would this command do, if it were given at this moment? A query's own clock stands still."""

    name: str = ""
    command: dict[str, Any] = Field(default_factory=dict)
    at: Instant | None = None  # None: as of the last thing that happened


class Receipt(Contract):
    """The answer to an accepted command."""

    case_id: str
    status: CaseStatus
    seq: int  # newest fact
    next_at: Instant | None = None
    next_what: str | None = None
    command_digest: str | None = None  # of the command that was carried out: a key used again with another one gets this answer, too


def digest_of(name: str, command: Command) -> str:
    """What tells one command from another under the same key: 16 hex digits, nothing personal (texts travel as references).

    Not what it was decided on: who repeats an act because its answer was lost may have looked at the case meanwhile. Nor with which API
    key: who repeats an act after a change of keys repeats it.
    """
    told = command.model_dump_json(exclude={"if_seq": True, "by": {"api_key"}})
    return hashlib.sha256(f"{name}\x1f{told}".encode()).hexdigest()[:16]


class Snapshot(Contract):
    """The query `snapshot`: where the case stands, for consoles and scripts. No personal data."""

    case_id: str
    workflow_id: str
    kind: str
    status: CaseStatus
    cycle: int
    merchant: str
    order: str
    owner: str | None = None
    escalation: int
    opened_at: Instant
    resolve_by: Instant | None = None
    resolve_by_clock: str | None = None
    next_at: Instant | None = None
    next_what: str | None = None
    next_why: str | None = None
    agenda: list[dict[str, str]]
    clocks: list[dict[str, str | int | bool | None]]
    targets: list[dict[str, str | int | bool | None]]
    promise: dict[str, str | int] | None = None
    promises: dict[str, int]
    hold: dict[str, str | bool | None] | None = None
    resolution: dict[str, object] | None = None
    feedback: dict[str, str | int | None] | None = None
    tail_until: Instant | None = None
    links: list[str]
    policy: str
    shadow: bool
    counts: dict[str, int]
    reach: Reachability | None = None  # how the customer is reached, never an address
    contact_ref: str | None = None  # the key of the contact data in the store
