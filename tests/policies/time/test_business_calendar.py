"""The business calendar: every unit at its boundaries, holidays, shifts, zones and both changes of the clocks."""

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.time.business_calendar import BusinessCalendar
from policies.time.spans import Span, SpanUnit
from policies.time.windows import Weekday
from tests.policies.time.moments import (
    ALWAYS,
    BERLIN,
    NEW_YORK,
    ODD_ZONES,
    OFFICE,
    SPLIT_SHIFT,
    UNEVEN,
    calendar,
    calendars,
    gaps,
    moment,
    moments,
    utc,
)

# 2026: 2 March is a Monday, 3 April Good Friday, 6 April Easter Monday.
EASTER = calendar(closed=(date(2026, 4, 3), date(2026, 4, 6)))
LATE_SHIFT = calendar("18:00-24:00")
NIGHTS = calendar("00:00-04:00", "22:00-24:00", days=tuple(Weekday))
SUNDAYS = calendar("00:00-24:00", days=(Weekday.SUN,))
SATURDAYS = calendar("10:00-11:00", days=(Weekday.SAT,))


# -- loading ------------------------------------------------------------


def test_loads_from_a_book_and_keeps_one_form() -> None:
    read = BusinessCalendar.model_validate(
        {
            "id": "de",
            "zone": BERLIN,
            "windows": {"tue": ["13:00-17:00", "09:00-12:00"], "mon": ["09:00-17:00"], "sun": []},
            "closed_days": ["2026-12-25", "2026-01-01", "2026-12-25"],
        }
    )
    assert read.model_dump(mode="json") == {
        "id": "de",
        "zone": BERLIN,
        "windows": {"mon": ["09:00-17:00"], "tue": ["09:00-12:00", "13:00-17:00"]},
        "closed_days": ["2026-01-01", "2026-12-25"],
    }
    again = BusinessCalendar.model_validate_json(read.model_dump_json())
    assert again == read
    assert hash(again) == hash(read)
    assert pickle.loads(pickle.dumps(read)).advance(moment("2026-03-01 12:00"), timedelta(0)) == moment("2026-03-02 09:00")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"zone": "Berlin"}, "not an IANA time zone"),
        ({"windows": {}}, "this calendar never opens"),
        ({"windows": {"mon": [], "tue": []}}, "this calendar never opens"),
        ({"windows": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "windows of mon.*overlap"),
        ({"windows": {"mon": ["22:00-06:00"]}}, "spans midnight"),
        ({"windows": {"monday": ["09:00-17:00"]}}, "'mon', 'tue'"),
        ({"closed_days": ["2026-13-01"]}, "date"),
    ],
)
def test_refused_when_loaded(change: dict[str, object], reason: str) -> None:
    book: dict[str, object] = {"zone": BERLIN, "windows": {"mon": ["09:00-17:00"]}, **change}
    with pytest.raises(ValidationError, match=reason):
        BusinessCalendar.model_validate(book)


def test_a_copy_with_other_closed_days_follows_them() -> None:
    monday = moment("2026-03-02 10:00")
    closed = OFFICE.model_copy(update={"closed_days": (date(2026, 3, 2),)})
    assert OFFICE.is_open(monday)
    assert not closed.is_open(monday)
    assert OFFICE.model_copy() == OFFICE


def test_naive_moments_are_refused() -> None:
    naive = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - the point of the test
    aware = moment("2026-03-02 10:00")
    asks: list[Callable[[], object]] = [
        lambda: OFFICE.is_open(naive),
        lambda: OFFICE.local(naive),
        *(partial(OFFICE.add, naive, Span.parse(text)) for text in ("1s", "1m", "1h", "1bh", "1bd", "1cd")),
        lambda: OFFICE.advance(naive, timedelta(0)),
        lambda: OFFICE.business_time_between(naive, aware),
        lambda: OFFICE.business_time_between(aware, naive),
        lambda: OFFICE.due_after_hold(aware, naive, aware, SpanUnit.HOURS),
    ]
    for ask in asks:
        with pytest.raises(ValueError, match="must be aware"):
            ask()


