"""Answers to the survey that come as a message: "5", "4 and 8", "4 8 it took too long".

Owns which words are such an answer; the survey's texts ask for two numbers where they hold no link. Must never take a sentence for one:
whatever is not plainly numbers stays the customer's words, which a person reads. Called by telling.py, which knows whether the survey was
asked on that channel.
"""

import re
from dataclasses import dataclass

# The satisfaction alone on its line; what follows on others is a comment.
_ONE = re.compile(r"([1-5])[ \t]*[.!]?[ \t]*(?:\n(.*))?\Z", re.DOTALL)
# Both numbers, then a comment. "4/5" is one mark out of five, "4 4.50" an amount: neither is taken.
_TWO = re.compile(
    r"([1-5])(?:[ \t]*[,;&+][ \t]*|\s+(?:(?:and|und|et|y)\s+)?)(10|[0-9])(?![.,:/]?\d|\w|[ \t]*[%€$£])(?:[\s.,;:!-]+(.*))?\Z",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class SurveyAnswer:
    """`csat`: 1 to 5; `nps`: 0 to 10, if it was said."""

    csat: int
    nps: int | None = None
    comment: str | None = None


def survey_answer(text: str) -> SurveyAnswer | None:
    """None: it is a message like any other."""
    words = text.replace("\r\n", "\n").strip()
    if both := _TWO.match(words):
        return SurveyAnswer(int(both[1]), int(both[2]), (both[3] or "").strip() or None)
    if one := _ONE.match(words):
        return SurveyAnswer(int(one[1]), None, (one[2] or "").strip() or None)
    return None
