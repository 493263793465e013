"""Spans as people say them at a glance: "5 min", "3 h 20 min", "2 d 4 h".

Owns the rounding: down, to two units at most, so that a wait is never told longer than it is. Called by the pages of the queue.
"""

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MINUTES_UNTIL_H, _HOURS_UNTIL_D = 6, 4  # beyond, the smaller unit changes nothing for whoever reads it


def elapsed_words(span: timedelta) -> str:
    seconds = int(abs(span).total_seconds())
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        hours = seconds // _HOUR
        return _two(hours, "h", seconds % _HOUR // _MINUTE, "min") if hours < _MINUTES_UNTIL_H else f"{hours} h"
    days = seconds // _DAY
    return _two(days, "d", seconds % _DAY // _HOUR, "h") if days < _HOURS_UNTIL_D else f"{days} d"


def _two(larger: int, unit: str, smaller: int, small_unit: str) -> str:
    return f"{larger} {unit} {smaller} {small_unit}" if smaller else f"{larger} {unit}"


def from_now(at: datetime, now: datetime) -> str:
    """ "in 3 h", "2 d ago"."""
    words = elapsed_words(at - now)
    return f"in {words}" if at > now else f"{words} ago"
