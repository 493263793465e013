"""The page's words in one language, and moments and money as its reader has them.

Owns the choice between the languages of the page and the filling in of names. Must never hold a sentence (words_*.py do). Given to every
template as `say`; what it returns is escaped where it is shown.
"""

from datetime import datetime, timedelta
from typing import Literal

from babel.dates import format_timedelta

from activities.templates.formats import Formats, one_line
from activities.templates.languages import Language, language_for
from policies.money import Money
from policies.time.spans import Span
from starter.web.languages import DEFAULT, language_of
from starter.web.portal import words_de, words_en, words_es, words_fr

WORDS: dict[str, dict[str, str]] = {"en": words_en.WORDS, "de": words_de.WORDS, "fr": words_fr.WORDS, "es": words_es.WORDS}
LANGUAGE_NAMES = {language: words["language.name"] for language, words in WORDS.items()}


def page_language(chosen: str | None, locale: str | None) -> str:
    """What was chosen on the page, else the case's language, else English, as the messages do."""
    return chosen if chosen in WORDS else language_of(locale) or DEFAULT


def reading(language: str, locale: str) -> Language:
    """How dates and money look: as in the customer's country, if that is the language of the page."""
    return language_for(locale if language_of(locale) == language else language)


class Saying:
    """`say("key", name=value)`: the words; a missing key or name is an error, never a gap in a sentence."""

    def __init__(self, language: str, locale: str, zone: str, *, today: datetime, show_seconds: bool = False) -> None:
        self.language = language
        self.zone = zone
        self._words = WORDS[language]
        self._reading = reading(language, locale)
        self._formats = Formats(self._reading, zone, show_seconds=show_seconds, today=today)

    def __call__(self, key: str, **values: object) -> str:
        return self._words[key].format(**{name: one_line(str(value)) for name, value in values.items()})

    def has(self, key: str) -> bool:
        return key in self._words

    def when(self, at: datetime) -> str:
        return self._formats.when(at)

    def short(self, at: datetime) -> str:
        return self._formats.short(at)

    def due(self, at: datetime) -> str:
        return self._formats.due(at)

    def day(self, at: datetime) -> str:
        return self._formats.last_day(at)

    def money(self, money: Money) -> str:
        return self._formats.money(money)

    def amounts(self, amounts: list[Money]) -> str:
        return self._formats.amounts(amounts)

    def span(self, span: Span) -> str:
        """24 hours, 2 days; halves of a second are the demo's."""
        length = span.elapsed()
        if length % timedelta(hours=24) == timedelta() and length > timedelta(hours=24):
            return format_timedelta(length, granularity="day", threshold=1000, locale=self._reading.babel)
        unit: Literal["hour", "minute", "second"] = (
            "hour" if length >= timedelta(hours=2) else "minute" if length >= timedelta(minutes=2) else "second"
        )
        return format_timedelta(length, granularity=unit, threshold=1000, locale=self._reading.babel)
