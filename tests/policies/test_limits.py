"""What a lead may pay with is bounded by the book, per currency; more, or money without a bound, needs an admin."""

from typing import Any

import pytest
from pydantic import ValidationError

from policies.book import Policy
from policies.case.commands import Resolve
from policies.case.facts import Actor
from policies.case.vocabulary import CaseKind, Role
from policies.money import Money
from tests.policies.driver import LEAD, Life, policy, start

ADMIN = Actor(who="ada", role=Role.ADMIN, why="test")


def refused(
    outcome: str, *amounts: tuple[int, str], by: Actor = LEAD, rules: Policy | None = None, kind: CaseKind = CaseKind.REFUND
) -> str:
    case = start(kind, rules=rules)
    if kind is CaseKind.REFUND:  # paid in the currencies of the amounts
        target = case.targets[0]
        paid = [target.model_copy(update={"reference": f"R-{code}", "currency": code}) for code in sorted({code for _, code in amounts})]
        case = case.model_copy(update={"targets": paid})
    life = Life.of(case)
    money = [Money(amount_minor=amount, currency=currency) for amount, currency in amounts]
    return life.ask("resolve", Resolve(by=by, outcome=outcome, amounts=money)) or ""


@pytest.mark.parametrize("outcome", ["goodwill", "store_credit", "kept_item"])
def test_every_outcome_that_a_lead_can_pay_with_is_bounded(outcome: str) -> None:
    assert refused(outcome, (10000, "EUR")) == ""
    assert refused(outcome, (10001, "EUR")) == f"amounts: {outcome} over 100.00 EUR needs an admin"
    assert refused(outcome, (6000, "EUR"), (4001, "EUR")) != ""  # in two parts it is as much
    assert refused(outcome, (10001, "EUR"), by=ADMIN) == ""


@pytest.mark.parametrize("kind", [CaseKind.DISPUTE, CaseKind.DELAY])
def test_so_is_a_refund_of_ours_in_a_dispute_or_a_delay(kind: CaseKind) -> None:
    assert "refunded over 100.00 EUR" in refused("refunded", (10001, "EUR"), kind=kind)
    assert refused("refunded", (4990, "EUR"), kind=kind) == ""


def test_each_currency_has_its_own_bound_and_one_without_needs_an_admin() -> None:
    assert refused("goodwill", (8500, "GBP"), (10000, "EUR")) == ""
    assert "over 85.00 GBP" in refused("goodwill", (10000, "EUR"), (8501, "GBP"))
    # 100 KWD are 300 EUR, and 10000 JPY are 60: a number alone bounds nothing.
    assert refused("goodwill", (1, "JPY")) == "amounts: the policy has no limit for goodwill in JPY; such an amount needs an admin"
    assert refused("goodwill", (1, "JPY"), by=ADMIN) == ""


@pytest.mark.parametrize("outcome", ["goodwill", "replaced"])
def test_what_was_paid_in_one_currency_is_not_made_good_in_another_but_by_an_admin(outcome: str) -> None:
    def ask(by: Actor) -> str | None:
        return Life.of(start()).ask("resolve", Resolve(by=by, outcome=outcome, amounts=[Money(amount_minor=500, currency="USD")]))

    assert ask(LEAD) == "amounts.currency USD is not what was paid in; right would be EUR, another one needs an admin"
    assert ask(ADMIN) is None


def test_an_outcome_that_the_book_does_not_bound_is_free() -> None:
    outcomes = [{**outcome.model_dump(), "limited": outcome.code == "goodwill"} for outcome in policy().outcomes]
    assert refused("store_credit", (10**6, "JPY"), rules=policy(outcomes=outcomes)) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"goodwill_limits": {"EURO": 1}}, "right would be three capital letters, for example EUR"),
        ({"goodwill_limits": {"EUR": -1}}, "EUR: a limit is 0 or more minor units"),
        ({"outcomes": [{**outcome.model_dump(), "limited": False} for outcome in policy().outcomes]}, "goodwill_limits bind no outcome"),
    ],
)
def test_a_book_that_bounds_nothing_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        policy(**change)
