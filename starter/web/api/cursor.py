"""Where a page of a list ended: opaque to callers, good for the same list only.

Owns its form. Must never carry anything that a caller may not know, nor be trusted: it is a place in a list, and what may be seen is
decided anew on every page. Called by listing.py.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from starter.web.problems import Problem

_LONGEST = 300  # characters
_PLACE = re.compile(r"[0-9]{1,19}\.[a-z0-9][a-z0-9-]{0,119}")  # as store.queries makes it


def made(after: str, filters: Mapping[str, Any]) -> str:
    """From the store's place in the list."""
    return base64.urlsafe_b64encode(json.dumps([_list(filters), after]).encode()).decode().rstrip("=")


def place(cursor: str, filters: Mapping[str, Any]) -> str:
    """The store's place in the list. Raises Problem invalid."""
    try:
        padded = cursor[:_LONGEST] + "=" * (-len(cursor[:_LONGEST]) % 4)
        listed, after = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _wrong("is no cursor of ours") from None
    if listed != _list(filters):
        raise _wrong("belongs to a list with other filters")
    if not isinstance(after, str) or _PLACE.fullmatch(after) is None:
        raise _wrong("is no cursor of ours")
    return after


def _list(filters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(filters), sort_keys=True, default=str).encode()).hexdigest()[:12]


def _wrong(what: str) -> Problem:
    return Problem("invalid", f"cursor: {what}; right would be the `cursor` of the page before, with the same filters", field="cursor")
