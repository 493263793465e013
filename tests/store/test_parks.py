"""Parked channels: one park, one alert, one probe at a time, one lift."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from activities.parking import Parking
from activities.ports import AlertMessage
from policies.case.vocabulary import Channel
from store.engine import Store
from store.parks import (
    SILENCE,
    ChannelPark,
    ParkBooks,
    claim_alert,
    claim_probe,
    goes_on,
    lift_park,
    note_alerted,
    park,
    park_by_report,
    parked,
    release_alert,
    taken_again,
)
from store.recorder import Recorder
from tests.fakes import FakeDirectory
from tests.store.samples import MONDAY, hours, plan

EVERY = timedelta(minutes=15)


async def test_a_fault_parks_the_channel_once_until_it_is_lifted(store: Store) -> None:
    first = await asyncio.gather(
        *(store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "unauthorized", MONDAY, EVERY)) for _ in range(10))
    )
    assert first.count(True) == 1
    assert not await store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "forbidden", hours(1), EVERY))
    (standing,) = await ParkBooks(store).standing()
    assert (standing.channel, standing.reason, standing.since, standing.probe_at) == (Channel.EMAIL, "unauthorized", MONDAY, MONDAY + EVERY)
    assert await store.read(lambda c: parked(c, Channel.SMS, "twilio")) is None
    assert await ParkBooks(store).lift(Channel.EMAIL, "sendgrid", hours(2))
    assert not await ParkBooks(store).lift(Channel.EMAIL, "sendgrid", hours(2))
    assert await ParkBooks(store).standing() == []
    assert await store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "forbidden", hours(3), EVERY))
    again = await store.read(lambda c: parked(c, Channel.EMAIL, "sendgrid"))
    assert again is not None
    assert (again.reason, again.alerted_at, again.lifted_at) == ("forbidden", None, None)
    assert again.alert_id != standing.alert_id


async def test_a_fault_from_before_the_lift_does_not_park_again(store: Store) -> None:
    await store.write(lambda c: park(c, Channel.SMS, "twilio", "suspended", MONDAY, EVERY))
    await store.write(lambda c: lift_park(c, Channel.SMS, "twilio", hours(2)))
    assert not await store.write(lambda c: park(c, Channel.SMS, "twilio", "suspended", hours(1), EVERY))


async def test_a_success_from_before_the_fault_does_not_lift(store: Store) -> None:
    await store.write(lambda c: park(c, Channel.SMS, "twilio", "suspended", hours(1), EVERY))
    assert not await store.write(lambda c: lift_park(c, Channel.SMS, "twilio", MONDAY))


async def test_one_message_at_a_time_tries_whether_it_is_mended(store: Store) -> None:
    standing = await _park(store)
    assert not await store.write(lambda c: claim_probe(c, standing, MONDAY + EVERY / 2, EVERY))
    tries = await asyncio.gather(*(store.write(lambda c: claim_probe(c, standing, MONDAY + EVERY, EVERY)) for _ in range(10)))
    assert tries.count(True) == 1
    assert await store.write(lambda c: claim_probe(c, standing, MONDAY + 2 * EVERY, EVERY))


async def test_the_alert_is_noted_once(store: Store) -> None:
    standing = await _park(store)
    noted = [await store.write(lambda c: note_alerted(c, standing, MONDAY)) for _ in range(3)]
    assert noted == [True, False, False]


async def test_of_all_who_meet_a_park_at_once_one_may_tell_it(store: Store) -> None:
    standing, lease = await _park(store), timedelta(seconds=60)
    claims = await asyncio.gather(*(Recorder(store).claim_alert(standing, MONDAY, lease) for _ in range(10)))
    assert claims.count(True) == 1
    assert not await store.write(lambda c: claim_alert(c, standing, MONDAY + lease / 2, lease))
    # Who claimed it died before the alert: somebody else may once the lease is over, one again.
    late = await asyncio.gather(*(Recorder(store).claim_alert(standing, MONDAY + lease, lease) for _ in range(10)))
    assert late.count(True) == 1
    await store.write(lambda c: release_alert(c, standing))  # the alert was not taken
    assert await store.write(lambda c: claim_alert(c, standing, MONDAY + lease, lease))
    await store.write(lambda c: note_alerted(c, standing, MONDAY + lease))
    assert not await store.write(lambda c: claim_alert(c, standing, hours(9), lease))  # told once and for all


async def test_who_tells_an_old_park_late_says_nothing_of_a_new_one(store: Store) -> None:
    old = await _park(store)
    await store.write(lambda c: lift_park(c, Channel.SMS, "twilio", hours(1)))
    assert not await store.write(lambda c: claim_alert(c, old, hours(1), EVERY))  # it is mended: nobody needs to know
    await store.write(lambda c: park(c, Channel.SMS, "twilio", "suspended", hours(2), EVERY))
    assert not await store.write(lambda c: note_alerted(c, old, hours(2)))
    (new,) = await ParkBooks(store).standing()
    assert new.alerted_at is None
    assert await store.write(lambda c: claim_alert(c, new, hours(2), EVERY))


async def test_a_fault_that_is_reported_parks_once_and_not_for_messages_from_before_it_was_mended(store: Store) -> None:
    parks = [await _reported(store, sent_at=hours(n / 10), at=hours(1 + n / 10)) for n in range(3)]
    assert [one is not None for one in parks] == [True, False, False]
    (standing,) = await ParkBooks(store).standing()
    assert (standing.reason, standing.since, standing.reported_at, standing.probe_at) == (
        "over_quota",
        hours(1),
        hours(1),
        hours(1) + EVERY,
    )
    assert await ParkBooks(store).lift(Channel.EMAIL, "sendgrid", hours(2))
    assert await _reported(store, sent_at=hours(2), at=hours(3)) is None  # SendGrid tells for a day what was before
    assert await ParkBooks(store).standing() == []
    assert await _reported(store, sent_at=hours(3), at=hours(4)) is not None


async def test_a_reported_fault_is_not_mended_by_a_message_that_is_only_taken(store: Store) -> None:
    new = await _reported(store, sent_at=MONDAY, at=hours(1))
    assert new is not None
    await Recorder(store).taken_again([new], hours(2))
    (standing,) = await ParkBooks(store).standing()
    assert standing.taken_at == hours(2)
    assert await _reported(store, sent_at=hours(2), at=hours(2) + EVERY) is None  # that one was dropped, too
    (standing,) = await ParkBooks(store).standing()
    assert (standing.taken_at, standing.reported_at, standing.probe_at) == (None, hours(2) + EVERY, hours(2) + 2 * EVERY)
    await Recorder(store).taken_again([standing], hours(3))
    assert not await store.write(lambda c: taken_again(c, standing, hours(3) + SILENCE / 2))  # a report may still come
    # Nothing bad was heard of it for half an hour, and another is taken: the provider reports nothing good, perhaps.
    assert await store.write(lambda c: taken_again(c, standing, hours(4)))
    assert await ParkBooks(store).standing() == []


async def test_a_reported_fault_is_mended_by_a_later_message_that_is_on_its_way(store: Store) -> None:
    await _reported(store, sent_at=MONDAY, at=hours(1))
    goes: dict[str, Any] = {"channel": Channel.EMAIL, "provider": "sendgrid"}
    assert not await store.write(lambda c: goes_on(c, sent_at=hours(0.5), at=hours(2), **goes))  # from before: proves nothing
    assert not await store.write(lambda c: goes_on(c, Channel.EMAIL, "other", sent_at=hours(2), at=hours(3)))
    assert await store.write(lambda c: goes_on(c, sent_at=hours(2), at=hours(3), **goes))
    assert await ParkBooks(store).standing() == []
    await store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "sendgrid_401", hours(4), EVERY))
    assert not await store.write(lambda c: goes_on(c, sent_at=hours(5), at=hours(6), **goes))  # what the answer says, an answer mends


async def test_another_senders_mail_on_its_way_says_nothing_of_a_sender_that_is_at_fault(store: Store) -> None:
    await _reported(store, sent_at=MONDAY, at=hours(1), sender="+15005550006")
    goes: dict[str, Any] = {"channel": Channel.EMAIL, "provider": "sendgrid", "sent_at": hours(2), "at": hours(3)}
    assert not await store.write(lambda c: goes_on(c, sender="+15005550009", **goes))
    assert await store.write(lambda c: goes_on(c, sender="+15005550006", **goes))


async def test_a_sender_is_parked_beside_the_others_and_the_account(store: Store) -> None:
    summit, all_of_it = await _park(store, "help@summit.example"), await _park(store)
    other = await _park(store, "help@northwind.example")
    assert len({summit.alert_id, all_of_it.alert_id, other.alert_id}) == 3  # each is told
    assert not any("summit" in park.alert_id for park in (summit, other))
    assert [park.sender for park in await ParkBooks(store).standing()] == ["", "help@northwind.example", "help@summit.example"]
    assert await store.write(lambda c: claim_probe(c, summit, hours(1), EVERY))
    assert await store.write(lambda c: claim_probe(c, all_of_it, hours(1), EVERY))
    assert await ParkBooks(store).lift(Channel.SMS, "twilio", hours(2), "help@summit.example")
    assert [park.sender for park in await ParkBooks(store).standing()] == ["", "help@northwind.example"]
    assert await ParkBooks(store).lift(Channel.SMS, "twilio", hours(2))
    assert [park.sender for park in await ParkBooks(store).standing()] == ["help@northwind.example"]


async def test_a_provider_that_refuses_a_sender_has_let_the_account_in(store: Store) -> None:
    await _park(store)
    await Recorder(store).park(Channel.SMS, "twilio", "twilio_21606", hours(1), EVERY, "+15005550006")
    assert [park.sender for park in await ParkBooks(store).standing()] == ["+15005550006"]


async def _park(store: Store, sender: str = "") -> ChannelPark:
    await store.write(lambda c: park(c, Channel.SMS, "twilio", "suspended", MONDAY, EVERY, sender))
    standing = await store.read(lambda c: parked(c, Channel.SMS, "twilio", sender))
    assert standing is not None
    return standing


async def _reported(store: Store, *, sent_at: datetime, at: datetime, sender: str = "") -> ChannelPark | None:
    return await store.write(
        lambda c: park_by_report(c, Channel.EMAIL, "sendgrid", "over_quota", sent_at=sent_at, at=at, probe_after=EVERY, sender=sender)
    )


class _Alerts:
    """Takes a moment, as every service does."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def alert(self, message: AlertMessage, at: datetime) -> None:
        self.told.append(message.title)
        await asyncio.sleep(0)


async def test_two_senders_that_hit_the_same_fault_at_once_tell_it_once(store: Store) -> None:
    alerts = _Alerts()
    senders = [Parking(Recorder(store), alerts, FakeDirectory()) for _ in range(2)]  # of two worker processes: all they share is the books

    async def refused(parking: Parking, message_id: str) -> bool:
        result, untold = await parking.park(Channel.EMAIL, "sendgrid", "sendgrid_401", plan(message_id), MONDAY)
        assert result.reason == "channel_parked"
        return untold is not None and await parking.tell(untold, MONDAY)

    told = await asyncio.gather(*(refused(senders[n % 2], f"m{n}") for n in range(8)))
    assert told.count(True) == 1
    assert alerts.told == ["[level 3] email by sendgrid is parked: sendgrid_401"]
    (standing,) = await ParkBooks(store).standing()
    assert standing.alerted_at == MONDAY
