"""Delivery events: every report once, in any order; the suppressions and the word to the case that follow at once."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from policies.case.commands import DeliveryReport
from policies.case.vocabulary import CaseKind, Channel, MessageClass, MessageKind
from store.delivery_events import DeliveryEventBooks, ReportedState, accepted_by_events
from store.delivery_reports import DELIVERY, PARK, DeliveryReports, Fault, IncomingReport, ReportedPark
from store.engine import Store
from store.inbox import Inbox
from store.parks import ParkBooks
from store.recorder import Recorder
from store.standing import DeliveryState
from store.suppressions import Covers, SuppressionBooks, SuppressionReason
from tests.store.rows import suppressions_of
from tests.store.samples import CASE, MONDAY, entry, hours, plan


async def sent(store: Store, message_id: str = "m1", channel: Channel = Channel.EMAIL, provider_id: str | None = "X-1") -> str:
    """A message that its provider took; its delivery's id."""
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(message_id, seq=int(message_id[1:])), MONDAY)
    delivery = await recorder.claim_delivery(message_id, channel, MONDAY, 15, reuse=False)
    if provider_id is not None:
        await recorder.end_sending(message_id, delivery.delivery_id, DeliveryState.ACCEPTED, MONDAY, None, provider_id=provider_id)
    return delivery.delivery_id


def report(key: str, state: ReportedState, delivery_id: str | None = None, **changes: Any) -> IncomingReport:
    values = {"provider": "sendgrid", "event_key": key, "delivery_id": delivery_id, "state": state, "at": hours(1)}
    return IncomingReport.model_validate(values | changes)


async def test_the_same_report_twenty_times_at_once_is_one(store: Store) -> None:
    delivery_id = await sent(store)
    bounced = report("e1", ReportedState.BOUNCED, delivery_id, permanent=True, reason="bounced")
    answers = await asyncio.gather(*(DeliveryReports(store).take([bounced], hours(2)) for _ in range(20)))
    assert sum(answer.new for answer in answers) == sum(answer.to_tell for answer in answers) == 1
    (row,) = await Inbox(store).rows()
    assert (row.kind, row.case_id, row.reference, row.payload["kind"]) == (DELIVERY, CASE, delivery_id, CaseKind.REFUND)
    told = DeliveryReport.model_validate(row.payload["report"])
    assert (told.message_id, told.delivery_id, told.channel, told.state) == ("m1", delivery_id, Channel.EMAIL, "bounced")
    assert (told.permanent, told.reason, told.at) == (True, "bounced", hours(1))


STORIES = [
    (["delivered", "processed", "deferred"], "delivered"),
    (["bounced", "delivered"], "bounced"),  # the far server took it first
    (["deferred", "processed"], "deferred"),
    (["sent", "queued"], "sent"),
    (["spam", "delivered"], "spam"),
    (["undelivered", "sent", "queued"], "undelivered"),
]


@pytest.mark.parametrize(("states", "stands"), STORIES)
async def test_a_message_never_moves_backwards(store: Store, states: list[str], stands: str) -> None:
    delivery_id = await sent(store)
    for n, state in enumerate(states):
        await DeliveryReports(store).take([report(f"e{n}", ReportedState(state), delivery_id, at=hours(n))], hours(9))
    (standing,) = await DeliveryEventBooks(store).of_case(CASE)
    assert (standing.state, standing.message_id, len(standing.events)) == (stands, "m1", len(states))


async def test_only_what_did_not_arrive_is_told_to_the_case(store: Store) -> None:
    delivery_id = await sent(store)
    for n, state in enumerate(ReportedState):
        await DeliveryReports(store).take([report(f"e{n}", state, delivery_id)], hours(2))
    told = {row.payload["report"]["state"] for row in await Inbox(store).rows()}
    assert told == {"bounced", "blocked", "dropped", "undelivered", "failed"}


