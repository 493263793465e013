"""What makes two requests the same case."""

from typing import Any

import pytest

from policies.case.request import CaseRequest
from starter.desk import Identity
from starter.desk.normal_form import UnusableRequest, contact_ref, differing, digests_of, normalised
from tests.starter.desk.requests import CUSTOMER, IDENTITY, PAYMENT, refund

OTHER = {**PAYMENT, "reference": "SP-2", "amount_minor": 100}


def _digests(request: CaseRequest) -> dict[str, str]:
    return digests_of(request, IDENTITY)


def test_order_spelling_and_defaults_do_not_matter() -> None:
    one = refund(payments=[PAYMENT, OTHER], tags=["b", "a"], customer={**CUSTOMER, "email": "ada.brook@EXAMPLE.com"})
    other = refund(payments=[OTHER, {**PAYMENT, "method": "card"}], tags=["a", "b", "a"], reason="unspecified", shadow=False)
    assert _digests(normalised(one)) == _digests(normalised(other))


def test_who_brought_it_does_not_matter() -> None:
    assert _digests(refund(origin="import")) == _digests(refund(origin="api"))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"payments": [{**PAYMENT, "amount_minor": 1}]}, ["payments"]),
        ({"customer": {**CUSTOMER, "email": "other@example.com"}}, ["customer"]),
        ({"tags": ["gift"], "item": "Tent"}, ["item", "tags"]),
        ({"shadow": True}, ["shadow"]),
        ({}, []),
    ],
)
def test_the_differing_fields_are_named(changes: dict[str, Any], fields: list[str]) -> None:
    assert differing(_digests(refund()), _digests(refund(**changes))) == fields


def test_the_moment_of_opening_counts_only_where_both_name_one() -> None:
    none, monday, tuesday = (
        _digests(refund()),
        _digests(refund(opened_at="2026-03-02T10:00:00+01:00")),
        _digests(refund(opened_at="2026-03-03T10:00:00+01:00")),
    )
    assert differing(none, monday) == []
    assert differing(monday, none) == []
    assert differing(monday, tuesday) == ["opened_at"]
    assert differing(monday, _digests(refund(opened_at="2026-03-02T09:00:00Z"))) == []


def test_a_digest_holds_nothing_of_the_value() -> None:
    digests = _digests(refund())
    assert digests.keys() == {"merchant", "kind", "reference", "order", "payments", "customer", "identity_key"}
    assert all(len(digest) == 12 for digest in digests.values())
    assert "brook" not in str(digests)


def test_another_content_has_another_contact() -> None:
    one, other = _digests(refund()), _digests(refund(item="Tent"))
    assert contact_ref("case", one, IDENTITY) == contact_ref("case", dict(reversed(one.items())), IDENTITY)
    assert contact_ref("case", one, IDENTITY) != contact_ref("case", other, IDENTITY)
    assert contact_ref("case", one, IDENTITY) != contact_ref("case-2", one, IDENTITY)


def test_digests_of_another_key_are_not_compared() -> None:
    other_key = Identity(b"another key of thirty-two letters")
    one, other = _digests(refund()), digests_of(refund(), other_key)
    assert not set(one.values()) & set(other.values())
    assert differing(one, other) == ["identity_key"]
    assert differing({"order": "d1"}, one) == ["identity_key"]  # from before there was a key


@pytest.mark.parametrize(("field", "value"), [("email", "ada@test.test"), ("phone", "+12345678")])
def test_an_address_that_reaches_nobody_is_refused_by_field(field: str, value: str) -> None:
    with pytest.raises(UnusableRequest) as refused:
        normalised(refund(customer={**CUSTOMER, field: value}))
    assert f"customer.{field}: " in str(refused.value)
    assert value not in str(refused.value)
