"""Statuses of refunds, disputes and deliveries, with rank, ends and legal reversals.

Owns our neutral words and the rule which reading may replace which. Adapters translate vendors' words into these; a word nobody
knows is `pending` / `under_review` / `in_transit`: still in progress, never a crash. Sources: provider-facts 1.7 (Stripe types),
features "Stripe dispute", "Chargeflow" (stage x status), "AfterShip" (delivery states).
"""

from enum import StrEnum


class TargetType(StrEnum):
    """What a watched reference is."""

    REFUND = "refund"
    DISPUTE = "dispute"
    DELIVERY = "delivery"


class RefundStatus(StrEnum):
    UNKNOWN = "unknown"  # never read yet
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class DisputeStage(StrEnum):
    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    PRE_ARBITRATION = "pre_arbitration"
    ARBITRATION = "arbitration"


class DisputeStatus(StrEnum):
    UNKNOWN = "unknown"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"  # an inquiry that ended without a chargeback, or a dispute that was prevented


class DeliveryStatus(StrEnum):
    UNKNOWN = "unknown"
    LABEL_CREATED = "label_created"
    SHIPPED = "shipped"
    IN_TRANSIT = "in_transit"
    EXCEPTION = "exception"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    LOST = "lost"


STATUSES: dict[TargetType, tuple[str, ...]] = {
    TargetType.REFUND: tuple(RefundStatus),
    TargetType.DISPUTE: tuple(DisputeStatus),
    TargetType.DELIVERY: tuple(DeliveryStatus),
}

IN_PROGRESS: dict[TargetType, str] = {
    TargetType.REFUND: RefundStatus.PENDING,
    TargetType.DISPUTE: DisputeStatus.UNDER_REVIEW,
    TargetType.DELIVERY: DeliveryStatus.IN_TRANSIT,
}
"""What an unknown vendor word means."""

_RANK: dict[TargetType, dict[str, int]] = {
    TargetType.REFUND: {"unknown": 0, "pending": 1, "requires_action": 2, "failed": 4, "canceled": 4, "succeeded": 3},
    TargetType.DISPUTE: {"unknown": 0, "needs_response": 1, "under_review": 2, "won": 3, "lost": 3, "closed": 3},
}

_REVERSALS: dict[TargetType, frozenset[tuple[str, str]]] = {
    # requires_action -> pending: the customer gave the bank details; succeeded -> failed outranks by rank already.
    TargetType.REFUND: frozenset({("requires_action", "pending")}),
    # An appeal or the next stage opens a decided dispute again; a re-presentment asks for a new response.
    TargetType.DISPUTE: frozenset(
        {
            ("under_review", "needs_response"),
            ("lost", "needs_response"),
            ("lost", "under_review"),
            ("won", "needs_response"),
            ("won", "under_review"),
            ("closed", "needs_response"),
            ("closed", "under_review"),
            ("lost", "won"),
            ("won", "lost"),
        }
    ),
}

SETTLED: dict[TargetType, frozenset[str]] = {
    TargetType.REFUND: frozenset({RefundStatus.SUCCEEDED}),
    TargetType.DISPUTE: frozenset({DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.CLOSED}),
    TargetType.DELIVERY: frozenset({DeliveryStatus.DELIVERED}),
}
"""Statuses that end the wait for one reference."""

TROUBLE: dict[TargetType, frozenset[str]] = {
    TargetType.REFUND: frozenset({RefundStatus.FAILED, RefundStatus.CANCELED}),
    TargetType.DISPUTE: frozenset(),
    TargetType.DELIVERY: frozenset({DeliveryStatus.LOST}),
}
"""Statuses at which a person must act: the provider will do nothing more."""

WAITS_FOR_US = frozenset({"insufficient_funds"})
"""Reasons for which a pending refund waits on the merchant: nothing more will happen until somebody pays in."""


def in_our_words(target: TargetType, current: str, told: str) -> str:
    """The status that a word tells of. One nobody knows means "still in progress": it takes nothing back that is known already."""
    if told in STATUSES[target] and told != "unknown":
        return told
    return IN_PROGRESS[target] if current == "unknown" else current


def stage_may_follow(current: str | None, new: str) -> bool:
    """Whether a dispute has gone on to another stage: stages go forward only, and words nobody knows are no stage."""
    stages = list(DisputeStage)
    return new in stages and (current not in stages or stages.index(DisputeStage(new)) > stages.index(DisputeStage(current)))


def may_follow(target: TargetType, current: str, new: str, current_at: float | None, new_at: float | None) -> bool:
    """Whether a reading `new` (occurred at `new_at`, POSIX seconds UTC or None) may replace `current`.

    Payments and disputes move forward by rank, or by a listed reversal that is not older than what we hold. Deliveries are
    ordered by the carrier's own time: an exception followed by in transit is real.
    """
    if new == current or new == "unknown" or new not in STATUSES[target]:
        return False  # nothing new, or a word that is none of ours: what we know stands
    older = current_at is not None and new_at is not None and new_at < current_at
    if target is TargetType.DELIVERY:
        return not older
    rank = _RANK[target]
    if (current, new) in _REVERSALS[target]:
        return not older
    return rank.get(new, 0) > rank.get(current, 0)