# -- asking ------------------------------------------------------------


@pytest.mark.parametrize(
    ("cal", "at", "is_open", "opening"),
    [
        (OFFICE, "2026-03-02 08:59:59", False, "2026-03-02 09:00"),
        (OFFICE, "2026-03-02 09:00:00", True, "2026-03-02 09:00"),
        (OFFICE, "2026-03-02 16:59:59.999999", True, "2026-03-02 16:59:59.999999"),
        (OFFICE, "2026-03-02 17:00:00", False, "2026-03-03 09:00"),
        (OFFICE, "2026-03-06 17:00:00", False, "2026-03-09 09:00"),
        (OFFICE, "2026-03-07 12:00:00", False, "2026-03-09 09:00"),
        (SPLIT_SHIFT, "2026-03-02 12:00:00", False, "2026-03-02 13:15"),
        (SPLIT_SHIFT, "2026-03-02 13:15:00", True, "2026-03-02 13:15"),
        (EASTER, "2026-04-02 17:00:00", False, "2026-04-07 09:00"),
        (EASTER, "2026-04-03 10:00:00", False, "2026-04-07 09:00"),
        (LATE_SHIFT, "2026-03-02 23:59:59", True, "2026-03-02 23:59:59"),
        (LATE_SHIFT, "2026-03-03 00:00:00", False, "2026-03-03 18:00"),
        (NIGHTS, "2026-03-03 00:00:00", True, "2026-03-03 00:00"),
        (ALWAYS, "2026-03-29 03:00:00", True, "2026-03-29 03:00"),
        (calendar("09:00-12:00", "12:00-17:00"), "2026-03-02 12:00", True, "2026-03-02 12:00"),
    ],
)
def test_is_open_and_the_next_opening(cal: BusinessCalendar, at: str, is_open: bool, opening: str) -> None:
    assert cal.is_open(moment(at)) is is_open
    assert cal.advance(moment(at), timedelta(0)) == moment(opening)


def test_out_comes_utc_whatever_zone_goes_in() -> None:
    at = moment("2026-03-02 10:00").astimezone(ODD_ZONES[0].local(moment("2026-03-02 10:00")).tzinfo)
    assert OFFICE.advance(at, timedelta(0)).tzinfo is UTC
    for text in ("1s", "1m", "1h", "1bh", "1bd", "1cd"):
        assert OFFICE.add(at, Span.parse(text)).tzinfo is UTC
    assert OFFICE.due_after_hold(at, at, at, SpanUnit.HOURS).tzinfo is UTC
    local = OFFICE.local(at)
    assert (local.hour, str(local.tzinfo)) == (10, BERLIN)


# -- adding ------------------------------------------------------------


