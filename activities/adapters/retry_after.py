"""The Retry-After header in its two forms, as seconds.

Owns the reading and the cap. Must never fail: a header we cannot read is none. Called by http_json.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 3600.0  # a provider that says "tomorrow" must not blind a case with a deadline: ask again after an hour


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the provider wants to be asked again, at most an hour; None if it does not say."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isdecimal():
        return min(float(said), LONGEST_S)
    until = _moment(said)
    if until is None:
        return None
    # The provider's own clock, where it tells it: ours may be off.
    now = _moment(headers.get("date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_S)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)
