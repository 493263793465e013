"""/console/insight: how well the house keeps its word, as pictures and figures; and the same as CSV.

Owns these pages. Must never show a percentage without its n, nor a case of a merchant that the person does not see. Included by face.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from policies.case.vocabulary import CaseKind
from starter.insight_table import as_csv
from starter.web.console import charts
from starter.web.console.charts import OverTime, Side, Value
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.insight_asked import CSV_PATH, PATH, PERIODS, Asked, asked, first_day
from starter.web.console.insight_words import (
    CSAT,
    DEFINITIONS,
    FIRST_CONTACT,
    GROUPINGS,
    MEASURES,
    NPS,
    PROMISES,
    RESOLUTION,
    SLA,
    Cell,
    Measure,
    group_name,
)
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from store.insight import insight
from store.insight_views import FEW, Figures, Group, Grouping, Insight
from store.queries import Queries

_MOST_MERCHANTS = 200  # in a list that somebody looks through; another one can be asked for by its name in the address
_MOST_BARS = 8  # of a picture; the table has them all
_MOST_ROWS = 160  # three years of weeks; the CSV has them all
_HOUR_S, _DAY_S = 3600, 86400


@dataclass(frozen=True, slots=True)
class Card:
    """One measure: the figure of the whole, and the picture of its groups."""

    measure: Measure
    figure: str
    first: str  # what that figure is, where there are several
    beside: list[tuple[str, str, str]]  # the others: style in the picture, figure, heading
    n: int
    few: bool
    over_time: OverTime | None
    side: Side | None
    left_out: int


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    cases: str
    open: str
    cells: list[Cell]


def insight_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH)
    @needs(Act.READ)
    async def shown(visit: SignedIn) -> Response:
        today = console.now().date()
        what = asked(visit, today)
        found = await insight(console.parts.backends.store(), what.wanted)
        by = what.wanted.by
        rows = [_row(group_name(by, group.name, with_year=True), group.figures) for group in _in_order(found)]
        return console.show(
            "insight",
            visit,
            status=422 if visit.form.errors else 200,
            asked=what,
            found=found,
            cards=[_card(measure, found) for measure in MEASURES],
            measures=MEASURES,
            rows=rows[:_MOST_ROWS],
            left_out=max(0, len(rows) - _MOST_ROWS),
            total=_row("All", found.total),
            any_few=any(cell.few for row in [_row("", found.total), *rows] for cell in row.cells),
            few=FEW,
            by=GROUPINGS[by],
            periods=[(what.address(first=first_day(weeks, today), last=today), words) for weeks, words in PERIODS],
            here_now=what.address(),
            csv=what.address(CSV_PATH),
            kinds=[("", "all kinds"), *((kind.value, kind.value) for kind in CaseKind)],
            merchants=await _merchants(console, visit, what),
            groupings=[(grouping.value, words) for grouping, words in GROUPINGS.items()],
            definitions=DEFINITIONS,
            path=PATH,
        )

    @router.get(CSV_PATH)
    @needs(Act.READ)
    async def as_file(visit: SignedIn) -> Response:
        what = asked(visit, console.now().date())
        if visit.form.errors:
            name, words = next(iter(visit.form.errors.items()))
            raise Problem("invalid", words, field=name)
        found = await insight(console.parts.backends.store(), what.wanted)
        file = f"makegood-insight-{what.first}-{what.last}-{what.wanted.by.value}.csv"
        return Response(as_csv(found), media_type="text/csv", headers={"content-disposition": f'attachment; filename="{file}"'})

    return router


async def _merchants(console: Console, visit: Visit, what: Asked) -> list[tuple[str, str]]:
    """For the list of the filter; empty if there is nothing to choose."""
    seen = list(visit.person.merchants) or await Queries(console.parts.backends.store()).merchants(_MOST_MERCHANTS)
    if what.wanted.merchant is not None and what.wanted.merchant not in seen and not visit.person.merchants:
        seen.append(what.wanted.merchant)
    return [("", "all merchants"), *((merchant, merchant) for merchant in seen)] if len(seen) > 1 else []


def _row(name: str, figures: Figures) -> Row:
    cells = [cell for measure in MEASURES for cell in measure.cells(figures)]
    return Row(name, f"{figures.cases:,}", f"{figures.open:,}", cells)


def _in_order(found: Insight) -> Sequence[Group]:
    """The newest week first: a table is read from above."""
    return found.groups[::-1] if found.wanted.by is Grouping.WEEK else found.groups


def _card(measure: Measure, found: Insight) -> Card:
    by = found.wanted.by
    label = f"{measure.title} by {GROUPINGS[by]}; the table below says the same"
    several = len(measure.keys) > 1
    styles = measure.keys if several else ("",) * len(measure.columns)
    beside = [(style, of(found.total), heading) for style, (heading, of) in zip(styles, measure.columns, strict=True)]
    _, figure, first = beside.pop(0)
    measured = [group for group in found.groups if measure.n(group.figures)]
    over_time, side, left_out = None, None, 0
    scale = _scale(measure, measured)
    per_unit = _unit_s(measured)
    if measured and by is Grouping.WEEK:
        values = [_value(measure, by, group, per_unit) for group in found.groups]
        over_time = charts.over_time(label, values, scale, stacked=measure is PROMISES)
    elif measured:
        largest = sorted(measured, key=lambda group: -measure.n(group.figures))[:_MOST_BARS]
        left_out = len(measured) - len(largest)
        values = [_value(measure, by, group, per_unit) for group in largest]
        side = charts.side_by_side(label, values, scale, mark="far" if measure is RESOLUTION else None)
    return Card(
        measure, figure, first if beside else "", beside, measure.n(found.total), measure.few(found.total), over_time, side, left_out
    )


def _value(measure: Measure, by: Grouping, group: Group, unit_s: int) -> Value:
    figures, n = group.figures, measure.n(group.figures)
    first = measure.columns[0][1](figures)
    shown = f"{first}, n = {n:,}{' *' if measure.few(figures) else ''}"
    parts = _parts(measure, figures, unit_s) if n else None
    return Value(group_name(by, group.name), shown, parts, measure.few(figures))


def _parts(measure: Measure, figures: Figures, unit_s: int) -> dict[str, float]:
    if measure is PROMISES:
        return {"good": figures.kept_percent or 0, "late": figures.late_percent or 0, "bad": figures.broken_percent or 0}
    if measure is RESOLUTION:
        return {"near": (figures.resolution_median_s or 0) / unit_s, "far": (figures.resolution_p90_s or 0) / unit_s}
    of = {SLA.title: figures.sla_percent, FIRST_CONTACT.title: figures.first_contact_percent, CSAT.title: figures.csat_percent}
    value = figures.nps if measure is NPS else of[measure.title]
    return {"near": value or 0}


def _unit_s(groups: Sequence[Group]) -> int:
    longest = max((group.figures.resolution_p90_s or 0 for group in groups), default=0)
    return _DAY_S if longest >= _DAY_S else _HOUR_S


def _scale(measure: Measure, groups: Sequence[Group]) -> charts.Scale:
    if measure is NPS:
        return charts.score()
    if measure is RESOLUTION:
        unit_s = _unit_s(groups)
        longest = [(group.figures.resolution_p90_s or 0) / unit_s for group in groups]
        return charts.upward(longest, "d" if unit_s == _DAY_S else "h")
    return charts.percent()
