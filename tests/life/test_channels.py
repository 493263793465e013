"""Channels that may not, cannot or did not carry a message: suppressed addresses, a parked account, reports from providers."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from activities.ports import AlertMessage, Outgoing, SendFailed, SendOutcome, sender_key
from policies.case.commands import DeliveryReport
from policies.case.plans import Reading
from policies.case.vocabulary import EXPIRED, Channel, MessageClass
from policies.providers.statuses import TargetType
from store.delivery_events import DeliveryEvent, ReportedState, write_event
from store.keywords import Keyword, KeywordBooks
from store.parks import ParkBooks
from store.suppressions import Covers, SuppressionBooks, SuppressionReason
from tests.fakes import SentMessage
from tests.life.harness import CONTACT, MONDAY, House, house, punctual, start_of
from tests.store.rows import suppressions_of
from workflows import names

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BOTH = (Channel.EMAIL, Channel.SMS)
ADA = CONTACT.email or ""


async def test_a_suppressed_address_is_not_written_to_and_the_next_channel_is_used(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await SuppressionBooks(h.store).suppress(Channel.EMAIL, ADA.upper(), SuppressionReason.HARD_BOUNCE, MONDAY, "sendgrid:e1")
        case = await h.open(start_of(channels=BOTH))
        await h.after(seconds=2)
        assert [one.outgoing.channel for one in h.post.sent] == [Channel.SMS]
        [message] = await case.messages()
        assert (message.channel, message.state.value) == (Channel.SMS, "accepted")


async def test_where_every_address_is_suppressed_a_person_is_told_and_the_ledger_says_why(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await SuppressionBooks(h.store).suppress(Channel.EMAIL, ADA, SuppressionReason.SPAM, MONDAY, "sendgrid:e1")
        case = await h.open(start_of())
        await h.after(seconds=2)
        assert h.post.attempts == 0
        [message] = await case.messages()
        assert (message.state.value, message.reason) == ("refused", "suppressed_spam")
        assert "no channel reaches the customer; a call is needed" in [alert.title.split(": ")[1] for alert, _ in h.alerts.told]


async def test_who_unsubscribed_gets_no_update_on_any_case_and_what_must_be_said(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(channels=BOTH))
        await h.until(MONDAY + HOUR)
        books = SuppressionBooks(h.store)
        await books.suppress(Channel.EMAIL, ADA, SuppressionReason.UNSUBSCRIBE, MONDAY, "one_click", Covers.STATUS)
        h.provider.will_be("R-1-1", MONDAY + 30 * HOUR, "succeeded")
        await h.until(MONDAY + 3 * DAY)
        assert h.post.kinds() == ["acknowledgement", "resolution"]  # no update, on no other channel either
        assert await case.sums() == {"made": 1, "kept": 0, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 1, "open": 0}
        reach = (await case.snapshot()).reach
        assert reach is not None
        assert MessageClass.STATUS in reach.opted_out


async def test_what_must_be_said_reaches_who_unsubscribed_at_the_provider_on_another_channel(tmp_path: Path) -> None:
    """SendGrid drops everything to an address that unsubscribed there, whatever its class."""
    async with house(tmp_path) as h:
        await SuppressionBooks(h.store).suppress(Channel.EMAIL, ADA, SuppressionReason.UNSUBSCRIBE, MONDAY, "sendgrid:e1", Covers.ALL)
        await h.open(start_of(channels=BOTH))
        alone = await h.open(start_of(reference="R-2"))
        await h.after(seconds=2)
        assert [(one.kind, one.outgoing.channel) for one in h.post.sent] == [("acknowledgement", Channel.SMS)]
        [message] = await alone.messages()
        assert (message.state.value, message.reason) == ("refused", "suppressed_unsubscribe")
        assert "no channel reaches the customer; a call is needed" in [alert.title.split(": ")[1] for alert, _ in h.alerts.told]


async def test_a_message_that_falls_to_another_channel_at_night_waits_for_the_morning(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        start = start_of(channels=BOTH)
        case = await h.open(start)
        await h.until(MONDAY + HOUR)
        assert [one.outgoing.channel for one in h.post.sent] == [Channel.EMAIL]
        bad = SendFailed(SendOutcome.PERMANENT, "no_such_mailbox")
        h.post.fail = lambda outgoing, at: bad if outgoing.channel is Channel.EMAIL else None
        midnight, morning = MONDAY + 14 * HOUR, MONDAY + 22 * HOUR  # Tuesday 00:00 and 08:00 in Berlin
        await h.until(midnight)
        await case.report(
            Reading(
                type=TargetType.REFUND,
                provider="simpay",
                reference="R-1-1",
                status="requires_action",
                occurred_at=midnight,
                read_at=midnight,
            )
        )
        await h.until(morning - timedelta(minutes=1))
        assert [fact.detail["reason"] for fact in await case.facts("message_parked")] == ["quiet_hours"]
        assert len(h.post.sent) == 1
        assert not [alert for alert, _ in h.alerts.told if "could not be sent" in alert.title]
        await h.until(morning + timedelta(minutes=1))
        assert [one.outgoing.channel for one in h.post.sent] == [Channel.EMAIL, Channel.SMS]
        assert punctual(h.post.sent[-1].at, morning)
        # From here on the dates are planned for the channel that is left.
        await h.until(MONDAY + 5 * DAY)
        assert {one.outgoing.channel for one in h.post.sent[1:]} == {Channel.SMS}
        assert (await case.sums())["late"] == 0


async def test_a_lost_answer_is_looked_for_before_anything_else(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.idempotent = False

        async def taken_and_lost(outgoing: Outgoing) -> None:
            h.post.sent.append(SentMessage(outgoing, await h.now()))
            raise SendFailed(SendOutcome.UNKNOWN, "timeout")

        h.post.loses = taken_and_lost
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.until(MONDAY + 25 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update"]  # each once, and each is known to be there
        assert [message.state.value for message in await case.messages()] == ["accepted", "accepted"]
        assert await case.sums() == {"made": 2, "kept": 1, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 0, "open": 1}


async def test_what_nobody_knows_of_is_sent_once_more_and_never_a_third_time(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.idempotent = False

        async def lost(outgoing: Outgoing) -> None:
            raise SendFailed(SendOutcome.UNKNOWN, "timeout")

        h.post.loses = lost
        case = await h.open(start_of())
        await h.until(MONDAY + 20 * HOUR)
        assert h.post.attempts == 2
        [message] = await case.messages()
        tries = [(delivery.state.value, delivery.try_no, delivery.reason) for delivery in message.deliveries]
        assert tries == [("unknown", 1, "timeout"), ("unknown", 2, "timeout")]  # in the provider's code, not as an attempt that died
        [fact] = await case.facts("message_unknown")
        assert fact.detail["reason"] == "unknown_twice"
        assert "a message may not have arrived, twice; a call is needed" in [alert.title.split(": ")[1] for alert, _ in h.alerts.told]


async def test_what_the_provider_refuses_for_good_is_suppressed_everywhere_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:

        def stopped(outgoing: Outgoing, at: datetime) -> SendFailed | None:
            if outgoing.channel is Channel.SMS:
                return SendFailed(SendOutcome.PERMANENT, "twilio_21610", suppress="stop")
            return None

        h.post.fail = stopped
        await h.open(start_of(channels=(Channel.SMS, Channel.EMAIL)))
        await h.after(seconds=2)
        assert [one.outgoing.channel for one in h.post.sent] == [Channel.EMAIL]
        [found] = await suppressions_of(h.store, Channel.SMS, CONTACT.phone or "")
        assert (found.reason, found.source) == (SuppressionReason.STOP, "fake:twilio_21610")
        attempts = h.post.attempts
        await h.open(start_of(reference="R-2", channels=(Channel.SMS, Channel.EMAIL)))
        await h.after(seconds=2)
        assert h.post.attempts == attempts + 1  # the number is not even tried


async def test_who_said_stop_by_text_message_is_not_called_either_until_start(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        books, every = KeywordBooks(h.store), (Channel.SMS, Channel.VOICE, Channel.EMAIL)
        await books.take("twilio", "in:1", Keyword.STOP, CONTACT.phone or "", MONDAY)
        policy = {"channels": ["sms", "voice", "email"]}
        await h.open(start_of(channels=every, change=policy))
        await h.open(start_of(reference="R-2", channels=(Channel.VOICE, Channel.EMAIL), change=policy))
        await h.after(seconds=2)
        assert [one.outgoing.channel for one in h.post.sent] == [Channel.EMAIL] * 2
        await books.take("twilio", "in:2", Keyword.START, CONTACT.phone or "", MONDAY + HOUR)
        await h.open(start_of(reference="R-3", channels=(Channel.VOICE, Channel.EMAIL), change=policy))
        await h.after(seconds=2)
        assert h.post.sent[-1].outgoing.channel is Channel.VOICE


async def test_who_said_stop_on_the_only_channel_is_owed_no_word_and_the_promise_is_withdrawn(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(channels=(Channel.SMS,), change={"channels": ["sms"]}))
        await h.until(MONDAY + HOUR)
        await KeywordBooks(h.store).take("twilio", "in:1", Keyword.STOP, CONTACT.phone or "", MONDAY + HOUR)
        await h.until(MONDAY + 30 * HOUR)
        [fact] = await case.facts("promise_ended")
        assert (fact.detail["end"], fact.detail["why"]) == ("withdrawn", "suppressed_stop")
        assert (await case.sums())["broken"] == 0


def _refused_until(mended: datetime, h: House) -> None:
    h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.OPERATOR, "sendgrid_401") if at < mended else None


async def test_a_fault_of_the_operator_parks_the_channel_with_one_alert_and_everything_goes_out_once_mended(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        _refused_until(MONDAY + 40 * HOUR, h)
        for number in range(1, 6):
            h.provider.will_be(f"R-{number}-1", MONDAY, "pending")
        cases = [await h.open(start_of(reference=f"R-{number}")) for number in range(1, 6)]
        await h.after(seconds=2)
        assert len([alert for alert, _ in h.alerts.told if "is parked" in alert.title]) == 1
        [park] = await ParkBooks(h.store).standing()
        assert (park.channel, park.reason) == (Channel.EMAIL, "sendgrid_401")
        first = h.post.attempts
        assert first <= len(cases)
        await h.until(MONDAY + 39 * HOUR)
        assert h.post.sent == []
        # One message per quarter of an hour tries, not each of five: the account is asked, not hammered.
        assert h.post.attempts - first <= 4 * 39 + 1
        timeline = await cases[0].facts("message_parked")
        assert {fact.detail["reason"] for fact in timeline} == {"channel_parked"}
        await h.until(MONDAY + 42 * HOUR)
        assert sorted(h.post.kinds()) == ["acknowledgement"] * 5  # one true message each, the updates due meanwhile are in it
        assert await ParkBooks(h.store).standing() == []
        assert [alert.title.split(": ")[1] for alert, _ in h.alerts.told] == ["sendgrid_401"]  # nothing else, by no case


async def test_a_sender_that_one_brand_lacks_parks_that_brand_alone_and_goes_out_coalesced_once_mended(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        summit, mended = "service@summit.example", MONDAY + 40 * HOUR

        def unverified(outgoing: Outgoing, at: datetime) -> SendFailed | None:
            if sender_key(outgoing.sender) == summit and at < mended:
                return SendFailed(SendOutcome.OPERATOR, "sendgrid_403", sender=summit)
            return None

        h.post.fail = unverified
        for number in range(1, 7):
            h.provider.will_be(f"R-{number}-1", MONDAY, "pending")
        theirs = [await h.open(start_of(reference=f"R-{number}", brand="Summit")) for number in (1, 2, 3)]
        others = [await h.open(start_of(reference=f"R-{number}", brand="Valley")) for number in (4, 5)]
        await h.after(seconds=2)
        others.append(await h.open(start_of(reference="R-6")))
        await h.until(MONDAY + 39 * HOUR)
        [park] = await ParkBooks(h.store).standing()
        assert (park.sender, park.reason) == (summit, "sendgrid_403")
        told = [alert for alert, _ in h.alerts.told if "is parked" in alert.title]
        assert [alert.title for alert in told] == [f"[level 3] email by fake from {summit} is parked: sendgrid_403"]
        assert "Other senders go on." in told[0].body
        # One message per quarter of an hour tries, not each of three; all others go out as ever.
        assert h.post.attempts - len(h.post.sent) <= 4 * 39 + 3
        assert sorted(h.post.kinds()) == ["acknowledgement"] * 3 + ["update"] * 3
        for case in others:
            assert await case.facts("message_parked") == []
        await h.until(mended + 2 * HOUR)
        of_summit = [one.kind for one in h.post.sent if sender_key(one.outgoing.sender) == summit]
        assert of_summit == ["acknowledgement"] * 3  # one true message each, the updates due meanwhile are in it
        assert await ParkBooks(h.store).standing() == []
        assert [alert.title for alert, _ in h.alerts.told] == [told[0].title]  # nothing else, by no case
        for case in theirs:
            assert {fact.detail["reason"] for fact in await case.facts("message_parked")} == {"channel_parked"}


async def test_a_bad_key_beside_a_bad_sender_parks_all_and_ends_by_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        summit = "service@summit.example"
        key_mended, sender_mended = MONDAY + 3 * HOUR, MONDAY + 15 * HOUR

        def wrong(outgoing: Outgoing, at: datetime) -> SendFailed | None:
            if at < key_mended:
                return SendFailed(SendOutcome.OPERATOR, "sendgrid_401")
            if sender_key(outgoing.sender) == summit and at < sender_mended:
                return SendFailed(SendOutcome.OPERATOR, "sendgrid_403", sender=summit)
            return None

        h.post.fail = wrong
        await h.open(start_of(reference="R-1", brand="Summit"))
        await h.after(seconds=2)
        await h.open(start_of(reference="R-2", brand="Valley"))
        await h.until(key_mended - timedelta(minutes=1))
        assert [park.sender for park in await ParkBooks(h.store).standing()] == [""]
        await h.until(key_mended + 9 * HOUR)  # the policy waits longer each time, up to 4 h
        assert [park.sender for park in await ParkBooks(h.store).standing()] == [summit]
        assert [one.outgoing.sender for one in h.post.sent] == ["Valley <service@valley.example>"]
        await h.until(sender_mended + 5 * HOUR)
        assert await ParkBooks(h.store).standing() == []
        assert h.post.kinds() == ["acknowledgement"] * 2


async def test_an_acknowledgement_that_bounced_goes_out_on_the_next_channel(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(channels=BOTH))
        await h.after(minutes=10)
        [message] = await case.messages()
        report = DeliveryReport(
            message_id=message.message_id,
            delivery_id=message.deliveries[0].delivery_id,
            channel=Channel.EMAIL,
            state="bounced",
            permanent=True,
            reason="bounced",
            at=MONDAY + timedelta(minutes=1),
        )
        for _ in range(5):
            await case.handle.signal(names.DELIVERY_REPORTED, report)
        await h.after(seconds=2)
        assert [(one.kind, one.outgoing.channel) for one in h.post.sent] == [
            ("acknowledgement", Channel.EMAIL),
            ("acknowledgement", Channel.SMS),
        ]
        [fact] = await case.facts("message_undelivered")
        assert fact.occurred_at == MONDAY + timedelta(minutes=1)
        sums = await case.sums()
        assert (sums["made"], sums["kept"], sums["open"]) == (2, 1, 1)
        assert punctual((await case.promises())[1].due_at, MONDAY + timedelta(minutes=10) + DAY)


async def test_a_malformed_report_on_a_delivery_harms_nothing_and_shows(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of())
        await h.after(seconds=2)
        await case.handle.signal(names.DELIVERY_REPORTED)
        await case.handle.signal(names.DELIVERY_REPORTED, {"message_id": "x", "channel": "pigeon"})
        await h.after(seconds=2)
        refused = await case.facts("refused_signal")
        assert [fact.detail["signal"] for fact in refused] == ["delivery_reported", "delivery_reported"]
        assert h.post.kinds() == ["acknowledgement"]


async def test_a_message_of_which_nothing_is_heard_goes_out_on_the_next_channel_while_others_arrive(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        quiet, heard = await h.open(start_of(channels=BOTH)), await h.open(start_of(reference="R-2", channels=BOTH))
        await h.until(MONDAY + HOUR)
        [message] = await heard.messages()
        event = DeliveryEvent(
            provider="sendgrid", event_key="e1", delivery_id=message.deliveries[0].delivery_id, state=ReportedState.DELIVERED, at=MONDAY
        )
        assert await h.store.write(lambda connection: write_event(connection, event, MONDAY + HOUR))
        await h.until(MONDAY + 5 * HOUR)
        channels = {
            case.start.case_id: [one.outgoing.channel for one in h.post.sent if one.outgoing.case_id == case.start.case_id]
            for case in (quiet, heard)
        }
        assert channels == {quiet.start.case_id: [Channel.EMAIL, Channel.SMS], heard.start.case_id: [Channel.EMAIL]}
        assert punctual(h.post.sent[-1].at, MONDAY + 4 * HOUR)


async def test_where_nothing_is_reported_at_all_silence_proves_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.open(start_of(channels=BOTH))
        await h.until(MONDAY + 5 * HOUR)
        assert [one.outgoing.channel for one in h.post.sent] == [Channel.EMAIL]


async def test_an_attempt_that_died_was_accepted_if_its_provider_reports_on_it(tmp_path: Path) -> None:
    """The answer of a provider without keys was lost with its worker; its report came in meanwhile."""
    async with house(tmp_path) as h:
        h.post.idempotent = False
        reported: list[str] = []

        async def lost(outgoing: Outgoing) -> None:
            event = DeliveryEvent(
                provider="sendgrid",
                event_key="e1",
                delivery_id=outgoing.delivery_id,
                state=ReportedState.PROCESSED,
                at=MONDAY,
                provider_id="sg-1",
            )
            await h.store.write(lambda connection: write_event(connection, event, MONDAY))
            reported.append(outgoing.delivery_id)
            raise RuntimeError("the worker died here")

        h.post.loses = lost
        case = await h.open(start_of())
        await h.after(minutes=2)
        assert h.post.attempts == 1  # nothing is sent again
        [message] = await case.messages()
        assert (message.state.value, message.deliveries[0].provider_id) == ("accepted", "sg-1")
        assert reported == [message.deliveries[0].delivery_id]


async def test_a_message_that_a_newer_word_has_overtaken_is_written_anew_and_no_one_is_called_unreachable(tmp_path: Path) -> None:
    """An outage longer than the cadence: what was composed before it names a next word that has passed."""
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")

        overtaken: list[Outgoing] = []

        def late(outgoing: Outgoing, at: datetime) -> SendFailed | None:
            if overtaken:
                return None
            overtaken.append(outgoing)
            return SendFailed(SendOutcome.PERMANENT, EXPIRED)

        h.post.fail = late
        case = await h.open(start_of())
        await h.after(seconds=3)
        assert h.post.kinds() == ["acknowledgement"]
        assert h.post.sent[0].outgoing.message_id != overtaken[0].message_id
        assert [row.state.value for row in await case.messages()] == ["parked", "accepted"]
        assert h.alerts.told == []


class SlowAlerts:
    """Takes its time for each alert; remembers each that it was asked to tell, also one that it was told before."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.answers = asyncio.Event()
        self.fails = 0

    async def alert(self, message: AlertMessage, at: datetime) -> None:
        self.titles.append(message.title)
        await self.answers.wait()
        if len(self.titles) <= self.fails:
            raise SendFailed(SendOutcome.RETRY, "apprise_503")


