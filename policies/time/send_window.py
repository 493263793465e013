"""The send window: when a channel may reach a person, on that person's wall clock.

Owns quiet hours and weekly windows of messages. Must never decide which message is bound by them (the message's
class and channel do) and knows no holidays: quiet is a matter of the hour, not of business. Called by the channels
and the cadence of `policies`, so that a promised time is one at which we may write.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, field_validator

from policies.time.windows import (
    Interval,
    Week,
    Weekday,
    Window,
    clock_minute,
    intervals_of,
    parse_week,
    week_texts,
)
from policies.time.zones import local_in, to_utc

_END_OF_DAY = 24 * 60
_ONE_DAY = timedelta(days=1)
# A window open once a week can lose one occurrence to a clock change and one to a skipped date; never more than
# three weeks.
_SEARCH_DAYS = 22


class SendWindow(BaseModel):
    """Windows per weekday, on the recipient's wall clock, in which a message may go out; half-open, as in a calendar.

    Datetimes that go in must be aware (ValueError otherwise), those that come out are in UTC; zones are IANA names.
    A window that never opens is refused. Frozen and hashable; windows are kept sorted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    open: dict[Weekday, list[str]]

    _week: Week = PrivateAttr()

    @field_validator("open")
    @classmethod
    def _opens_sometimes(cls, windows: dict[Weekday, list[str]]) -> dict[Weekday, list[str]]:
        texts = week_texts(parse_week(windows))
        if not texts:
            raise ValueError("this send window never opens: give at least one weekday a window such as 08:00-21:00")
        return texts

    def model_post_init(self, _context: Any, /) -> None:
        self._week = parse_week(self.open)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; with `update` it is validated again, since the derived week must follow the fields."""
        if update:
            return type(self).model_validate({**self.model_dump(), **update})
        return super().model_copy(deep=deep)

    def __hash__(self) -> int:
        return hash(self._week)

    @classmethod
    def always(cls) -> Self:
        """Open at every moment."""
        return cls._every_day(Window(0, _END_OF_DAY))

    @classmethod
    def outside_quiet_hours(cls, quiet_from: str, quiet_until: str) -> Self:
        """Open every day except from `quiet_from` until `quiet_until` ("HH:MM" of the recipient).

        Quiet hours may span midnight ("21:00" to "08:00"); equal times are never quiet. ValueError when nothing is
        left.
        """
        start, end = clock_minute(quiet_from), clock_minute(quiet_until)
        if start == end:
            return cls.always()
        if start < end:
            return cls._every_day(Window(0, start), Window(end, _END_OF_DAY))
        return cls._every_day(Window(end, start))

    @classmethod
    def _every_day(cls, *windows: Window) -> Self:
        texts = [str(window) for window in windows if window.start < window.end]
        return cls(open={weekday: list(texts) for weekday in Weekday})

    def allows(self, at: datetime, zone: str) -> bool:
        """Whether a message may go out at the aware moment `at` to a person in `zone`."""
        moment = to_utc(at)
        return any(start <= moment < end for start, end in self._intervals_from(moment, zone, days=2))

    def next_allowed(self, at: datetime, zone: str) -> datetime:
        """`at` itself (in UTC) when allowed, otherwise the next opening for a person in `zone`, in UTC."""
        moment = to_utc(at)
        for start, end in self._intervals_from(moment, zone, days=_SEARCH_DAYS):
            if moment < end:
                return max(start, moment)
        raise ValueError(f"send window: no opening in {_SEARCH_DAYS} days in {zone}")

    def _intervals_from(self, moment: datetime, zone: str, *, days: int) -> Iterator[Interval]:
        # At least two days are asked for: where clocks go back at midnight, a moment can show the old date after
        # the new one began.
        first = local_in(moment, zone).date()
        for n in range(days):
            day = first + n * _ONE_DAY
            yield from intervals_of(day, self._week[day.weekday()], zone)
