"""`makegood insight`: the figures of the console's insight, for the terminal, scripts and spreadsheets.

Owns its form. Must never count anything itself: store/insight.py does. Part of the command line.
"""

import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import typer

from policies.case.vocabulary import CaseKind
from starter.cli.options import Json
from starter.cli.printing import put_json, remark, say, table
from starter.cli.session import open_books, run
from starter.insight_table import Cell, as_csv, lines
from store.insight import insight
from store.insight_views import FEW, Grouping, Insight, Wanted, monday

_WEEKS = 13  # a quarter, as in the console
# What fits a terminal; --csv and --json have every column. Heading: figure and its n.
_SHOWN = {
    "kept": ("promises_kept_percent", "promises_n", " %"),
    "SLA met": ("sla_met_percent", "sla_n", " %"),
    "median": ("resolution_median_h", "resolution_n", " h"),
    "first contact": ("first_contact_percent", "first_contact_n", " %"),
    "CSAT 4-5": ("csat_4_5_percent", "csat_n", " %"),
    "NPS": ("nps", "nps_n", ""),
}


def register(app: typer.Typer) -> None:
    app.command("insight")(show_insight)


def show_insight(
    by: Annotated[Grouping, typer.Option(help="What the figures are grouped by.")] = Grouping.WEEK,
    first: Annotated[str | None, typer.Option("--from", help="Cases opened from this day on (UTC; default: 13 weeks).")] = None,
    last: Annotated[str | None, typer.Option("--until", help="... to this day, included (default: today).")] = None,
    kind: Annotated[CaseKind | None, typer.Option(help="Only this kind.")] = None,
    merchant: Annotated[str | None, typer.Option(help="Only this merchant.")] = None,
    include_shadow: Annotated[bool, typer.Option("--include-shadow", help="With shadow cases, which sent nothing.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout and nothing else.")] = False,
    json: Json = False,
) -> None:
    """Promises kept, SLA, time to resolution, first contact resolution, CSAT and NPS, each with its n."""
    if csv and json:
        raise typer.BadParameter("--csv: give --csv or --json, not both")
    until = _day(last, "--until") if last else datetime.now(UTC).date()
    since = _day(first, "--from") if first else monday(_midnight(until)) - timedelta(weeks=_WEEKS - 1)
    if since > until:
        raise typer.BadParameter(f"--from: it lies after the last day ({until}); right would be a day before it")
    wanted = Wanted(
        since=_midnight(since),
        until=_midnight(until) + timedelta(days=1),
        by=by,
        kind=kind,
        merchant=merchant,
        include_shadow=include_shadow,
    )

    async def work() -> None:
        async with open_books() as books:
            found = await insight(books.store, wanted)
        if json:
            put_json(lines(found))
        elif csv:
            sys.stdout.write(as_csv(found))
        else:
            _show(found)

    run(work())


def _show(found: Insight) -> None:
    if not found.total.cases:
        say("No cases in this period.")
        return
    rows = lines(found)
    table(("", "cases", *_SHOWN), ((str(row["group"]), str(row["cases"]), *(_said(row, *how) for how in _SHOWN.values())) for row in rows))
    if any(row["few"] for row in rows):
        remark(f"* n below {FEW}: one single case moves a percentage by more than five points.")


def _said(row: dict[str, Cell], name: str, of: str, unit: str) -> str:
    value, n = row[name], row[of]
    few = "*" if isinstance(n, int) and n < FEW else ""
    return f"{value:g}{unit}{few} (n = {n})" if isinstance(value, int | float) else "-"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2999:
        raise typer.BadParameter(f"{name}: write a day as 2026-03-02")
    return day