@pytest.mark.parametrize(
    ("cal", "start", "span", "due"),
    [
        # elapsed: through nights, weekends and the change of the clocks
        (OFFICE, "2026-03-06 16:30", "24h", "2026-03-07 16:30"),
        (OFFICE, "2026-03-06 16:30", "4s", "2026-03-06 16:30:04"),
        (OFFICE, "2026-03-06 16:30", "5m", "2026-03-06 16:35"),
        (OFFICE, "2026-03-28 12:00", "24h", "2026-03-29 13:00"),
        (OFFICE, "2026-10-24 12:00", "24h", "2026-10-25 11:00"),
        # business hours
        (OFFICE, "2026-03-06 16:30", "1bh", "2026-03-09 09:30"),
        (OFFICE, "2026-03-06 16:00", "1bh", "2026-03-06 17:00"),
        (OFFICE, "2026-03-06 16:00:01", "1bh", "2026-03-09 09:00:01"),
        (OFFICE, "2026-03-06 17:00", "1bh", "2026-03-09 10:00"),
        (OFFICE, "2026-03-07 03:00", "1bh", "2026-03-09 10:00"),
        (OFFICE, "2026-03-02 06:00", "8bh", "2026-03-02 17:00"),
        (OFFICE, "2026-03-02 09:00", "40bh", "2026-03-06 17:00"),
        (OFFICE, "2026-03-02 09:00", "40.5bh", "2026-03-09 09:30"),
        (OFFICE, "2026-03-06 17:00", "0bh", "2026-03-09 09:00"),
        (OFFICE, "2026-03-06 16:59:59", "0bh", "2026-03-06 16:59:59"),
        (SPLIT_SHIFT, "2026-03-02 11:30", "1bh", "2026-03-02 13:45"),
        (SPLIT_SHIFT, "2026-03-02 11:30", "0.5bh", "2026-03-02 12:00"),
        (SPLIT_SHIFT, "2026-03-02 12:30", "5bh", "2026-03-03 08:45"),
        (EASTER, "2026-04-02 16:00", "2bh", "2026-04-07 10:00"),
        (LATE_SHIFT, "2026-03-02 22:00", "2bh", "2026-03-03 00:00"),
        (LATE_SHIFT, "2026-03-02 22:00", "3bh", "2026-03-03 19:00"),
        (NIGHTS, "2026-03-02 23:00", "4bh", "2026-03-03 03:00"),
        # business days
        (OFFICE, "2026-03-02 10:00", "1bd", "2026-03-03 17:00"),
        (OFFICE, "2026-03-02 00:00", "1bd", "2026-03-03 17:00"),
        (OFFICE, "2026-03-02 23:59:59", "1bd", "2026-03-03 17:00"),
        (OFFICE, "2026-03-06 10:00", "1bd", "2026-03-09 17:00"),
        (OFFICE, "2026-03-07 10:00", "1bd", "2026-03-09 17:00"),
        (OFFICE, "2026-03-08 23:59:59", "1bd", "2026-03-09 17:00"),
        (OFFICE, "2026-03-02 10:00", "10bd", "2026-03-16 17:00"),
        (OFFICE, "2026-03-02 10:00", "0bd", "2026-03-02 17:00"),
        (OFFICE, "2026-03-02 18:00", "0bd", "2026-03-02 17:00"),
        (OFFICE, "2026-03-07 10:00", "0bd", "2026-03-09 17:00"),
        (SPLIT_SHIFT, "2026-03-02 10:00", "3bd", "2026-03-05 18:00"),
        (EASTER, "2026-04-02 10:00", "1bd", "2026-04-07 17:00"),
        (EASTER, "2026-04-03 10:00", "0bd", "2026-04-07 17:00"),
        (LATE_SHIFT, "2026-03-02 10:00", "1bd", "2026-03-04 00:00"),
        (OFFICE, "2026-03-27 10:00", "1bd", "2026-03-30 17:00"),
        # calendar days: local midnight, no roll
        (OFFICE, "2026-03-02 10:00", "14cd", "2026-03-17 00:00"),
        (OFFICE, "2026-03-02 00:00", "1cd", "2026-03-04 00:00"),
        (OFFICE, "2026-03-02 23:59:59", "1cd", "2026-03-04 00:00"),
        (OFFICE, "2026-03-06 10:00", "1cd", "2026-03-08 00:00"),
        (OFFICE, "2026-03-02 10:00", "0cd", "2026-03-03 00:00"),
        (EASTER, "2026-04-02 10:00", "1cd", "2026-04-04 00:00"),
        (OFFICE, "2026-03-20 10:00", "14cd", "2026-04-04 00:00"),
        (OFFICE, "2026-10-20 10:00", "14cd", "2026-11-04 00:00"),
        (OFFICE, "2027-12-25 10:00", "14cd", "2028-01-09 00:00"),
        (OFFICE, "2028-02-15 10:00", "14cd", "2028-03-01 00:00"),
    ],
)
def test_add(cal: BusinessCalendar, start: str, span: str, due: str) -> None:
    assert cal.add(moment(start), Span.parse(span)) == moment(due)


