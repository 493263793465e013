"""The rejects file beside a case file: what could not be opened, where it stands and why.

Owns its form: JSON lines of line, lines, reasons and the row as it was. The row may be personal, so the file is for its owner only.
Called by `makegood open`.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from starter.intake.candidates import Rejected
from starter.intake.formats import STDIN


def rejects_path(source: Path) -> Path:
    """`cases.csv` -> `cases.rejects.jsonl` beside it; for standard input in the current folder."""
    return Path("stdin.rejects.jsonl") if source == STDIN else source.with_name(f"{source.stem}.rejects.jsonl")


def write_rejects(path: Path, rejected: Iterable[Rejected]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for entry in rejected:
            row = {"line": entry.candidate.line, "lines": entry.candidate.lines, "reasons": entry.reasons, "row": entry.candidate.raw}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
