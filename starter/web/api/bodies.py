"""What callers send: strict forms, one for each act, and the request to open a case.

Owns what is asked for. Must never decide whether an act is allowed: the case does. An unknown field is refused by name. Used by the
operations and, through them, by the OpenAPI document.
"""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidatorFunctionWrapHandler, WrapValidator, field_validator

from policies.case.request import CaseRef, CaseRequest
from policies.contract import Code, Strict
from policies.money import check_currency
from starter.intake.candidates import Candidate, Rejected, judged
from starter.web.api.fields import At, Reason, Ref, Text, Who, unprintable
from starter.web.api.refusals import of_reasons


class By(Strict):
    """Who acts and why; it stands on the timeline. The role follows from the key's scopes."""

    who: Who
    why: Reason | None = None


class ActBody(Strict):
    by: By


class Amount(Strict):
    amount_minor: int = Field(strict=True, gt=0, le=10**12, description="Minor units: 4990 for 49.90.")
    currency: str

    @field_validator("currency")
    @classmethod
    def _iso_4217(cls, value: str) -> str:
        return check_currency(value)


class ResolveBody(ActBody):
    outcome: Code = Field(description="An outcome of the case's policy (GET /v1/policies).")
    amounts: list[Amount] = Field(default_factory=list, max_length=20, description="Empty: what the payments sum up to.")
    references: list[Ref] = Field(default_factory=list, max_length=20)
    evidence: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        default_factory=list, max_length=20, description="Addresses with their hash: https://...#sha256=..."
    )


class HoldBody(ActBody):
    reason: Code = Field(description="A hold reason of the case's policy.")
    until: At | None = Field(default=None, description="When the hold ends by itself.")


class ResumeBody(ActBody):
    pass


class EscalateBody(ActBody):
    level: int | None = Field(default=None, strict=True, ge=1, le=9, description="Left out: one level up.")
    to: Code | None = Field(default=None, description="The role to tell; left out: what the ladder says.")


class ExtendBody(ActBody):
    until: At = Field(description="The new date of resolution; the customer is told.")


class ReassignBody(ActBody):
    owner: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,59}$")] = Field(
        description="A name that the case's alerts reach: a person of the console who may act, an owner of the directory file."
    )


class TextBody(ActBody):
    text: Text = Field(description="Kept apart from the engine's history: it may name the customer.")


class FactBody(ActBody):
    name: Code = Field(description="goods_received, evidence_submitted, customer_supplied, payment_replaced ...")
    occurred_at: At | None = Field(default=None, description="When it happened; left out: now.")
    old_reference: Ref | None = Field(default=None, description="payment_replaced: the refund that was issued again ...")
    new_reference: Ref | None = Field(default=None, description="... and the one that takes its place.")
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] | None = Field(
        default=None, description="payment_replaced: where both stand; needed only if two providers gave the same reference."
    )


class LinkBody(ActBody):
    case_id: CaseRef = Field(description="The other case.")
    relation: Code = "sibling"


class WithdrawBody(ActBody):
    pass


class FeedbackBody(ActBody):
    csat: int | None = Field(default=None, strict=True, ge=1, le=5)
    nps: int | None = Field(default=None, strict=True, ge=0, le=10)
    comment: Text | None = None


def requested(raw: Any) -> CaseRequest:
    """The request as `makegood open` judges a line of a file. Raises Problem invalid."""
    strange = _strange(raw)
    if strange is not None:
        raise of_reasons([f"{strange}: holds control characters; right would be plain text"])
    verdict = judged(Candidate([1], raw))
    if isinstance(verdict, Rejected):
        raise of_reasons(verdict.reasons)
    return verdict


def _strange(raw: Any, at: str = "") -> str | None:
    """Where a text stands that cannot be kept."""
    if isinstance(raw, str):
        return (at or "case") if unprintable(raw) else None
    if isinstance(raw, dict):
        parts = [(f"{at}.{name}" if at else str(name), part) for name, part in raw.items()]
        return next((found for name, part in parts if (found := _strange(name, "(a name)") or _strange(part, name)) is not None), None)
    if isinstance(raw, list):
        return next((found for index, part in enumerate(raw) if (found := _strange(part, f"{at}[{index}]")) is not None), None)
    return None


def _as_requested(raw: Any, _: ValidatorFunctionWrapHandler) -> CaseRequest:
    return requested(raw)


# Documented as a CaseRequest, judged as one of a file: phone numbers in any spelling, no bare numbers for moments.
Requested = Annotated[CaseRequest, WrapValidator(_as_requested)]
