"""Books from files: every problem names its file and key and says what would be right."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies.book import CaseTraits
from policies.case.vocabulary import CaseKind
from starter.closed_days import closed_days, snapshot_for, unknown_holidays
from starter.policy_books import BookError, load_book, load_books
from starter.policy_choice import NoPolicy, by_id, chosen, explain, never_reached
from starter.settings import BOOKS

RETAIL = (BOOKS / "retail.toml").read_text(encoding="utf-8")


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BookError) as refused:
        load_book(path)
    return refused.value.problems


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('every = "22h"', 'every = "22x"', 'mine.toml: defaults.refund.watch.steps[0].every: span "22x": write a number and one of'),
        ('span = "10bd"', 'spam = "10bd"', "mine.toml: policies[1].clocks[0].spam: is unknown; did you mean span?"),
        ("ask_after", "ask_afer", "mine.toml: defaults.feedback.ask_afer: is unknown; did you mean ask_after?"),
        ('holidays = "DE"', 'holidays = "XX"', 'mine.toml: defaults.holidays: "XX" is no place whose holidays are known'),
        ("rules = 1", "rules = 7", "mine.toml: rules: 7 are not known to this version; right would be 1"),
        ('tail = "720h"', 'tial = "720h"', "mine.toml: defaults.tial: is unknown; did you mean tail?"),
        ('code = "goodwill"', 'code = "Good Will"', "mine.toml: defaults.outcomes[0].code: has not the right form"),
        ('kind = "delay"', 'kind = "delays"', "mine.toml: policies[3].kind: right would be 'refund', 'dispute' or 'delay'"),
        ("windows = { mon", "windows = { moon", "mine.toml: defaults.calendar.windows.moon: right would be 'mon', 'tue'"),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Berlin"\ncolour = 1', "mine.toml: defaults.calendar.colour: is unknown"),
        ('longest = "168h"', 'longest = "3bd"', 'mine.toml: policies[2].cadence: cadence: "3bd" must be elapsed time'),
    ],
)
def test_a_problem_names_file_key_and_what_is_right(tmp_path: Path, old: str, new: str, problem: str) -> None:
    found = problems(tmp_path, RETAIL.replace(old, new, 1))
    assert any(line.startswith(problem) for line in found), found


def test_what_is_no_toml_or_no_file(tmp_path: Path) -> None:
    assert problems(tmp_path, "book = ")[0].startswith("mine.toml: is not TOML: ")
    with pytest.raises(BookError, match="cannot be read"):
        load_book(tmp_path / "nothing.toml")


def test_a_default_that_is_wrong_is_told_once(tmp_path: Path) -> None:
    found = problems(tmp_path, RETAIL.replace('remind_after = "72h"', 'remind_after = "soon"'))
    assert len(found) == 1
    assert found[0].startswith("mine.toml: defaults.feedback.remind_after: ")


def test_the_same_policy_in_two_books_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_text(RETAIL, encoding="utf-8")
    with pytest.raises(BookError, match=r"copy\.toml: policies\[0\]\.id: retail\.refund\.vip stands in retail\.toml already"):
        load_books([BOOKS / "retail.toml", copy])


def test_what_is_never_reached_is_told() -> None:
    books = load_books([BOOKS / "retail.toml", BOOKS / "demo.toml"])
    assert [line.split()[0] for line in never_reached(books)] == ["demo.refund.vip", "demo.refund", "demo.dispute", "demo.delay"]


def test_explanations_say_why_the_earlier_ones_did_not() -> None:
    books = load_books([BOOKS / "retail.toml", BOOKS / "demo.toml"])
    verdicts = explain(books, CaseTraits(kind=CaseKind.REFUND, merchant="m"))
    assert [(verdict.policy.id, verdict.rules, verdict.reasons) for verdict in verdicts] == [
        ("retail.refund.vip", False, ["segment is not given, not vip"]),
        ("retail.refund", True, []),
        ("demo.refund.vip", False, ["segment is not given, not vip"]),
        ("demo.refund", False, []),
    ]


def test_no_policy_says_why() -> None:
    with pytest.raises(NoPolicy, match="there is none of this kind"):
        chosen([], CaseTraits(kind=CaseKind.DELAY, merchant="m"))
    with pytest.raises(NoPolicy, match=r"no policy retail\.refunds; did you mean retail\.refund\?"):
        by_id([load_book(BOOKS / "retail.toml")], "retail.refunds")


def test_closed_days_are_those_of_the_opening_year_and_two_more() -> None:
    policy = load_book(BOOKS / "retail.toml").policies[1]
    days = closed_days(policy, datetime(2026, 12, 31, 23, 30, tzinfo=UTC))  # 2027 already in Berlin
    assert {day.year for day in days} == {2027, 2028, 2029}
    taken = snapshot_for(
        [load_book(BOOKS / "retail.toml")], CaseTraits(kind=CaseKind.REFUND, merchant="m"), datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert "2026-12-25" in {day.isoformat() for day in taken.policy.calendar.closed_days}
    assert closed_days(policy.model_copy(update={"holidays": None}), datetime(2026, 3, 2, tzinfo=UTC)) == ()


@pytest.mark.parametrize(("place", "known"), [("DE", True), ("DE-BE", True), ("DE-ZZ", False), ("XX", False), (None, True)])
def test_places_of_holidays(place: str | None, known: bool) -> None:
    assert (unknown_holidays(place) is None) is known
