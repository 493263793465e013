"""In which language a page speaks: the case's, or the first of the browser's that we have.

Owns the languages of the pages and the reading of Accept-Language. Must never guess from an address. Called by pages and errors.
"""

from starlette.requests import Request

LANGUAGES = ("en", "de", "fr", "es")
DEFAULT = "en"
_LONGEST_HEADER = 500  # characters; browsers send a tenth of it


def language_of(locale: str | None) -> str | None:
    """The language of a locale ("de-AT" -> "de") if our pages speak it."""
    language = (locale or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def asked_language(request: Request) -> str:
    """The best of what the browser asks for."""
    best, weight = DEFAULT, 0.0
    for part in request.headers.get("accept-language", "")[:_LONGEST_HEADER].split(","):
        locale, _, options = part.strip().partition(";")
        language, quality = language_of(locale), _quality(options)
        if language is not None and quality > weight:  # of two alike the first
            best, weight = language, quality
    return best


def _quality(options: str) -> float:
    name, _, value = options.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