@pytest.mark.parametrize(
    ("span", "due"),
    [("1bh", "2026-03-03 10:00"), ("1bd", "2026-03-03 17:00"), ("1cd", "2026-03-04 00:00")],
)
def test_the_calendars_zone_decides_which_day_it_is(span: str, due: str) -> None:
    # 23:30 on Monday in New York is Tuesday morning in UTC and in Berlin.
    start = utc("2026-03-03 04:30")
    assert calendar(zone=NEW_YORK).add(start, Span.parse(span)) == moment(due, NEW_YORK)
    assert calendar(zone=BERLIN).add(start, Span.parse("1bd")) == moment("2026-03-04 17:00")


@pytest.mark.parametrize(
    ("cal", "start", "hours", "due"),
    [
        # a 24 hour day has 23 real hours in spring and 25 in autumn
        (SUNDAYS, "2026-03-28 23:00", 23, "2026-03-29 22:00"),
        (SUNDAYS, "2026-03-28 23:00", 24, "2026-04-04 23:00"),
        (SUNDAYS, "2026-10-24 22:00", 25, "2026-10-25 23:00"),
        (SUNDAYS, "2026-10-24 22:00", 26, "2026-11-01 00:00"),
        (ALWAYS, "2026-03-28 23:00", 24, "2026-03-29 23:00"),
        # the night shift 22:00-04:00 has 5 hours in spring, 7 in autumn
        (NIGHTS, "2026-03-28 21:00", 5, "2026-03-29 02:00"),
        (NIGHTS, "2026-03-28 21:00", 6, "2026-03-29 21:00"),
        (NIGHTS, "2026-10-24 20:00", 7, "2026-10-25 03:00"),
        # office hours move by an hour in UTC and nothing else changes
        (OFFICE, "2026-03-27 15:00", 2, "2026-03-30 08:00"),
        (OFFICE, "2026-10-23 14:00", 2, "2026-10-26 09:00"),
    ],
)
def test_business_hours_across_the_change_of_clocks(cal: BusinessCalendar, start: str, hours: int, due: str) -> None:
    begin, end = utc(start), utc(due)
    assert cal.add(begin, Span.parse(f"{hours}bh")) == end
    assert cal.business_time_between(begin, end) == timedelta(hours=hours)


def test_windows_in_the_gap_and_in_the_repeated_hour() -> None:
    small = calendar("02:00-02:30", days=(Weekday.SUN,))
    assert small.advance(utc("2026-03-28 12:00"), timedelta(0)) == moment("2026-04-05 02:00")  # swallowed on 29 March
    assert small.add(utc("2026-03-28 12:00"), Span.parse("1bd")) == moment("2026-04-05 02:30")
    assert small.is_open(utc("2026-10-25 00:15"))
    assert not small.is_open(utc("2026-10-25 01:15"))  # the second pass of 02:15
    half = calendar("02:30-05:00", days=(Weekday.SUN,), zone=NEW_YORK)
    assert half.advance(utc("2026-03-08 05:00"), timedelta(0)) == utc("2026-03-08 07:00")  # opens at 03:00, when 02:30 is past
    assert half.business_time_between(utc("2026-03-08 00:00"), utc("2026-03-09 00:00")) == timedelta(hours=2)


def test_business_time_between() -> None:
    friday, monday = moment("2026-03-06 16:30"), moment("2026-03-09 09:30")
    assert OFFICE.business_time_between(friday, monday) == timedelta(hours=1)
    assert OFFICE.business_time_between(monday, friday) == timedelta(0)
    assert OFFICE.business_time_between(friday, friday) == timedelta(0)
    assert OFFICE.business_time_between(moment("2026-03-06 17:00"), moment("2026-03-09 09:00")) == timedelta(0)
    assert OFFICE.business_time_between(moment("2026-03-02 00:00"), moment("2026-03-09 00:00")) == timedelta(hours=40)
    assert SPLIT_SHIFT.business_time_between(moment("2026-03-02 11:59:59"), moment("2026-03-02 13:15:01")) == timedelta(seconds=2)


