"""What the case is about, part by part: its refunds, its dispute or its parcels, each with its provider's word and that word's own time.

Owns the merging of the engine's targets, the facts and the last checks. Must never guess a status. Pure; shown by the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from policies.case.vocabulary import FactType
from policies.money import exponent
from policies.providers.statuses import SETTLED, TROUBLE, TargetType, in_our_words
from starter.web.console.case.gathering import CaseSeen
from store.references import KIND_OF
from store.standing import CheckStanding


@dataclass(frozen=True, slots=True)
class Part:
    type: TargetType
    provider: str
    reference: str
    status: str
    status_at: datetime | None = None
    amount_minor: int | None = None
    currency: str | None = None
    trace: str | None = None
    replaced_by: str | None = None
    check: CheckStanding | None = None

    @property
    def unheard(self) -> bool:
        """Its provider answers, but has never known this reference."""
        check = self.check
        known = self.status != "unknown" or check is None or check.status is not None or check.failing_since is not None
        return not known and check is not None and check.last_answered_at is not None

    @property
    def tone(self) -> str:
        if self.replaced_by:
            return "soft"
        if self.status in TROUBLE[self.type] or self.status in ("requires_action", "needs_response", "exception"):
            return "bad"
        return "good" if self.status in SETTLED[self.type] and self.status != "lost" else ""

    @property
    def amount(self) -> str | None:
        return money(self.amount_minor, self.currency) if self.amount_minor is not None and self.currency else None


def money(minor: int, currency: str) -> str:
    """4,990.00 EUR"""
    digits = exponent(currency)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole:,}.{rest:0{digits}d} {currency}" if digits else f"{whole:,} {currency}"


def parts_of(case: CaseSeen) -> list[Part]:
    """In the order of the request, re-issued ones behind what they replace."""
    checks = {(check.provider, check.reference): check for check in case.head.checks}
    if case.snapshot.targets:
        return [_of_target(target, checks) for target in case.snapshot.targets]
    return _of_books(case, checks)


def _of_target(target: Mapping[str, str | int | bool | None], checks: Mapping[tuple[str, str], CheckStanding]) -> Part:
    type_, provider, reference = TargetType(str(target["type"])), str(target["provider"]), str(target["reference"])
    minor, currency, at = target.get("amount_minor"), target.get("currency"), target.get("status_at")
    check = checks.get((provider, reference))
    return Part(
        type=type_,
        provider=provider,
        reference=reference,
        status=_known(type_, str(target["status"]), check),
        status_at=datetime.fromisoformat(at) if isinstance(at, str) else None,
        amount_minor=minor if isinstance(minor, int) else None,
        currency=str(currency) if currency else None,
        trace=str(target["trace"]) if target.get("trace") else None,
        replaced_by=str(target["replaced_by"]) if target.get("replaced_by") else None,
        check=check,
    )


def _known(type_: TargetType, told: str, check: CheckStanding | None) -> str:
    """The case keeps real news only; what a provider last said ("pending") is in the books."""
    return in_our_words(type_, told, check.status) if told == "unknown" and check is not None and check.status else told


def _of_books(case: CaseSeen, checks: Mapping[tuple[str, str], CheckStanding]) -> list[Part]:
    """Without amounts, which only the engine has for each part."""
    parts: dict[str, Part] = {}
    for known in case.head.references:
        if KIND_OF[known.type] is case.kind:
            check = checks.get((known.provider, known.reference))
            status = _known(known.type, "unknown", check)
            parts[known.reference] = Part(known.type, known.provider, known.reference, status, check=check)
    for fact in case.facts:
        if fact.type is FactType.PAYMENT_REPLACED:
            old = parts.get(str(fact.detail.get("old")))
            if old is not None:
                parts[old.reference] = replace(old, replaced_by=str(fact.detail.get("new")))
        elif fact.type is FactType.PROVIDER_STATUS and str(fact.detail.get("reference")) in parts:
            part = parts[str(fact.detail.get("reference"))]
            told, trace = fact.detail.get("status"), fact.detail.get("trace")
            parts[part.reference] = replace(
                part,
                status=str(told) if told else part.status,
                status_at=fact.occurred_at if told else part.status_at,
                trace=str(trace) if trace else part.trace,
            )
    return list(parts.values())
