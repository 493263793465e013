"""Cases from JSON (one case or a list of cases) and from JSON lines.

Owns where each case begins, so that a reason can name its line. Called by formats.py.
"""

import json
from collections.abc import Iterator
from json import JSONDecodeError

from starter.intake.candidates import Candidate, FileUnusable

_SPACE = " \t\r\n"


def read_lines(text: str) -> Iterator[Candidate]:
    """One case per line; empty lines are skipped, a line that is no JSON is a rejected one."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield Candidate([number], json.loads(line))
        except JSONDecodeError as error:
            yield Candidate([number], None, [f"line: is no JSON ({_wrong(error)} at column {error.colno})"])


def read_document(text: str) -> Iterator[Candidate]:
    """A list of cases, or one case. Raises FileUnusable."""
    try:
        whole = json.loads(text)
    except JSONDecodeError as error:
        raise FileUnusable(f"line {error.lineno}, column {error.colno}: is no JSON ({_wrong(error)})") from None
    if isinstance(whole, dict):
        yield Candidate([_line(text, _skip(text, 0))], whole)
        return
    if not isinstance(whole, list):
        raise FileUnusable("line 1: right would be a list of cases, or one case")
    decoder = json.JSONDecoder()
    at = _skip(text, _skip(text, 0) + 1)
    for _ in whole:
        case, end = decoder.raw_decode(text, at)
        yield Candidate([_line(text, at)], case)
        at = _skip(text, _skip(text, end) + 1)  # over the comma


def _wrong(error: JSONDecodeError) -> str:
    """The parser's words; plainer ones for what people do most often: a comma after the last entry."""
    text, at = error.doc, error.pos
    before = text[:at].rstrip(_SPACE)[-1:]
    follows = text[at : at + 1] if before == "," else text[at + 1 :].lstrip(_SPACE)[:1] if text[at : at + 1] == "," else ""
    if follows and follows in "]}":  # from Python 3.13 on it is the comma itself that the parser points at
        return f"the comma {'before it' if before == ',' else 'there'} is probably one too many"
    return error.msg


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
