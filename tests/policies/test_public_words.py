"""Every word of the shipped books that customers read exists in each of the four languages of our texts, and is fit for a sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from starter.policy_books import load_book
from starter.settings import BOOKS, ROOT

LANGUAGES = {folder.name for folder in (ROOT / "activities" / "templates" / "texts").iterdir()}
SHIPPED = sorted(BOOKS.glob("*.toml"))


def words(book: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for policy in load_book(book).policies:
        for clock in policy.clocks:
            if clock.promised:
                yield f"{policy.id}: clock {clock.id}", clock.public
        for reason in policy.hold_reasons:
            yield f"{policy.id}: hold {reason.code}", reason.public
            if reason.waits_on == "customer":
                yield f"{policy.id}: what hold {reason.code} needs", reason.needs
        for outcome in policy.outcomes:
            yield f"{policy.id}: outcome {outcome.code}", outcome.public


@pytest.mark.parametrize("book", SHIPPED, ids=lambda path: path.stem)
def test_every_public_word_is_there_in_every_language(book: Path) -> None:
    found = dict(words(book))
    assert len(found) > 20
    assert {"en", "de", "fr", "es"} == LANGUAGES
    assert {name: sorted(said) for name, said in found.items() if set(said) != LANGUAGES} == {}


@pytest.mark.parametrize("book", SHIPPED, ids=lambda path: path.stem)
def test_they_stand_within_a_sentence(book: Path) -> None:
    """They are set behind a colon or a dash: no full stop, no capital but where a language wants one, nothing left in English."""
    for name, said in words(book):
        for language, text in said.items():
            assert text == text.strip() and not text.endswith("."), (name, language)  # noqa: PT018
            assert language == "de" or text[0].islower(), (name, language)
            assert language == "en" or text != said["en"], (name, language)
