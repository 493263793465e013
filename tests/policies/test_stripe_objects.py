"""Stripe's objects in our words: every status, the trace number, what the future may add, and that nothing makes it crash."""

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from policies.money import Money
from policies.providers.statuses import STATUSES, TargetType
from policies.providers.stripe_objects import details_of, known_word, reading_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ARN = "74537604221010000123456"


def refund(**changes: Any) -> dict[str, Any]:
    return {"id": "re_1", "object": "refund", "status": "succeeded", "amount": 4990, "currency": "eur", "created": 1772442000, **changes}


def dispute(**changes: Any) -> dict[str, Any]:
    return {"id": "du_1", "object": "dispute", "status": "needs_response", **changes}


def read(object_: dict[str, Any]) -> Any:
    reading = reading_of(object_, NOW)
    assert reading is not None
    return reading


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("pending", "pending"),
        ("requires_action", "requires_action"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("canceled", "canceled"),
        ("returned_by_bank", "pending"),  # a word of the future is still in progress
        (None, "pending"),
        (7, "pending"),
    ],
)
def test_the_status_of_a_refund(theirs: object, ours: str) -> None:
    reading = read(refund(status=theirs))
    assert (reading.type, reading.provider, reading.reference, reading.status) == (TargetType.REFUND, "stripe", "re_1", ours)
    assert (reading.occurred_at, reading.read_at) == (None, NOW)  # `created` is not when the status changed


# Written out by hand: Stripe's ten words -> our status, and the stage if the word tells one.
DISPUTES = {
    "warning_needs_response": ("needs_response", "inquiry"),
    "warning_under_review": ("under_review", "inquiry"),
    "warning_closed": ("closed", "inquiry"),
    "needs_response": ("needs_response", "chargeback"),
    "under_review": ("under_review", "chargeback"),
    "appeal_needs_response": ("needs_response", "pre_arbitration"),
    "appeal_under_review": ("under_review", "pre_arbitration"),
    "won": ("won", None),
    "lost": ("lost", None),
    "prevented": ("closed", None),
}


@pytest.mark.parametrize(
    ("theirs", "ours"), [*DISPUTES.items(), ("arbitration_lost", ("under_review", None)), (None, ("under_review", None))]
)
def test_the_status_and_the_stage_of_a_dispute(theirs: object, ours: tuple[str, str | None]) -> None:
    reading = read(dispute(status=theirs))
    assert (reading.type, reading.status, reading.stage) == (TargetType.DISPUTE, *ours)


def test_every_dispute_status_of_the_package_is_known() -> None:
    """A newer package that brings a new word fails here, and not in a case."""
    open_union = stripe.Dispute.__annotations__["status"]  # Union[Literal[...], str]
    words = {word for part in get_args(open_union) for word in get_args(part)}
    assert words == set(DISPUTES)
    assert all(known_word(dispute(status=word)) for word in words)
    assert not known_word(dispute(status="arbitration_lost"))
    assert not known_word(refund(status="won"))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("lost_or_stolen_card", "lost_or_stolen_card"),
        ("expired_or_canceled_card", "expired_or_canceled_card"),
        ("charge_for_pending_refund_disputed", "charge_disputed"),
        ("insufficient_funds", "insufficient_funds"),
        ("declined", "declined"),
        ("merchant_request", "merchant_request"),
        ("unknown", "unknown"),
        ("network_on_strike", "unknown"),
        (None, None),
    ],
)
def test_why_a_refund_failed(theirs: str | None, ours: str | None) -> None:
    assert read(refund(status="failed", failure_reason=theirs)).failure == ours


@pytest.mark.parametrize(
    ("details", "trace"),
    [
        ({"type": "card", "card": {"reference": ARN, "reference_status": "available", "type": "refund"}}, ARN),
        ({"type": "card", "card": {"reference": ARN, "type": "refund"}}, ARN),
        ({"type": "card", "card": {"reference": ARN, "reference_status": "pending"}}, None),
        ({"type": "card", "card": {"reference": None, "reference_status": "unavailable"}}, None),
        ({"type": "eu_bank_transfer", "eu_bank_transfer": {"reference": "E2E-77", "reference_status": "available"}}, "E2E-77"),
        ({"type": "card", "eu_bank_transfer": {"reference": "E2E-77"}}, None),
        ({"type": "card", "card": {"reference": "x" * 81}}, None),
        ({"type": "card", "card": {"reference": 12}}, None),
        ({"type": "card"}, None),
        (None, None),
        ("card", None),
    ],
)
def test_the_trace_number(details: object, trace: str | None) -> None:
    assert read(refund(destination_details=details)).trace == trace


