"""Why a refund waits, and whether a refund would still end a dispute: on the timeline and, where we must act, told to the owner."""

from policies.case.facts import Fact
from policies.case.vocabulary import CaseKind, FactType, MessageKind
from policies.rules.v1 import snapshot
from tests.policies.driver import DAY, HOUR, MONDAY, Life, start


def reasons(life: Life) -> list[object]:
    return [fact.detail["waits"] for fact in life.facts(FactType.PROVIDER_STATUS) if "waits" in fact.detail]


def told(life: Life) -> list[str]:
    return [plan.alert.to for plan, _ in life.told if plan.alert.reason == "provider_needs_us"]


def acts(life: Life) -> str:
    return life.posted[-1].plan.context.who_acts


def pending(life: Life, reason: str | None) -> None:
    life.report("pending", life.now, pending_reason=reason)


def test_a_refund_that_waits_for_the_merchants_money_is_told_to_its_owner_each_time_that_it_begins() -> None:
    life = Life.of(start())
    life.after(hours=1)
    pending(life, "processing")
    assert (reasons(life), told(life)) == (["processing"], [])
    life.after(hours=1)
    pending(life, "insufficient_funds")
    life.settle()
    assert (reasons(life), told(life)) == (["processing", "insufficient_funds"], ["owner"])
    assert snapshot(life.state).targets[0]["waits"] == "insufficient_funds"
    for _ in range(3):
        life.after(hours=1)
        pending(life, "insufficient_funds")
    assert (reasons(life), told(life)) == (["processing", "insufficient_funds"], ["owner"])
    life.after(hours=1)
    pending(life, None)
    assert snapshot(life.state).targets[0]["waits"] is None
    life.after(hours=1)
    pending(life, "insufficient_funds")
    life.settle()
    assert told(life) == ["owner", "owner"]


def test_it_is_no_news_to_the_customer_but_the_next_update_says_that_we_act() -> None:
    life = Life.of(start())
    life.after(hours=1)
    pending(life, "insufficient_funds")
    life.after(hours=30)
    assert set(life.kinds()) == {"acknowledgement", "update"}
    assert acts(life) == "us"
    pending(life, "processing")
    life.after(hours=24)
    assert acts(life) == "bank"


def test_the_watch_finds_it_too_and_goes_on_asking() -> None:
    life = Life.of(start())
    life.will_be(MONDAY, "pending")
    life.will_be(MONDAY + 2 * DAY, "pending", pending_reason="insufficient_funds")
    life.will_be(MONDAY + 4 * DAY, "succeeded")
    life.until(MONDAY + 3 * DAY)
    assert (reasons(life), told(life)) == (["insufficient_funds"], ["owner"])
    checks = life.checks
    life.until(MONDAY + 5 * DAY)
    assert life.checks > checks
    assert MessageKind.RESOLUTION.value in life.kinds()
    assert told(life) == ["owner"]


def test_an_old_reading_takes_no_reason_back() -> None:
    life = Life.of(start())
    life.after(hours=2)
    pending(life, "insufficient_funds")
    life.report("pending", life.now - HOUR, pending_reason="charge_pending")
    assert snapshot(life.state).targets[0]["waits"] == "insufficient_funds"


def test_whether_a_refund_would_still_end_a_dispute_stands_on_the_timeline() -> None:
    life = Life.of(start(CaseKind.DISPUTE, dispute_stage="inquiry", dispute_due_by=MONDAY + 9 * DAY))
    life.report("needs_response", MONDAY, stage="inquiry", charge_refundable=True)
    life.after(days=1)
    life.report("needs_response", life.now, stage="inquiry", charge_refundable=True)
    life.report("needs_response", life.now, stage="inquiry")  # not said is not no
    assert snapshot(life.state).targets[0]["charge_refundable"] is True
    life.after(days=1)
    life.report("needs_response", life.now, stage="chargeback", charge_refundable=False)
    said: list[Fact] = [fact for fact in life.facts(FactType.PROVIDER_STATUS) if "charge_refundable" in fact.detail]
    assert [fact.detail["charge_refundable"] for fact in said] == [True, False]
    assert snapshot(life.state).targets[0]["charge_refundable"] is False


def test_a_reading_without_reasons_leaves_no_trace_of_them() -> None:
    life = Life.of(start())
    life.will_be(MONDAY + 2 * HOUR, "pending")
    life.until(MONDAY + 5 * DAY)
    assert all("waits" not in fact.detail and "charge_refundable" not in fact.detail for fact in life.facts(FactType.PROVIDER_STATUS))
    assert told(life) == []
