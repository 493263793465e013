"""Windows of a week: text form, order, overlap, and what they are on a date."""

from datetime import date, timedelta

import pytest

from policies.time.windows import (
    Weekday,
    Window,
    clock_minute,
    clock_text,
    intervals_of,
    parse_week,
    parse_window,
    week_texts,
)
from tests.policies.time.moments import BERLIN, utc


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)])
def test_clock(text: str, minute: int) -> None:
    assert clock_minute(text) == minute
    assert clock_text(minute) == text


@pytest.mark.parametrize("text", ["9:00", "24:01", "25:00", "12:60", "0900", "09:00 ", "", "٠٩:٠٠"])
def test_refused_clock(text: str) -> None:
    with pytest.raises(ValueError, match="write hours and minutes, for example 09:00"):
        clock_minute(text)


def test_window() -> None:
    assert parse_window("09:00-17:00") == Window(540, 1020)
    assert str(Window(0, 1440)) == "00:00-24:00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("09:00", "write a start and an end"),
        ("09:00–17:00", "write a start and an end"),
        ("09:00-", "write hours and minutes"),
        ("17:00-09:00", "is two windows"),
        ("09:00-09:00", "the end must come after the start"),
        ("24:00-24:00", "the end must come after the start"),
    ],
)
def test_refused_window(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_window(text)


def test_week_is_sorted_and_touching_windows_stay_two() -> None:
    week = parse_week({Weekday.FRI: [], Weekday.TUE: ["13:00-17:00", "09:00-13:00"]})
    assert week[1] == (Window(540, 780), Window(780, 1020))
    assert week_texts(week) == {Weekday.TUE: ["09:00-13:00", "13:00-17:00"]}


@pytest.mark.parametrize(
    "texts",
    [["09:00-13:00", "12:59-17:00"], ["08:00-18:00", "09:00-10:00"], ["09:00-10:00", "09:00-10:00"]],
)
def test_overlap_is_refused_and_named(texts: list[str]) -> None:
    with pytest.raises(ValueError, match=r'windows of wed: ".*" and ".*" overlap'):
        parse_week({Weekday.WED: texts})


def test_intervals_on_the_days_of_change() -> None:
    night = (Window(0, 120), Window(120, 150), Window(150, 1440))
    spring = intervals_of(date(2026, 3, 29), night, BERLIN)
    assert spring == (
        (utc("2026-03-28 23:00"), utc("2026-03-29 01:00")),
        (utc("2026-03-29 01:00"), utc("2026-03-29 22:00")),
    )
    autumn = intervals_of(date(2026, 10, 25), night, BERLIN)
    assert [end - start for start, end in autumn] == [
        timedelta(hours=2),
        timedelta(minutes=30),
        timedelta(hours=22, minutes=30),
    ]
