"""How the channels stand: counts of one moment, without an address, a text or a reference."""

from datetime import timedelta

from policies.case.vocabulary import CaseStatus, Channel, MessageKind, MessageOutcome
from store.channel_standing import channel_standing
from store.contacts import Contact
from store.delivery_events import ReportedState
from store.delivery_reports import DeliveryReports, IncomingReport
from store.desk_books import DeskBooks
from store.engine import Store
from store.inbox import Inbox, InboxEvent, InboxState
from store.late_replies import WROTE_AFTER_THE_END, LateReplies
from store.parks import park
from store.recorder import Recorder
from store.standing import DeliveryState
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.store.samples import ADMIN, CASE, MONDAY, entry, hours, plan, result

ADA = "ada@example.org"


async def _sent(store: Store, number: int, outcome: MessageOutcome, hour: float, channel: Channel = Channel.EMAIL) -> str:
    recorder, message_id = Recorder(store), f"m{number}"
    await recorder.open_message(entry(), plan(message_id, kind=MessageKind.UPDATE, seq=number, channels=[channel]), hours(hour))
    delivery = await recorder.claim_delivery(message_id, channel, hours(hour), 15, reuse=False)
    told = result(outcome, channel=channel)
    await recorder.end_sending(message_id, delivery.delivery_id, DeliveryState(outcome.value), hours(hour), told)
    return delivery.delivery_id


async def test_an_empty_house_stands_well(store: Store) -> None:
    found = await channel_standing(store, MONDAY, MONDAY)
    assert found.model_dump(exclude={"since"}) == {
        "parks": [],
        "traffic": [],
        "reports": [],
        "webhooks": [],
        "suppressed": {},
        "late_replies": [],
    }


async def test_what_was_taken_lately_and_what_came_back_on_it(store: Store) -> None:
    await DeskBooks(store).save_contact("c1", CASE, "acme", Contact(email=ADA, locale="en", zone="UTC"), MONDAY)
    await _sent(store, 1, MessageOutcome.ACCEPTED, 0)  # before the window
    second = await _sent(store, 2, MessageOutcome.ACCEPTED, 10)
    await _sent(store, 3, MessageOutcome.ACCEPTED, 11)
    await _sent(store, 4, MessageOutcome.UNKNOWN, 12, Channel.SMS)
    for key, state in (("e1", ReportedState.PROCESSED), ("e2", ReportedState.DELIVERED)):
        report = IncomingReport(provider="sendgrid", event_key=key, delivery_id=second, state=state, at=hours(10), address=ADA)
        await DeliveryReports(store).take([report], hours(13))
    found = await channel_standing(store, hours(9), MONDAY)
    email, sms = found.traffic
    assert (email.channel, email.taken, email.reported, email.unknown, email.last_taken_at) == (Channel.EMAIL, 2, 1, 0, hours(11))
    assert (sms.channel, sms.taken, sms.reported, sms.unknown, sms.last_taken_at) == (Channel.SMS, 0, 0, 1, None)
    (reports,) = found.reports
    assert (reports.provider, reports.lately, reports.last_at) == ("sendgrid", 2, hours(13))
    later = await channel_standing(store, hours(14), MONDAY)
    assert (later.traffic, later.reports[0].lately) == ([], 0)  # reports have stopped: the last one says since when


async def test_parks_webhooks_and_suppressions_are_counted_without_anything_personal(store: Store) -> None:
    await store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "sendgrid_401", MONDAY, timedelta(minutes=15)))
    books = SuppressionBooks(store)
    for reason in (SuppressionReason.SPAM, SuppressionReason.HARD_BOUNCE):
        await books.suppress(Channel.EMAIL, ADA, reason, MONDAY, "test")
    await books.suppress(Channel.SMS, "+4930123456", SuppressionReason.STOP, MONDAY, "test")
    await books.lift(Channel.SMS, "+4930123456", [SuppressionReason.STOP], hours(1))
    inbox = Inbox(store)
    for number, (state, problem) in enumerate(
        (
            (InboxState.FAILED, "engine_away"),
            (InboxState.FAILED, "engine_away"),
            (InboxState.WAITING, "case_unknown"),
            (InboxState.DONE, None),
        )
    ):
        event = InboxEvent(provider="stripe", event_key=f"e{number}", kind="reading", reference="re_secret", payload={"text": ADA})
        await inbox.put(event, hours(number), state, problem)
    found = await channel_standing(store, MONDAY, MONDAY)
    assert [(one.channel, one.reason) for one in found.parks] == [(Channel.EMAIL, "sendgrid_401")]
    assert found.suppressed == {Channel.EMAIL: 1}
    assert [(held.state, held.problem, held.number, held.oldest_at) for held in found.webhooks] == [
        (InboxState.FAILED, "engine_away", 2, MONDAY),
        (InboxState.WAITING, "case_unknown", 1, hours(2)),
    ]
    said = found.model_dump_json()
    assert ADA not in said
    assert "re_secret" not in said


async def test_words_to_a_case_that_has_ended_are_listed_and_told_once(store: Store) -> None:
    closed = entry(status=CaseStatus.CLOSED, closed_at=hours(1), next_at=None, owner="tom")
    await Recorder(store).commit_entry(closed)
    books, late = DeskBooks(store), LateReplies(store)
    await books.save_text("t0", CASE, "customer", "in time", ADMIN, MONDAY)
    await books.save_text("t1", CASE, "customer", "too late", ADMIN, hours(2))
    await books.save_text("t2", CASE, "note", "a lead's own", ADMIN, hours(3))

    def digest(role: str, owner: str | None) -> str:
        return f"digest-{role}-{owner}"

    assert await late.raise_alert("late-1", CASE, hours(2), digest) == "digest-owner-tom"
    assert await late.raise_alert("late-1", CASE, hours(2.5), digest) == "digest-owner-tom"  # not told yet: told of once more, one alert
    (waiting,) = (await channel_standing(store, MONDAY, MONDAY)).late_replies
    assert (waiting.case_id, waiting.owner, waiting.written_at, waiting.told_at) == (CASE, "tom", hours(2), None)
    assert "too late" not in waiting.model_dump_json()
    told = await Recorder(store).waiting_alert("late-1")
    assert told is not None
    assert (told.alert.to, told.owner, told.alert.reason) == ("owner", "tom", WROTE_AFTER_THE_END)
    await Recorder(store).finish_alert("late-1", ["tom"], hours(4), "title", "body")
    assert await late.raise_alert("late-1", CASE, hours(5), digest) is None
    assert (await channel_standing(store, MONDAY, MONDAY)).late_replies[0].told_at == hours(4)
    assert (await channel_standing(store, MONDAY, hours(3))).late_replies == []


async def test_nobody_is_told_of_a_case_in_shadow_mode_or_one_that_nobody_knows(store: Store) -> None:
    await Recorder(store).commit_entry(entry(status=CaseStatus.CLOSED, closed_at=hours(1), next_at=None, shadow=True))
    for case_id in (CASE, "nowhere"):
        assert await LateReplies(store).raise_alert("late-1", case_id, hours(2), lambda role, owner: f"{role}-{owner}") is None
