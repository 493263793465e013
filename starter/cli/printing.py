"""What the command line writes and where: answers to stdout, errors to stderr, times in the terminal's zone.

Owns the form of output. Must never be a place of decisions. Called by every group of commands.
"""

import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

_AT_ONCE = timedelta(seconds=2)  # until it is read, it has happened
_MOMENT = re.compile(r"(?<!for example )\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
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
    titles = list(columns)
    shown = Table(box=None, pad_edge=False, header_style="bold", show_header=any(titles))
    for name in titles:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(_unmarked(cell) for cell in row))
    console().print(shown)


def _unmarked(text: str) -> str:
    return text.replace("[", r"\[")


def when(moment: datetime | str | None, now: datetime | None = None) -> str:
    """Mon 2 Mar 11:00 (in 23 h), in the terminal's zone; with seconds while it is near, with the year if it is another."""
    if moment is None:
        return "-"
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    present = now or datetime.now(UTC)
    distance = at - present
    local = at.astimezone()
    year = f" {local.year}" if local.year != present.astimezone().year else ""
    clock = f"{local:%H:%M:%S}" if abs(distance) < timedelta(minutes=30) else f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b}{year} {clock} ({_distance(distance)})"


def in_local_time(text: str, now: datetime | None = None) -> str:
    """Our words with the moments in them as people read them. An example of how one is typed stays as it is."""
    return _MOMENT.sub(lambda found: when(found[0], now), text)


def how_long(seconds: float) -> str:
    """2 h: the largest unit of which there is one."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def _distance(span: timedelta) -> str:
    seconds = abs(span.total_seconds())
    if seconds < 1:
        return "now"
    return f"in {how_long(seconds)}" if span > timedelta(0) else f"{how_long(seconds)} ago"


def what_is_next(what: str | None, at: datetime | str | None, now: datetime | None = None) -> str | None:
    """Agenda word and moment as people say it: "update Mon 2 Mar 11:00 (in 23 h)", "a message now"; None if nothing is due."""
    if what is None:
        return None
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    word = "a message" if what == "write" else what.replace("_", " ")
    return f"{word} now" if moment is None or moment - (now or datetime.now(UTC)) < _AT_ONCE else f"{word} {when(moment, now)}"


def parsed_moment(text: str, name: str) -> datetime:
    """An ISO 8601 time with its offset. Raises the usage error of that option."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise typer.BadParameter(f"{name}: write an ISO 8601 time with its offset, for example 2026-03-20T17:00:00+01:00")
    return moment.astimezone(UTC)
