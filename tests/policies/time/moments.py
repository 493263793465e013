"""Moments, calendars and hypothesis strategies that the time tests share.

Owns shorthand only; must never compute an expected result with the code under test. Called by the tests beside it.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from policies.time.business_calendar import BusinessCalendar
from policies.time.windows import Weekday

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
WORKWEEK = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)


def moment(text: str, zone: str = BERLIN) -> datetime:
    """The UTC moment at which the wall clock of `zone` shows `text` ("2026-03-02 10:00"), first pass if repeated."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def utc(text: str) -> datetime:
    """The moment written as `text` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(*windows: str, zone: str = BERLIN, days: tuple[Weekday, ...] = WORKWEEK, closed: tuple[date, ...] = ()) -> BusinessCalendar:
    """A calendar with the same windows (default 09:00-17:00) on each of `days`."""
    texts = list(windows or ("09:00-17:00",))
    return BusinessCalendar(zone=zone, windows=dict.fromkeys(days, texts), closed_days=closed)


OFFICE = calendar()
SPLIT_SHIFT = calendar("08:30-12:00", "13:15-18:00")
ALWAYS = calendar("00:00-24:00", days=tuple(Weekday))
UNEVEN = BusinessCalendar(
    id="uneven",
    zone=NEW_YORK,
    windows={
        Weekday.MON: ["00:00-02:30", "22:00-24:00"],
        Weekday.WED: ["07:45-12:00", "12:00-19:10"],
        Weekday.SAT: ["10:00-14:00"],
        Weekday.SUN: ["01:30-02:15", "02:15-06:00"],
    },
    closed_days=(date(2026, 3, 4), date(2026, 12, 26)),
)
# Clocks change here at midnight, by half an hour, and (Apia 2011) by a whole date.
ODD_ZONES = tuple(
    calendar("00:00-03:00", "12:00-24:00", zone=zone, days=tuple(Weekday))
    for zone in ("America/Havana", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "America/St_Johns")
)

calendars = st.sampled_from([OFFICE, SPLIT_SHIFT, ALWAYS, UNEVEN, *ODD_ZONES])
moments = st.datetimes(min_value=datetime(2008, 1, 1), max_value=datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
gaps = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40))
