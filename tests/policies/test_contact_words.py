"""What is an address or a number within a sentence, and what only looks like one."""

import pytest

from policies.case.contact_words import contact_in, contact_in_number, emails_in, phones_in


@pytest.mark.parametrize(
    "text",
    [
        "call kim@example.org first",
        "she said: <kim.b@mail.example.co.uk>",
        "ring +49 30 1234561",
        "+44 7700 900117",
        "on 030 1234561 after five",
        "mobile 0170-1234567",
        "01 02 03 04 05",
        "01.02.03.04.05",
        "tel. (030) 123456",
        "tel. 07700900117",
        "reach her at 004930123456",
        "on 2026-03-02 call 7700 900117",
    ],
)
def test_what_reaches_somebody_is_found_in_a_sentence(text: str) -> None:
    assert contact_in(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "promised on 2026-03-02 10:15, again on 2026-03-05 09:00",
        "at 14:30 on 02.03.2026, then 3.3.26",
        "a refund of 1 250 000 000 EUR, of EUR 12 345 678.90",
        "order 302-1234567-1234567, second parcel",
        "order 4711000012345 and NW-50111 and INV/2026/000123456",
        "RMA-0012345678 is the same as R-1001",
        "trace 74537604221000000000001",
        "the 3rd time since 1 March, 2 parcels of 5",
        "@support knows, see medium.com/@shop",
        "two weeks late",
    ],
)
def test_dates_sums_and_business_numbers_are_none(text: str) -> None:
    assert contact_in(text) is None


@pytest.mark.parametrize(
    "order", ["4711000012345", "0012345678", "0301234567", "2026/000123456", "1234 5678 9012", "NW-50111", "12.345.678-9"]
)
def test_an_order_may_have_many_digits(order: str) -> None:
    assert contact_in_number(order) is None


@pytest.mark.parametrize(
    "order", ["kim@example.org", "order of kim@example.org", "+49 30 1234561", "+4930123456", "030 1234561", "(030) 123456"]
)
def test_an_order_is_no_address_and_no_number_that_is_dialled(order: str) -> None:
    assert contact_in_number(order) is not None


def test_where_they_stand_is_told_to_the_letter() -> None:
    text = "on 2026-03-02 10:15 she gave +49 30 1234561, kim@example.org."
    assert [text[begin:end] for begin, end in phones_in(text)] == ["+49 30 1234561"]
    assert [text[begin:end] for begin, end in emails_in(text)] == ["kim@example.org"]
