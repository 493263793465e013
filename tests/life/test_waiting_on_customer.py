"""Life, line 5: asked, reminded, own clock stopped, expiry by policy with notice, never closed in silence; a customer's reply must be
answered by a person; a lead's reply goes to the customer on the case's channel and makes a promise.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from policies.case.commands import CustomerReply, HoldCase, Reply, ReportFact, Resume
from policies.case.plans import Reading
from policies.case.start import CaseStart
from policies.case.vocabulary import CaseStatus, Channel
from policies.providers.statuses import TargetType
from store.desk_books import DeskBooks
from tests.life.harness import AGENT, CUSTOMER, LEAD, MONDAY, Case, House, house, punctual, start_of

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2035, 3, day, hour, minute, tzinfo=UTC)


def reading(status: str, at: datetime, reference: str = "R-1-1") -> Reading:
    return Reading(type=TargetType.REFUND, provider="simpay", reference=reference, status=status, occurred_at=at, read_at=at)


def words(house: House, index: int = -1) -> str:
    return " ".join(house.post.sent[index].outgoing.text.split())


def moments(house: House, kind: str) -> list[datetime]:
    return [message.at for message in house.post.sent if message.kind == kind]


def alerts(house: House) -> list[tuple[str, str]]:
    return [(message.role, message.title.split(": ", 1)[1]) for message, _ in house.alerts.told]


def opened(h: House, **more: Any) -> CaseStart:
    for part in range(1, len(more.get("amounts", (4990,))) + 1):
        h.provider.will_be(f"R-1-{part}", MONDAY, "pending")
    return start_of(**{"opened_at": MONDAY, **more})


async def clock(case: Case, clock_id: str) -> dict[str, Any]:
    return next(item for item in (await case.snapshot()).clocks if item["id"] == clock_id)


async def reply(case: Case, text: str, by: Any = LEAD) -> None:
    ref = f"t-{len(await case.timeline())}"
    await DeskBooks(case.house.store).save_text(ref, case.start.case_id, "reply", text, by, await case.house.now())
    await case.act("reply", Reply(by=by, text_ref=ref))


async def test_asked_reminded_and_after_the_date_a_person_takes_over_with_notice(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h))
        await h.until(MONDAY + HOUR)
        asked_at = MONDAY + HOUR
        await case.report(reading("requires_action", asked_at))
        await h.after(seconds=3)
        # At once: what, where, until when, what happens otherwise; whose turn it is; the next word.
        assert h.post.kinds() == ["acknowledgement", "ask"]
        assert punctual(h.post.sent[-1].at, asked_at)
        for piece in (
            "we need something from you: the bank details for your refund",
            "Simply reply to this email",
            "We keep your place until",
            "19 March 2035",
            "a colleague will look at your case",
            "It is not closed without a word",
            "The next step is yours",
            "Tuesday, 6 March 2035, 11:00",
        ):
            assert piece in words(h), piece
        snapshot = await case.snapshot()
        assert snapshot.status is CaseStatus.WAITING_ON_CUSTOMER
        assert snapshot.hold is not None
        assert (snapshot.hold["reason"], snapshot.hold["expires_at"]) == ("bank_details", utc(19, 23).isoformat())
        # Our clock stands still: no warning on Thursday, 15 March, no breach on Monday, 19 March.
        assert (await clock(case, "refund_promise"))["held_since"] is not None
        await h.until(utc(19, 22, 59))
        assert alerts(h) == []
        # The cadence goes on and each message says that we wait and for what; reminders at 72 h and 168 h absorb the update due then.
        reminders = moments(h, "ask_reminder")
        assert [punctual(at, asked_at + span) for at, span in zip(reminders, (72 * HOUR, 168 * HOUR), strict=True)] == [True, True]
        assert len(h.post.sent) == 2 + 14
        assert all("the bank details for your refund" in words(h, index) for index in range(1, 16))
        assert "We still need something from you" in words(h, 4)
        last = words(h)
        assert "19 March 2035, 17:00" not in last  # the date that our waiting has overtaken is told no more
        assert "That date has passed" not in last
        # The date passes: the customer has notice at once, a person is told, the case stays open and its clock goes on.
        await h.until(utc(19, 23) + 3 * SECOND)
        assert h.post.kinds()[-1] == "ask_expired"
        assert punctual(h.post.sent[-1].at, utc(19, 23))
        assert "What we asked for: the bank details for your refund" in words(h)
        assert "Your case stays open: a colleague of ours is looking at it now" in words(h)
        assert alerts(h) == [("lead", "the customer did not answer by the date told")]
        after = await case.snapshot()
        assert (after.status, after.hold) == (CaseStatus.OPEN, None)
        promise = await clock(case, "refund_promise")
        assert promise["held_since"] is None
        assert datetime.fromisoformat(promise["due_at"]) > utc(30, 0)
        await h.until(utc(21, 12))
        assert (await case.snapshot()).status is CaseStatus.OPEN
        assert h.post.kinds()[-1] == "update"


async def test_expiry_that_resolves_tells_so_in_one_message_and_is_never_silent(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h))
        await h.until(MONDAY + HOUR)
        await case.act("hold", HoldCase(by=AGENT, reason="photo"))
        await h.after(seconds=3)
        assert h.post.kinds() == ["acknowledgement", "ask"]
        assert "a photo of the damage" in words(h)
        assert "we will close the case and write to you about it" in words(h)
        await h.until(utc(19, 22, 59))
        assert len(moments(h, "ask_reminder")) == 1
        sent = len(h.post.sent)
        await h.until(utc(19, 23) + 3 * SECOND)
        assert h.post.kinds()[sent:] == ["resolution"]
        assert "We had asked you for something by" in words(h)
        assert "What we asked for: a photo of the damage" in words(h)
        assert "The result: declined" in words(h)
        assert "Not solved for you?" in words(h)
        snapshot = await case.snapshot()
        assert snapshot.status is CaseStatus.RESOLVED
        assert snapshot.resolution is not None
        assert snapshot.resolution["outcome"] == "denied"
        assert (await clock(case, "refund_promise"))["ended"] == "met"
        # "Not solved" inside the tail: the same case again.
        await h.after(hours=5)
        await case.act("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
        await h.after(seconds=3)
        assert h.post.kinds()[-1] == "reopen"
        assert (await case.snapshot()).cycle == 2


async def test_what_is_supplied_ends_the_waiting(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h, amounts=(3000, 1990)))
        await h.until(MONDAY + 2 * HOUR)  # 12:00; five business hours of Monday are left
        await case.report(reading("requires_action", MONDAY + 2 * HOUR))
        await h.until(MONDAY + DAY)  # Tuesday 10:00: on hold for six business hours
        await case.act("customer_reply", CustomerReply(by=CUSTOMER, supplied=True))
        await h.after(seconds=3)
        snapshot = await case.snapshot()
        assert (snapshot.status, snapshot.hold) == (CaseStatus.OPEN, None)
        assert h.post.kinds()[-1] == "news"
        assert "The next step is yours" not in words(h)
        assert "We still need something" not in words(h)
        assert alerts(h) == [("owner", "the customer supplied what was asked")]
        due = datetime.fromisoformat((await clock(case, "refund_promise"))["due_at"])
        assert abs(due - utc(20, 14)) < 2 * SECOND  # Monday 19 March 17:00 and six hours: Tuesday 15:00
        # The provider still shows the old word; news of the other part asks for nothing again, and no reminder comes.
        await case.report(reading("succeeded", MONDAY + 25 * HOUR, "R-1-2"))
        await h.after(seconds=3)
        assert h.post.kinds()[-2:] == ["news", "news"]
        assert (await case.snapshot()).hold is None
        # It asks a second time: then so do we; and the provider itself may say that it has what it needs.
        await case.report(reading("pending", MONDAY + 26 * HOUR))
        await case.report(reading("requires_action", MONDAY + 27 * HOUR))
        await h.until(MONDAY + 28 * HOUR)
        assert h.post.kinds()[-1] == "ask"
        await case.report(reading("pending", MONDAY + 28 * HOUR))
        await h.after(seconds=3)
        assert h.post.kinds()[-1] == "news"
        assert (await case.snapshot()).hold is None
        await h.until(MONDAY + 10 * DAY)
        assert "ask_reminder" not in h.post.kinds()


async def test_what_is_needed_during_another_hold_is_asked_for_after_it(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h))
        await h.after(hours=1)
        await case.act("hold", HoldCase(by=LEAD, reason="fraud_review"))
        await h.after(hours=1)
        await case.report(reading("requires_action", MONDAY + 2 * HOUR))
        await h.after(hours=1)
        assert "ask" not in h.post.kinds()
        assert (await case.snapshot()).status is CaseStatus.ON_HOLD
        await case.act("resume", Resume(by=LEAD))
        await h.after(seconds=3)
        assert h.post.kinds()[-1] == "ask"
        assert (await case.snapshot()).status is CaseStatus.WAITING_ON_CUSTOMER
        await case.act("resume", Resume(by=LEAD))
        assert (await case.snapshot()).hold is None  # a lead who ends the asking is not overruled


async def test_a_fact_reported_by_an_agent_ends_it_too(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h))
        await h.after(hours=1)
        await case.act("hold", HoldCase(by=AGENT, reason="parcel_back"))
        await h.after(hours=1)
        await case.act("report_fact", ReportFact(by=AGENT, name="customer_supplied"))
        await h.after(seconds=3)
        assert (await case.snapshot()).hold is None
        assert h.post.kinds() == ["acknowledgement", "ask", "news"]


async def test_a_customers_reply_must_be_answered_by_a_person(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h))
        await h.until(MONDAY + timedelta(minutes=59))  # Monday 10:59
        await case.act("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-c1"))
        await h.after(seconds=3)
        assert alerts(h) == [("owner", "the customer wrote; a person must answer")]
        assert h.post.kinds() == ["acknowledgement"]  # no machine answers
        due = datetime.fromisoformat((await clock(case, "next_response"))["due_at"])
        assert punctual(due, utc(6, 9, 59))  # eight business hours: Tuesday 10:59
        await h.until(MONDAY + 3 * HOUR)
        await case.act("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-c2"))
        assert (await clock(case, "next_response"))["due_at"] == due.isoformat()  # writing again gives us no more time
        await h.until(utc(5, 15, 59) - SECOND)
        assert len(h.alerts.told) == 2
        await h.until(utc(5, 15, 59) + 2 * SECOND)  # three quarters: six hours
        assert alerts(h)[2:] == [("owner", "is at risk")]
        await h.until(due - SECOND)
        assert len(h.alerts.told) == 3
        await h.until(due + 2 * SECOND)
        assert alerts(h)[3:] == [("lead", "is breached; the customer has been told where the policy says so")]
        assert "apology" not in h.post.kinds()
        # The answer goes to the customer, keeps what was promised and names the next word.
        await h.until(utc(6, 11))
        sent = len(h.post.sent)
        await reply(case, "We have found your parcel.\nThe money follows this week.")
        await h.after(seconds=3)
        assert h.post.kinds()[sent:] == ["reply"]
        assert "We have found your parcel." in h.post.sent[-1].outgoing.text
        promises = await case.promises()
        assert punctual(promises[-1].due_at, utc(7, 11))
        assert promises[-1].made_by.endswith(f".reply.{sent + 1}")
        assert (await clock(case, "next_response"))["ended"] == "breached_then_met"
        assert {fact.detail["end"] for fact in await case.facts("promise_ended")} == {"kept"}
        await h.until(utc(7, 11) + 3 * SECOND)
        assert h.post.kinds()[sent + 1 :] == ["update"]
        assert punctual(h.post.sent[-1].at, promises[-1].due_at)
        # The next question has its own clock.
        await case.act("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-c3"))
        due = datetime.fromisoformat((await clock(case, "next_response"))["due_at"])
        assert timedelta() <= due - utc(8, 11) < timedelta(minutes=1)
        await reply(case, "On Friday.", AGENT)
        assert (await clock(case, "next_response"))["ended"] == "met"


async def test_a_question_is_answered_while_the_case_waits_for_the_customer(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h))
        await h.until(MONDAY + HOUR)
        await case.report(reading("requires_action", MONDAY + HOUR))
        await h.until(MONDAY + 2 * HOUR)
        await case.act("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-c1"))  # "Which account do you mean?"
        await h.after(seconds=3)
        assert (await case.snapshot()).status is CaseStatus.WAITING_ON_CUSTOMER  # a question is not what was asked for
        await h.until(utc(6, 11) + 2 * SECOND)
        assert [role for role, _ in alerts(h)] == ["owner", "owner", "lead"]  # this clock does not stand still: the turn is ours
        assert (await clock(case, "refund_promise"))["held_since"] is not None
        sent = len(h.post.sent)
        await reply(case, "The one you paid from.")
        await h.after(seconds=3)
        assert h.post.kinds()[sent:] == ["reply"]
        assert "the bank details for your refund" in words(h)  # and what we wait for still stands in it
        assert (await clock(case, "next_response"))["ended"] == "breached_then_met"


async def test_quiet_hours_for_replies_and_questions_by_sms(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(opened(h, channels=(Channel.SMS, Channel.EMAIL)))
        await h.until(utc(5, 19, 30))  # 20:30: not quiet yet, and 24 h later neither
        await reply(case, "We are on it.")
        await h.after(seconds=3)
        assert (h.post.kinds()[-1], h.post.sent[-1].outgoing.channel) == ("reply", Channel.SMS)  # on the case's channel
        assert punctual((await case.promises())[-1].due_at, utc(6, 19, 30))
        await h.until(utc(5, 21))  # 22:00: the answer and the question wait for 08:00 and are one message
        await reply(case, "One more thing.")
        await case.report(reading("requires_action", utc(5, 21)))
        await h.until(utc(6, 7) - SECOND)
        assert len(h.post.sent) == 2
        await h.until(utc(6, 7) + 3 * SECOND)
        assert h.post.kinds()[2:] == ["reply"]
        assert punctual(h.post.sent[-1].at, utc(6, 7))
        assert "One more thing." in words(h)
        assert "the bank details for your refund" in words(h)
        promise = (await case.promises())[-1]
        assert promise.due_at - h.post.sent[-1].at <= DAY
        assert punctual(promise.due_at, utc(7, 7))  # 08:00: a time at which we may write
        # The reminder is due at 22:00 and waits for the morning; the update of that morning is in it.
        await h.until(utc(9, 12))
        assert [punctual(at, utc(9, 7)) for at in moments(h, "ask_reminder")] == [True]
        assert len([message for message in h.post.sent if utc(8, 12) < message.at < utc(9, 12)]) == 1
        assert all(message.at.hour >= 7 and message.at.hour < 20 for message in h.post.sent)
