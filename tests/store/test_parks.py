"""Parked channels: one park, one alert, one probe at a time, one lift."""

import asyncio
from datetime import timedelta

from policies.case.vocabulary import Channel
from store.engine import Store
from store.parks import ChannelPark, ParkBooks, claim_probe, lift_park, note_alerted, park, parked
from store.recorder import Recorder
from tests.store.samples import MONDAY, hours

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
