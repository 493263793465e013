"""The ledger: what was opened twice is one message, a dead attempt is remembered, an acceptance stays one."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from policies.case.plans import MessageResult
from policies.case.vocabulary import Channel, FactType, MessageKind, MessageOutcome, PromiseEnd
from store.engine import Store, StoreRefused
from store.queries import Queries
from store.recorder import Recorder
from store.standing import DeliveryState, MessageState
from tests.store.samples import CASE, MONDAY, ended, entry, fact, hours, plan, promise, result

PROMISING: dict[str, Any] = {"makes": 1, "next_word_at": hours(24)}
LEASE_S = 120


async def test_a_message_opens_with_its_entry(store: Store) -> None:
    standing = await Recorder(store).open_message(entry(facts=[fact(1, FactType.OPENED)]), plan(), MONDAY)
    assert (standing.state, standing.result, standing.deliveries) == (MessageState.SENDING, None, [])
    queries = Queries(store)
    assert len(await queries.facts(CASE)) == 1
    (message,) = await queries.messages(CASE)
    assert (message.kind, message.opened_at, message.locale) == (MessageKind.ACKNOWLEDGEMENT, MONDAY, "de")


async def test_twenty_openings_of_one_message_are_one(store: Store) -> None:
    recorder = Recorder(store)
    opened = [recorder.open_message(entry(facts=[fact(1)]), plan(**PROMISING), MONDAY) for _ in range(20)]
    assert {standing.state for standing in await asyncio.gather(*opened)} == {MessageState.SENDING}
    assert len(await Queries(store).messages(CASE)) == 1


async def test_another_message_under_the_same_ledger_key_is_refused(store: Store) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan("m1"), MONDAY)
    with pytest.raises(StoreRefused, match="another message"):
        await recorder.open_message(entry(), plan("m2"), MONDAY)
    await recorder.open_message(entry(), plan("m3", cycle=2), MONDAY)
    assert [message.message_id for message in await Queries(store).messages(CASE)] == ["m1", "m3"]


async def test_an_accepted_message_makes_its_promise_once(store: Store) -> None:
    recorder, queries = Recorder(store), Queries(store)
    await recorder.open_message(entry(), plan(**PROMISING), MONDAY)
    accepted = result(at=hours(1))
    assert await recorder.finish_message("m1", accepted, hours(1)) == accepted
    later = result(at=hours(2))
    assert await recorder.finish_message("m1", later, hours(2)) == accepted
    (promise,) = await queries.promises(CASE)
    assert (promise.made_at, promise.due_at, promise.made_by, promise.cycle) == (hours(1), hours(24), "m1", 1)
    standing = await recorder.open_message(entry(), plan(**PROMISING), hours(3))
    assert (standing.state, standing.result) == (MessageState.ACCEPTED, accepted)


@pytest.mark.parametrize(("taken_at", "end", "late_s"), [(hours(24), PromiseEnd.KEPT, 0), (hours(26), PromiseEnd.LATE, 7200)])
async def test_an_accepted_message_ends_the_promise_that_it_keeps(store: Store, taken_at: datetime, end: PromiseEnd, late_s: int) -> None:
    """At once, for the figures: the case's own word comes with its next entry, which may be a day away."""
    recorder, queries = Recorder(store), Queries(store)
    await recorder.open_message(entry(), plan(**PROMISING), MONDAY)
    await recorder.finish_message("m1", result(at=MONDAY), MONDAY)
    keeping = plan("m2", kind=MessageKind.UPDATE, seq=2, keeps=1, kept_until=hours(25), makes=2, next_word_at=hours(48))
    await recorder.open_message(entry(), keeping, hours(24))
    await recorder.finish_message("m2", result(at=taken_at), taken_at)
    first, second = await queries.promises(CASE)
    assert (first.end, first.ended_at, first.late_s) == (end, taken_at, late_s)
    assert second.end is None
    case = await queries.case(CASE)
    assert case is not None
    others = {other.value: 0 for other in PromiseEnd if other is not end}
    assert case.promises == {"made": 2, "open": 1, end.value: 1, **others}
    assert case.next_word_at == hours(48)
    last = plan("m3", kind=MessageKind.RESOLUTION, seq=3, keeps=2, kept_until=hours(49))
    await recorder.open_message(entry(next_word_at=hours(48)), last, hours(30))
    await recorder.finish_message("m3", result(at=hours(30)), hours(30))
    case = await queries.case(CASE)
    assert case is not None
    assert case.next_word_at is None, "no word is owed any more"


