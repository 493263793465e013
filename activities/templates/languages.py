"""The languages we write in: which folder of texts, and how dates look there.

Owns the choice of a language for a locale and the date patterns (Babel's own change between its releases; a promise must not).
Must never hold sentences: those are in texts/<language>/. Called by rendering and formats.
"""

from dataclasses import dataclass, replace

from babel import Locale, UnknownLocaleError


@dataclass(frozen=True)
class Language:
    """Patterns are Babel's (CLDR). `end_of_day` frames a day that a deadline ends with."""

    folder: str
    tag: str  # what the message was written in, for the ledger and for html lang
    babel: Locale
    day: str
    short_day: str
    time: str
    time_with_seconds: str
    between: str  # day and time
    clock_word: str  # behind the time: German says "10:00 Uhr", but not in a short date
    end_of_day: str
    short_end_of_day: str
    short_year: str
    plus: str = "plus"  # the sign before a phone number, said aloud
    first_of_month: str | None = None  # French says "1er mars", and CLDR's patterns do not


# "en" without a country is read all over the world: day first, 24 hours, "US$" rather than "$".
_ENGLISH = Language(
    folder="en",
    tag="en",
    babel=Locale("en", "GB"),
    day="EEEE, d MMMM y",
    short_day="EEE d MMM",
    time="HH:mm",
    time_with_seconds="HH:mm:ss",
    between=", ",
    clock_word="",
    end_of_day="the end of {day} ({zone})",
    short_end_of_day="the end of {day} {zone}",
    short_year=" y",
)
_GERMAN = Language(
    folder="de",
    tag="de",
    babel=Locale("de"),
    day="EEEE, d. MMMM y",
    short_day="EEE, d. MMM",
    time="HH:mm",
    time_with_seconds="HH:mm:ss",
    between=", ",
    clock_word=" Uhr",
    end_of_day="{day}, 24:00 Uhr ({zone})",
    short_end_of_day="{day}, 24:00 {zone}",
    short_year=" y",
)
_FRENCH = Language(
    folder="fr",
    tag="fr",
    babel=Locale("fr"),
    day="EEEE d MMMM y",
    short_day="EEE d MMM",
    time="HH:mm",
    time_with_seconds="HH:mm:ss",
    between=" à ",
    clock_word="",
    end_of_day="{day} à 24:00 ({zone})",
    short_end_of_day="{day}, 24:00 {zone}",
    short_year=" y",
    first_of_month="1er",
)
_SPANISH = Language(
    folder="es",
    tag="es",
    babel=Locale("es"),
    day="EEEE, d 'de' MMMM 'de' y",
    short_day="EEE d MMM",
    time="HH:mm",
    time_with_seconds="HH:mm:ss",
    between=", a las ",
    clock_word="",
    end_of_day="{day}, a las 24:00 ({zone})",
    short_end_of_day="{day}, 24:00 {zone}",
    short_year=" y",
    plus="más",
)
_AMERICAN = replace(
    _ENGLISH,
    day="EEEE, MMMM d, y",
    short_day="EEE, MMM d",
    time="h:mm a",
    time_with_seconds="h:mm:ss a",
    short_year=", y",
)
_BY_TAG = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH, "en-US": _AMERICAN}

FOLDERS = ("en", "de", "fr", "es")


def language_for(locale: str) -> Language:
    """The language for a locale such as "de-AT"; English where we have no texts of our own."""
    tag = locale.replace("_", "-")
    code = tag.split("-")[0]
    if code not in FOLDERS:
        return _ENGLISH
    base = _BY_TAG.get(tag, _BY_TAG[code])
    if tag == code:
        return base
    try:
        return replace(base, tag=tag, babel=Locale.parse(tag, sep="-"))
    except (UnknownLocaleError, ValueError):
        return base


def in_language(words: dict[str, str], language: Language) -> str | None:
    """The policy's public words in this language, else in English; None if there are none. Without the closing full stop."""
    for tag in (language.tag, language.folder, "en"):
        if words.get(tag, "").strip():
            return words[tag].strip().rstrip(".")
    return None
