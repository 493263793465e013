"""A fault of the operator that a provider reports after it took the messages: parked, told once, and said again when it is mended."""

from datetime import timedelta
from pathlib import Path

from activities.contracts.jobs import TellPark
from policies.case.commands import Withdraw
from policies.case.vocabulary import Channel
from store.delivery_events import ReportedState
from store.delivery_reports import DeliveryReports, Fault, IncomingReport
from store.parks import ParkBooks
from tests.life.harness import LEAD, MONDAY, Case, start_of
from tests.starter.web.webhooks.test_telling import Mailroom, mailroom
from workflows import names

HOUR = timedelta(hours=1)
BOTH = (Channel.EMAIL, Channel.SMS)
TITLE = "[level 3] email by fake is parked: over_quota"


async def reported(m: Mailroom, delivery_id: str, state: ReportedState, *, fault: Fault | None = None) -> None:
    """What the endpoint takes in, and the drain tells."""
    m.clock.now = await m.house.now()
    report = IncomingReport(
        provider="fake",
        event_key=f"{delivery_id}:{state.value}",
        delivery_id=delivery_id,
        state=state,
        reason="over_quota" if fault is not None else None,
        at=m.clock.now,
        fault=fault,
    )
    assert (await DeliveryReports(m.house.store).take([report], m.clock.now)).new == 1
    await m.drain()


async def all_dropped(m: Mailroom) -> int:
    """The provider throws away whatever it has taken and not reported on yet."""
    dropped = 0
    for one in m.house.post.sent:
        if one.outgoing.delivery_id not in m.told:
            m.told.add(one.outgoing.delivery_id)
            await reported(m, one.outgoing.delivery_id, ReportedState.DROPPED, fault=Fault.ACCOUNT)
            dropped += 1
    return dropped


async def parked_reasons(case: Case) -> set[object]:
    return {fact.detail["reason"] for fact in await case.facts("message_parked")}


async def test_what_was_thrown_away_waits_is_told_once_and_goes_out_once_each_when_mended(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        h = m.house
        for number in range(1, 4):
            h.provider.will_be(f"R-{number}-1", MONDAY, "pending")
        policy = {"parked_retries": ["4h"]}
        cases = [await h.open(start_of(reference=f"R-{number}", channels=BOTH, change=policy)) for number in range(1, 4)]
        await h.after(seconds=2)
        assert await all_dropped(m) == 3
        await h.after(minutes=14)
        assert len(h.post.sent) == 3  # said again, but not at once
        [park] = await ParkBooks(h.store).standing()
        assert (park.channel, park.provider, park.reason) == (Channel.EMAIL, "fake", "over_quota")
        for case in cases:
            assert (await case.facts("message_undelivered"))[0].detail["reason"] == "over_quota"
        # The provider takes what tries whether it is mended, and throws it away again: one at a time, and no second alert.
        while await h.now() < MONDAY + 25 * HOUR:
            before = len(h.post.sent)
            await h.after(hours=2)
            assert len(h.post.sent) - before <= 1
            await all_dropped(m)
        reasons = [await parked_reasons(case) for case in cases]  # cases say so, and keep their clocks; who tried was taken
        assert reasons.count({"channel_parked"}) >= 2
        assert [alert.title for alert, _ in h.alerts.told] == [TITLE]
        assert [one.since for one in await ParkBooks(h.store).standing()] == [park.since]
        # Mended: the next one that tries is reported to have arrived.
        tried = len(h.post.sent)
        while len(h.post.sent) == tried:
            await h.after(minutes=30)
        mended = h.post.sent[tried].at
        await reported(m, h.post.sent[tried].outgoing.delivery_id, ReportedState.DELIVERED)
        assert await ParkBooks(h.store).standing() == []
        await h.until(mended + 9 * HOUR)  # the policy's longest wait is four hours
        went_out = h.post.sent[tried:]
        # One true message each: the acknowledgement, with the update that was due meanwhile in it. On the customer's first channel.
        assert sorted(one.outgoing.case_id for one in went_out) == sorted(case.start.case_id for case in cases)
        assert {(one.kind, one.outgoing.channel) for one in went_out} == {("acknowledgement", Channel.EMAIL)}
        assert [alert.title for alert, _ in h.alerts.told if "is parked" in alert.title] == [TITLE]


async def test_a_routine_word_that_was_thrown_away_is_said_when_mended(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        h = m.house
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.until(MONDAY + 25 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update"]
        await reported(m, h.post.sent[1].outgoing.delivery_id, ReportedState.DROPPED, fault=Fault.ACCOUNT)
        await h.until(MONDAY + 27 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update", "update"]
        assert (await case.snapshot()).reach.channels == [Channel.EMAIL]  # type: ignore[union-attr]
        assert (await case.sums())["broken"] == 0


async def test_a_park_that_no_message_meets_is_told_all_the_same(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        h = m.house
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.until(MONDAY + 25 * HOUR)
        await case.act("withdraw", Withdraw(by=LEAD))
        await h.after(minutes=1)
        sent = len(h.post.sent)
        await reported(m, h.post.sent[1].outgoing.delivery_id, ReportedState.DROPPED, fault=Fault.ACCOUNT)
        await m.drain()
        await h.after(minutes=1)
        assert len(h.post.sent) == sent
        assert [alert.title for alert, _ in h.alerts.told] == [TITLE]
        [park] = await ParkBooks(h.store).standing()
        assert park.alerted_at is not None
        # Told by a workflow that has ended; a second drain that tells the same row starts no second one.
        told = TellPark(channel=park.channel, provider=park.provider, alert_id=park.alert_id)
        await h.client.get_workflow_handle(f"alert-{park.alert_id}").result()
        await h.client.execute_workflow(names.PARK_ALERT, told, id="again", task_queue="cases")
        await h.client.execute_workflow(names.PARK_ALERT, {"channel": "pigeon"}, id="unreadable", task_queue="cases")
        assert [alert.title for alert, _ in h.alerts.told] == [TITLE]
