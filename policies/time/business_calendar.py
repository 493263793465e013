"""The business calendar: when a team works, and what a span from a moment comes to.

Owns open hours (windows a day, a zone, closed days) and the arithmetic of all six units on them, interval by
interval. Must never read a clock or a list of public holidays: closed days are given to it and travel in the policy
snapshot. Called by the clocks, the ladder and the cadence of `policies`; a changed result for open cases needs a
new `rules` number of the snapshot.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, field_validator

from policies.time.spans import Span, SpanUnit
from policies.time.windows import Interval, Week, Weekday, intervals_of, parse_week, week_texts
from policies.time.zones import local_in, midnight_after, to_utc, zone_named

_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_NOTHING = timedelta(0)
# A closed stretch longer than this is a mistake in the book, and every walk must end.
_CLOSED_YEARS = 3
_CLOSED_DAYS_LIMIT = _CLOSED_YEARS * 366
# No span is longer; years of bh at one open hour a week would walk through ten thousand years.
_LONGEST_WALK_YEARS = 100


class BusinessCalendar(BaseModel):
    """Open hours of a team: windows per weekday on the wall clock of `zone`, except on `closed_days` (local dates).

    Every datetime that goes in must be aware (ValueError otherwise), every one that comes out is in UTC. Windows
    are half-open: 09:00 of "09:00-17:00" is open, 17:00 is not. On the days on which clocks change a window's edge
    is the first moment at which the wall clock shows it or later, and what lies between the edges counts in real
    seconds. Frozen and hashable; windows and closed days are kept sorted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str = "default"
    zone: str
    windows: dict[Weekday, list[str]]
    closed_days: tuple[date, ...] = ()

    _week: Week = PrivateAttr()
    _closed: frozenset[date] = PrivateAttr()

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        zone_named(zone)
        return zone

    @field_validator("windows")
    @classmethod
    def _windows_open_sometimes(cls, windows: dict[Weekday, list[str]]) -> dict[Weekday, list[str]]:
        texts = week_texts(parse_week(windows))
        if not texts:
            raise ValueError("this calendar never opens: give at least one weekday a window such as 09:00-17:00")
        return texts

    @field_validator("closed_days")
    @classmethod
    def _closed_days_in_order(cls, closed_days: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(sorted(set(closed_days)))

    def model_post_init(self, _context: Any, /) -> None:
        self._week = parse_week(self.windows)
        self._closed = frozenset(self.closed_days)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; with `update` it is validated again, since the derived week must follow the fields."""
        if update:
            return type(self).model_validate({**self.model_dump(), **update})
        return super().model_copy(deep=deep)

    def __hash__(self) -> int:
        return hash((self.id, self.zone, self._week, self.closed_days))

    # -- asking ------------------------------------------------------------

    def local(self, at: datetime) -> datetime:
        """The aware moment `at` as a datetime in the calendar's zone."""
        return local_in(at, self.zone)

    def is_open(self, at: datetime) -> bool:
        """Whether the aware moment `at` lies inside a window."""
        moment = to_utc(at)
        day = self.local(moment).date()
        # The day after too: where clocks go back at midnight, a moment can show the old date after the new one began.
        return any(start <= moment < end for d in (day, day + _ONE_DAY) for start, end in self._intervals(d))

    def business_time_between(self, a: datetime, b: datetime) -> timedelta:
        """The open time from the aware moment `a` to `b` in real seconds; zero when `b` is not after `a`."""
        start, end = to_utc(a), to_utc(b)
        total = _NOTHING
        if end <= start:
            return total
        day, last = self.local(start).date(), self.local(end).date() + _ONE_DAY  # one more: see is_open
        while day <= last:
            for interval in self._intervals(day):
                total += max(_NOTHING, min(interval.end, end) - max(interval.start, start))
            day += _ONE_DAY
        return total

    # -- walking ------------------------------------------------------------

    def add(self, start: datetime, span: Span) -> datetime:
        """When `span`, counted from the aware moment `start`, ends, in UTC.

        s, m, h: elapsed time. bh: open time; an amount that is used up exactly at a close ends there, 0bh is the
        next opening. bd: the close of the last window of the Nth open day after the local date of `start`; 0bd
        takes the date itself when it is an open day (also when that close has passed), otherwise the next open day.
        cd: the local midnight that ends the Nth day after the local date of `start`, open or not.
        """
        match span.unit:
            case SpanUnit.BUSINESS_HOURS:
                return self.advance(start, span.business_time())
            case SpanUnit.BUSINESS_DAYS:
                return self._close_of_nth_open_day(self.local(start).date(), span.days())
            case SpanUnit.CALENDAR_DAYS:
                return midnight_after(self.local(start).date() + timedelta(days=span.days()), self.zone)
            case _:
                return to_utc(start) + span.elapsed()

    def advance(self, start: datetime, business: timedelta) -> datetime:
        """The moment, in UTC, at which `business` of open time has passed since the aware moment `start`.

        Zero gives the next opening; an amount used up exactly at a close gives that close. ValueError when negative.
        """
        return self._walk(start, business)[0]

    def due_after_hold(self, due_at: datetime, held_from: datetime, resumed_at: datetime, unit: SpanUnit) -> datetime:
        """When an internal clock in `unit` that was due at `due_at` is due after a hold; aware in, UTC out.

        Never earlier than `due_at`. The hold runs from `held_from` to `resumed_at`. Unchanged when the clock had
        run out before the hold, or when the hold has no length (a resume that claims to be earlier than its hold is
        none: facts carry their own time). s, m, h: later by the elapsed hold. bh, bd: the open time that was left
        runs on from `resumed_at`, to the second. cd: the days that were left, counted again from the local date of
        `resumed_at`.
        """
        due, held, resumed = to_utc(due_at), to_utc(held_from), to_utc(resumed_at)
        if due <= held or resumed <= held:
            return due
        if unit.is_elapsed:
            return due + (resumed - held)
        if unit is SpanUnit.CALENDAR_DAYS:
            # A cd clock ends at a midnight: the day that it still counts is the one just before.
            days_left = self.local(due - _INSTANT).date() - self.local(held).date()
            return max(due, midnight_after(self.local(resumed).date() + days_left, self.zone))
        # bd as well: rounding to a close would make a hold of one second cost a whole day.
        moment, _ = self._walk(resumed, self.business_time_between(held, due))
        return max(due, moment)

    def moved(self, due_at: datetime, by_start: datetime, by_end: datetime, unit: SpanUnit) -> datetime:
        """`due_at` later by what lies between `by_start` and `by_end`, counted in `unit`; aware in, UTC out.

        s, m, h: elapsed time. bh, bd: open time. cd: whole days, ending at a local midnight.
        """
        due, start, end = to_utc(due_at), to_utc(by_start), to_utc(by_end)
        if end <= start:
            return due
        if unit.is_elapsed:
            return due + (end - start)
        if unit is SpanUnit.CALENDAR_DAYS:
            days = self.local(end - _INSTANT).date() - self.local(start - _INSTANT).date()
            return midnight_after(self.local(due - _INSTANT).date() + days, self.zone)
        open_time = self.business_time_between(start, end)
        return self.advance(due, open_time) if open_time else due  # advancing by nothing from a close would land on the next opening

    # -- inside ------------------------------------------------------------

    def _walk(self, start: datetime, business: timedelta) -> tuple[datetime, date]:
        """Where `business` of open time ends, and the date of that window (a close at 24:00 shows the next date)."""
        if business < _NOTHING:
            raise ValueError(f"business time {business}: must not be negative")
        moment = to_utc(start)
        left = business
        for day, intervals in self._open_days(self.local(moment).date()):
            for interval in intervals:
                begin = max(interval.start, moment)
                if begin >= interval.end:
                    continue
                if left <= interval.end - begin:
                    return begin + left, day
                left -= interval.end - begin
        raise AssertionError("unreachable: _open_days ends only by raising")

    def _close_of_nth_open_day(self, start_day: date, n: int) -> datetime:
        # Day 0 is the start's own date, open or not: Saturday + 1bd is Monday. Only 0bd may land on it.
        first = start_day if n == 0 else start_day + _ONE_DAY
        wanted = max(n, 1)
        for count, (_, intervals) in enumerate(self._open_days(first), start=1):
            if count == wanted:
                return intervals[-1].end
        raise AssertionError("unreachable: _open_days ends only by raising")

    def _open_days(self, first: date) -> Iterator[tuple[date, tuple[Interval, ...]]]:
        """Open days from `first` on, with their intervals; raises ValueError instead of searching for ever."""
        day, closed_in_a_row = first, 0
        while closed_in_a_row < _CLOSED_DAYS_LIMIT:
            if day.year > first.year + _LONGEST_WALK_YEARS:
                raise ValueError(f'calendar "{self.id}": the end lies over {_LONGEST_WALK_YEARS} years after {first}')
            intervals = self._intervals(day)
            if intervals:
                yield day, intervals
            closed_in_a_row = 0 if intervals else closed_in_a_row + 1
            day += _ONE_DAY
        raise ValueError(
            f'calendar "{self.id}": no open day in the {_CLOSED_YEARS} years from '
            f"{day - timedelta(days=closed_in_a_row)}; check its closed days"
        )

    def _intervals(self, day: date) -> tuple[Interval, ...]:
        return () if day in self._closed else intervals_of(day, self._week[day.weekday()], self.zone)
