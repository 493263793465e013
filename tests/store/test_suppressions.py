"""Suppressions: who may not be written to, until a later word says otherwise."""

from datetime import datetime, timedelta

import pytest

from policies.case.vocabulary import Channel, MessageClass
from store.engine import Store
from store.suppressions import Covers, SuppressionBooks, SuppressionReason
from tests.store.rows import suppressions_of
from tests.store.samples import MONDAY, hours

NUMBER, ADDRESS = "+4930123456", "Ada@Example.org"
STOP, SPAM, BOUNCE, UNSUBSCRIBE = (
    SuppressionReason.STOP,
    SuppressionReason.SPAM,
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.UNSUBSCRIBE,
)


async def _why(books: SuppressionBooks, channel: Channel, address: str) -> list[str | None]:
    return [await books.is_suppressed(channel, address, one) for one in (MessageClass.MANDATORY, MessageClass.STATUS, MessageClass.SURVEY)]


async def test_stop_stops_everything_to_that_number_and_start_brings_it_back(store: Store) -> None:
    books = SuppressionBooks(store)
    assert await _why(books, Channel.SMS, NUMBER) == [None, None, None]
    assert await books.suppress(Channel.SMS, NUMBER, STOP, MONDAY, "twilio:1")
    assert not await books.suppress(Channel.SMS, NUMBER, STOP, hours(1), "twilio:2")  # said again it is no news
    assert await _why(books, Channel.SMS, " +49 30 123456 ") == [STOP, STOP, STOP]
    assert await _why(books, Channel.EMAIL, ADDRESS) == [None, None, None]
    assert await books.lift(Channel.SMS, NUMBER, [STOP], hours(2))
    assert not await books.lift(Channel.SMS, NUMBER, [STOP], hours(3))
    assert await _why(books, Channel.SMS, NUMBER) == [None, None, None]
    assert await books.suppress(Channel.SMS, NUMBER, STOP, hours(4), "twilio:3")
    assert await _why(books, Channel.SMS, NUMBER) == [STOP, STOP, STOP]


async def test_stop_stops_calls_to_that_number_as_well_and_start_brings_both_back(store: Store) -> None:
    books = SuppressionBooks(store)
    for said_by, begins in ((Channel.SMS, MONDAY), (Channel.VOICE, hours(3))):
        assert await books.suppress(said_by, NUMBER, STOP, begins, "twilio:1")
        assert await _why(books, Channel.SMS, NUMBER) == await _why(books, Channel.VOICE, NUMBER) == [STOP, STOP, STOP]
        assert not await books.suppress(Channel.VOICE, NUMBER, STOP, begins + timedelta(hours=1), "twilio:2")
        assert await books.lift(said_by, NUMBER, [STOP], begins + timedelta(hours=2))
        assert await _why(books, Channel.SMS, NUMBER) == await _why(books, Channel.VOICE, NUMBER) == [None, None, None]
    # Another reason is about one channel: a landline takes no texts and is called all the same.
    await books.suppress(Channel.SMS, NUMBER, SuppressionReason.INVALID, hours(6), "twilio:3")
    assert await _why(books, Channel.VOICE, NUMBER) == [None, None, None]


async def test_start_lifts_a_stop_and_nothing_else(store: Store) -> None:
    books = SuppressionBooks(store)
    await books.suppress(Channel.SMS, NUMBER, SuppressionReason.INVALID, MONDAY, "twilio:1")
    await books.suppress(Channel.SMS, NUMBER, STOP, MONDAY, "twilio:2")
    await books.lift(Channel.SMS, NUMBER, [STOP], hours(1))
    assert (await _why(books, Channel.SMS, NUMBER))[0] is SuppressionReason.INVALID


async def test_unsubscribing_stops_updates_and_surveys_and_a_spam_report_everything(store: Store) -> None:
    books = SuppressionBooks(store)
    await books.suppress(Channel.EMAIL, ADDRESS, UNSUBSCRIBE, MONDAY, "link", Covers.STATUS)
    assert await _why(books, Channel.EMAIL, "ADA@example.ORG") == [None, UNSUBSCRIBE, UNSUBSCRIBE]
    await books.suppress(Channel.EMAIL, ADDRESS, SPAM, hours(1), "sendgrid:1")
    assert await _why(books, Channel.EMAIL, ADDRESS) == [SPAM, SPAM, SPAM]