async def test_a_message_of_another_system_is_nobodys(store: Store) -> None:
    await sent(store)
    bounced = report("e1", ReportedState.BOUNCED, "another", address="eve@example.org", suppress=SuppressionReason.HARD_BOUNCE)
    taken = await DeliveryReports(store).take([bounced], hours(1))
    assert (taken.strangers, taken.new) == (1, 0)
    assert await Inbox(store).rows() == []
    assert await SuppressionBooks(store).is_suppressed(Channel.EMAIL, "eve@example.org", MessageClass.MANDATORY) is None


async def test_a_report_without_our_id_is_known_by_the_providers(store: Store) -> None:
    delivery_id = await sent(store, provider_id="SM1")
    taken = await DeliveryReports(store).take([report("e1", ReportedState.DELIVERED, None, provider_id="SM1")], hours(1))
    assert taken.new == 1
    (standing,) = await DeliveryEventBooks(store).of_case(CASE)
    assert standing.delivery_id == delivery_id


async def test_the_address_is_suppressed_with_the_report_on_the_channel_of_the_delivery(store: Store) -> None:
    mail, text = await sent(store), await sent(store, "m2", Channel.SMS, "SM2")
    books = SuppressionBooks(store)
    reports = [
        report("e1", ReportedState.SPAM, mail, address="Ada@Example.org", suppress=SuppressionReason.SPAM),
        report("e2", ReportedState.FAILED, text, address="+4930123456", suppress=SuppressionReason.STOP, provider="twilio"),
        report("e3", ReportedState.FAILED, text, address="not a number", suppress=SuppressionReason.STOP, provider="twilio"),
    ]
    assert (await DeliveryReports(store).take(reports, hours(2))).new == 3
    (spam,) = await suppressions_of(store, Channel.EMAIL, "ada@example.org")
    assert (spam.reason, spam.covers, spam.since, spam.source) == (SuppressionReason.SPAM, Covers.ALL, hours(1), "sendgrid:e1")
    assert await books.is_suppressed(Channel.SMS, "+4930123456", MessageClass.MANDATORY) is SuppressionReason.STOP


async def test_subscribing_again_lifts_what_unsubscribing_stopped(store: Store) -> None:
    delivery_id, books = await sent(store), SuppressionBooks(store)
    off = report(
        "e1", ReportedState.UNSUBSCRIBED, delivery_id, address="a@b.example", suppress=SuppressionReason.UNSUBSCRIBE, covers=Covers.STATUS
    )
    on = report("e2", ReportedState.RESUBSCRIBED, delivery_id, address="a@b.example", lifts=[SuppressionReason.UNSUBSCRIBE], at=hours(3))
    await DeliveryReports(store).take([off], hours(2))
    assert await books.is_suppressed(Channel.EMAIL, "a@b.example", MessageClass.STATUS) is SuppressionReason.UNSUBSCRIBE
    await DeliveryReports(store).take([on], hours(3))
    assert await books.is_suppressed(Channel.EMAIL, "a@b.example", MessageClass.STATUS) is None


async def test_any_report_proves_that_the_provider_has_the_message(store: Store) -> None:
    delivery_id = await sent(store, provider_id=None)  # our call's answer was lost
    assert await store.read(lambda connection: accepted_by_events(connection, delivery_id)) is None
    later = report("e1", ReportedState.BOUNCED, delivery_id, at=hours(2))
    first = report("e2", ReportedState.PROCESSED, delivery_id, at=hours(1), provider_id="X-9")
    await DeliveryReports(store).take([later, first], hours(3))
    proven = await store.read(lambda connection: accepted_by_events(connection, delivery_id))
    assert proven is not None
    assert (proven.provider_id, proven.at) == ("X-9", hours(1))
    assert await DeliveryEventBooks(store).seen_at("sendgrid") == hours(3)
    assert await DeliveryEventBooks(store).seen_at("twilio") is None


