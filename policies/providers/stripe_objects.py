"""What Stripe's refund and dispute objects say, in our words.

Owns the translation of the object itself: the same words whether it was read by the status adapter or came in a webhook. Must never
crash on a value that Stripe adds (its types are open unions), and never carry on what is personal there (customer, e-mail, evidence).
Sources: types of the package stripe 16.1 (API 2026-10-28), docs.stripe.com/disputes/arbitration, docs.stripe.com/currencies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from policies.case.plans import Reading
from policies.money import Money, check_currency
from policies.providers.statuses import DisputeStage, DisputeStatus, RefundStatus, TargetType

PROVIDER = "stripe"

_REFUND: dict[str, RefundStatus] = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.REQUIRES_ACTION,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.CANCELED,
}

_FAILURE: dict[str, str] = {
    "lost_or_stolen_card": "lost_or_stolen_card",
    "expired_or_canceled_card": "expired_or_canceled_card",
    "charge_for_pending_refund_disputed": "charge_disputed",
    "insufficient_funds": "insufficient_funds",
    "declined": "declined",
    "merchant_request": "merchant_request",
}

_PENDING = frozenset({"charge_pending", "insufficient_funds", "processing"})

# Both appeal words are pre-arbitration: the bank has refused our answer, and only the network's own paper would tell that the
# appeal has become an arbitration. Stages go forward only, so that a guess too high could never be taken back.
_DISPUTE: dict[str, tuple[DisputeStatus, DisputeStage | None]] = {
    "warning_needs_response": (DisputeStatus.NEEDS_RESPONSE, DisputeStage.INQUIRY),
    "warning_under_review": (DisputeStatus.UNDER_REVIEW, DisputeStage.INQUIRY),
    "warning_closed": (DisputeStatus.CLOSED, DisputeStage.INQUIRY),
    "needs_response": (DisputeStatus.NEEDS_RESPONSE, DisputeStage.CHARGEBACK),
    "under_review": (DisputeStatus.UNDER_REVIEW, DisputeStage.CHARGEBACK),
    "appeal_needs_response": (DisputeStatus.NEEDS_RESPONSE, DisputeStage.PRE_ARBITRATION),
    "appeal_under_review": (DisputeStatus.UNDER_REVIEW, DisputeStage.PRE_ARBITRATION),
    "won": (DisputeStatus.WON, None),  # at whichever stage it stood
    "lost": (DisputeStatus.LOST, None),
    "prevented": (DisputeStatus.CLOSED, None),
}
_UNKNOWN_DISPUTE = (DisputeStatus.UNDER_REVIEW, None)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_ID = 255  # the longest an id of Stripe's can be
_MAX_TRACE = 80  # an ARN has 23 digits, other rails' references a few more; anything longer is none
_NO_REFERENCE = frozenset({"pending", "unavailable"})

# Amounts are in ISO 4217 minor units except here: (multiply by, divide by) from Stripe's unit to ours.
_AMOUNT_UNITS: dict[str, tuple[int, int]] = {"ISK": (1, 100), "UGX": (1, 100), "MGA": (100, 1)}


@dataclass(frozen=True)
class StripeDetails:
    """What an object says beside the reading. Codes and amounts only."""

    amount: Money | None
    created_at: datetime | None
    pending_reason: str | None  # refunds: charge_pending | insufficient_funds | processing; words of the future as they are
    charge_refundable: bool | None  # disputes: whether refunding the charge would still end it; None where it is not said


def reading_of(
    object_: Mapping[str, object],
    read_at: datetime,
    *,
    occurred_at: datetime | None = None,
    event_id: str | None = None,
    provider: str = PROVIDER,
) -> Reading | None:
    """The reading in a refund or dispute object; None for any other object, or one without an id.

    `read_at`: when we learnt it (aware). `occurred_at` and `event_id`: a webhook event's `created` and `id`; an object alone does
    not say when its status changed (`created` is when it was made), so that a polled reading has neither. `provider`: the name that
    cases know this account by.
    """
    reference = _text(object_.get("id"), _MAX_ID)
    if reference is None:
        return None
    if object_.get("object") == "refund":
        card = _section(object_.get("destination_details"), "card")
        failure = _text(object_.get("failure_reason"), _MAX_ID)
        standing = _REFUND.get(_text(object_.get("status"), _MAX_ID) or "", RefundStatus.PENDING)
        # Of a refund that waits no more it is history.
        pending = _text(object_.get("pending_reason"), _MAX_ID) if standing is RefundStatus.PENDING else None
        return Reading(
            type=TargetType.REFUND,
            provider=provider,
            reference=reference,
            status=standing,
            occurred_at=occurred_at,
            read_at=read_at,
            trace=_trace(object_.get("destination_details")),
            reversal=card.get("type") == "reversal",
            failure=None if failure is None else _FAILURE.get(failure, "unknown"),
            event_id=event_id,
            pending_reason=None if pending is None else pending if pending in _PENDING else "unknown",
        )
    if object_.get("object") == "dispute":
        refundable = object_.get("is_charge_refundable")
        status, stage = _DISPUTE.get(_text(object_.get("status"), _MAX_ID) or "", _UNKNOWN_DISPUTE)
        return Reading(
            type=TargetType.DISPUTE,
            provider=provider,
            reference=reference,
            status=status,
            occurred_at=occurred_at,
            read_at=read_at,
            due_by=_moment(_section(object_, "evidence_details").get("due_by")),
            stage=stage,
            event_id=event_id,
            charge_refundable=refundable if isinstance(refundable, bool) else None,
        )
    return None


def details_of(object_: Mapping[str, object]) -> StripeDetails:
    """Amount, dates and reasons of a refund or dispute object; what is not said is None."""
    refundable = object_.get("is_charge_refundable")
    return StripeDetails(
        amount=_amount(object_.get("amount"), object_.get("currency")),
        created_at=_moment(object_.get("created")),
        pending_reason=_text(object_.get("pending_reason"), 40),
        charge_refundable=refundable if isinstance(refundable, bool) else None,
    )


def known_word(object_: Mapping[str, object]) -> bool:
    """False for a status that this version does not know (it is read as "still in progress"): worth a line in the operator's log."""
    table: Mapping[str, object] = _REFUND if object_.get("object") == "refund" else _DISPUTE
    return _text(object_.get("status"), _MAX_ID) in table


def _trace(details: object) -> str | None:
    """The reference by which the customer's bank finds the money: the ARN of a card, its like of other rails."""
    rail = _section(details, _text(_mapping(details).get("type"), 40) or "")
    if rail.get("reference_status") in _NO_REFERENCE:
        return None
    return _text(rail.get("reference"), _MAX_TRACE)


def _amount(amount: object, currency: object) -> Money | None:
    if not isinstance(amount, int) or isinstance(amount, bool) or not isinstance(currency, str):
        return None
    try:
        code = check_currency(currency.upper())
    except ValueError:
        return None
    times, divided_by = _AMOUNT_UNITS.get(code, (1, 1))
    if amount * times % divided_by:
        return None  # not a whole minor unit: the object is not what we think it is
    return Money(amount_minor=amount * times // divided_by, currency=code)


def _moment(seconds: object) -> datetime | None:
    """Seconds since 1970; 0 stands for "none" (a dispute that cannot be answered)."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        return None
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _text(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable() else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _section(value: object, name: str) -> Mapping[str, object]:
    return _mapping(_mapping(value).get(name))