def test_advance_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        OFFICE.advance(moment("2026-03-02 10:00"), timedelta(seconds=-1))


# -- ends that never come ------------------------------------------------------------


def test_three_closed_years_are_an_error_not_a_loop() -> None:
    start = date(2026, 1, 1)
    shut = calendar(closed=tuple(start + timedelta(days=n) for n in range(5 * 366)))
    asks: list[Callable[[], object]] = [
        lambda: shut.advance(moment("2026-03-02 10:00"), timedelta(0)),
        lambda: shut.add(moment("2026-03-02 10:00"), Span.parse("1bh")),
        lambda: shut.add(moment("2026-03-02 10:00"), Span.parse("1bd")),
    ]
    for ask in asks:
        with pytest.raises(ValueError, match="no open day in the 3 years"):
            ask()
    assert not shut.is_open(moment("2026-03-02 10:00"))
    assert shut.add(moment("2026-03-02 10:00"), Span.parse("1cd")) == moment("2026-03-04 00:00")


def test_two_closed_years_are_walked_over() -> None:
    start = date(2026, 1, 1)
    shut = calendar(closed=tuple(start + timedelta(days=n) for n in range(2 * 365)))
    assert shut.advance(moment("2026-03-02 10:00"), timedelta(0)) == moment("2028-01-03 09:00")


def test_an_amount_beyond_a_century_is_an_error() -> None:
    with pytest.raises(ValueError, match="over 100 years"):
        SATURDAYS.add(moment("2026-03-02 10:00"), Span.parse("6000bh"))


# -- hold ------------------------------------------------------------


@pytest.mark.parametrize(
    ("cal", "unit", "due", "held", "resumed", "expected"),
    [
        # elapsed
        (OFFICE, "h", "2026-03-03 10:00", "2026-03-02 12:00", "2026-03-02 18:30", "2026-03-03 16:30"),
        (OFFICE, "h", "2026-03-29 12:00", "2026-03-28 12:00", "2026-03-30 12:00", "2026-03-31 11:00"),
        # business hours: what was left runs on
        (OFFICE, "bh", "2026-03-02 17:00", "2026-03-02 12:00", "2026-03-04 10:00", "2026-03-04 15:00"),
        (OFFICE, "bh", "2026-03-02 17:00", "2026-03-02 12:00", "2026-03-04 14:00", "2026-03-05 11:00"),
        (OFFICE, "bh", "2026-03-09 09:30", "2026-03-07 10:00", "2026-03-08 10:00", "2026-03-09 09:30"),
        # business days: three held, three later, at the close
        (OFFICE, "bd", "2026-03-04 17:00", "2026-03-02 10:00", "2026-03-05 10:00", "2026-03-09 17:00"),
        (OFFICE, "bd", "2026-03-04 17:00", "2026-03-02 10:00", "2026-03-02 10:00:01", "2026-03-05 09:00:01"),
        (OFFICE, "bd", "2026-03-04 17:00", "2026-03-02 18:00", "2026-03-03 08:00", "2026-03-04 17:00"),
        (OFFICE, "bd", "2026-03-09 17:00", "2026-03-06 18:00", "2026-03-08 20:00", "2026-03-09 17:00"),
        (EASTER, "bd", "2026-04-02 17:00", "2026-04-01 09:00", "2026-04-02 09:00", "2026-04-07 17:00"),
        (LATE_SHIFT, "bd", "2026-03-04 00:00", "2026-03-03 18:00", "2026-03-04 18:00", "2026-03-05 00:00"),
        (SPLIT_SHIFT, "bd", "2026-03-02 18:00", "2026-03-02 13:30", "2026-03-04 08:30", "2026-03-04 14:15"),
        # calendar days: the dates that were left, counted again
        (OFFICE, "cd", "2026-03-17 00:00", "2026-03-10 15:00", "2026-03-13 09:00", "2026-03-20 00:00"),
        (OFFICE, "cd", "2026-03-17 00:00", "2026-03-10 09:00", "2026-03-10 15:00", "2026-03-17 00:00"),
        (OFFICE, "cd", "2026-03-17 00:00", "2026-03-16 23:59:59", "2026-03-18 00:00", "2026-03-19 00:00"),
        (OFFICE, "cd", "2026-03-31 00:00", "2026-03-28 12:00", "2026-03-29 12:00", "2026-04-01 00:00"),
        # run out before the hold, at it, and a hold without length
        (OFFICE, "bh", "2026-03-02 12:00", "2026-03-02 13:00", "2026-03-05 10:00", "2026-03-02 12:00"),
        (OFFICE, "h", "2026-03-02 12:00", "2026-03-02 12:00", "2026-03-05 10:00", "2026-03-02 12:00"),
        (OFFICE, "bd", "2026-03-04 17:00", "2026-03-02 10:00", "2026-03-02 10:00", "2026-03-04 17:00"),
        (OFFICE, "h", "2026-03-04 17:00", "2026-03-02 10:00", "2026-03-02 09:00", "2026-03-04 17:00"),
    ],
)
def test_due_after_hold(cal: BusinessCalendar, unit: str, due: str, held: str, resumed: str, expected: str) -> None:
    result = cal.due_after_hold(moment(due), moment(held), moment(resumed), SpanUnit(unit))
    assert result == moment(expected)