async def _with_slow_alerts(h: House) -> SlowAlerts:
    await h.stop_workers()
    slow = SlowAlerts()
    h.alerts = slow  # type: ignore[assignment]
    await h.start_workers()
    return slow


async def test_a_park_that_many_messages_meet_at_once_is_told_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        slow, together = await _with_slow_alerts(h), asyncio.Event()
        h.post.holds = together  # five slots are at the provider at once, and all get the same answer
        h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.OPERATOR, "sendgrid_401")
        cases = [await h.open(start_of(reference=f"R-{number}")) for number in range(5)]
        await h.eventually(lambda: h.post.attempts == 5)
        together.set()
        await h.eventually(lambda: bool(slow.titles))
        for case in cases:  # all are parked in the books while the alert is on its way: nobody waits for it to be
            while [message.state.value for message in await case.messages()] != ["parked"]:
                await asyncio.sleep(0.02)
        slow.answers.set()
        await h.after(minutes=1)
        assert slow.titles == ["[level 3] email by fake is parked: sendgrid_401"]


async def test_an_alert_that_is_not_taken_is_told_by_the_next_message_that_meets_the_park(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        slow = await _with_slow_alerts(h)
        slow.fails = 1
        slow.answers.set()
        h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.OPERATOR, "sendgrid_401")
        await h.open(start_of())
        await h.after(hours=2)
        assert slow.titles == ["[level 3] email by fake is parked: sendgrid_401"] * 2  # not taken, then taken


async def test_a_provider_that_is_busy_alerts_nobody_and_everything_goes_out_when_it_takes_messages_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        resets = MONDAY + timedelta(minutes=10)

        def busy(outgoing: Outgoing, at: datetime) -> SendFailed | None:
            wait = (resets - at).total_seconds()
            return SendFailed(SendOutcome.RETRY, "sendgrid_429", wait, busy=True) if wait > 0 else None

        h.post.fail = busy
        cases = [await h.open(start_of(reference=f"R-{number}")) for number in range(4)]
        await h.until(resets - timedelta(seconds=1))
        assert h.post.attempts == 4  # the moment that it names is kept
        for case in cases:
            [fact] = await case.facts("message_parked")
            assert fact.detail["reason"] == "busy"
            [message] = await case.messages()
            assert message.deliveries[0].reason == "sendgrid_429"  # the ledger says what the provider said
        await h.until(resets + timedelta(minutes=2))
        assert h.post.kinds() == ["acknowledgement"] * 4
        assert len({one.at for one in h.post.sent}) > 1  # not all at the very moment: that would be too many again
        assert h.alerts.told == []
        assert await ParkBooks(h.store).standing() == []
