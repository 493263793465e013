"""Alerts that wait for a digest: each told once, under one id, whatever dies in between."""

import asyncio

from policies.case.plans import AlertPlan
from policies.case.state import Alert
from store.engine import Store
from store.queries import Queries
from store.recorder import Recorder
from tests.store.samples import CASE, alert_plan, entry, hours

LEADS = "alert-digest-lead"


async def _open(recorder: Recorder, *ids: str, by: str | None = LEADS) -> None:
    for alert_id in ids:
        assert await recorder.open_alert(None, alert_plan(alert_id), hours(8), by)


async def _taken(recorder: Recorder, digest_id: str, by: str = LEADS) -> list[str]:
    return [one.plan.alert_id for one in await recorder.take_into_digest(by, digest_id)]


async def _finish(recorder: Recorder, *ids: str) -> None:
    await recorder.finish_digest(["kim"], hours(9), {alert_id: (f"title {alert_id}", f"body {alert_id}") for alert_id in ids})


async def test_a_digest_takes_what_was_gathered_for_it_and_not_told(store: Store) -> None:
    recorder = Recorder(store)
    await _open(recorder, "a1", "a2", "a3")
    await _open(recorder, "b1", by="alert-digest-head")
    await _open(recorder, "c1", by=None)
    await recorder.finish_alert("a2", ["lee"], hours(8), "at once", "at once")
    assert await _taken(recorder, "d1") == ["a1", "a3"]


async def test_an_attempt_after_a_dead_one_tells_the_same_ones_and_none_that_came_meanwhile(store: Store) -> None:
    recorder = Recorder(store)
    await _open(recorder, "a1", "a2")
    assert await _taken(recorder, "d1") == ["a1", "a2"]
    await _open(recorder, "a3")
    assert await _taken(recorder, "d1") == ["a1", "a2"]
    await _finish(recorder, "a1", "a2")
    assert await _taken(recorder, "d1") == []
    assert await _taken(recorder, "d2") == ["a3"]


async def test_what_a_digest_took_and_never_told_is_the_next_ones(store: Store) -> None:
    recorder = Recorder(store)
    await _open(recorder, "a1", "a2")
    assert await _taken(recorder, "d1") == ["a1", "a2"]
    assert await _taken(recorder, "d2") == ["a1", "a2"]


async def test_ten_at_once_take_the_same(store: Store) -> None:
    recorder = Recorder(store)
    await _open(recorder, "a1", "a2")
    assert await asyncio.gather(*(_taken(recorder, "d1") for _ in range(10))) == [["a1", "a2"]] * 10


async def test_each_alert_is_told_with_its_own_words_once(store: Store) -> None:
    recorder = Recorder(store)
    await _open(recorder, "a1", "a2")
    await recorder.take_into_digest(LEADS, "d1")
    await _finish(recorder, "a1", "a2")
    await recorder.finish_digest(["max"], hours(10), {"a1": ("again", "again")})
    found = await Queries(store).alerts(CASE)
    assert [(alert.title, alert.body, alert.people, alert.sent_at) for alert in found] == [
        ("title a1", "body a1", ["kim"], hours(9)),
        ("title a2", "body a2", ["kim"], hours(9)),
    ]
    assert not await recorder.open_alert(None, alert_plan("a1"), hours(11), LEADS)


async def test_one_that_passes_is_read_back_whole_until_it_is_told(store: Store) -> None:
    recorder = Recorder(store)
    plan = AlertPlan(
        alert_id="a1",
        case_id=CASE,
        kind=alert_plan().kind,
        merchant="acme",
        owner="tom",
        alert=Alert(to="owner", level=1, reason="at_risk", clock="refund_promise", due_at=hours(9), since=hours(8)),
    )
    await recorder.open_alert(entry(), plan, hours(8), "alert-digest-owner-x")
    assert await recorder.waiting_alert("a1") == plan
    await recorder.finish_alert("a1", ["tom"], hours(8), "t", "b")
    assert await recorder.waiting_alert("a1") is None
    assert await recorder.waiting_alert("nobody") is None


async def test_an_alert_opened_before_its_policy_gathered_is_gathered_when_it_is_opened_again(store: Store) -> None:
    recorder = Recorder(store)
    await _open(recorder, "a1", by=None)
    assert await _taken(recorder, "d1") == []
    await _open(recorder, "a1")
    assert await _taken(recorder, "d2") == ["a1"]
