"""What the command line writes and where: answers to stdout, errors to stderr, times in the terminal's zone.

Owns the form of output. Must never be a place of decisions. Called by every group of commands.
"""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

_WIDE = 160  # a pipe has no width; cutting cells there would lose what scripts and people grep for


def console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)


def errors() -> Console:
    return Console(stderr=True, width=None if sys.stderr.isatty() else _WIDE, highlight=False)


def say(text: str = "") -> None:
    console().print(text, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """One "error: ..." line per line of `text`, to stderr."""
    for line in text.splitlines() or [""]:
        errors().print(f"error: {line}", markup=False, soft_wrap=True)


def remark(text: str) -> None:
    """A word beside the answer, to stderr, so that stdout stays what was asked for."""
    errors().print(text, markup=False, soft_wrap=True)


def put_json(value: Any) -> None:
    """JSON and nothing else on stdout."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def put_json_line(value: Any) -> None:
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def plain(value: Any) -> Any:
    """Models as plain JSON values; every field stays, so that a script finds the same keys each time."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(_unmarked(cell) for cell in row))
    console().print(shown)


def _unmarked(text: str) -> str:
    return text.replace("[", r"\[")


def when(moment: datetime | str | None, now: datetime | None = None) -> str:
    """Mon 2 Mar 11:00 (in 23 h), in the terminal's zone; with seconds while it is near."""
    if moment is None:
        return "-"
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    distance = at - (now or datetime.now(UTC))
    local = at.astimezone()
    clock = f"{local:%H:%M:%S}" if abs(distance) < timedelta(minutes=30) else f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b} {clock} ({_distance(distance)})"


def _distance(span: timedelta) -> str:
    seconds = abs(span.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            amount = f"{int(seconds // size)} {unit}"
            return f"in {amount}" if span > timedelta(0) else f"{amount} ago"
    return "now"


def parsed_moment(text: str, name: str) -> datetime:
    """An ISO 8601 time with its offset. Raises the usage error of that option."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise typer.BadParameter(f"{name}: write an ISO 8601 time with its offset, for example 2026-03-20T17:00:00+01:00")
    return moment.astimezone(UTC)