async def test_the_cases_own_word_on_a_promise_stands_whichever_comes_first(store: Store) -> None:
    """A person promised something on the phone while the message that keeps the promise was on its way."""
    recorder, queries = Recorder(store), Queries(store)
    keeping = plan("m2", kind=MessageKind.UPDATE, seq=2, keeps=1, kept_until=hours(25))
    await recorder.open_message(entry(open_promise=promise(1)), keeping, hours(24))
    await recorder.finish_message("m2", result(at=hours(24)), hours(24))
    await recorder.commit_entry(entry(ended_promises=[ended(1, PromiseEnd.SUPERSEDED)]))
    assert [one.end for one in await queries.promises(CASE)] == [PromiseEnd.SUPERSEDED]
    again = plan("m3", kind=MessageKind.UPDATE, seq=3, keeps=1, kept_until=hours(25))
    await recorder.open_message(entry(), again, hours(24))
    await recorder.finish_message("m3", result(at=hours(24)), hours(24))
    assert [one.end for one in await queries.promises(CASE)] == [PromiseEnd.SUPERSEDED]


@pytest.mark.parametrize("outcome", [each for each in MessageOutcome if each is not MessageOutcome.ACCEPTED])
async def test_only_an_accepted_message_makes_a_promise(store: Store, outcome: MessageOutcome) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(**PROMISING), MONDAY)
    await recorder.finish_message("m1", result(outcome, channel=None, reason="why", retry_at=hours(1)), MONDAY)
    assert await Queries(store).promises(CASE) == []
    standing = await recorder.open_message(entry(), plan(**PROMISING), MONDAY)
    assert standing.result == MessageResult(outcome=outcome, at=MONDAY, reason="why", retry_at=hours(1))


async def test_a_parked_message_is_opened_again_and_others_are_not(store: Store) -> None:
    recorder, queries = Recorder(store), Queries(store)
    await recorder.open_message(entry(), plan(**PROMISING), MONDAY)
    await recorder.finish_message("m1", result(MessageOutcome.PARKED, retry_at=hours(1)), MONDAY)
    for _ in range(2):
        await recorder.reopen_message("m1")
        (message,) = await queries.messages(CASE)
        assert (message.state, message.retry_at, message.ended_at) == (MessageState.SENDING, None, None)
    await recorder.finish_message("m1", result(at=hours(1)), hours(1))
    await recorder.reopen_message("m1")
    (message,) = await queries.messages(CASE)
    assert message.state is MessageState.ACCEPTED
    assert len(await queries.promises(CASE)) == 1


async def test_a_fresh_delivery_and_a_dead_attempt(store: Store) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(), MONDAY)
    first = await recorder.claim_delivery("m1", Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    assert (first.fresh, first.try_no, first.attempt, first.lease_until) == (True, 1, 1, hours(LEASE_S / 3600))
    assert len(first.delivery_id) == 32
    # That attempt died. The next one learns of it, with the old lease; it does not become a second delivery.
    second = await recorder.claim_delivery("m1", Channel.EMAIL, hours(1), LEASE_S, reuse=False)
    assert (second.fresh, second.delivery_id, second.attempt) == (False, first.delivery_id, 2)
    assert (second.state, second.lease_until) == (DeliveryState.SENDING, first.lease_until)
    third = await recorder.claim_delivery("m1", Channel.EMAIL, hours(1), LEASE_S, reuse=True)
    assert (third.delivery_id, third.attempt) == (first.delivery_id, 3)
    assert third.lease_until == hours(1 + LEASE_S / 3600)
    standing = await recorder.open_message(entry(), plan(), hours(1))
    assert [each.attempt for each in standing.deliveries] == [3]


async def test_a_new_try_only_after_one_that_was_not_sent(store: Store) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(), MONDAY)
    first = await recorder.claim_delivery("m1", Channel.EMAIL, MONDAY, LEASE_S, reuse=True)
    await recorder.end_sending("m1", first.delivery_id, DeliveryState.NOT_SENT, MONDAY, None, reason="rate_limited")
    second = await recorder.claim_delivery("m1", Channel.EMAIL, hours(1), LEASE_S, reuse=True)
    assert (second.fresh, second.try_no) == (True, 2)
    assert second.delivery_id != first.delivery_id
    other = await recorder.claim_delivery("m1", Channel.SMS, hours(1), LEASE_S, reuse=True)
    assert (other.fresh, other.try_no) == (True, 1)
    (message,) = await Queries(store).messages(CASE)
    assert [(each.channel, each.try_no) for each in message.deliveries] == [("email", 1), ("email", 2), ("sms", 1)]


