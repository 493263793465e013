"""The picture of the clocks: places on the axis, what is overdue, what lies far ahead, what was held."""

from datetime import datetime, timedelta
from typing import Any

from starter.web.console.case.clock_picture import MOST_ROWS, Promised, picture
from starter.web.console.case.clocks import Clock, Mark
from tests.store.samples import MONDAY, hours


def clock(clock_id: str = "promise", start: float = 0, due: float = 40, **more: Any) -> Clock:
    values: dict[str, Any] = {
        "id": clock_id, "name": clock_id.capitalize(), "state": "running", "started_at": hours(start), "due_at": hours(due),
        "ended_at": None, "breached_at": None, "marks": (), "basis": "internal", "promised": True, "binds": False, "citation": None,
    }  # fmt: skip
    return Clock(**(values | more))


def mark(spec: str, at: datetime, done: Any = "ahead") -> Mark:
    return Mark(spec, at, done, spec == "100%", "lead is told", spec)


def place(text: str) -> float:
    return float(text.removesuffix("%"))


def test_time_runs_from_left_to_right_and_everything_stands_within() -> None:
    shown = picture([clock(marks=(mark("75%", hours(30)), mark("100%", hours(40))))], [], Promised(hours(1), hours(25)), hours(20))
    assert shown is not None
    word, row = shown.rows
    assert place(row.bars[0].x) < place(shown.now) < place(word.signs[0].x) < place(row.signs[0].x) < place(row.signs[1].x) <= 100
    assert [sign.kind for sign in row.signs] == ["ahead", "breach"]
    assert abs(place(row.bars[1].x) + place(row.bars[1].width) - place(shown.now)) < 0.02  # what has gone by ends now
    assert all(0 <= place(tick.x) <= 100 for tick in shown.ticks)
    assert 1 <= len(shown.ticks) <= 5


def test_what_is_overdue_runs_on_until_now() -> None:
    shown = picture([clock(due=10, state="breached", breached_at=hours(10))], [], Promised(MONDAY, hours(8)), hours(12))
    assert shown is not None
    assert [row.bars[-1].kind for row in shown.rows] == ["over", "over"]
    assert shown.words == "Next word: by 2 Mar, 17:00, 4 hours ago. Promise: due 2 Mar, 19:00, 2 hours ago, breached"


def test_a_date_weeks_away_does_not_press_today_into_a_corner() -> None:
    far = clock("law", due=24 * 14, marks=(mark("100%", hours(24 * 14)),))
    shown = picture([clock(due=30), far], [], Promised(hours(1), hours(25)), hours(20))
    assert shown is not None
    near, law = shown.rows[1], shown.rows[2]
    assert place(near.signs[-1].x) > 50
    assert [sign.kind for sign in law.signs] == ["beyond"]
    assert "due 16 Mar" in law.words


def test_hours_on_hold_are_hatched_within_the_clock() -> None:
    holds = [(hours(-5), hours(2), "photo"), (hours(5), hours(9), "under_review")]
    shown = picture([clock()], holds, None, hours(20))
    assert shown is not None
    held = [bar for bar in shown.rows[0].bars if bar.kind == "held"]
    assert [bar.words for bar in held] == ["on hold: photo", "on hold: under review"]
    assert held[0].x == shown.rows[0].bars[0].x  # not before the clock began


def test_a_clock_without_length_and_a_case_without_clocks_are_drawn_or_not() -> None:
    assert picture([], [], None, MONDAY) is None
    assert picture([clock(due_at=None)], [], None, MONDAY) is None
    assert picture([clock(due=0)], [], None, MONDAY) is not None
    seconds = picture([clock(due_at=MONDAY + timedelta(seconds=9))], [], None, MONDAY)
    assert seconds is not None
    assert seconds.ticks


def test_more_clocks_than_the_picture_holds_stand_in_the_table() -> None:
    shown = picture([clock(f"c{number}") for number in range(MOST_ROWS + 3)], [], None, MONDAY)
    assert shown is not None
    assert (len(shown.rows), shown.left_out) == (MOST_ROWS, 3)
