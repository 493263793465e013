"""The figures of insight as lines: the same columns for the console's CSV and the command line's.

Owns the columns, their order and how a cell is written. Must never write a percentage without its n, nor a text that a spreadsheet would
run as a formula. Called by the console and by `makegood insight`.
"""

import csv
import io
from collections.abc import Callable

from store.insight_views import FEW, Figures, Insight

ALL, NONE = "all", "no message"
_HOUR_S = 3600
# What spreadsheets take for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | float | None

COLUMNS: dict[str, Callable[[Figures], Cell]] = {
    "cases": lambda figures: figures.cases,
    "open": lambda figures: figures.open,
    "resolved": lambda figures: figures.resolved,
    "promises_n": lambda figures: figures.promises_n,
    "promises_kept_percent": lambda figures: figures.kept_percent,
    "promises_late_percent": lambda figures: figures.late_percent,
    "promises_broken_percent": lambda figures: figures.broken_percent,
    "sla_n": lambda figures: figures.clocks_n,
    "sla_met_percent": lambda figures: figures.sla_percent,
    "resolution_n": lambda figures: figures.resolved,
    "resolution_median_h": lambda figures: _hours(figures.resolution_median_s),
    "resolution_p90_h": lambda figures: _hours(figures.resolution_p90_s),
    "first_contact_n": lambda figures: figures.resolved,
    "first_contact_percent": lambda figures: figures.first_contact_percent,
    "csat_n": lambda figures: figures.csat_n,
    "csat_mean": lambda figures: figures.csat_mean,
    "csat_4_5_percent": lambda figures: figures.csat_percent,
    "nps_n": lambda figures: figures.nps_n,
    "nps": lambda figures: figures.nps,
}
_NS = [name for name in COLUMNS if name.endswith("_n")]


def lines(insight: Insight) -> list[dict[str, Cell]]:
    """The whole first, then a line for each group. `few`: which of its n are too small to say much, separated by blanks."""
    by = insight.wanted.by.value
    named = [(ALL, insight.total), *((group.name or NONE, group.figures) for group in insight.groups)]
    return [{"by": by, "group": name, **_cells(figures)} for name, figures in named]


def as_csv(insight: Insight) -> str:
    """RFC 4180 with a line of names; cells that a spreadsheet would run are quoted with an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["by", "group", *COLUMNS, "few"])
    writer.writeheader()
    for line in lines(insight):
        writer.writerow({name: plain_text(cell) if isinstance(cell, str) else cell for name, cell in line.items()})
    return text.getvalue()


def plain_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(figures: Figures) -> dict[str, Cell]:
    cells = {name: of(figures) for name, of in COLUMNS.items()}
    few = [name.removesuffix("_n") for name in _NS if isinstance(n := cells[name], int) and 0 < n < FEW]
    return {**cells, "few": " ".join(few)}


def _hours(seconds: float | None) -> float | None:
    return round(seconds / _HOUR_S, 2) if seconds is not None else None
