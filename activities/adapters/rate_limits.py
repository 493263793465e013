"""When a vendor wants to be asked again after a 429, as seconds from now.

Owns the reading of X-RateLimit-Reset beside Retry-After, with the same cap. Must never fail: a header we cannot read is none.
Called by the channel adapters.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from activities.adapters.retry_after import LONGEST_S, seconds_to_wait

SHORTEST_S = 1.0  # a reset that has just passed by the vendor's clock must not become a tight loop
_FIRST_UNIX_SECOND = 1_000_000_000  # September 2001: a smaller number is a count of seconds, not a moment


def seconds_until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, between 1 s and an hour; None if the vendor does not say. Names of headers in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    wait = seconds_to_wait(lower)
    if wait is None:
        wait = _until_reset(lower)
    return None if wait is None else min(max(wait, SHORTEST_S), LONGEST_S)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    said = headers.get("x-ratelimit-reset", "").strip()
    if not said.isdecimal() or len(said) > 12:
        return None
    reset = int(said)
    if reset < _FIRST_UNIX_SECOND:
        return float(reset)
    try:
        now = parsedate_to_datetime(headers.get("date", ""))  # the vendor's own clock, where it tells it: ours may be off
    except (TypeError, ValueError):
        now = datetime.now(UTC)
    return reset - (now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp()
