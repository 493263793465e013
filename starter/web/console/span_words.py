"""Spans and thresholds of the policy books as people say them.

Owns these words. Called by the pages about policies.
"""

from policies.book import Threshold
from policies.time.spans import Span, SpanUnit

_UNITS = {
    SpanUnit.SECONDS: "second",
    SpanUnit.MINUTES: "minute",
    SpanUnit.HOURS: "hour",
    SpanUnit.BUSINESS_HOURS: "business hour",
    SpanUnit.BUSINESS_DAYS: "business day",
    SpanUnit.CALENDAR_DAYS: "calendar day",
}


def span_words(span: Span) -> str:
    """10 business days"""
    return f"{span.amount} {_UNITS[span.unit]}{'s' if span.amount != 1 else ''}"


def threshold_words(rung: Threshold) -> str:
    """When a rung fires: "at 75 % of the time", "when it is due", "1 business day after it was due"."""
    if rung.before is not None:
        return f"{span_words(rung.before)} before it is due"
    if rung.after is not None:
        return f"{span_words(rung.after)} after it was due"
    return "when it is due" if rung.percent == 100 else f"at {rung.percent} % of the time"