async def test_it_covers_more_but_never_less_while_it_stands(store: Store) -> None:
    books = SuppressionBooks(store)
    assert await books.suppress(Channel.EMAIL, ADDRESS, UNSUBSCRIBE, MONDAY, "link", Covers.STATUS)
    assert await books.suppress(Channel.EMAIL, ADDRESS, UNSUBSCRIBE, hours(1), "sendgrid:drop", Covers.ALL)
    assert not await books.suppress(Channel.EMAIL, ADDRESS, UNSUBSCRIBE, hours(2), "link", Covers.STATUS)
    (standing,) = await suppressions_of(store, Channel.EMAIL, ADDRESS)
    assert (standing.covers, standing.since, standing.source) == (Covers.ALL, MONDAY, "sendgrid:drop")


@pytest.mark.parametrize(("told_at", "stands"), [(hours(1), False), (hours(3), True)])
async def test_a_report_that_is_older_than_the_lift_changes_nothing(store: Store, told_at: datetime, stands: bool) -> None:
    books = SuppressionBooks(store)
    await books.suppress(Channel.EMAIL, ADDRESS, BOUNCE, MONDAY, "sendgrid:1")
    await books.lift(Channel.EMAIL, ADDRESS, [BOUNCE], hours(2))
    assert await books.suppress(Channel.EMAIL, ADDRESS, BOUNCE, told_at, "sendgrid:2") is stands
    assert ((await _why(books, Channel.EMAIL, ADDRESS))[0] is not None) is stands


async def test_a_lift_from_before_the_report_lifts_nothing(store: Store) -> None:
    books = SuppressionBooks(store)
    await books.suppress(Channel.EMAIL, ADDRESS, BOUNCE, hours(2), "sendgrid:1")
    assert not await books.lift(Channel.EMAIL, ADDRESS, [BOUNCE], hours(1))
    assert await books.is_suppressed(Channel.EMAIL, ADDRESS, MessageClass.MANDATORY) is BOUNCE


async def test_several_addresses_are_suppressed_together_or_not_at_all(store: Store) -> None:
    books = SuppressionBooks(store)
    wrong = [(Channel.EMAIL, ADDRESS), (Channel.SMS, "NORTHWIND")]
    with pytest.raises(ValueError, match="no sms address"):
        await books.suppress_all(wrong, UNSUBSCRIBE, MONDAY, "link", Covers.STATUS)
    assert await suppressions_of(store, Channel.EMAIL, ADDRESS) == []
    every = [(Channel.EMAIL, ADDRESS), (Channel.SMS, NUMBER)]
    assert await books.suppress_all(every, UNSUBSCRIBE, MONDAY, "link", Covers.STATUS) == 2
    assert await books.suppress_all(every, UNSUBSCRIBE, hours(1), "link", Covers.STATUS) == 0
    assert await _why(books, Channel.SMS, NUMBER) == [None, UNSUBSCRIBE, UNSUBSCRIBE]


async def test_what_is_no_address_is_refused_by_name_and_suppresses_nobody(store: Store) -> None:
    books = SuppressionBooks(store)
    with pytest.raises(ValueError, match=r"no sms address; right would be E\.164"):
        await books.suppress(Channel.SMS, "NORTHWIND", STOP, MONDAY, "x")
    with pytest.raises(ValueError, match=r"no email address; right would be name@example\.com"):
        await books.suppress(Channel.EMAIL, "ada", SPAM, MONDAY, "x")
    assert await books.is_suppressed(Channel.SMS, "NORTHWIND", MessageClass.STATUS) is None


async def test_what_stands_is_listed_and_counted_by_channel_the_newest_first(store: Store) -> None:
    books = SuppressionBooks(store)
    for number in range(4):
        await books.suppress(Channel.EMAIL, f"{number}@example.org", SPAM, hours(number // 2), "sendgrid:x")
    await books.suppress(Channel.EMAIL, "0@example.org", BOUNCE, hours(9), "sendgrid:y")
    await books.suppress(Channel.SMS, NUMBER, STOP, MONDAY, "twilio:1")
    await books.lift(Channel.EMAIL, "3@example.org", [SPAM], hours(2))
    pages = [await books.listed(Channel.EMAIL, limit=3, skip=skip) for skip in (0, 3)]
    found = [(row.address, row.reason) for page in pages for row in page]
    assert found == [("0@example.org", BOUNCE), ("2@example.org", SPAM), ("0@example.org", SPAM), ("1@example.org", SPAM)]
    stopped = {(Channel.SMS, STOP): 1, (Channel.VOICE, STOP): 1}  # one STOP, both ways to a number
    assert await books.counted() == {(Channel.EMAIL, SPAM): 3, (Channel.EMAIL, BOUNCE): 1, **stopped}
    assert {row.reason for row in await books.of_address(Channel.EMAIL, "0@EXAMPLE.org")} == {SPAM, BOUNCE}
    assert [row.address for row in await books.listed(Channel.VOICE, limit=3)] == [NUMBER]
