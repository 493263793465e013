"""Plans over a clock of the test's own."""

from pathlib import Path

import pytest

from starter.simulator.plans import Kind, Outage, Plan, Plans, Step, Switch, Trouble

PLAN = Plan(
    kind=Kind.REFUND,
    reference="re_1",
    steps=[
        Step(after_s=2, status="processing", fields={"arn": None}),
        Step(after_s=10, status="paid_out", fields={"arn": "7400"}),
        Step(after_s=20, status="bounced", fields={"bounce": {"code": "X"}}, at="2026-03-02T09:00:00Z"),
    ],
    outages=[Outage(from_s=5, until_s=6, trouble=Trouble.BUSY, retry_after_s=3)],
)


@pytest.fixture
def plans() -> Plans:
    made = Plans(None)
    made.load([PLAN], now=1000)
    return made


@pytest.mark.parametrize(
    ("now", "status"), [(1001.9, None), (1002, "processing"), (1009.9, "processing"), (1010, "paid_out"), (1e9, "bounced")]
)
def test_the_status_of_a_moment(plans: Plans, now: float, status: str | None) -> None:
    current = plans.current(Kind.REFUND, "re_1", now)
    assert (current.status if current else None) == status


def test_fields_add_up_and_the_change_has_its_own_time(plans: Plans) -> None:
    paid = plans.current(Kind.REFUND, "re_1", 1015)
    late = plans.current(Kind.REFUND, "re_1", 1025)
    assert paid
    assert (paid.changed_at, paid.fields) == (1010, {"arn": "7400"})
    assert late
    assert (late.changed_at_text, late.fields) == ("2026-03-02T09:00:00Z", {"arn": "7400", "bounce": {"code": "X"}})


def test_kinds_do_not_mix(plans: Plans) -> None:
    assert plans.current(Kind.DISPUTE, "re_1", 1015) is None


@pytest.mark.parametrize(("now", "trouble"), [(1004.9, None), (1005, (Trouble.BUSY, 3)), (1006, None)])
def test_an_outage_of_one_reference(plans: Plans, now: float, trouble: tuple[Trouble, int] | None) -> None:
    assert plans.trouble(Kind.REFUND, "re_1", now) == trouble


def test_a_switched_outage_of_some_kinds(plans: Plans) -> None:
    plans.switch(Switch(on=True, trouble=Trouble.SILENT, kinds=[Kind.TRACKING]))
    assert plans.trouble(Kind.TRACKING, "any", 1) == (Trouble.SILENT, None)
    assert plans.trouble(Kind.REFUND, "re_1", 1) is None
    plans.switch(Switch(on=False))
    assert plans.trouble(Kind.TRACKING, "any", 1) is None


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    first = Plans(tmp_path / "simulator.json")
    first.load([PLAN], now=1000)
    first.count(Kind.REFUND, "re_1", answered=True)
    first.save_counts()
    second = Plans(tmp_path / "simulator.json")
    current = second.current(Kind.REFUND, "re_1", 1010)
    assert current
    assert current.status == "paid_out"
    assert second.counts()["refund/re_1"].checks == 1
