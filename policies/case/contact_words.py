"""E-mail addresses and phone numbers within what people type: whether a text holds one, and where.

Owns that judgement for free fields. What goes into the engine's history stays there and is readable to whoever operates it, so the few
free fields that go there must hold none. Must never judge ids: case_id.py does, and hides in doubt; here a doubt would refuse an honest
sentence, so that dates, times, sums and plain order numbers pass. Pure; called by the request, the desk and the pages that mask.
"""

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"[^\s@<>(),;:\"']+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?:[+(]\s?\(?)?\d[\d\s()./\u00a0\u2010-\u2015-]*\d")
# A day or a time of day, not a part of a longer number: "01.02.03.04.05" is a French phone number.
_WHEN = re.compile(
    r"(?<!\d)(?<!\d[./-])(?:\d{4}([./-])\d{1,2}\1\d{1,2}|\d{1,2}([./-])\d{1,2}\2(?:\d{4}|\d{2}))(?![./-]?\d)|(?<!\d)\d{1,2}:\d\d(?::\d\d)?"
)
_SUM = re.compile(r"(?:EUR|USD|GBP|CHF|[€$£])\s?\d[\d.\s]*\d|\d[\d.\s]*\d(?:,\d+)?\s?(?:EUR|USD|GBP|CHF|[€$£])")
_FEWEST, _MOST = 7, 15  # digits of a number: E.164 has at most fifteen, fewer than seven are dialled within a town only
_FEWEST_GROUPED = 9  # without a sign that a number begins ("+", "0", a code in brackets) only its length and grouping tell
_EMAIL_WORDS, _PHONE_WORDS = "an e-mail address", "a phone number"


def contact_in(text: str) -> str | None:
    """What a sentence holds of the kind: "an e-mail address", "a phone number", or None."""
    if email_in(text):
        return _EMAIL_WORDS
    return _PHONE_WORDS if next(phones_in(text), None) is not None else None


def contact_in_number(text: str) -> str | None:
    """The same of a business number or an article: numbers with blanks or many digits are these by right, so it takes a "+", a code in
    brackets, or a leading zero with blanks.
    """
    if email_in(text):
        return _EMAIL_WORDS
    for begin, end in phones_in(text):
        number = text[begin:end]
        if number.startswith(("+", "(")) or (number.startswith("0") and re.search(r"\s", number)):
            return _PHONE_WORDS
    return None


def email_in(text: str) -> bool:
    return _EMAIL.search(text) is not None


def emails_in(text: str) -> Iterator[tuple[int, int]]:
    """Where each address stands: begin and end."""
    for found in _EMAIL.finditer(text):
        yield found.span()


def phones_in(text: str) -> Iterator[tuple[int, int]]:
    """Where each number stands that is dialled: begin and end."""
    rest = text
    for other in (_WHEN, _SUM):
        rest = other.sub(lambda found: "\x00" * len(found[0]), rest)
    for found in _NUMBER.finditer(rest):
        before = rest[: found.start()][-1:]
        if _dialled(found[0], of_a_code=before != "" and (before.isalnum() or before in "-_#/=")):
            yield found.span()


def _dialled(number: str, *, of_a_code: bool) -> bool:
    digits = re.sub(r"\D", "", number)
    if not _FEWEST <= len(digits) <= _MOST:
        return False
    if number.startswith("+"):
        return True
    if of_a_code:
        return False
    if number.startswith("("):
        return ")" in number
    grouped = len(digits) < len(number)
    if number.startswith("0"):
        return (grouped and len(digits) >= _FEWEST_GROUPED) or re.fullmatch(r"0[1-9]\d{8,}|00[1-9]\d{8,}", number) is not None
    return len(digits) >= _FEWEST_GROUPED and re.search(r"[\s()\u00a0]", number) is not None
