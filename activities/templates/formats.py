"""Money, moments and numbers as a person reads or hears them.

Owns every conversion from what we store (UTC, integer minor units) to the recipient's zone and language. Must never decide what
is said. The filters of the templates are methods of `Formats`; one instance serves one message.
"""

import re
from copy import copy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from unicodedata import combining, normalize

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone_name
from babel.lists import format_list
from babel.numbers import NumberPattern, format_currency

from activities.templates.languages import Language
from policies.money import Money, exponent
from policies.sms_segments import SmsEncoding, sms_size
from policies.time.zones import local_in

_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "«": '"', "»": '"'})
# What SMS can carry in its own alphabet (GSM 03.38): one character outside it halves the room of the whole text.
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "})

PARAGRAPH = "¶"  # parts the paragraphs of a section; one_line takes it out of whatever comes from outside
_BREAKS = re.compile(r"[¶\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_LETTER_THEN_DIGIT = re.compile(r"(?<=[A-Za-z])(?=[0-9])")  # "KWD1.250": Babel leaves out CLDR's currency spacing


def plain(text: str) -> str:
    """The same words without typographic characters."""
    return text.translate(_PLAIN)


def without_accents(text: str) -> str:
    """ç as c, œ as oe: what readers take for the same word."""
    return "".join(part for part in normalize("NFKD", text.translate(_LIGATURES)) if not combining(part))


def for_sms(text: str) -> str:
    """Plain, and in the alphabet of SMS wherever it only lacks accents: ç, ê or á would more than halve the room of the whole text."""
    text = plain(text)
    if sms_size(text).encoding is SmsEncoding.GSM_7:
        return text
    narrow = "".join(each if sms_size(each).encoding is SmsEncoding.GSM_7 else without_accents(each) for each in text)
    return narrow if sms_size(narrow).encoding is SmsEncoding.GSM_7 else text


def one_line(text: str) -> str:
    """Names, orders and items come from outside: no line break, control or direction mark reaches a subject or a paragraph."""
    return _BREAKS.sub(" ", text)


def sentence_start(text: str) -> str:
    """First letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


FILTERS = (
    "money",
    "amounts",
    "when",
    "due",
    "day",
    "last_day",
    "short",
    "short_due",
    "short_day",
    "spelled",
    "listed",
)
"""Methods of `Formats` that templates use as filters of the same name."""


class Formats:
    """How one recipient reads moments and amounts. `speech` spells them for the ear."""

    def __init__(self, language: Language, zone: str, *, show_seconds: bool, today: datetime, speech: bool = False) -> None:
        self._language = language
        self._zone = zone
        self._time = language.time_with_seconds if show_seconds else language.time
        self._seconds = show_seconds
        self._year = local_in(today, zone).year
        self._speech = speech

    def money(self, money: Money) -> str:
        """With the currency and exactly its decimals: 49,90 €, ¥5,000, KWD 1.250."""
        decimals = exponent(money.currency)
        value = Decimal(money.amount_minor).scaleb(-decimals)
        locale = self._language.babel
        if self._speech:
            digits = "#,##0" + ("." + "0" * decimals if decimals and money.amount_minor % 10**decimals else "")
            return format_currency(value, money.currency, digits, locale=locale, currency_digits=False, format_type="name")
        text = _currency_pattern(locale, decimals).apply(value, locale, currency=money.currency, currency_digits=False)
        return _LETTER_THEN_DIGIT.sub("\u00a0", text)

    def amounts(self, amounts: list[Money]) -> str:
        return self.listed([self.money(money) for money in amounts])

    def listed(self, words: list[str]) -> str:
        """a, b and c."""
        return format_list(words, locale=self._language.babel)

    def when(self, at: datetime) -> str:
        """Thursday, 5 March 2026, 10:00 (CET)."""
        local = local_in(at, self._zone)
        return self._full(local, self._day(local, self._language.day))

    def due(self, at: datetime) -> str:
        """Like `when`; a deadline at midnight belongs to the day it ends. Stands behind "by" or "until"."""
        local = local_in(at, self._zone)
        if not _is_midnight(local):
            return self.when(at)
        last = local - timedelta(seconds=1)
        return self._language.end_of_day.format(day=self._day(last, self._language.day), zone=self._zone_name(last))

    def day(self, at: datetime) -> str:
        """Thursday, 5 March 2026."""
        return self._day(local_in(at, self._zone), self._language.day)

    def last_day(self, at: datetime) -> str:
        """The last day before or at a deadline, without the time."""
        local = local_in(at, self._zone)
        return self._day(local - timedelta(seconds=1) if _is_midnight(local) else local, self._language.day)

    def short(self, at: datetime) -> str:
        """Thu 5 Mar, 10:00 CET; with the year where it is not this one. Spoken it is `when`."""
        local = local_in(at, self._zone)
        if self._speech:
            return self.when(at)
        return f"{self._short_day(local)}, {self._clock(local)} {self._zone_name(local)}"

    def short_due(self, at: datetime) -> str:
        local = local_in(at, self._zone)
        if self._speech:
            return self.due(at)
        if not _is_midnight(local):
            return self.short(at)
        last = local - timedelta(seconds=1)
        return self._language.short_end_of_day.format(day=self._short_day(last), zone=self._zone_name(last))

    def short_day(self, at: datetime) -> str:
        """Thu 12 Mar; like `last_day`."""
        if self._speech:
            return self.last_day(at)
        local = local_in(at, self._zone)
        return self._short_day(local - timedelta(seconds=1) if _is_midnight(local) else local)

    def spelled(self, number: str) -> str:
        """A case, phone or trace number: as it is, or for the ear with its digits one by one and words left whole."""
        if not self._speech:
            return number
        parts = [
            part if part.isalpha() else " ".join(part) for part in number.replace("+", f"{self._language.plus} ").replace("-", " ").split()
        ]
        return ", ".join(parts)

    def _full(self, local: datetime, day: str) -> str:
        clock = self._clock(local) + self._language.clock_word
        if self._speech:
            return f"{day}{self._language.between}{clock}, {self._zone_name(local)}"
        return f"{day}{self._language.between}{clock} ({self._zone_name(local)})"

    def _day(self, local: datetime, pattern: str) -> str:
        if local.day == 1 and self._language.first_of_month is not None:
            pattern = pattern.replace("d", f"'{self._language.first_of_month}'")
        return _day_text(local.date(), pattern, self._language.babel)

    def _short_day(self, local: datetime) -> str:
        year = "" if local.year == self._year else self._language.short_year
        return self._day(local, self._language.short_day + year)

    def _clock(self, local: datetime) -> str:
        shown = local.time().replace(microsecond=0) if self._seconds else local.time().replace(second=0, microsecond=0)
        return _clock_text(shown, self._time, self._language.babel)

    def _zone_name(self, local: datetime) -> str:
        """The abbreviation that people there know (MEZ in German), else the zone database's, else the offset."""
        key = (self._zone, local.tzname(), local.utcoffset(), self._speech, str(self._language.babel))
        known = _ZONE_NAMES.get(key)
        if known is None:
            known = _ZONE_NAMES[key] = _zone_text(local, self._language.babel, self._speech)
        return known


# Babel parses its patterns and walks its locale tables at every call: what many messages share is asked for once. Bounded: a day and
# a minute have few values, a zone two names.
_ZONE_NAMES: dict[tuple[str, str | None, timedelta | None, bool, str], str] = {}


@lru_cache(maxsize=4096)
def _day_text(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale=locale)


@lru_cache(maxsize=4096)
def _clock_text(clock: time, pattern: str, locale: Locale) -> str:
    return format_datetime(datetime.combine(date(2000, 1, 1), clock), pattern, locale=locale).replace("\u202f", " ")


@lru_cache(maxsize=64)
def _currency_pattern(locale: Locale, decimals: int) -> NumberPattern:
    """Babel's own decimals differ from ISO 4217 for some currencies (IQD); ours are the ones the amount was counted in."""
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern


def _zone_text(local: datetime, locale: Locale, speech: bool) -> str:
    if speech:
        return get_timezone_name(local, width="long", locale=locale)
    for name in (format_datetime(local, "z", locale=locale), local.tzname() or ""):
        if name.isalpha() and name.isupper() and len(name) <= 5:
            return name
    return "UTC" + format_datetime(local, "xxx", locale=locale)


def _is_midnight(local: datetime) -> bool:
    return local.hour == local.minute == local.second == 0
