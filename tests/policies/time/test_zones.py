"""Wall clocks: the rule for days on which clocks change, and what is refused."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.time.zones import local_in, midnight_after, moment_of, to_utc, zone_named
from tests.policies.time.moments import BERLIN, NEW_YORK, utc

_SPRING, _AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        (date(2026, 3, 2), "09:00", BERLIN, "2026-03-02 08:00"),
        (date(2026, 7, 1), "24:00", BERLIN, "2026-07-01 22:00"),
        # spring: 02:00 to 03:00 does not exist, all of it is the moment of the change
        (_SPRING, "01:59", BERLIN, "2026-03-29 00:59"),
        (_SPRING, "02:00", BERLIN, "2026-03-29 01:00"),
        (_SPRING, "02:30", BERLIN, "2026-03-29 01:00"),
        (_SPRING, "02:59", BERLIN, "2026-03-29 01:00"),
        (_SPRING, "03:00", BERLIN, "2026-03-29 01:00"),
        (_SPRING, "03:01", BERLIN, "2026-03-29 01:01"),
        # autumn: 02:00 to 03:00 comes twice, the first pass is meant
        (_AUTUMN, "02:00", BERLIN, "2026-10-25 00:00"),
        (_AUTUMN, "02:30", BERLIN, "2026-10-25 00:30"),
        (_AUTUMN, "03:00", BERLIN, "2026-10-25 02:00"),
        (date(2026, 3, 8), "02:30", NEW_YORK, "2026-03-08 07:00"),
        (date(2026, 11, 1), "01:30", NEW_YORK, "2026-11-01 05:30"),
        (date(2026, 11, 1), "02:00", NEW_YORK, "2026-11-01 07:00"),
        # a change by half an hour, a midnight that does not exist, a date that does not exist
        (date(2026, 10, 4), "02:15", "Australia/Lord_Howe", "2026-10-03 15:30"),
        (date(2026, 9, 6), "00:00", "America/Santiago", "2026-09-06 04:00"),
        (date(2011, 12, 30), "12:00", "Pacific/Apia", "2011-12-30 10:00"),
    ],
)
def test_moment_of(day: date, clock: str, zone: str, expected: str) -> None:
    minute = int(clock[:2]) * 60 + int(clock[3:])
    assert moment_of(day, minute, zone) == utc(expected)


def test_midnight_after() -> None:
    assert midnight_after(date(2026, 3, 16), BERLIN) == utc("2026-03-16 23:00")
    assert midnight_after(date(2026, 9, 5), "America/Santiago") == utc("2026-09-06 04:00")


@pytest.mark.parametrize("name", ["", "Berlin", "Europe/Berlinn", "Europe", "../etc/passwd", "/etc/localtime"])
def test_unknown_zone(name: str) -> None:
    with pytest.raises(ValueError, match="not an IANA time zone, write one such as Europe/Berlin"):
        zone_named(name)


@pytest.mark.parametrize("name", ["localtime", "right/Europe/Berlin", "posix/Europe/Berlin"])
def test_names_that_depend_on_the_machine_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an IANA time zone"):
        zone_named(name)


def test_naive_is_refused() -> None:
    with pytest.raises(ValueError, match="must be aware"):
        to_utc(datetime(2026, 3, 2, 10))  # noqa: DTZ001 - the point of the test


@settings(deadline=None, derandomize=True)
@given(
    day=st.dates(min_value=date(2008, 1, 1), max_value=date(2028, 12, 31)),
    change=st.sampled_from([_SPRING, _AUTUMN, date(2026, 3, 8), date(2026, 11, 1), date(2011, 12, 30), None]),
    minutes=st.tuples(st.integers(0, 1440), st.integers(0, 1440)),
    zone=st.sampled_from([BERLIN, NEW_YORK, "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_a_later_wall_time_is_never_an_earlier_moment(day: date, change: date | None, minutes: tuple[int, int], zone: str) -> None:
    day = change or day
    early, late = (moment_of(day, minute, zone) for minute in sorted(minutes))
    assert early <= late
    # the first moment that shows the time or a later one: it does, and the second before it does not
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=min(minutes))
    assert local_in(early, zone).replace(tzinfo=None) >= wall
    assert local_in(early - timedelta(seconds=1), zone).replace(tzinfo=None) < wall
