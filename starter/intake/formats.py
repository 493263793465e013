"""Which format a file has, and its cases.

Owns the guess from the name (or the first character of a stream). Must never open a case. Called by `makegood open` and the demo.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from policies.case.request import CaseRequest
from starter.intake import csv_rows, json_rows
from starter.intake.candidates import Candidate, FileUnusable, Rejected, judged
from starter.intake.csv_columns import column_of

STDIN = Path("-")
_MOST_BYTES = 256 * 1024 * 1024  # a file is read whole, since rows of one case may stand far apart


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


def read_cases(path: Path, given: Format | None = None, now: datetime | None = None) -> list[tuple[Candidate, CaseRequest | Rejected]]:
    """Every case of a file ("-": standard input) with its judgement, in the order of the file. `now`: aware; None: this moment.

    Raises FileUnusable, naming the file; a file without any case is one: nobody meant to open nothing.
    """
    at = now or datetime.now(UTC)
    try:
        text = _text(path)
        form = given or _guess(path, text)
        found = [(candidate, _verdict(candidate, form, at)) for candidate in _candidates(text, form)] if text.strip() else []
        if not found:
            raise FileUnusable("there is no case in it")
    except FileUnusable as problem:
        raise FileUnusable(f"{'standard input' if path == STDIN else path}: {problem}") from None
    return sorted(found, key=lambda entry: entry[0].line)


def _verdict(candidate: Candidate, form: Format, now: datetime) -> CaseRequest | Rejected:
    verdict = judged(candidate, now)
    if not isinstance(verdict, Rejected):
        return verdict
    reasons = [*candidate.remarks, *verdict.reasons]
    return Rejected(candidate, [_in_columns(reason) for reason in reasons] if form is Format.CSV else reasons)


def _candidates(text: str, form: Format) -> Iterator[Candidate]:
    readers = {Format.CSV: csv_rows.read, Format.JSON: json_rows.read_document, Format.JSONL: json_rows.read_lines}
    return readers[form](text)


def _in_columns(reason: str) -> str:
    where, colon, words = reason.partition(": ")
    return f"{column_of(where)}{colon}{words}"


def _guess(path: Path, text: str) -> Format:
    if path != STDIN:
        suffix = path.suffix.lower().removeprefix(".").replace("ndjson", "jsonl")
        if suffix in list(Format):
            return Format(suffix)
        raise FileUnusable("the name does not say the format; add --format csv, json or jsonl")
    begin = text.lstrip()
    if not begin.startswith(("[", "{")):
        return Format.CSV
    try:
        return Format.JSONL if isinstance(json.loads(begin.partition("\n")[0]), dict) else Format.JSON
    except json.JSONDecodeError:
        return Format.JSON


def _text(path: Path) -> str:
    try:
        raw = sys.stdin.buffer.read(_MOST_BYTES + 1) if path == STDIN else _bytes(path)
    except OSError as error:
        raise FileUnusable(f"cannot be read ({error.strerror})") from None
    if len(raw) > _MOST_BYTES:
        raise FileUnusable(f"is larger than {_MOST_BYTES // 1024 // 1024} MB; split it")
    try:
        return raw.decode("utf-8-sig")  # spreadsheets begin with a byte order mark
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileUnusable(f"line {line}: is not UTF-8; save the file as UTF-8") from None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)
