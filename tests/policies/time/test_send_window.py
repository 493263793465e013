"""The send window: quiet hours on the recipient's clock, both changes of the clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.time.send_window import SendWindow
from policies.time.windows import Weekday
from tests.policies.time.moments import BERLIN, NEW_YORK, moment, moments, utc

QUIET_NIGHTS = SendWindow.outside_quiet_hours("21:00", "08:00")
SIESTA = SendWindow.outside_quiet_hours("13:00", "15:00")
FEEDBACK = SendWindow(
    open={day: ["12:00-20:00"] if day is Weekday.SUN else ["09:00-20:00"] for day in Weekday},
)
SMALL_HOURS = SendWindow(open={Weekday.SUN: ["01:30-02:30"], Weekday.WED: ["00:00-00:05", "23:00-24:00"]})


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        (QUIET_NIGHTS, "2026-03-02 07:59:59", "2026-03-02 08:00"),
        (QUIET_NIGHTS, "2026-03-02 08:00:00", "2026-03-02 08:00"),
        (QUIET_NIGHTS, "2026-03-02 20:59:59", "2026-03-02 20:59:59"),
        (QUIET_NIGHTS, "2026-03-02 21:00:00", "2026-03-03 08:00"),
        (QUIET_NIGHTS, "2026-03-02 23:59:59", "2026-03-03 08:00"),
        (QUIET_NIGHTS, "2026-03-28 22:00:00", "2026-03-29 08:00"),
        (QUIET_NIGHTS, "2026-10-24 22:00:00", "2026-10-25 08:00"),
        (SIESTA, "2026-03-02 12:59:59", "2026-03-02 12:59:59"),
        (SIESTA, "2026-03-02 13:00:00", "2026-03-02 15:00"),
        (SIESTA, "2026-03-02 23:59:59", "2026-03-02 23:59:59"),
        (SIESTA, "2026-03-03 00:00:00", "2026-03-03 00:00"),
        (FEEDBACK, "2026-03-07 20:00:00", "2026-03-08 12:00"),
        (FEEDBACK, "2026-03-08 20:00:00", "2026-03-09 09:00"),
        (SendWindow.always(), "2026-03-02 03:00:00", "2026-03-02 03:00"),
        (SMALL_HOURS, "2026-03-05 00:00:00", "2026-03-08 01:30"),
    ],
)
def test_next_allowed(window: SendWindow, at: str, expected: str) -> None:
    result = window.next_allowed(moment(at), BERLIN)
    assert result == moment(expected)
    assert result.tzinfo is UTC
    assert window.allows(moment(at), BERLIN) is (at.removesuffix(":00") == expected or at == expected)


def test_it_is_the_recipients_clock() -> None:
    at = utc("2026-03-02 21:30")  # 22:30 in Berlin, 16:30 in New York
    assert QUIET_NIGHTS.next_allowed(at, BERLIN) == utc("2026-03-03 07:00")
    assert QUIET_NIGHTS.next_allowed(at, NEW_YORK) == at
    with pytest.raises(ValueError, match="not an IANA time zone"):
        QUIET_NIGHTS.next_allowed(at, "Berlin")


def test_windows_in_the_gap_and_in_the_repeated_hour() -> None:
    # 29 March: 02:00 becomes 03:00, so the window ends at 02:00; 25 October: 02:00-02:30 counts on its first pass.
    assert SMALL_HOURS.allows(utc("2026-03-29 00:59:59"), BERLIN)
    assert not SMALL_HOURS.allows(utc("2026-03-29 01:00"), BERLIN)
    assert SMALL_HOURS.allows(utc("2026-10-25 00:29:59"), BERLIN)
    assert not SMALL_HOURS.allows(utc("2026-10-25 01:15"), BERLIN)


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "monday"),
    [
        ("21:00", "08:00", ["08:00-21:00"]),
        ("13:00", "15:00", ["00:00-13:00", "15:00-24:00"]),
        ("00:00", "08:00", ["08:00-24:00"]),
        ("24:00", "08:00", ["08:00-24:00"]),
        ("21:00", "00:00", ["00:00-21:00"]),
        ("21:00", "24:00", ["00:00-21:00"]),
        ("09:00", "09:00", ["00:00-24:00"]),
    ],
)
def test_quiet_hours(quiet_from: str, quiet_until: str, monday: list[str]) -> None:
    assert SendWindow.outside_quiet_hours(quiet_from, quiet_until).open == dict.fromkeys(Weekday, monday)


def test_a_window_that_never_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="never opens"):
        SendWindow.outside_quiet_hours("00:00", "24:00")
    with pytest.raises(ValidationError, match="never opens"):
        SendWindow.model_validate({"open": {"mon": []}})


def test_loads_from_json_and_copies() -> None:
    assert SendWindow.model_validate_json(FEEDBACK.model_dump_json()) == FEEDBACK
    narrowed = FEEDBACK.model_copy(update={"open": {"mon": ["09:00-10:00"]}})
    assert not narrowed.allows(moment("2026-03-02 10:00"), BERLIN)


def test_naive_is_refused() -> None:
    naive = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="must be aware"):
        QUIET_NIGHTS.next_allowed(naive, BERLIN)
    with pytest.raises(ValueError, match="must be aware"):
        QUIET_NIGHTS.allows(naive, BERLIN)


windows = st.sampled_from([QUIET_NIGHTS, SIESTA, FEEDBACK, SMALL_HOURS, SendWindow.always()])
zones = st.sampled_from([BERLIN, NEW_YORK, "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"])


@settings(deadline=None, derandomize=True)
@given(windows, moments, zones, st.integers(min_value=0, max_value=99))
def test_the_next_moment_is_allowed_and_the_first(window: SendWindow, at: datetime, zone: str, percent: int) -> None:
    result = window.next_allowed(at, zone)
    assert result >= at
    assert window.allows(result, zone)
    assert window.next_allowed(result, zone) == result
    if result > at:
        between = at + (result - at) * percent // 100
        assert not window.allows(between, zone)
        assert not window.allows(result - timedelta(microseconds=1), zone)
    else:
        assert window.allows(at, zone)
