"""Pictures of figures: where each line, column and bar of a chart stands, in the units of its SVG.

Owns the geometry. Must never hold a colour (the stylesheet has them, in light and dark) nor a script; every picture has a table beside it
that says the same. Called by the pages of insight, drawn by pages/console/charts.html.j2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 360  # about as wide as a card, so that text has its own size
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 8, 10, 20
_PLOT_HEIGHT = 100
_ROW, _BAR_AT, _BAR = 36, 18, 9
_LONGEST_NAME = 40  # characters beside a figure


@dataclass(frozen=True, slots=True)
class Value:
    """One figure of one group. `parts`: what the picture shows, by the name of its style; None where nothing was measured."""

    name: str
    shown: str  # the figure with its n, in words
    parts: dict[str, float] | None
    few: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, with lines at `ticks` (value, words)."""

    low: float
    high: float
    ticks: list[tuple[float, str]]

    def of(self, value: float, length: float) -> float:
        return round((min(max(value, self.low), self.high) - self.low) / (self.high - self.low) * length, 1)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a column or bar. Along the other axis its chart knows where."""

    style: str
    at: float
    length: float


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    said: str
    few: bool


@dataclass(frozen=True, slots=True)
class Line:
    style: str
    strokes: list[str]  # the points of each stretch without a gap
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    width: float
    said: str
    few: bool
    parts: list[Box]


@dataclass(frozen=True, slots=True)
class OverTime:
    """Lines, or columns of parts that add up."""

    label: str
    height: int
    left: int
    right: int
    y_ticks: list[tuple[float, str]]
    x_ticks: list[tuple[float, str, str]]  # where, words, how they are anchored
    lines: list[Line] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bar:
    y: float
    name: str
    said: str
    value: str
    few: bool
    parts: list[Box]
    mark: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """Bars below each other, one for each group."""

    label: str
    height: int
    bar: int
    zero: float
    rows: list[Bar]


def percent() -> Scale:
    return Scale(0, 100, [(0, "0"), (50, "50"), (100, "100 %")])


def score() -> Scale:
    return Scale(-100, 100, [(-100, "\u2212100"), (0, "0"), (100, "+100")])


def upward(values: Sequence[float], unit: str) -> Scale:
    """From nothing to a round number above the largest."""
    most = max(values, default=0) or 1
    step = next(size * 10**power for power in range(-1, 7) for size in (1, 2, 5) if size * 10**power * 2 >= most)
    return Scale(0, step * 2, [(0, "0"), (step, f"{step:g}"), (step * 2, f"{step * 2:g} {unit}")])


def over_time(label: str, values: Sequence[Value], scale: Scale, *, stacked: bool = False) -> OverTime:
    """Left to right, in equal steps."""
    plot = WIDTH - _LEFT - _RIGHT
    step = plot / max(1, len(values))
    middles = [round(_LEFT + step * (place + 0.5), 1) for place in range(len(values))]
    drawn = OverTime(
        label,
        _TOP + _PLOT_HEIGHT + _BOTTOM,
        _LEFT,
        WIDTH - _RIGHT,
        [(_y(scale, at), words) for at, words in scale.ticks],
        _x_ticks(values, middles),
    )
    if stacked:
        drawn.columns.extend(_column(value, x, step, scale) for value, x in zip(values, middles, strict=True) if value.parts)
    else:
        styles = dict.fromkeys(style for value in values for style in value.parts or ())
        drawn.lines.extend(_line(style, values, middles, scale) for style in styles)
    return drawn


def side_by_side(label: str, values: Sequence[Value], scale: Scale, *, mark: str | None = None) -> Side:
    """`mark`: the part that is shown as a mark on the bar, not as a part of it."""
    zero = scale.of(0, WIDTH)
    rows: list[Bar] = []
    for place, value in enumerate(values):
        parts: list[Box] = []
        at: float = 0
        for style, size in (value.parts or {}).items():
            if style != mark:
                end = at + size
                low, high = sorted((scale.of(at, WIDTH), scale.of(end, WIDTH)))
                parts.append(Box(style, low, round(max(high - low, 0.5 if size else 0), 1)))
                at = end
        marked = (value.parts or {}).get(mark) if mark else None
        name = value.name if len(value.name) <= _LONGEST_NAME else f"{value.name[: _LONGEST_NAME - 1]}\u2026"
        said = f"{value.name}: {value.shown}"
        rows.append(
            Bar(
                place * _ROW + _BAR_AT,
                name,
                said,
                value.shown,
                value.few,
                parts,
                scale.of(marked, WIDTH) if marked is not None else None,
            )
        )
    return Side(label, max(1, len(rows)) * _ROW, _BAR, zero, rows)


def _y(scale: Scale, value: float) -> float:
    return round(_TOP + _PLOT_HEIGHT - scale.of(value, _PLOT_HEIGHT), 1)


def _x_ticks(values: Sequence[Value], middles: Sequence[float]) -> list[tuple[float, str, str]]:
    """The first and the last, and the middle one if there is room."""
    if not values:
        return []
    if len(values) == 1:
        return [(middles[0], values[0].name, "middle")]
    ends = [(_LEFT + 0.0, values[0].name, "start"), (WIDTH - _RIGHT + 0.0, values[-1].name, "end")]
    half = len(values) // 2
    return [ends[0], (middles[half], values[half].name, "middle"), ends[1]] if len(values) > 4 and len(values) % 2 else ends


def _column(value: Value, x: float, step: float, scale: Scale) -> Column:
    width = round(max(min(step * 0.72, 28), 1), 1)
    parts: list[Box] = []
    at: float = 0
    for style, size in (value.parts or {}).items():
        top = _y(scale, at + size)
        parts.append(Box(style, top, round(_y(scale, at) - top, 1)))
        at += size
    return Column(round(x - width / 2, 1), width, f"{value.name}: {value.shown}", value.few, parts)


def _line(style: str, values: Sequence[Value], middles: Sequence[float], scale: Scale) -> Line:
    strokes: list[list[str]] = [[]]
    dots: list[Dot] = []
    for value, x in zip(values, middles, strict=True):
        if value.parts is None or style not in value.parts:
            strokes.append([])
            continue
        y = _y(scale, value.parts[style])
        strokes[-1].append(f"{x},{y}")
        dots.append(Dot(x, y, f"{value.name}: {value.shown}", value.few))
    return Line(style, [" ".join(points) for points in strokes if len(points) > 1], dots)
