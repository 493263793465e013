"""A second look at acts that a case would take and nobody can have meant."""

import pytest

from policies.book import Policy
from starter.cli.second_look import odd_fact, odd_role, waited_for
from starter.desk import Refused
from starter.policy_books import load_books
from starter.policy_choice import by_id
from starter.settings import BOOKS

RETAIL = load_books([BOOKS / "retail.toml"])


def policy(name: str) -> Policy:
    return by_id(RETAIL, name)[1]


def test_what_a_policy_waits_for_is_what_people_can_tell_it() -> None:
    assert waited_for(policy("retail.refund")) == {"withdrawal_told"}
    assert "evidence_submitted" in waited_for(policy("retail.dispute"))
    assert not waited_for(policy("retail.dispute")) & {"resolved", "settled", "opened"}


@pytest.mark.parametrize(("name", "meant"), [("goods_recieved", "goods_received"), ("withdrawl_told", "withdrawal_told")])
def test_a_misspelt_fact_is_asked_about(name: str, meant: str) -> None:
    for ruled_by in (policy("retail.refund"), None):
        with pytest.raises(Refused, match=rf"^name {name}: .*did you mean {meant}\? \(--anyway keeps it as it is\)$"):
            odd_fact(name, ruled_by, RETAIL)


def test_a_fact_that_nothing_waits_for_is_kept_with_a_remark() -> None:
    for name in ("goods_received", "manual_inspection"):
        said = odd_fact(name, policy("retail.refund"), RETAIL)
        assert said is not None
        assert said.startswith(f"No rule of retail.refund waits for {name}: it stands on the timeline and changes nothing.")
        assert said.endswith("customer_supplied, payment_replaced, withdrawal_told")
    assert odd_fact("manual_inspection", None, RETAIL) is None  # a book that is no longer there: nothing can be said


@pytest.mark.parametrize("name", ["withdrawal_told", "payment_replaced", "customer_supplied", "resolved"])
def test_a_fact_that_something_waits_for_needs_no_remark(name: str) -> None:
    assert odd_fact(name, policy("retail.refund"), RETAIL) is None


def test_a_role_is_one_of_the_ladder_the_directory_or_the_alerts() -> None:
    ruled_by = policy("retail.refund")
    rung = next(rung.to for clock in ruled_by.clocks for rung in clock.ladder)
    assert [odd_role(to, ruled_by, {"night"}) for to in (rung, "night", "owner")] == [None, None, None]
    wrong = odd_role("leed", ruled_by, {"lead", "night"})
    assert wrong is not None
    assert wrong.startswith("to leed is no role that anybody has, so that only the fallback would be told; did you mean lead?")
    assert odd_role("lead", None, set()) is not None