@pytest.mark.parametrize(("reuse", "expected"), [(True, (False, 1, 2)), (False, (True, 2, 1))])
async def test_after_unknown(store: Store, reuse: bool, expected: tuple[bool, int, int]) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(), MONDAY)
    first = await recorder.claim_delivery("m1", Channel.EMAIL, MONDAY, LEASE_S, reuse)
    await recorder.end_sending("m1", first.delivery_id, DeliveryState.UNKNOWN, hours(1), None, reason="timeout")
    again = await recorder.claim_delivery("m1", Channel.EMAIL, hours(2), LEASE_S, reuse)
    assert (again.fresh, again.try_no, again.attempt) == expected
    assert again.state is DeliveryState.SENDING
    assert again.reason == ("timeout" if reuse else None)  # of the same try: why it is not known yet


@pytest.mark.parametrize("state", [DeliveryState.ACCEPTED, DeliveryState.REFUSED])
async def test_nothing_is_left_to_do_after_an_answer(store: Store, state: DeliveryState) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(), MONDAY)
    first = await recorder.claim_delivery("m1", Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    for _ in range(2):
        await recorder.end_sending("m1", first.delivery_id, state, hours(1), None, provider_id="p1")
    again = await recorder.claim_delivery("m1", Channel.EMAIL, hours(2), LEASE_S, reuse=False)
    assert (again.fresh, again.attempt, again.state, again.provider_id) == (False, 1, state, "p1")


async def test_an_accepted_delivery_never_moves_back(store: Store) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(), MONDAY)
    delivery = await recorder.claim_delivery("m1", Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    await recorder.end_sending("m1", delivery.delivery_id, DeliveryState.UNKNOWN, hours(1), None)
    await recorder.end_sending("m1", delivery.delivery_id, DeliveryState.ACCEPTED, hours(2), None, provider_id="p1")
    await recorder.end_sending("m1", delivery.delivery_id, DeliveryState.UNKNOWN, hours(3), None, reason="late")
    (kept,) = (await recorder.open_message(entry(), plan(), hours(4))).deliveries
    assert (kept.state, kept.provider_id, kept.ended_at) == (DeliveryState.ACCEPTED, "p1", hours(2))


async def test_twenty_claims_make_one_delivery(store: Store) -> None:
    recorder = Recorder(store)
    await recorder.open_message(entry(), plan(), MONDAY)
    claims = await asyncio.gather(*(recorder.claim_delivery("m1", Channel.EMAIL, MONDAY, LEASE_S, reuse=False) for _ in range(20)))
    assert [claim.fresh for claim in claims].count(True) == 1
    assert len({claim.delivery_id for claim in claims}) == 1
    assert sorted(claim.attempt for claim in claims) == list(range(1, 21))


async def test_what_an_accepted_message_said_stays(store: Store) -> None:
    recorder, queries = Recorder(store), Queries(store)
    words = {
        "template_id": "ack",
        "template_version": "3",
        "locale": "de",
        "subject": "Betreff",
        "text": "Guten Tag",
        "html": "<p>Guten Tag</p>",
    }
    for _ in range(2):
        await recorder.begin_sending(entry(), plan(), words, Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    await recorder.finish_message("m1", result(), MONDAY)
    later = {**words, "template_version": "4", "locale": "en", "subject": "Subject", "text": "Hello"}
    again = await recorder.begin_sending(entry(), plan(), later, Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    assert (again.standing.state, again.delivery) == (MessageState.ACCEPTED, None)
    (message,) = await queries.messages(CASE)
    assert (message.template_id, message.template_version, message.locale) == ("ack", "3", "de")
    assert (message.subject, message.text, message.html) == ("Betreff", "Guten Tag", "<p>Guten Tag</p>")


async def test_an_unknown_message_is_refused_and_sending_is_no_end(store: Store) -> None:
    recorder = Recorder(store)
    with pytest.raises(StoreRefused, match="no message m9"):
        await recorder.finish_message("m9", result(), MONDAY)
    with pytest.raises(StoreRefused, match="no message m9"):
        await recorder.claim_delivery("m9", Channel.EMAIL, MONDAY, LEASE_S, reuse=False)
    with pytest.raises(ValueError, match="no end"):
        await recorder.end_sending("m1", "d9", DeliveryState.SENDING, MONDAY, None)
