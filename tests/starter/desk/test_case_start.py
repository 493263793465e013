"""What a workflow starts with: everything but the person."""

from datetime import UTC, datetime
from typing import Any

import pytest

from policies.case.request import CaseRequest
from policies.case.start import CaseStart
from policies.case.vocabulary import Channel
from policies.money import Money, plain_money
from policies.providers.statuses import TargetType
from starter.closed_days import snapshot_for
from starter.desk.case_start import (
    build_start,
    contact_of,
    details,
    reach_of,
    search_attributes,
    summary,
    targets_of,
    traits_of,
)
from starter.desk.normal_form import digests_of
from starter.policy_books import load_book
from starter.settings import BOOKS
from tests.starter.desk.requests import CUSTOMER, IDENTITY, PAYMENT, delay, dispute, refund

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def start(request: CaseRequest) -> CaseStart:
    policy = snapshot_for([load_book(BOOKS / "retail.toml")], traits_of(request), MONDAY)
    key = IDENTITY.case_id(request.merchant, request.kind, request.reference)
    return build_start(request, IDENTITY, case_id=key, contact_ref="c-1", digests=digests_of(request, IDENTITY), policy=policy)


@pytest.mark.parametrize("request_", [refund(), dispute(), delay(), refund(reference="ada.brook@example.com")])
def test_nothing_personal_travels(request_: CaseRequest) -> None:
    made = start(request_)
    travels = made.model_dump_json() + summary(made) + details(made) + str(search_attributes(made, MONDAY))
    for personal in ("Ada", "Brook", "ada.brook", "example.com", "7700900117", "C-1"):
        assert personal not in travels


def test_a_refund_watches_its_payments() -> None:
    targets = targets_of(refund(payments=[PAYMENT, {**PAYMENT, "reference": "SP-2"}]))
    assert [(target.type, target.reference, target.amount_minor) for target in targets] == [
        (TargetType.REFUND, "SP-1", 4990),
        (TargetType.REFUND, "SP-2", 4990),
    ]


def test_a_dispute_watches_the_dispute_with_the_sum_in_question() -> None:
    [target] = targets_of(dispute(payments=[PAYMENT, {**PAYMENT, "reference": "SP-2", "amount_minor": 10}]))
    assert (target.type, target.reference, target.amount_minor, target.currency) == (TargetType.DISPUTE, "DP-1", 5000, "EUR")
    [mixed] = targets_of(dispute(payments=[PAYMENT, {**PAYMENT, "reference": "SP-2", "currency": "GBP"}]))
    assert (mixed.amount_minor, mixed.currency) == (None, None)


def test_a_delay_watches_its_parcels() -> None:
    assert [(target.type, target.provider, target.reference) for target in targets_of(delay())] == [(TargetType.DELIVERY, "simship", "T-1")]


@pytest.mark.parametrize(
    ("wished", "changes", "channels"),
    [
        (["email", "sms"], {}, [Channel.EMAIL, Channel.SMS]),
        (["sms", "email"], {"phone": None}, [Channel.EMAIL]),
        (["email"], {"email": None}, [Channel.SMS]),  # nothing that was wished has an address: what has one is used
        (["voice"], {}, [Channel.VOICE]),
    ],
)
def test_channels_without_an_address_are_dropped(wished: list[str], changes: dict[str, Any], channels: list[Channel]) -> None:
    customer = {**CUSTOMER, **changes, "preferences": {"channels": wished}}
    assert reach_of(refund(customer=customer).customer).channels == channels


def test_contact_data_keeps_every_party() -> None:
    contact = contact_of(refund(recipient={"id": "C-2", "name": "Bea"}, payer={"id": "C-3"}))
    assert (contact.name, contact.email, contact.phone) == ("Ada Brook", "ada.brook@example.com", "+447700900117")
    assert [(role.role, role.name) for role in contact.roles] == [("recipient", "Bea"), ("payer", None)]


def test_amounts_and_country_choose_the_policy() -> None:
    traits = traits_of(refund(payments=[PAYMENT, {**PAYMENT, "reference": "2", "currency": "GBP"}], customer={**CUSTOMER, "country": "DE"}))
    assert traits.amounts_minor == {"EUR": 4990, "GBP": 4990}
    assert traits.country == "DE"


def test_the_summary_fits_the_engine() -> None:
    long = start(refund(merchant="M" * 60, reference="Ä" * 120, order="Ö" * 120))
    assert len(summary(long).encode()) <= 200
    assert summary(start(refund())) == "refund R-1 for northwind, order NW-1, 49.90 EUR"


@pytest.mark.parametrize(("amount", "currency", "text"), [(4990, "EUR", "49.90 EUR"), (-5, "EUR", "-0.05 EUR"), (500, "JPY", "500 JPY")])
def test_money_for_people_at_work(amount: int, currency: str, text: str) -> None:
    assert plain_money(Money(amount_minor=amount, currency=currency)) == text


def test_search_attributes_of_the_start() -> None:
    made = {
        pair.key.name: pair.value
        for pair in search_attributes(start(refund(tags=["gift"], customer={**CUSTOMER, "segment": "vip"})), MONDAY)
    }
    assert made == {
        "MakegoodKind": "refund",
        "MakegoodStatus": "open",
        "MakegoodMerchant": "northwind",
        "MakegoodSegment": "vip",
        "MakegoodProvider": "simpay",
        "MakegoodTags": ["gift"],
        "MakegoodEscalation": 0,
        "MakegoodResolveBy": datetime(2026, 3, 9, 16, tzinfo=UTC),  # five business days later, 17:00 in Berlin
    }
