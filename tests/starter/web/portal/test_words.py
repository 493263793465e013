"""The page's languages say the same things, and everything that can be said has words."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from activities.templates.languages import FOLDERS
from policies.case.vocabulary import CaseKind, Channel
from policies.providers.statuses import STATUSES
from policies.time.spans import Span
from starter.web.languages import LANGUAGES
from starter.web.portal import steps
from starter.web.portal.parts_of_case import PUBLIC_STATE
from starter.web.portal.saying import WORDS, Saying, page_language
from starter.web.wording import WORDS as OF_THE_FRAME

TEMPLATES = Path(__file__).parents[4] / "starter" / "web" / "pages" / "portal"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_every_word_with_the_same_names() -> None:
    assert set(WORDS) == set(LANGUAGES) == set(FOLDERS)  # the page speaks what the messages do
    english = WORDS["en"]
    for language, words in WORDS.items():
        assert set(words) == set(english), language
        assert {key for key in words if names_in(words[key]) != names_in(english[key])} == set(), language
        assert all(text.strip() == text and text for text in words.values()), language


def test_french_parts_its_signs_by_a_space_that_does_not_break_and_is_polite() -> None:
    for words in (WORDS["fr"], OF_THE_FRAME["fr"]):
        assert {key for key, text in words.items() if re.search(r" [;:?!»]|« ", text)} == set()
        assert {key for key, text in words.items() if re.search(r"\b(tu|ton|ta|tes|toi)\b", text, re.IGNORECASE)} == set()
    for words in (WORDS["es"], OF_THE_FRAME["es"]):
        assert {key for key, text in words.items() if re.search(r"\b(tú|tu|tus|ti|vosotros)\b", text, re.IGNORECASE)} == set()
        assert {key for key, text in words.items() if text.count("?") != text.count("¿")} == set()


def test_the_skeletons_pages_say_the_same_in_every_language() -> None:
    assert set(OF_THE_FRAME) == set(LANGUAGES)
    assert {language for language, words in OF_THE_FRAME.items() if set(words) != set(OF_THE_FRAME["en"])} == set()


def test_every_key_that_a_template_or_a_module_names_exists() -> None:
    sources = [file.read_text(encoding="utf-8") for file in TEMPLATES.glob("*.j2")]
    sources += [file.read_text(encoding="utf-8") for file in Path(steps.__file__).parent.glob("*.py") if not file.name.startswith("words_")]
    named = {key for source in sources for key in re.findall(r'(?:say|refuse\("[a-z_]+",)\(?\s*"([a-z_.]+[a-z_])"', source)}
    assert len(named) > 80
    assert {key for key in named if key not in WORDS["en"]} == {"key"}  # the example in a docstring


def test_every_state_step_and_channel_has_words() -> None:
    english = WORDS["en"]
    for type_, statuses in STATUSES.items():
        assert set(PUBLIC_STATE[type_]) == set(statuses)
        for state in PUBLIC_STATE[type_].values():
            assert f"part.{type_.value}.{state}" in english
    source = Path(steps.__file__).read_text(encoding="utf-8")
    for name in re.findall(r'Step\(\s*"([a-z_]+)"', source):
        assert f"step.{name}" in english, name
    for kind in CaseKind:
        assert {f"matter.{kind.value}", f"parts.{kind.value}"} <= set(english)
    for channel in Channel:
        assert {f"messages.{channel.value}", f"settings.channel.{channel.value}"} <= set(english)


@pytest.mark.parametrize(
    ("chosen", "locale", "language"),
    [
        (None, "de-AT", "de"),
        ("en", "de", "en"),
        (None, "fr-FR", "fr"),
        (None, "es-MX", "es"),
        (None, "it", "en"),
        ("xx", "de", "de"),
        (None, None, "en"),
    ],
)
def test_the_language_of_the_page(chosen: str | None, locale: str | None, language: str) -> None:
    assert page_language(chosen, locale) == language


@pytest.mark.parametrize(
    ("language", "span", "words"),
    [
        ("en", "24h", "24 hours"),
        ("en", "48h", "2 days"),
        ("en", "168h", "7 days"),
        ("de", "72h", "3 Tage"),
        ("fr", "48h", "2\u00a0jours"),
        ("es", "24h", "24 horas"),
        ("en", "90m", "90 minutes"),
    ],
)
def test_how_often_in_words(language: str, span: str, words: str) -> None:
    assert Saying(language, language, "UTC", today=NOW).span(Span.parse(span)) == words


def test_a_moment_is_told_in_the_readers_country_and_zone() -> None:
    american = Saying("en", "en-US", "America/New_York", today=NOW)
    assert american.when(NOW) == "Monday, March 2, 2026, 4:00 AM (EST)"
    assert Saying("de", "de", "Europe/Berlin", today=NOW).when(NOW) == "Montag, 2. März 2026, 10:00 Uhr (MEZ)"


def test_a_name_that_is_missing_is_an_error_and_one_from_outside_breaks_no_line() -> None:
    say = Saying("en", "en", "UTC", today=NOW)
    with pytest.raises(KeyError):
        say("next.by")
    assert say("settings.contact.email.now", address="a\nb\u202ec") == "Now: a b c"