async def test_a_fault_of_the_operator_parks_the_channel_before_its_cases_hear_of_it_and_tells_it_once(store: Store) -> None:
    first, second = await sent(store), await sent(store, "m2", provider_id="X-2")
    drop: dict[str, Any] = {"state": ReportedState.DROPPED, "reason": "over_quota", "fault": Fault.ACCOUNT}
    both = [report("e1", delivery_id=first, **drop), report("e2", delivery_id=second, **drop)]
    for _ in range(3):
        await DeliveryReports(store).take(both, hours(2))
    (park,) = await ParkBooks(store).standing()
    assert (park.channel, park.provider, park.sender, park.reason) == (Channel.EMAIL, "sendgrid", "", "over_quota")
    assert (park.since, park.reported_at, park.alerted_at) == (hours(2), hours(2), None)
    rows = list(reversed(await Inbox(store).rows()))
    assert [row.kind for row in rows] == [PARK, DELIVERY, DELIVERY]
    assert ReportedPark.model_validate(rows[0].payload).alert_id == park.alert_id
    assert [DeliveryReport.model_validate(row.payload["report"]).operator for row in rows[1:]] == [True, True]


async def test_a_fault_of_a_sender_parks_that_sender(store: Store) -> None:
    text = await sent(store, channel=Channel.SMS, provider_id="SM1")
    told = report("e1", ReportedState.FAILED, text, provider="twilio", reason="sender_refused", fault=Fault.SENDER, sender="+15005550006")
    await DeliveryReports(store).take([told], hours(2))
    assert [(park.channel, park.sender) for park in await ParkBooks(store).standing()] == [(Channel.SMS, "+15005550006")]


async def test_a_stranger_on_the_same_account_parks_nothing(store: Store) -> None:
    await sent(store)
    await DeliveryReports(store).take([report("e1", ReportedState.DROPPED, "another", fault=Fault.ACCOUNT)], hours(1))
    assert await ParkBooks(store).standing() == []


async def test_a_message_on_its_way_ends_a_park_by_report(store: Store) -> None:
    dropped = await sent(store)
    await DeliveryReports(store).take([report("e1", ReportedState.DROPPED, dropped, fault=Fault.ACCOUNT)], hours(2))
    await DeliveryReports(store).take([report("e2", ReportedState.DELIVERED, dropped)], hours(3))  # sent before: no proof
    assert len(await ParkBooks(store).standing()) == 1
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan("m2", seq=2), hours(4))
    trial = await recorder.claim_delivery("m2", Channel.EMAIL, hours(4), 15, reuse=False)
    await DeliveryReports(store).take([report("e3", ReportedState.PROCESSED, trial.delivery_id)], hours(4))  # so was the dropped one
    assert len(await ParkBooks(store).standing()) == 1
    await DeliveryReports(store).take([report("e4", ReportedState.DELIVERED, trial.delivery_id)], hours(5))
    assert await ParkBooks(store).standing() == []


EXPIRES = [
    (MessageKind.UPDATE, None, False),  # routine: the next one takes its place
    (MessageKind.ACKNOWLEDGEMENT, hours(1), False),  # the word that it named is due
    (MessageKind.ACKNOWLEDGEMENT, hours(24), True),  # Twilio holds it for ten hours at most, and nothing else would say it
    (MessageKind.RESOLUTION, None, True),
]


@pytest.mark.parametrize(("kind", "next_word_at", "told"), EXPIRES)
async def test_a_message_that_expired_is_an_entry_in_the_ledger_where_a_newer_word_takes_its_place(
    store: Store, kind: MessageKind, next_word_at: datetime | None, told: bool
) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan("m1", kind=kind, next_word_at=next_word_at), MONDAY)
    delivery = await recorder.claim_delivery("m1", Channel.SMS, MONDAY, 15, reuse=False)
    expired = report("e1", ReportedState.FAILED, delivery.delivery_id, provider="twilio", reason="expired", superseded=True)
    assert (await DeliveryReports(store).take([expired], hours(1))).new == 1
    (standing,) = await DeliveryEventBooks(store).of_case(CASE)
    assert (standing.state, standing.reason) == (ReportedState.FAILED, "expired")
    assert bool(await Inbox(store).rows()) is told
