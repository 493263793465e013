"""Spans: an amount of time and the unit it is counted in, as policy books write it ("24h", "8bh", "10bd", "14cd").

Owns the text form, its limits and its errors. Must never turn business or calendar units into a duration: only a
`BusinessCalendar` knows how long a business day is. Called by policy books (as a pydantic field type) and by the
calendar.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class SpanUnit(StrEnum):
    """What a span is counted in; the value is the suffix of the text form."""

    SECONDS = "s"
    MINUTES = "m"
    HOURS = "h"
    BUSINESS_HOURS = "bh"
    BUSINESS_DAYS = "bd"
    CALENDAR_DAYS = "cd"

    @property
    def is_elapsed(self) -> bool:
        """True for s, m, h: the unit runs through nights, weekends and clock changes."""
        return self in _ELAPSED_UNITS

    @property
    def is_days(self) -> bool:
        """True for bd, cd: the unit counts whole days and ends at the end of one."""
        return self in _DAY_UNITS


_ELAPSED_UNITS = frozenset({SpanUnit.SECONDS, SpanUnit.MINUTES, SpanUnit.HOURS})
_DAY_UNITS = frozenset({SpanUnit.BUSINESS_DAYS, SpanUnit.CALENDAR_DAYS})
_SECONDS_OF = {SpanUnit.SECONDS: 1, SpanUnit.MINUTES: 60, SpanUnit.HOURS: 3_600, SpanUnit.BUSINESS_HOURS: 3_600}
_MICROSECONDS = 1_000_000

# Six decimals of any unit are still a whole number of microseconds, so no span is ever rounded.
_DECIMALS = 6
_PATTERN = r"^([0-9]{1,10}(\.[0-9]{1,6})?(s|m|h|bh)|[0-9]{1,10}(bd|cd))$"
_TEXT = re.compile(r"(?P<amount>[0-9]{1,10}(?:\.[0-9]{1,6})?)(?P<unit>s|m|h|bh|bd|cd)")
_ADVICE = "write a number and one of s, m, h, bh, bd, cd, for example 24h or 10bd"
# Longer than any limitation period; what is longer is a slip of the keyboard, and would walk the calendar to year
# 9999.
_LONGEST = timedelta(days=36_525)


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of time in one unit: frozen, hashable, equal when amount and unit are equal (60m is not 1h).

    `amount` is a whole number for bd and cd, and has up to six decimals for s, m, h, bh; never negative, at most
    100 years. As a pydantic field it takes a string or a Span and is always written as the string.
    """

    amount: Decimal
    unit: SpanUnit

    def __post_init__(self) -> None:
        amount, unit = self.amount, self.unit
        # A float would bring binary fractions into promised times.
        if not isinstance(amount, Decimal) or not amount.is_finite():
            raise ValueError(f"span amount {amount!r}: give a finite Decimal")
        if amount < 0:
            raise ValueError(f'span "{self}": must not be negative')
        if unit.is_days and amount != amount.to_integral_value():
            raise ValueError(f'span "{self}": {unit.value} counts whole days, for example 10{unit.value}')
        if amount * 10**_DECIMALS != (amount * 10**_DECIMALS).to_integral_value():
            raise ValueError(f'span "{self}": at most {_DECIMALS} decimals')
        # Compared as Decimal: a timedelta of a wild amount would overflow before it could be refused.
        if amount * (86_400 if unit.is_days else _SECONDS_OF[unit]) > int(_LONGEST.total_seconds()):
            raise ValueError(f'span "{self}": longer than 100 years')

    @classmethod
    def parse(cls, text: str) -> Self:
        """The span written as `text`, such as "1.5h" or "10bd"; ValueError says what would be right."""
        amount, unit = _parts(text)
        return cls(amount, unit)

    @property
    def is_elapsed(self) -> bool:
        """True when the unit is s, m or h, that is when `elapsed()` works."""
        return self.unit.is_elapsed

    def elapsed(self) -> timedelta:
        """The duration of a span in s, m or h; ValueError for the other units, which only a calendar can measure."""
        if not self.is_elapsed:
            raise ValueError(f'span "{self}": {self.unit.value} has no fixed duration; ask a business calendar')
        return self._duration()

    def business_time(self) -> timedelta:
        """The open time that a span in bh asks for; ValueError for the other units."""
        if self.unit is not SpanUnit.BUSINESS_HOURS:
            raise ValueError(f'span "{self}": only bh counts business time')
        return self._duration()

    def days(self) -> int:
        """The number of days of a span in bd (open days) or cd (calendar days); ValueError for the other units."""
        if not self.unit.is_days:
            raise ValueError(f'span "{self}": only bd and cd count days')
        return int(self.amount)

    def _duration(self) -> timedelta:
        return timedelta(microseconds=int(self.amount * (_SECONDS_OF[self.unit] * _MICROSECONDS)))

    def __str__(self) -> str:
        # One text per value, so that 24h and 24.0h give the same checksum of a policy.
        number = format(self.amount, "f")
        if "." in number:
            number = number.rstrip("0").rstrip(".")
        return f"{number}{self.unit.value}"

    @classmethod
    def _validate(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        raise ValueError(f"a span is text: {_ADVICE}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        return {"type": "string", "pattern": _PATTERN, "examples": ["24h", "8bh", "10bd", "14cd"]}


# Books repeat a few dozen texts; a snapshot is validated again for every workflow task that starts cold.
@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[Decimal, SpanUnit]:
    # The length is checked first: an error never repeats more than a line of what it was given.
    match = _TEXT.fullmatch(text)
    if match is None:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        reason = f"must not be negative: {_ADVICE}" if _TEXT.fullmatch(text.removeprefix("-")) else _ADVICE
        raise ValueError(f'span "{shown}": {reason}')
    return Decimal(match["amount"]), SpanUnit(match["unit"])
