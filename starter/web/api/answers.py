"""What callers get: forms that grow by optional fields only.

Owns what of a case leaves the house over the API. Must never hold contact data, a message's words or a digest;
words that people typed only where one text is asked for. Used by the operations
and, through them, by the OpenAPI document.
"""

from typing import Any, Literal

from pydantic import Field

from policies.book import Policy
from policies.case.commands import Receipt, Snapshot
from policies.case.facts import Actor, Fact
from policies.case.state import Resolution
from policies.case.vocabulary import CaseKind, CaseStatus
from policies.contract import Contract, Instant
from starter.desk import Opened

Source = Literal["engine", "books"]


class ProblemAnswer(Contract):
    """application/problem+json (RFC 9457). `type` is stable: programs decide by it."""

    type: str
    title: str
    status: int
    detail: str | None = None
    field: str | None = None
    errors: list[dict[str, str]] | None = None
    request_id: str | None = None
    part: str | None = None
    scope: str | None = None
    differing: list[str] | None = None
    case_id: str | None = None
    workflow_id: str | None = None
    version: int | None = None
    since: list[dict[str, Any]] | None = None


class CaseItem(Contract):
    """A case in a list, as the books know it. `version` is its newest fact."""

    case_id: str
    workflow_id: str
    kind: CaseKind
    status: CaseStatus
    merchant: str
    brand: str | None = None
    reference: str
    order: str
    segment: str | None = None
    owner: str | None = None
    cycle: int
    escalation: int
    opened_at: Instant
    next_at: Instant | None = None
    next_what: str | None = None
    next_word_at: Instant | None = None
    resolve_by: Instant | None = None
    hold_reason: str | None = None
    resolution: Resolution | None = None
    promises: dict[str, int] = Field(default_factory=dict)
    clocks_met: int = 0
    clocks_breached: int = 0
    csat: int | None = None
    nps: int | None = None
    tags: list[str] = Field(default_factory=list)
    shadow: bool = False
    closed_at: Instant | None = None
    version: int


class CaseList(Contract):
    """One page. `cursor` goes into the next request; null: this was the last page."""

    cases: list[CaseItem]
    cursor: str | None = None


class CaseAnswer(Snapshot):
    """Where the case stands. `source`: books while the engine does not answer or has forgotten the case; then without clocks and agenda."""

    contact_ref: str | None = Field(default=None, exclude=True)
    source: Source
    version: int = Field(description="The case's newest fact; an act with If-Match of it is refused if the case has moved on.")


class Timeline(Contract):
    """Facts, oldest first. `after` goes into the next request; null: there are no more now."""

    case_id: str
    source: Source
    facts: list[Fact]
    after: int | None = None


class TextAnswer(Contract):
    """A text of the case, in the words that were typed. `kind`: reply, note, phone, comment, customer ..."""

    text_ref: str
    case_id: str
    kind: str
    text: str
    erased: bool = Field(description="The words were erased; `text` is empty then.")
    by: Actor
    at: Instant


class OpenedCase(Opened):
    """The answer to an opening."""


class BatchResult(Contract):
    """One line of the answer to a batch: what became of the line of that number."""

    line: int
    status: int = Field(description="What POST /v1/cases would have answered: 201, 200, 409, 422 ...")
    case_id: str | None = None
    workflow_id: str | None = None
    result: Literal["created", "same", "different"] | None = None
    policy_id: str | None = None
    problem: ProblemAnswer | None = None


class PolicyAnswer(Contract):
    book: str
    version: str
    policy: Policy


class PoliciesInForce(Contract):
    """In their order: of those of a kind, the first that matches rules a new case."""

    policies: list[PolicyAnswer]


__all__ = [
    "BatchResult",
    "CaseAnswer",
    "CaseItem",
    "CaseList",
    "OpenedCase",
    "PoliciesInForce",
    "PolicyAnswer",
    "ProblemAnswer",
    "Receipt",
    "Source",
    "TextAnswer",
    "Timeline",
]