# -- properties ------------------------------------------------------------

hours = st.integers(min_value=0, max_value=60).map(lambda quarter: Span.parse(f"{quarter / 4}bh"))
units = st.sampled_from(list(SpanUnit))
spans = st.builds(lambda n, unit: Span.parse(f"{n}{unit.value}"), st.integers(min_value=0, max_value=30), units)


@settings(deadline=None, derandomize=True)
@given(calendars, moments)
def test_the_next_opening_is_open_and_nothing_before_it_is(cal: BusinessCalendar, at: datetime) -> None:
    opening = cal.advance(at, timedelta(0))
    assert opening >= at
    assert cal.is_open(opening)
    assert cal.business_time_between(at, opening) == timedelta(0)
    assert cal.add(at, Span.parse("0bh")) == opening
    if cal.is_open(at):
        assert opening == at


@settings(deadline=None, derandomize=True)
@given(calendars, moments, gaps, spans)
def test_a_later_start_is_never_due_earlier(cal: BusinessCalendar, at: datetime, gap: timedelta, span: Span) -> None:
    # Where clocks go back over midnight a date comes twice, and a unit that counts dates may step back with it.
    assume(not span.unit.is_days or cal.local(at).date() <= cal.local(at + gap).date())
    assert cal.add(at, span) <= cal.add(at + gap, span)


@settings(deadline=None, derandomize=True)
@given(calendars, moments, st.integers(0, 20), st.integers(0, 20), units)
def test_more_is_never_due_earlier(cal: BusinessCalendar, at: datetime, n: int, more: int, unit: SpanUnit) -> None:
    shorter, longer = (Span.parse(f"{amount}{unit.value}") for amount in (n, n + more))
    assert cal.add(at, shorter) <= cal.add(at, longer)


@settings(deadline=None, derandomize=True)
@given(calendars, moments, hours)
def test_what_was_added_lies_between(cal: BusinessCalendar, at: datetime, span: Span) -> None:
    due = cal.add(at, span)
    assert cal.business_time_between(at, due) == span.business_time()
    assert cal.advance(at, span.business_time()) == due


