"""The request to open a case: what is refused, that the field is named with what would be right, and that no value is ever repeated."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.case.request import CaseRequest

_LEFT_OUT = object()
SECRET = "Geheimwort"  # stands in every wrong value; must stand in no message


def request(**change: Any) -> dict[str, Any]:
    """A refund that is fine, with fields replaced by their path: customer__email="..."; LEFT_OUT removes one."""
    made: dict[str, Any] = {
        "merchant": "Nordwind",
        "kind": "refund",
        "reference": "R-1001",
        "order": "O-77",
        "payments": [{"amount_minor": 4990, "currency": "EUR", "provider": "stripe", "reference": "re_1"}],
        "customer": {"id": "c-1", "name": "Ada", "email": "ada@example.com", "preferences": {}},
    }
    for path, value in change.items():
        *way, last = path.split("__")
        here: Any = made
        for part in way:
            here = here[int(part)] if part.isdigit() else here.setdefault(part, {})
        if value is _LEFT_OUT:
            del here[last]
        else:
            here[last] = value
    return made


def refused(data: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, message) of everything that is wrong; the whole as people and logs would see it repeats no value."""
    with pytest.raises(ValidationError) as caught:
        CaseRequest.model_validate(data)
    assert SECRET not in str(caught.value)
    found = []
    for error in caught.value.errors(include_input=False, include_url=False, include_context=False):
        assert SECRET not in error["msg"]
        found.append((".".join(str(part) for part in error["loc"]), error["msg"]))
    return found


def test_the_example_is_fine_and_says_what_it_leaves_open() -> None:
    made = CaseRequest.model_validate(request())
    assert (made.origin.value, made.reason, made.opened_at, made.shadow, made.customer.zone) == ("api", "unspecified", None, False, "UTC")
    assert made.customer.preferences.channels == ["email"]


def test_moments_become_utc_and_text_is_stripped() -> None:
    made = CaseRequest.model_validate(request(opened_at="2026-03-02T10:00:00+01:00", order="  O-77 "))
    assert (made.opened_at, made.order) == (datetime(2026, 3, 2, 9, tzinfo=UTC), "O-77")


@pytest.mark.parametrize(
    "path",
    [
        "ordr",
        "customer__mail",
        "customer__preferences__chanels",
        "payments__0__amount",
        "payments__0__amount_major",
        "recipient__price",
        "dispute__due",
        "delay__date",
        "schema",
    ],
)
def test_an_unknown_field_is_refused_by_name(path: str) -> None:
    parts: dict[str, Any] = {
        "recipient": {"id": "c-2"},
        "dispute": {"provider": "stripe", "reference": "dp_1"},
        "delay": {"promised_at": "2026-03-02T10:00:00Z"},
    }
    room = path.split("__")[0]
    data = request(**({room: parts[room]} if room in parts else {}), **{path: SECRET})
    assert refused(data) == [(path.replace("__", "."), "Extra inputs are not permitted")]