@pytest.mark.parametrize(("kind", "reversal"), [("reversal", True), ("refund", False), ("pending", False), (None, False)])
def test_a_reversal_is_told(kind: str | None, reversal: bool) -> None:
    assert read(refund(destination_details={"type": "card", "card": {"type": kind}})).reversal is reversal


@pytest.mark.parametrize(
    ("due_by", "ours"),
    [(1773100799, datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC)), (0, None), (None, None), (True, None), ("soon", None), (10**30, None)],
)
def test_when_an_answer_is_due(due_by: object, ours: datetime | None) -> None:
    assert read(dispute(evidence_details={"due_by": due_by})).due_by == ours


def test_what_a_webhook_adds() -> None:
    reading = reading_of(refund(), NOW, occurred_at=NOW, event_id="evt_1", provider="stripe-fr")
    assert reading is not None
    assert (reading.occurred_at, reading.event_id, reading.provider) == (NOW, "evt_1", "stripe-fr")


@pytest.mark.parametrize(
    "object_", [{}, {"object": "charge", "id": "ch_1"}, refund(id=None), refund(id=""), refund(id="x" * 256), dispute(id=5)]
)
def test_what_is_no_refund_or_dispute_is_no_reading(object_: dict[str, Any]) -> None:
    assert reading_of(object_, NOW) is None


@pytest.mark.parametrize(
    ("amount", "currency", "money"),
    [
        (4990, "eur", ("EUR", 4990)),
        (500, "jpy", ("JPY", 500)),
        (5000, "kwd", ("KWD", 5000)),
        (500000, "isk", ("ISK", 5000)),  # Stripe writes two decimals that are always zero
        (500000, "ugx", ("UGX", 5000)),
        (5000, "mga", ("MGA", 500000)),  # Stripe writes none
        (501, "isk", None),
        (True, "eur", None),
        (49.9, "eur", None),
        (4990, "xxz", None),
        (4990, None, None),
    ],
)
def test_amounts_are_told_in_iso_minor_units(amount: object, currency: object, money: tuple[str, int] | None) -> None:
    expected = None if money is None else Money(currency=money[0], amount_minor=money[1])
    assert details_of(refund(amount=amount, currency=currency)).amount == expected


def test_what_else_an_object_says() -> None:
    details = details_of(refund(pending_reason="insufficient_funds"))
    assert (details.pending_reason, details.charge_refundable) == ("insufficient_funds", None)
    assert details.created_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert details_of(dispute(is_charge_refundable=True)).charge_refundable is True


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["card", "type", "due_by", "reference"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ["id", "status", "destination_details", "evidence_details", "failure_reason", "amount", "currency", "created", "pending_reason"]


@given(st.sampled_from(["refund", "dispute", "other"]), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=9))
def test_no_object_makes_it_crash_or_say_a_word_that_is_not_ours(kind: str, fields: dict[str, Any]) -> None:
    object_ = {"object": kind, **fields}
    details_of(object_)
    known_word(object_)
    reading = reading_of(object_, NOW)
    if reading is not None:
        assert reading.status in STATUSES[reading.type]
        assert json.loads(reading.model_dump_json())["read_at"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("charge_pending", "charge_pending"),
        ("insufficient_funds", "insufficient_funds"),
        ("processing", "processing"),
        ("word_of_the_future", "unknown"),
        (None, None),
        (7, None),
    ],
)
def test_why_a_refund_waits(theirs: object, ours: str | None) -> None:
    assert read(refund(status="pending", pending_reason=theirs)).pending_reason == ours
    assert read(refund(status="failed", pending_reason=theirs)).pending_reason is None, "it waits no more"


@pytest.mark.parametrize(("theirs", "ours"), [(True, True), (False, False), (None, None), ("yes", None)])
def test_whether_refunding_the_charge_would_end_the_dispute(theirs: object, ours: bool | None) -> None:
    assert read(dispute(is_charge_refundable=theirs)).charge_refundable is ours
    assert read(refund(is_charge_refundable=theirs)).charge_refundable is None
