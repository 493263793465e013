"""Spans: text form, limits, errors and their life as a pydantic field."""

import copy
import pickle
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from policies.time.spans import Span, SpanUnit


class Target(BaseModel):
    """Stands for a policy book's field."""

    within: Span
    grace: Span | None = None


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("4s", "4", SpanUnit.SECONDS),
        ("5m", "5", SpanUnit.MINUTES),
        ("24h", "24", SpanUnit.HOURS),
        ("1.5h", "1.5", SpanUnit.HOURS),
        ("8bh", "8", SpanUnit.BUSINESS_HOURS),
        ("0.25bh", "0.25", SpanUnit.BUSINESS_HOURS),
        ("10bd", "10", SpanUnit.BUSINESS_DAYS),
        ("14cd", "14", SpanUnit.CALENDAR_DAYS),
        ("0s", "0", SpanUnit.SECONDS),
        ("100h", "100", SpanUnit.HOURS),
    ],
)
def test_text_form(text: str, amount: str, unit: SpanUnit) -> None:
    span = Span.parse(text)
    assert span == Span(Decimal(amount), unit)
    assert str(span) == text


@pytest.mark.parametrize(("text", "canonical"), [("24.0h", "24h"), ("1.50h", "1.5h"), ("007m", "7m"), ("0.0bh", "0bh")])
def test_one_text_per_value(text: str, canonical: str) -> None:
    assert str(Span.parse(text)) == canonical
    assert Span.parse(text) == Span.parse(canonical)
    assert hash(Span.parse(text)) == hash(Span.parse(canonical))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10 days", 'span "10 days": write a number and one of s, m, h, bh, bd, cd, for example 24h or 10bd'),
        ("", "write a number"),
        ("h", "write a number"),
        ("24", "write a number"),
        ("24H", "write a number"),
        (" 24h", "write a number"),
        ("24h\n", "write a number"),
        ("1,5h", "write a number"),
        (".5h", "write a number"),
        ("1e3s", "write a number"),
        ("٣h", "write a number"),
        ("1.0000001h", "write a number"),
        ("NaNh", "write a number"),
        ("-4h", "must not be negative"),
        ("-10 days", 'span "-10 days": write a number'),
        ("1.5bd", "bd counts whole days, for example 10bd"),
        ("2.5cd", "cd counts whole days, for example 10cd"),
        ("9999999999s", "longer than 100 years"),
        ("36526cd", "longer than 100 years"),
        ("x" * 500, "…"),
    ],
)
def test_refused_text_names_what_would_be_right(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="span ") as refused:
        Span.parse(text)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN"), Decimal("Infinity"), Decimal("0.0000001"), 1.5])
def test_refused_amounts(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="span"):
        Span(amount, SpanUnit.HOURS)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("4s", timedelta(seconds=4)),
        ("0.5s", timedelta(milliseconds=500)),
        ("0.000001s", timedelta(microseconds=1)),
        ("5m", timedelta(minutes=5)),
        ("1.5h", timedelta(minutes=90)),
        ("720h", timedelta(days=30)),
    ],
)
def test_elapsed(text: str, duration: timedelta) -> None:
    span = Span.parse(text)
    assert span.is_elapsed
    assert span.elapsed() == duration


@pytest.mark.parametrize("text", ["8bh", "10bd", "14cd"])
def test_only_a_calendar_measures_the_other_units(text: str) -> None:
    span = Span.parse(text)
    assert not span.is_elapsed
    with pytest.raises(ValueError, match="no fixed duration"):
        span.elapsed()


def test_business_time_and_days() -> None:
    assert Span.parse("1.5bh").business_time() == timedelta(minutes=90)
    assert Span.parse("10bd").days() == 10
    assert Span.parse("14cd").days() == 14
    with pytest.raises(ValueError, match="only bh"):
        Span.parse("1h").business_time()
    with pytest.raises(ValueError, match="only bd and cd"):
        Span.parse("1h").days()


def test_frozen_hashable_copied_and_pickled() -> None:
    span = Span.parse("10bd")
    with pytest.raises(AttributeError):
        span.amount = Decimal(1)  # type: ignore[misc]
    assert {span: "found"}[Span.parse("10bd")] == "found"
    assert pickle.loads(pickle.dumps(span)) == span == copy.deepcopy(span)
    assert Span.parse("60m") != Span.parse("1h")


def test_as_a_pydantic_field() -> None:
    target = Target.model_validate({"within": "24h", "grace": "5m"})
    assert target.within == Span.parse("24h")
    assert Target(within=Span.parse("24h"), grace=Span.parse("5m")) == target
    assert target.model_dump() == target.model_dump(mode="json") == {"within": "24h", "grace": "5m"}
    assert Target.model_validate_json(target.model_dump_json()) == target


@pytest.mark.parametrize("value", [24, 1.5, None, ["24h"], {"amount": 1}])
def test_a_field_takes_text_only(value: object) -> None:
    with pytest.raises(ValidationError, match="write a number"):
        Target.model_validate({"within": value})


def test_json_schema_is_a_string_with_a_pattern() -> None:
    for mode in ("validation", "serialization"):
        field = Target.model_json_schema(mode=mode)["properties"]["within"]
        assert field["type"] == "string"
        assert field["pattern"].startswith("^")


whole = st.integers(min_value=0, max_value=36_525)
parts = st.decimals(min_value=0, max_value=800_000, places=6)
spans = st.one_of(
    st.builds(Span, whole.map(Decimal), st.sampled_from([SpanUnit.BUSINESS_DAYS, SpanUnit.CALENDAR_DAYS])),
    st.builds(
        Span,
        st.one_of(whole.map(Decimal), parts),
        st.sampled_from([SpanUnit.SECONDS, SpanUnit.MINUTES, SpanUnit.HOURS, SpanUnit.BUSINESS_HOURS]),
    ),
)


@settings(deadline=None, derandomize=True)
@given(spans)
def test_text_and_span_are_the_same_thing(span: Span) -> None:
    assert Span.parse(str(span)) == span
    assert str(Span.parse(str(span))) == str(span)
    if span.is_elapsed:
        seconds = {SpanUnit.SECONDS: 1, SpanUnit.MINUTES: 60, SpanUnit.HOURS: 3600}[span.unit]
        assert span.elapsed() / timedelta(microseconds=1) == int(span.amount * seconds * 1_000_000)
