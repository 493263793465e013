"""Cases from CSV: a header of flat names, one row per payment or parcel of a case.

Owns the grouping of rows into cases and the refusal of unknown columns. Must never guess a column. Called by formats.py.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from starter.intake.candidates import Candidate, FileUnusable
from starter.intake.csv_columns import FACT, KEY, KNOWN, PER_ROW, nested
from starter.plain_errors import nearest


def read(text: str) -> Iterator[Candidate]:
    """One candidate per case, in the order of first rows. Raises FileUnusable."""
    groups: dict[Any, list[_Row]] = {}
    for row in _rows(text):
        if row.too_long:
            yield Candidate([row.line], row.cells, [row.odd or ""])
            continue
        key = tuple(row.cells.get(column, "") for column in KEY)
        groups.setdefault(key if all(key) else row.line, []).append(row)
    for rows in groups.values():
        yield _case(rows)


@dataclass(frozen=True, slots=True)
class _Row:
    """Line and cells that are not empty. `odd`: what is to be said of a row that has not as many cells as the header.

    A longer one is refused. A shorter one is not by itself: spreadsheets leave out empty cells at the end.
    """

    line: int
    cells: dict[str, str]
    odd: str | None = None
    too_long: bool = False


def _rows(text: str) -> Iterator[_Row]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check(header)
        line = reader.line_num + 1
        for row in reader:
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
            if cells:
                odd = f"row: {len(row)} cells, the header has {len(header)}" if len(row) != len(header) else None
                yield _Row(line, cells, odd, too_long=len(row) > len(header))
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileUnusable(f"line {reader.line_num}: is no CSV ({error})") from None


def _delimiter(text: str) -> str:
    """A comma; a semicolon where spreadsheets of some countries write one."""
    header = text.partition("\n")[0]
    return ";" if ";" in header and "," not in header else ","


def _check(header: list[str]) -> None:
    if not any(header):
        raise FileUnusable(f"line 1: is empty; right would be a header with columns such as {', '.join(KNOWN[:5])}")
    for name in header:
        if name not in KNOWN and not (name.startswith(FACT) and len(name) > len(FACT)):
            raise FileUnusable(f'line 1: column "{name[:60]}" is unknown; {nearest(name, KNOWN)}')
        if header.count(name) > 1:
            raise FileUnusable(f'line 1: column "{name}" stands there twice')
    missing = [name for name in KEY if name not in header]
    if missing:
        raise FileUnusable(f"line 1: column {missing[0]} is missing")


def _case(rows: list[_Row]) -> Candidate:
    """Rows of one case: the first tells everything, the others may repeat it and bring another payment or parcel."""
    first = rows[0]
    raw = nested(first.cells)
    problems = []
    for row in rows[1:]:
        for column, cell in row.cells.items():
            if column not in PER_ROW and first.cells.get(column) != cell:
                problems.append(f"{column}: line {row.line} says something else than line {first.line} of the same case")
        more = nested({column: cell for column, cell in row.cells.items() if column in PER_ROW})
        for name in ("payments", "parcels"):
            for part in more.get(name, []):
                if part not in raw.get(name, []):  # a row repeats the payment when it only adds a parcel
                    raw.setdefault(name, []).append(part)
    odd = [row.odd if row is first else f"{row.odd} (line {row.line})" for row in rows if row.odd]
    return Candidate([row.line for row in rows], raw, problems, odd)