# Path, wrong value, what the message must say. The field is in the error's place; messages about several fields begin with it.
WRONG = [
    ("merchant", "", "at least 1 character"),
    ("merchant", f"<{SECRET}>", "should match pattern"),
    ("merchant", _LEFT_OUT, "Field required"),
    ("kind", SECRET, "'refund', 'dispute' or 'delay'"),
    ("reference", "", "at least 1 character"),
    ("reference", SECRET * 20, "at most 120 characters"),
    ("order", _LEFT_OUT, "Field required"),
    ("origin", SECRET, "'api', 'cli', 'import', 'lead' or 'web_ui'"),
    ("reason", f"Item {SECRET}", "should match pattern '^[a-z]"),
    ("owner", f"{SECRET} B", "should match pattern '^[a-z]"),
    ("tags", [f"#{SECRET}"], "should match pattern '^[a-z0-9]"),
    ("tags", ["a"] * 21, "at most 20 items"),
    *[("tags", ["web", number], "looks like a phone number") for number in ("4930555000123", "tel-305550001", "030-5550001")],
    ("customer__segment", "0049305550001", "looks like a phone number"),
    ("customer__segment", "vip-4930555000123", "looks like a phone number"),
    ("opened_at", "2026-03-02T10:00:00", "should have timezone info"),
    ("opened_at", SECRET, "valid datetime"),
    ("facts", {"goods_received": SECRET}, "valid datetime"),
    ("facts", {"goods_received": "2026-03-02T10:00:00"}, "should have timezone info"),
    ("shadow", SECRET, "valid boolean"),
    ("schema_version", 2, "should be 1"),
    ("payments__0__amount_minor", 0, "greater than 0"),
    ("payments__0__amount_minor", 49.90, "valid integer"),
    ("payments__0__amount_minor", 10**12 + 1, "less than or equal to 1000000000000"),
    ("payments__0__currency", SECRET, "right would be three capital letters, for example EUR"),
    ("payments__0__currency", "eur", "right would be three capital letters, for example EUR"),
    ("payments__0__provider", SECRET, "should match pattern '^[a-z]"),
    ("payments__0__method", SECRET, "should match pattern '^[a-z]"),
    ("payments__0__reference", "", "at least 1 character"),
    ("customer__id", "", "at least 1 character"),
    ("customer__email", SECRET, "should match pattern '^[^@"),
    ("customer__phone", f"030 {SECRET}", r"should match pattern '^\+[1-9]"),
    ("customer__phone", "+0305550001", r"should match pattern '^\+[1-9]"),
    ("customer__locale", SECRET, "should match pattern '^[a-z]{2}(-[A-Z]{2})?$'"),
    ("customer__zone", f"Europe/{SECRET}", "right would be for example Europe/Berlin"),
    ("customer__country", SECRET, "should match pattern '^[A-Z]{2}$'"),
    ("customer__segment", SECRET, "should match pattern '^[a-z0-9]"),
    ("customer__preferences__channels", [], "at least 1 item"),
    ("customer__preferences__channels", [SECRET], "'email', 'sms' or 'voice'"),
    ("customer__preferences__cadence", f"daily {SECRET}", "right would be a number and one of s, m, h, for example 48h"),
    ("customer__preferences__cadence", 24, "right would be a number and one of s, m, h"),
    ("customer__preferences__cadence", "2bd", "right would be a number and one of s, m, h"),
    ("customer__preferences__opted_out", ["mandatory"], "right would be status or survey"),
    ("customer__preferences__quiet_from", "24:00", "should match pattern"),
]


@pytest.mark.parametrize(("path", "value", "right"), WRONG, ids=[f"{path}-{number}" for number, (path, _, _) in enumerate(WRONG)])
def test_every_message_names_the_field_and_what_would_be_right(path: str, value: object, right: str) -> None:
    [(field, message), *more] = refused(request(**{path: value}))
    assert not more
    assert field.startswith(path.replace("__", ".").split("[")[0])
    assert right in message


WHOLE: list[tuple[dict[str, Any], str, str]] = [
    ({"payments": []}, "", "payments: a refund needs at least one payment (amount_minor, currency, provider, reference)"),
    ({"kind": "dispute"}, "", "dispute: a dispute needs its provider and reference, for example {provider: stripe, reference: dp_1}"),
    ({"kind": "delay"}, "", "delay, parcels: a delay needs delay.promised_at and at least one parcel (carrier, tracking)"),
    (
        {"kind": "delay", "delay": {"promised_at": "2026-03-02T10:00:00Z"}},
        "",
        "delay, parcels: a delay needs delay.promised_at and at least one parcel (carrier, tracking)",
    ),
    (
        {"payments": [{"amount_minor": n, "currency": "EUR", "provider": "stripe", "reference": SECRET} for n in (1, 2)]},
        "",
        "payments: the same provider reference stands there twice",
    ),
    ({"customer__email": _LEFT_OUT}, "", "customer: an e-mail address or a phone number (E.164, for example +4930123456) is needed"),
    (
        {"customer__preferences__quiet_from": "21:00"},
        "customer.preferences",
        "quiet_from and quiet_until go together, for example 21:00 and 08:00",
    ),
]


@pytest.mark.parametrize(("change", "place", "message"), WHOLE)
def test_what_belongs_together(change: dict[str, Any], place: str, message: str) -> None:
    [(field, said)] = refused(request(**change))
    assert field == place
    assert message in said


