"""Whether a message arrived: a report of an end, silence, or nothing that could be known."""

from datetime import datetime

import pytest

from policies.case.vocabulary import Channel
from store.delivery_events import DeliveryEvent, ReportedState, write_event
from store.engine import Store
from store.recorder import Recorder
from tests.store.samples import MONDAY, entry, hours, plan

LEASE_S = 15.0


async def _send(recorder: Recorder, message_id: str, seq: int) -> str:
    words = {"text": "Hello"}
    begun = await recorder.begin_sending(entry(), plan(message_id=message_id, seq=seq), words, Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    assert begun.delivery is not None
    return begun.delivery.delivery_id


async def _report(store: Store, delivery_id: str, state: ReportedState, at: datetime) -> None:
    event = DeliveryEvent(provider="sendgrid", event_key=f"{delivery_id}-{state}", delivery_id=delivery_id, state=state, at=at)
    assert await store.write(lambda connection: write_event(connection, event, at))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([ReportedState.DELIVERED], "yes"),
        ([ReportedState.PROCESSED, ReportedState.READ], "yes"),
        ([ReportedState.DELIVERED, ReportedState.BOUNCED], "no"),  # a server may take a message first and return it later
        ([ReportedState.DROPPED], "no"),
        ([ReportedState.PROCESSED, ReportedState.DEFERRED], "unknowable"),
        ([], "unknowable"),
    ],
)
async def test_what_is_reported_of_the_message_itself(store: Store, states: list[ReportedState], expected: str) -> None:
    recorder = Recorder(store)
    delivery_id = await _send(recorder, "m1", 1)
    for state in states:
        await _report(store, delivery_id, state, hours(1))
    assert (await recorder.arrival("m1", Channel.EMAIL, MONDAY)).arrived == expected


async def test_silence_means_something_only_while_ends_of_others_are_reported_on_the_same_channel(store: Store) -> None:
    recorder = Recorder(store)
    await _send(recorder, "m1", 1)
    other = await _send(recorder, "m2", 2)
    await _report(store, other, ReportedState.PROCESSED, hours(1))
    assert (await recorder.arrival("m1", Channel.EMAIL, MONDAY)).arrived == "unknowable"
    await _report(store, other, ReportedState.DELIVERED, hours(2))
    assert (await recorder.arrival("m1", Channel.EMAIL, MONDAY)).arrived == "silent"
    assert (await recorder.arrival("m1", Channel.SMS, MONDAY)).arrived == "unknowable"
    assert (await recorder.arrival("m1", Channel.EMAIL, hours(3))).arrived == "unknowable"  # that report is older than the message
