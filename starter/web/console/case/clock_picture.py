"""The clocks as a picture: where each began, where it is due, its thresholds, the hours on hold, the promise of the next word, and now.

Owns the places of everything along the axis of time, in per cent of its width, so that the picture fits every screen without a script
or an inline style. Must never say what the table beneath it does not. Pure; drawn by pages/console/case_clocks.svg.j2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starter.web.console.case.clocks import STATE_WORDS, Clock, Mark, how_far

MOST_ROWS = 9  # more would be a wall; the table has them all
_TOP, _ROW, _BAR = 34, 46, 22  # px: the axis, a row, the bar within it
_STEPS = [1, 5, 10, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, *(days * 86_400 for days in (1, 2, 7, 14, 30, 91, 365))]
_MOST_TICKS = 5  # on a phone they still stand apart
_DAY = 86_400
_FAR = 3  # times the nearer span: what lies beyond it is only pointed at


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """`x` and `width` in per cent."""

    x: str
    width: str
    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """A threshold on a bar."""

    x: str
    kind: str  # fired | passed | ahead | breach
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    y: int
    name: str
    words: str
    state: str
    binds: bool
    bars: tuple[Bar, ...]
    signs: tuple[Sign, ...]

    @property
    def bar_y(self) -> int:
        return self.y + _BAR


@dataclass(frozen=True, slots=True)
class Picture:
    height: int
    now: str  # x
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    words: str  # what it shows, for who does not see it
    left_out: int


@dataclass(frozen=True, slots=True)
class Promised:
    """The next word that the customer was told of."""

    made_at: datetime
    due_at: datetime


class _Axis:
    def __init__(self, begin: datetime, end: datetime) -> None:
        room = max(end - begin, timedelta(seconds=10))
        self.begin, self.end = begin - room * 0.02, end + room * 0.04
        self._length = (self.end - self.begin).total_seconds()

    def beyond(self, moment: datetime) -> bool:
        return moment > self.end

    def at(self, moment: datetime) -> float:
        share = (moment - self.begin).total_seconds() / self._length
        return min(1.0, max(0.0, share)) * 100

    def x(self, moment: datetime) -> str:
        return f"{self.at(moment):.2f}%"

    def bar(self, begin: datetime, end: datetime, kind: str, words: str = "") -> Bar:
        left, right = self.at(begin), self.at(end)
        return Bar(f"{left:.2f}%", f"{max(right - left, 0.3):.2f}%", kind, words)

    def ticks(self) -> tuple[Tick, ...]:
        step = next((step for step in _STEPS if self._length / step <= _MOST_TICKS), _STEPS[-1])
        first = -(-int(self.begin.timestamp()) // step) * step
        found = []
        for seconds in range(first, int(self.end.timestamp()) + 1, step):
            moment = datetime.fromtimestamp(seconds, self.begin.tzinfo)
            if 5 <= self.at(moment) <= 93:
                found.append(Tick(self.x(moment), _tick_words(moment, step)))
        return tuple(found)


def _tick_words(moment: datetime, step: int) -> str:
    if step >= _DAY:
        return f"{moment:%-d %b}"
    if step < 60:
        return f"{moment:%H:%M:%S}"
    return f"{moment:%-d %b}" if moment.hour == moment.minute == 0 else f"{moment:%H:%M}"


def picture(
    clocks: Sequence[Clock], holds: Sequence[tuple[datetime, datetime, str]], promise: Promised | None, now: datetime
) -> Picture | None:
    """None if there is nothing to draw."""
    dated = [clock for clock in clocks if clock.due_at is not None]
    shown = dated[:MOST_ROWS]
    if not shown and promise is None:
        return None
    running = [clock for clock in shown if clock.runs] or shown
    moments = [now, *(clock.started_at for clock in running), *(clock.due_at for clock in running if clock.due_at is not None)]
    moments += [mark.at for clock in running for mark in clock.marks if mark.at is not None and mark.done == "ahead"]
    if promise is not None:
        moments += [promise.due_at, promise.made_at]
    axis = _Axis(min(moments), _horizon(moments, running, promise))
    rows = [_of_promise(promise, axis, now)] if promise is not None else []
    for clock in shown:
        rows.append(_of_clock(clock, holds, axis, now))
    placed = tuple(_at_row(row, number) for number, row in enumerate(rows))
    return Picture(
        height=_TOP + _ROW * len(placed) + 6,
        now=axis.x(now),
        ticks=axis.ticks(),
        rows=placed,
        words=". ".join(f"{row.name}: {row.words}" for row in placed),
        left_out=len(dated) - len(shown),
    )


def _horizon(moments: Sequence[datetime], running: Sequence[Clock], promise: Promised | None) -> datetime:
    """Where the axis ends: a date weeks away would press what is due today into one corner; its bar runs off with an arrow instead."""
    begin, last = min(moments), max(moments)
    soonest = [clock.due_at for clock in running if clock.due_at is not None][:2]
    soonest += [mark.at for clock in running[:1] for mark in clock.marks if mark.at is not None and mark.at in moments]
    near = max([*soonest, *([promise.due_at] if promise is not None else [])], default=last)
    if running and len(running) > 1 and running[0].due_at is not None and near > begin + _FAR * (running[0].due_at - begin):
        near = max([running[0].due_at, *([promise.due_at] if promise is not None else [])])
    near = max(near, *(moment for moment in moments if moment <= near), begin)
    return last if last <= begin + _FAR * (near - begin) else near + (near - begin) * 0.35


def _at_row(row: Row, number: int) -> Row:
    return Row(_TOP + _ROW * number, row.name, row.words, row.state, row.binds, row.bars, row.signs)


def _of_promise(promise: Promised, axis: _Axis, now: datetime) -> Row:
    overdue = promise.due_at < now
    bars = [axis.bar(promise.made_at, promise.due_at, "promise")]
    if overdue:
        bars.append(axis.bar(promise.due_at, now, "over"))
    words = f"by {_short(promise.due_at)}, {how_far(promise.due_at, now)}"
    sign = Sign(axis.x(promise.due_at), "breach" if overdue else "word", "the promised moment")
    return Row(0, "Next word", words, "breached" if overdue else "running", False, tuple(bars), (sign,))


def _of_clock(clock: Clock, holds: Sequence[tuple[datetime, datetime, str]], axis: _Axis, now: datetime) -> Row:
    assert clock.due_at is not None
    ends_at = clock.ended_at or clock.due_at
    done_until = min(ends_at, max(now, clock.started_at))
    bars = []
    if clock.runs:
        bars.append(axis.bar(clock.started_at, clock.due_at, "ahead"))
        if done_until > clock.started_at:
            bars.append(axis.bar(clock.started_at, done_until, "gone"))
        if clock.due_at < now:
            bars.append(axis.bar(clock.due_at, now, "over"))
    else:
        bars.append(axis.bar(clock.started_at, ends_at, "ended"))
    for begin, end, reason in holds:
        begin, end = max(begin, clock.started_at), min(end, ends_at if not clock.runs else max(end, begin))
        if end > begin:
            bars.append(axis.bar(begin, end, "held", f"on hold: {reason.replace('_', ' ')}"))
    signs = [
        _sign(mark, axis)
        for mark in clock.marks
        if mark.at is not None and clock.runs and not axis.beyond(mark.at) and mark.done != "fired"
    ]
    signs += [_sign(mark, axis) for mark in clock.marks if mark.at is not None and clock.runs and mark.done == "fired"]
    if clock.runs and axis.beyond(clock.due_at):
        signs.append(Sign("100%", "beyond", f"due {_short(clock.due_at)}"))
    elif clock.runs and not any(mark.breach for mark in clock.marks):
        signs.append(Sign(axis.x(clock.due_at), "breach", "due"))
    return Row(0, clock.name, _words(clock, now), clock.state, clock.binds, tuple(bars), tuple(signs))


def _words(clock: Clock, now: datetime) -> str:
    assert clock.due_at is not None
    if not clock.runs:
        return f"{STATE_WORDS[clock.state]} {_short(clock.ended_at)}" if clock.ended_at is not None else STATE_WORDS[clock.state]
    due = f"due {_short(clock.due_at)}, {how_far(clock.due_at, now)}"
    return due if clock.state == "running" else f"{due}, {'stopped' if clock.state == 'stopped' else 'breached'}"


def _sign(mark: Mark, axis: _Axis) -> Sign:
    assert mark.at is not None
    kind = "breach" if mark.breach and mark.done == "ahead" else mark.done
    said = {"fired": "fired", "passed": "passed silently", "ahead": "ahead"}[mark.done]
    tells = f"{mark.tells}, " if mark.tells else ""
    return Sign(axis.x(mark.at), kind, f"{mark.words}: {tells}{said}, {_short(mark.at)}")


def _short(moment: datetime) -> str:
    return f"{moment:%-d %b, %H:%M}"