@settings(deadline=None, derandomize=True)
@given(calendars, moments, gaps, gaps)
def test_business_time_adds_up(cal: BusinessCalendar, at: datetime, one: timedelta, two: timedelta) -> None:
    between = cal.business_time_between
    middle, end = at + one, at + one + two
    assert between(at, middle) + between(middle, end) == between(at, end)
    assert between(at, end) <= end - at


@settings(deadline=None, derandomize=True, max_examples=40)
@given(calendars, moments, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)))
def test_business_time_is_the_time_at_which_it_is_open(cal: BusinessCalendar, at: datetime, gap: timedelta) -> None:
    # All edges of all calendars here lie on a multiple of five minutes: counting them is the slow, obvious way.
    start = at.replace(minute=0, second=0, microsecond=0)
    steps = gap // timedelta(minutes=5)
    five = timedelta(minutes=5)
    assert cal.business_time_between(start, start + steps * five) == five * sum(cal.is_open(start + n * five) for n in range(steps))


@settings(deadline=None, derandomize=True)
@given(calendars, moments, gaps, gaps, units)
def test_a_hold_never_makes_a_clock_due_earlier(
    cal: BusinessCalendar, held: datetime, left: timedelta, hold: timedelta, unit: SpanUnit
) -> None:
    due = held + left
    result = cal.due_after_hold(due, held, held + hold, unit)
    assert result >= due
    # A longer hold never makes it earlier than a shorter one (cd: unless clocks go back over midnight in between).
    longer = held + hold + timedelta(hours=7)
    assume(unit is not SpanUnit.CALENDAR_DAYS or cal.local(held + hold).date() <= cal.local(longer).date())
    assert cal.due_after_hold(due, held, longer, unit) >= result


@settings(deadline=None, derandomize=True)
@given(
    day=st.dates(min_value=date(2026, 1, 1), max_value=date(2028, 12, 31)),
    minute=st.integers(min_value=9 * 60, max_value=17 * 60 - 1),
    target=st.integers(min_value=1, max_value=15),
    held_days=st.integers(min_value=1, max_value=12),
)
def test_a_hold_of_three_business_days_is_three_business_days(day: date, minute: int, target: int, held_days: int) -> None:
    # Whole business days: held and resumed at the same open wall time, on days that all have the same windows.
    assume(day.weekday() < 5)
    clock = f"{minute // 60:02}:{minute % 60:02}"
    held = moment(f"{day} {clock}")
    resumed_day = OFFICE.local(OFFICE.add(held, Span.parse(f"{held_days}bd"))).date()
    due = OFFICE.add(held, Span.parse(f"{target}bd"))
    expected = OFFICE.add(due, Span.parse(f"{held_days}bd"))
    resumed = moment(f"{resumed_day} {clock}")
    assert OFFICE.due_after_hold(due, held, resumed, SpanUnit.BUSINESS_DAYS) == expected
    # three business days of open time later, for business hours
    later = OFFICE.due_after_hold(due, held, resumed, SpanUnit.BUSINESS_HOURS)
    assert OFFICE.business_time_between(due, later) == OFFICE.business_time_between(held, resumed)


def test_uneven_weeks_are_walked_window_by_window() -> None:
    # Monday 22:00-24:00, then Saturday (4 March is closed): two hours, then the rest.
    start = moment("2026-03-02 21:00", NEW_YORK)
    assert UNEVEN.add(start, Span.parse("2bh")) == moment("2026-03-03 00:00", NEW_YORK)
    assert UNEVEN.add(start, Span.parse("3bh")) == moment("2026-03-07 11:00", NEW_YORK)
    assert UNEVEN.add(start, Span.parse("1bd")) == moment("2026-03-07 14:00", NEW_YORK)
    assert UNEVEN.add(start, Span.parse("2bd")) == moment("2026-03-08 06:00", NEW_YORK)
