"""The parts a case consists of: its refunds, its dispute or its parcels, each with where it stands.

Owns the merging of what the engine, the facts and the last check know of one reference, and the public names of statuses. Must never show
a provider's word or its reference (a parcel's number is the customer's own), nor a price to somebody who did not pay. Pure.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from policies.case.commands import Snapshot
from policies.case.vocabulary import CaseKind, FactType
from policies.money import Money
from policies.providers.statuses import WAITS_FOR_US, TargetType, in_our_words
from store.portal_views import PortalView

_TYPE = {CaseKind.REFUND: TargetType.REFUND, CaseKind.DISPUTE: TargetType.DISPUTE, CaseKind.DELAY: TargetType.DELIVERY}

# What programs read instead of our own statuses, which may grow.
PUBLIC_STATE: dict[TargetType, dict[str, str]] = {
    TargetType.REFUND: {
        "unknown": "not_reported",
        "pending": "processing",
        "requires_action": "needs_you",
        "succeeded": "done",
        "failed": "failed",
        "canceled": "stopped",
    },
    TargetType.DISPUTE: {
        "unknown": "not_reported",
        "needs_response": "being_answered",
        "under_review": "under_review",
        "won": "payment_stands",
        "lost": "decided_for_you",
        "closed": "closed",
    },
    TargetType.DELIVERY: {
        "unknown": "not_reported",
        "label_created": "announced",
        "shipped": "handed_over",
        "in_transit": "on_its_way",
        "exception": "held_up",
        "out_for_delivery": "out_for_delivery",
        "delivered": "delivered",
        "lost": "lost",
    },
}


@dataclass(frozen=True, slots=True)
class Part:
    """One refund, dispute or parcel. `number`: what the customer knows it by; `replaced`: another refund took its place."""

    type: TargetType
    status: str
    status_at: datetime | None = None
    amount: Money | None = None
    trace: str | None = None
    number: str | None = None
    replaced: bool = False
    waits_for_us: bool = False  # the provider goes on once we have done something of ours (funds, say)
    told_as: str | None = None  # the public state where the status alone would tell too little (situation.py)

    @property
    def state(self) -> str:
        return self.told_as or PUBLIC_STATE[self.type].get(self.status, "not_reported")


def parts_of(view: PortalView, snapshot: Snapshot | None, *, show_prices: bool) -> list[Part]:
    """In the order of the request, re-issued ones behind what they replace."""
    checked = {check.reference: check.status for check in view.checks if check.status}
    if snapshot is not None and snapshot.targets:
        return [_of_target(target, checked, show_prices) for target in snapshot.targets]
    return list(_of_books(view, checked).values())


def _of_target(target: dict[str, str | int | bool | None], checked: dict[str, str], show_prices: bool) -> Part:
    type_, reference = TargetType(str(target["type"])), str(target["reference"])
    minor, currency = target.get("amount_minor"), target.get("currency")
    amount = Money(amount_minor=minor, currency=str(currency)) if isinstance(minor, int) and currency and show_prices else None
    at = target.get("status_at")
    return Part(
        type=type_,
        status=_known(type_, str(target["status"]), checked.get(reference)),
        status_at=datetime.fromisoformat(at) if isinstance(at, str) else None,
        amount=amount,
        trace=str(target["trace"]) if target.get("trace") else None,
        number=reference if type_ is TargetType.DELIVERY else None,
        replaced=bool(target.get("replaced_by")),
        waits_for_us=target.get("waits") in WAITS_FOR_US,
    )


def _known(type_: TargetType, told: str, checked: str | None) -> str:
    """The case keeps real news only; what a provider last said ("in progress") is in the books."""
    return in_our_words(type_, told, checked) if told == "unknown" and checked else told


def _of_books(view: PortalView, checked: dict[str, str]) -> dict[str, Part]:
    """Once the engine has forgotten the case, or does not answer: without amounts, which only it has for each part."""
    kind = view.row.kind if view.row is not None else None
    parts: dict[str, Part] = {
        known.reference: Part(
            known.type, _known(known.type, "unknown", checked.get(known.reference)), number=_number(known.type, known.reference)
        )
        for known in view.references
        if kind is None or known.type is _TYPE[kind]
    }
    if kind is None:
        return parts
    type_ = _TYPE[kind]
    for fact in view.facts:
        if fact.type is FactType.PAYMENT_REPLACED:
            old, new = str(fact.detail.get("old")), str(fact.detail.get("new"))
            parts[old] = replace(parts.get(old, Part(type_, "unknown")), replaced=True)
            parts.setdefault(new, Part(type_, "unknown", number=_number(type_, new)))
        elif fact.type is FactType.PROVIDER_STATUS:
            reference = str(fact.detail.get("reference"))
            part = parts.get(reference, Part(type_, "unknown", number=_number(type_, reference)))
            trace = fact.detail.get("trace")
            status = fact.detail.get("status")
            parts[reference] = replace(
                part,
                status=str(status) if status else part.status,
                status_at=fact.occurred_at if status else part.status_at,
                trace=str(trace) if trace else part.trace,
            )
    return parts


def _number(type_: TargetType, reference: str) -> str | None:
    return reference if type_ is TargetType.DELIVERY else None
