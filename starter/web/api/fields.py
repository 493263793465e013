"""Types of fields that come over the API: strict about what a careless program sends.

Owns what is text, what is a moment, what is a case id. Must never repeat a value in an error. Used by the bodies and the queries.
"""

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from policies.case.request import Moment, Reference

_KEPT = "\n\r\t"
_LOST_PLUS = re.compile(r"T\d\d:\d\d[\d:.]* \d\d:?\d\d\Z")
_TIME = "right would be an ISO 8601 time with its offset, for example 2026-03-02T10:00:00+01:00"


def unprintable(text: str) -> bool:
    """Whether a text holds what no database keeps and no reader sees: control characters, halves of surrogate pairs."""
    return any((ord(letter) < 32 and letter not in _KEPT) or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in text)


def _plain(text: str) -> str:
    if unprintable(text):
        raise ValueError("holds control characters; right would be plain text")
    return text


def _written_out(value: Any) -> Any:
    """A bare number would be read as seconds since 1970: 20260302 is a day in August 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _LOST_PLUS.search(value):  # in an address a bare + is a blank
        raise ValueError("is no time: the + of its offset arrived as a blank; right would be %2B01:00 in an address, or Z for UTC")
    if not isinstance(value, str) or value.strip().replace(".", "", 1).lstrip("+-").isdigit():
        raise ValueError(f"is no time; {_TIME}")
    return value


At = Annotated[Moment, BeforeValidator(_written_out)]
LONGEST_TEXT = 20_000  # what the desk keeps: a long e-mail
Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_plain)]
Reason = Annotated[str, StringConstraints(max_length=300), AfterValidator(_plain)]
Ref = Annotated[Reference, AfterValidator(_plain)]
# Who acts stands in the history for good: a name or a handle of the staff, no address.
Who = Annotated[str, StringConstraints(pattern=r"^\w[\w .'-]{0,59}$")]
CASE_ID = r"^[a-z0-9][a-z0-9-]{2,59}$"
CaseId = Annotated[str, Path(description="The case_id that the opening answered.", examples=["northwind-r-1001-1f2f3c49"])]
