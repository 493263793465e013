"""What people type for a phone number or a time of day, as the desk takes it.

Owns these two readings. Must never judge whether a number can be reached: the desk does. Called by the forms of the console and of the
customer's page.
"""

import re

_PUNCTUATION = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:00)?\Z")  # browsers may add the seconds


def dialled(text: str) -> str:
    """A number as people write it, without its punctuation; one of one country only is not guessed at."""
    bare = _PUNCTUATION.sub("", text)
    return f"+{bare[2:]}" if bare.startswith("00") else bare


def time_of_day(text: str) -> str | None:
    """21:00; None for anything else, and for nothing."""
    return text[:5] if _TIME.match(text) else None
