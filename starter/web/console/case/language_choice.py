"""The languages that a customer can be written to in, to choose from.

Owns their names. Must never offer one without texts: a customer would be answered in English without a word about it. Called by the form of
the customer's wishes, to offer and to check.
"""

from activities.templates.languages import FOLDERS

_NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}


def language_choices(present: str | None) -> list[tuple[str, str]]:
    """Pairs of locale and words. `present`: what the case has; one with a region or without texts stays until it is changed."""
    found = [(tag, _NAMES.get(tag, tag)) for tag in FOLDERS]
    if present and present not in FOLDERS:
        words = _NAMES.get(present.split("-")[0])
        found.insert(0, (present, f"{words} ({present})" if words else f"{present}: no texts, written to in English"))
    return found