def test_each_kind_with_what_it_needs() -> None:
    dispute = request(kind="dispute", payments=[], dispute={"provider": "stripe", "reference": "dp_1"})
    delay = request(
        kind="delay", payments=[], delay={"promised_at": "2026-03-02T10:00:00Z"}, parcels=[{"carrier": "dhl", "tracking": "00340"}]
    )
    assert [CaseRequest.model_validate(data).kind.value for data in (dispute, delay)] == ["dispute", "delay"]


def test_the_same_reference_at_two_providers_is_two_payments() -> None:
    payments = [{"amount_minor": 1, "currency": "EUR", "provider": provider, "reference": "re_1"} for provider in ("stripe", "adyen")]
    assert len(CaseRequest.model_validate(request(payments=payments)).payments) == 2


NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("name", ["shipped", "delivered", "goods_received"])
def test_a_fact_of_the_future_is_none_and_is_refused_by_its_field(name: str) -> None:
    facts = {"withdrawal_told": NOW - timedelta(days=1), name: NOW + timedelta(minutes=6)}
    refused = CaseRequest.model_validate(request(facts=facts)).lies_ahead(NOW)
    assert refused is not None
    assert refused.startswith(f"facts.{name}: lies in the future; facts have happened")


def test_a_case_cannot_have_been_opened_in_the_future() -> None:
    ahead, ours = (CaseRequest.model_validate(request(opened_at=NOW + timedelta(minutes=minutes))) for minutes in (6, 5))
    assert ahead.lies_ahead(NOW) == "opened_at: lies in the future; right would be when the matter began, or nothing: then it is now"
    assert ours.lies_ahead(NOW) is None


def test_what_a_clock_a_little_ahead_of_ours_tells_has_happened() -> None:
    facts = {"shipped": NOW + timedelta(minutes=5)}
    assert CaseRequest.model_validate(request(facts=facts)).lies_ahead(NOW) is None
    assert CaseRequest.model_validate(request()).lies_ahead(NOW) is None


PATHS = sorted({path for path, _, _ in WRONG} - {"customer__id", "reference", "order", "payments__0__reference"})


@given(st.sampled_from(PATHS), st.text("abcdefgh", min_size=12, max_size=30))
def test_no_value_is_ever_repeated(path: str, noise: str) -> None:
    value = f"{noise} ünfug!"  # nothing that any of these fields takes
    with pytest.raises(ValidationError) as caught:
        CaseRequest.model_validate(request(**{path: value}))
    said = str(caught.value) + "".join(item["msg"] for item in caught.value.errors(include_input=False, include_url=False))
    assert noise not in said
    assert re.search(rf"^{re.escape(path.replace('__', '.'))}\b", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"facts": {"withdrawal_told": "9999-12-31T00:00:00Z"}}, "between 1990 and 2200"),
        ({"opened_at": "0001-01-01T00:00:00Z"}, "between 1990 and 2200"),
        ({"facts": {"resolved": "2026-03-02T10:00:00Z"}}, "a case finds this out by itself"),
        ({"facts": {"max.muster@example.com": "2026-03-02T10:00:00Z"}}, "facts"),
        ({"siblings": ["Max Muster <max@example.com>"]}, "siblings"),
    ],
)
def test_what_a_case_cannot_start_with(change: dict[str, object], words: str) -> None:
    assert any(words in f"{field}: {message}" for field, message in refused(request(**change)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("order", f"{SECRET}@example.org"),
        ("order", "+49 30 1234561"),
        ("item", f"shoes for {SECRET}@example.org"),
        ("payments__0__reference", f"{SECRET}@example.org"),
    ],
)
def test_what_would_stand_in_the_engines_history_holds_no_address(path: str, value: str) -> None:
    ((field, message),) = refused(request(**{path: value}))
    assert field == path.replace("__", ".")
    assert "would stand in the engine's history" in message


def test_an_order_of_many_digits_and_an_article_number_are_fine() -> None:
    made = CaseRequest.model_validate(request(order="4711000012345", item="EAN 4 006381 333931"))
    assert made.order == "4711000012345"
