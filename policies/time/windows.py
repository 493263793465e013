"""Windows of a week: "09:00-17:00" on mon, as the business calendar and the send window both write them.

Owns the text form, its checks and the intervals a weekday's windows become on a date in a zone. Must never know
closed days (the calendar's) or whose zone it is (the caller's). Called by `BusinessCalendar` and `SendWindow`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from policies.time.zones import moment_of

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class Weekday(StrEnum):
    """A day of the week as books write it."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Window(NamedTuple):
    """A half-open window of a day: minutes after local midnight, `start` in it (0 to 1439), `end` not (1 to 1440)."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{clock_text(self.start)}-{clock_text(self.end)}"


class Interval(NamedTuple):
    """A half-open stretch of time between two moments in UTC: `start` in it, `end` not."""

    start: datetime
    end: datetime


DayWindows = tuple[Window, ...]
Week = tuple[DayWindows, ...]  # seven entries, Monday first


def clock_text(minute: int) -> str:
    """Minutes after midnight (0 to 1440) as "HH:MM"."""
    return f"{minute // 60:02}:{minute % 60:02}"


def clock_minute(text: str) -> int:
    """ "HH:MM" ("24:00" included) as minutes after midnight; ValueError says what would be right."""
    if not _CLOCK.fullmatch(text):
        raise ValueError(f'time "{text[:40]}": write hours and minutes, for example 09:00 (24:00 ends a day)')
    return int(text[:2]) * 60 + int(text[3:])


def parse_window(text: str) -> Window:
    """The window written as "HH:MM-HH:MM"; ValueError says what would be right."""
    start_text, dash, end_text = text.partition("-")
    if not dash:
        raise ValueError(f'window "{text[:40]}": write a start and an end, for example 09:00-17:00')
    window = Window(clock_minute(start_text), clock_minute(end_text))
    if window.end <= window.start:
        raise ValueError(f'window "{text}": the end must come after the start; one that spans midnight is two windows')
    return window


def parse_week(texts: Mapping[Weekday, Iterable[str]]) -> Week:
    """The windows of seven days, Monday first, each day sorted; ValueError when two of a day overlap.

    Windows that only touch (09:00-12:00 and 12:00-17:00) are allowed.
    """
    return tuple(_parse_day(weekday, texts.get(weekday, ())) for weekday in Weekday)


def week_texts(week: Week) -> dict[Weekday, list[str]]:
    """The text form of a week: days in order, windows sorted, days without windows left out.

    One form per meaning, so that two books that say the same have the same checksum.
    """
    return {weekday: [str(window) for window in week[i]] for i, weekday in enumerate(Weekday) if week[i]}


# A case asks for the same few days again and again; a year of two calendars fits.
@lru_cache(maxsize=4096)
def intervals_of(day: date, windows: DayWindows, zone: str) -> tuple[Interval, ...]:
    """What `windows` are on `day` in `zone`: intervals in UTC, in order, never overlapping.

    A window that a clock change swallows whole (02:00-02:30 in spring) gives none.
    """
    intervals = (Interval(moment_of(day, w.start, zone), moment_of(day, w.end, zone)) for w in windows)
    return tuple(interval for interval in intervals if interval.start < interval.end)


def _parse_day(weekday: Weekday, texts: Iterable[str]) -> DayWindows:
    windows = sorted(parse_window(text) for text in texts)
    for earlier, later in pairwise(windows):
        if later.start < earlier.end:
            raise ValueError(f'windows of {weekday.value}: "{earlier}" and "{later}" overlap')
    return tuple(windows)
