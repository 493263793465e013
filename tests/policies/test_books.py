"""Policy books as forms: defaults, first match, checksum, closed days."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from policies.book import CaseTraits, PolicyBook, choose, snapshot, with_defaults
from policies.case.vocabulary import CaseKind
from starter.policy_books import load_book, load_books
from starter.policy_choice import never_reached
from starter.settings import BOOKS

RETAIL, DEMO = BOOKS / "retail.toml", BOOKS / "demo.toml"


def filled(policy: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    raw = {"book": "b", "policies": [policy], "defaults": defaults}
    before = deepcopy(raw)
    made = with_defaults(raw)
    assert raw == before, "with_defaults must not change what it was given"
    assert "defaults" not in made
    return dict(made["policies"][0])


def test_what_a_policy_leaves_out_is_filled() -> None:
    assert filled({"id": "a"}, {"tail": "720h"}) == {"id": "a", "tail": "720h"}
    assert filled({"tail": "1h"}, {"tail": "720h"}) == {"tail": "1h"}


def test_a_table_of_settings_is_filled_key_by_key() -> None:
    defaults = {"cadence": {"steps": [1], "shortest": "24h"}}
    assert filled({"cadence": {"shortest": "12h"}}, defaults)["cadence"] == {"steps": [1], "shortest": "12h"}


def test_a_table_that_is_one_value_is_not_mixed() -> None:
    assert filled({"settled_outcome": {"won": "won"}}, {"settled_outcome": {"lost": "lost"}})["settled_outcome"] == {"won": "won"}
    calendar = filled({"calendar": {"windows": {"mon": []}}}, {"calendar": {"zone": "UTC", "windows": {"tue": []}}})["calendar"]
    assert calendar == {"zone": "UTC", "windows": {"mon": []}}


@pytest.mark.parametrize(("name", "key"), [("clocks", "id"), ("hold_reasons", "code"), ("outcomes", "code")])
def test_named_entries_are_appended_unless_the_policy_has_its_own(name: str, key: str) -> None:
    own, theirs, shared = {key: "x", "own": True}, {key: "x"}, {key: "y"}
    assert filled({name: [own]}, {name: [theirs, shared]})[name] == [own, shared]


def test_a_kinds_defaults_come_before_the_general_ones() -> None:
    defaults = {
        "tail": "1h",
        "outcomes": [{"code": "x", "of": "all"}],
        "refund": {"tail": "2h", "outcomes": [{"code": "x", "of": "refund"}]},
    }
    assert filled({"kind": "refund"}, defaults) == {"kind": "refund", "tail": "2h", "outcomes": [{"code": "x", "of": "refund"}]}
    assert filled({"kind": "delay"}, defaults) == {"kind": "delay", "tail": "1h", "outcomes": [{"code": "x", "of": "all"}]}


@pytest.mark.parametrize("raw", [{"defaults": 3, "policies": []}, {"defaults": {}, "policies": 3}, {"policies": []}, {}])
def test_what_is_no_table_is_left_for_the_validation(raw: dict[str, Any]) -> None:
    assert with_defaults(raw) == raw


@pytest.mark.parametrize("path", [RETAIL, DEMO], ids=lambda path: str(path.stem))
def test_shipped_books_load_and_every_policy_can_rule(path: Any) -> None:
    book = load_book(path)
    assert never_reached([book]) == []
    assert {policy.kind for policy in book.policies} == set(CaseKind)


def test_the_first_match_rules() -> None:
    book = load_book(RETAIL)
    vip = choose(book, CaseTraits(kind=CaseKind.REFUND, merchant="m", segment="vip"))
    other = choose(book, CaseTraits(kind=CaseKind.REFUND, merchant="m"))
    assert vip is not None
    assert other is not None
    assert (vip.id, other.id) == ("retail.refund.vip", "retail.refund")


def test_defaults_reach_the_retail_policies() -> None:
    book = load_book(RETAIL)
    vip, refund, dispute, delay = book.policies
    assert [clock.id for clock in refund.clocks] == ["refund_promise", "withdrawal_refund", "next_response", "recovery"]
    assert [str(clock.span) for clock in vip.clocks] == ["5bd", "4bh", "14cd", "8bh"]  # the law binds for a VIP too
    assert {outcome.code for outcome in vip.outcomes} == {outcome.code for outcome in refund.outcomes}
    assert {reason.code for reason in vip.hold_reasons} == {reason.code for reason in refund.hold_reasons}
    assert all(policy.goodwill_limits["EUR"] == 10000 for policy in book.policies)
    for policy in book.policies:  # whatever a lead can pay with
        assert {outcome.code for outcome in policy.outcomes if outcome.limited} == {
            outcome.code for outcome in policy.outcomes if outcome.needs_amount
        }
    assert (str(vip.cadence.shortest), str(refund.cadence.shortest), str(dispute.cadence.longest)) == ("12h", "24h", "168h")
    assert "sat" in delay.calendar.windows
    assert "sat" not in dispute.calendar.windows
    assert all(policy.hold_reason("under_review") for policy in book.policies)


def test_the_demo_asks_for_no_timer_that_the_engine_cannot_keep() -> None:
    for policy in load_book(DEMO).policies:
        spans = [policy.tail, policy.new_date_after_breach, policy.feedback.ask_after, *policy.parked_retries, policy.cadence.grace]
        spans += [step.every for step in policy.cadence.steps] + [step.every for step in policy.watch.steps]
        spans += [clock.span for clock in policy.clocks if clock.span is not None]
        assert all(span.is_elapsed and span.elapsed().total_seconds() >= 1 for span in spans), policy.id
        assert policy.show_seconds


def test_the_checksum_follows_what_rules_and_nothing_else() -> None:
    book = load_book(RETAIL)
    policy = book.policies[1]
    one = snapshot(book, policy, ())
    assert one.checksum == snapshot(load_book(RETAIL), policy, ()).checksum
    assert one.checksum != snapshot(book, policy, (date(2026, 12, 25),)).checksum
    assert one.checksum != snapshot(book, policy.model_copy(update={"show_seconds": True}), ()).checksum


def test_several_books_are_one_list() -> None:
    books = load_books([DEMO, RETAIL])
    assert [book.book for book in books] == ["demo", "retail"]
    assert isinstance(books[0], PolicyBook)
