"""A reference that the provider has never heard of: a person is told once, the customer goes on being told the truth."""

from policies.case.commands import ReportFact
from policies.case.vocabulary import FactType, MessageKind
from tests.policies.driver import HOUR, LEAD, MONDAY, Life, start


def told(life: Life) -> list[tuple[str, str]]:
    return [(plan.alert.to, plan.alert.reason) for plan, _ in life.told if plan.alert.reason == "reference_unknown"]


def test_after_the_policys_patience_a_person_is_told_once() -> None:
    life = Life.of(start(), unknown=("R-1-1",))
    life.until(MONDAY + 6 * HOUR - HOUR / 60)
    assert told(life) == []
    life.until(MONDAY + 6 * HOUR)  # unreachable_after, though the plan would ask after 22 h only
    assert told(life) == [("owner", "reference_unknown")]
    [fact] = life.facts(FactType.REFERENCE_UNKNOWN)
    assert (fact.occurred_at, fact.detail["reference"]) == (MONDAY, "R-1-1")
    life.after(days=9)
    assert told(life) == [("owner", "reference_unknown")]
    assert life.checks > 5  # it is asked on: it may turn up
    assert life.kinds() == ["acknowledgement", *["update"] * 9]  # and the customer's updates go on


def test_one_unknown_part_among_known_ones_is_told() -> None:
    life = Life.of(start(amounts=(100, 200, 300)), unknown=("R-1-2", "R-1-3"))
    life.after(days=2)
    assert told(life) == [("owner", "reference_unknown")]  # both in one alert
    assert [fact.detail["reference"] for fact in life.facts(FactType.REFERENCE_UNKNOWN)] == ["R-1-2", "R-1-3"]


def test_it_may_turn_up_after_all() -> None:
    life = Life.of(start(), unknown=("R-1-1",))
    life.until(MONDAY + 30 * HOUR)
    life.unknown.clear()
    life.will_be(MONDAY + 31 * HOUR, "succeeded")
    life.after(days=2)
    assert MessageKind.RESOLUTION.value in life.kinds()


def test_a_refund_that_was_issued_again_has_its_own_patience() -> None:
    life = Life.of(start(), unknown=("R-1-1b",))
    life.after(days=5)
    life.do("report_fact", ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-1", new_reference="R-1-1b"))
    life.after(hours=5)
    assert told(life) == []
    life.after(hours=1)
    assert told(life) == [("owner", "reference_unknown")]
