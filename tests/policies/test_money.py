"""Money: the list of currencies and their minor units against Babel's ISO 4217 data; sums in integers."""

from collections import Counter

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision, list_currencies
from hypothesis import given
from hypothesis import strategies as st

from policies.money import _EXPONENTS, _TWO_DECIMALS, Money, check_currency, exponent, total

OURS = frozenset(_TWO_DECIMALS) | frozenset(_EXPONENTS)
IN_USE = {
    code
    for currencies in get_global("territory_currencies").values()
    for code, _from, until, tender in currencies
    if until is None and tender
}
# ISO 4217 gives these a minor unit that CLDR leaves out since shops do not use it. Amounts cross interfaces in ISO's unit.
ROUNDED_BY_CLDR = {
    "AFN": 2,
    "ALL": 2,
    "IQD": 3,
    "IRR": 2,
    "KPW": 2,
    "LAK": 2,
    "LBP": 2,
    "MGA": 2,
    "MMK": 2,
    "RSD": 2,
    "SOS": 2,
    "SYP": 2,
    "YER": 2,
}
# Codes of the list that nobody pays with (funds codes), and those whose successor has only just come.
BESIDE = {"CLF", "UYI", "UYW", "ANG", "SVC"}
amounts = st.lists(
    st.builds(Money, amount_minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(["EUR", "JPY", "KWD", "USD"])), max_size=12
)


def test_every_legal_tender_is_known() -> None:
    assert sorted(IN_USE - OURS) == []


def test_nothing_else_is_but_what_is_listed_here() -> None:
    assert OURS - IN_USE == BESIDE
    assert sorted(OURS - list_currencies()) == []
    assert not set(_TWO_DECIMALS) & set(_EXPONENTS)


@pytest.mark.parametrize("code", sorted(OURS))
def test_the_exponent_agrees_with_babel(code: str) -> None:
    assert exponent(code) == ROUNDED_BY_CLDR.get(code, get_currency_precision(code))
    assert check_currency(code) == code


@pytest.mark.parametrize("code", ["", "eur", "Eur", "EURO", "E", "XXX", "XAU", "XTS", "DEM", "BTC", " EUR"])
def test_what_is_no_currency_is_refused_with_what_would_be_right(code: str) -> None:
    with pytest.raises(ValueError, match=r"no ISO 4217 currency; right would be three capital letters, for example EUR"):
        check_currency(code)


def test_totals_per_currency_in_the_order_of_their_first_amount() -> None:
    eur, jpy = [Money(amount_minor=n, currency="EUR") for n in (4990, -990)], Money(amount_minor=5, currency="JPY")
    assert total([jpy, *eur, jpy]) == [Money(amount_minor=10, currency="JPY"), Money(amount_minor=4000, currency="EUR")]
    assert total([]) == []


@given(amounts)
def test_totals_are_exact_and_order_does_not_matter(given_amounts: list[Money]) -> None:
    sums: Counter[str] = Counter()
    for money in given_amounts:
        sums[money.currency] += money.amount_minor
    found = total(given_amounts)
    assert {money.currency: money.amount_minor for money in found} == dict(sums)
    assert len(found) == len({money.currency for money in given_amounts})
    assert {money.currency: money.amount_minor for money in total(given_amounts[::-1])} == dict(sums)
    assert total(found) == found
