"""Life, line 2: updates on the promised cadence until resolved; real news at once, re-anchoring; nothing routine after resolution;
quiet hours and send windows already in what is promised.
"""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activities.ports import Outgoing, SendFailed, SendOutcome
from policies.case.commands import ChangePreferences, HoldCase, Resume
from policies.case.plans import Reading
from policies.case.start import Reachability
from policies.case.vocabulary import CaseKind, Channel
from policies.providers.statuses import TargetType
from policies.time.spans import Span
from tests.life.harness import CUSTOMER, LEAD, MONDAY, Case, House, house, punctual, start_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ARN = "74537604221222132710572"


def words(house: House, index: int = -1) -> str:
    return " ".join(house.post.sent[index].outgoing.text.split())


def moments(house: House, *kinds: str) -> list[datetime]:
    return [message.at for message in house.post.sent if message.kind in kinds]


async def ends(case: Case) -> list[tuple[str, int]]:
    """How the promises ended so far, with by how many seconds late; the workflow knows it before the books do."""
    return [(str(fact.detail["end"]), int(fact.detail.get("late_s") or 0)) for fact in await case.facts("promise_ended")]


async def test_updates_come_when_promised_without_drift_and_stop_with_the_resolution(tmp_path: Path) -> None:
    def late_posts(outgoing: Outgoing, at: datetime) -> SendFailed | None:
        for day, wait in ((2, 900.0), (3, 297.0), (4, 302.0)):  # grace is 300 s
            if punctual(at, MONDAY + day * DAY) or timedelta() <= at - (MONDAY + day * DAY) < timedelta(minutes=1):
                return SendFailed(SendOutcome.RETRY, "http_503", retry_after_s=wait)
        return None

    async with house(tmp_path) as h:
        h.post.fail = late_posts
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY + timedelta(days=6, hours=12), "succeeded")
        case = await h.open(start_of())
        await h.until(MONDAY + 6 * DAY + HOUR)
        promises = await case.promises()
        # Each next word counts from the one that was promised: however late one was sent, the next is not later.
        assert [later.due_at - earlier.due_at for earlier, later in itertools.pairwise(promises)] == [DAY] * 6
        assert punctual(promises[0].due_at, MONDAY + DAY)
        sent = moments(h, "update")
        delays = [0, 900, 297, 302, 0, 0]
        expected = [promise.due_at + timedelta(seconds=wait) for promise, wait in zip(promises, delays, strict=False)]
        assert all(punctual(at, due_at) for at, due_at in zip(sent, expected, strict=True))
        assert await ends(case) == [("kept", 0), ("late", 900), ("kept", 0), ("late", 302), ("kept", 0), ("kept", 0)]
        assert "Nothing has changed since Monday, 5 March 2035, 10:00" in words(h)
        assert "We owed you an update" not in words(h)

        await h.until(MONDAY + 9 * DAY)
        assert h.post.kinds() == ["acknowledgement", *["update"] * 6, "resolution", "feedback_request"]
        # What follows is announced in the resolution: trace number, survey and until when it may be reopened.
        resolution = words(h, -2)
        survey_at = moments(h, "feedback_request")[0]
        assert "trace number yet. We will send it to you" in resolution
        assert f"{survey_at:%-d} March 2035" in resolution
        assert "Until Tuesday, 10 April 2035" in resolution  # 720 h from the provider's success, not from when we saw it
        assert "next message" not in resolution

        result = await case.handle.result()
        assert h.post.kinds()[8:] == ["feedback_request", "feedback_reminder", "money_check"]  # nothing routine in four weeks
        assert result["promises"] == {"made": 7, "kept": 5, "late": 2, "broken": 0, "superseded": 0, "withdrawn": 0}
        booked = [(promise.end, promise.late_s) for promise in await case.promises()]
        assert booked == [*await ends(case)]
        assert len(booked) == 7


async def test_the_schedule_of_the_policy(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "under_review")
        case = await h.open(start_of(CaseKind.DISPUTE))
        await h.until(MONDAY + 16 * DAY)
        promises = await case.promises()
        hours = [round((later.due_at - earlier.due_at) / HOUR) for earlier, later in itertools.pairwise(promises)]
        assert punctual(promises[0].due_at, MONDAY + DAY)
        assert hours == [24, 24, 48, 48, 48, 72, 72, 72]  # 24 h three times, then 48 h three times, then 72 h
        assert await ends(case) == [("kept", 0)] * 8


async def test_the_customers_wish_narrows_the_schedule(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        reach = Reachability(channels=[Channel.EMAIL], locale="en", zone="Europe/Berlin")

        async def wish(hours: int) -> None:
            changed = reach.model_copy(update={"cadence": Span.parse(f"{hours}h")})
            await case.act("preferences", ChangePreferences(by=CUSTOMER, reach=changed))

        case = await h.open(start_of(reach=reach.model_copy(update={"cadence": Span.parse("48h")})))
        await h.until(MONDAY + 47 * HOUR)
        assert h.post.kinds() == ["acknowledgement"]
        await wish(12)  # shorter than the policy allows: 24 h, from the next message on
        await h.until(MONDAY + 49 * HOUR)
        await wish(200)  # longer than it allows: 96 h
        await h.until(MONDAY + 73 * HOUR)
        promises = await case.promises()
        assert [round((promise.due_at - MONDAY) / HOUR) for promise in promises] == [48, 72, 168]
        assert len(moments(h, "update")) == 2


async def test_real_news_goes_at_once_keeps_the_promise_and_moves_the_next_word(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-2", MONDAY, "pending")
        case = await h.open(start_of(amounts=(3000, 1990)))
        news_at = MONDAY + 30 * HOUR
        await h.until(news_at)
        await case.report(
            Reading(
                type=TargetType.REFUND,
                provider="simpay",
                reference="R-1-2",
                status="succeeded",
                occurred_at=news_at - 2 * HOUR,
                read_at=news_at,
            )
        )
        await h.after(seconds=3)
        assert h.post.kinds() == ["acknowledgement", "update", "news"]
        assert punctual(h.post.sent[-1].at, news_at)
        assert "Tuesday, 6 March 2035, 14:00" in words(h)  # the fact's own time, in the customer's zone
        _, second, third = await case.promises()
        assert await ends(case) == [("kept", 0)] * 2
        assert punctual(second.due_at, MONDAY + 48 * HOUR)
        assert punctual(third.due_at, news_at + DAY)
        await h.until(MONDAY + 53 * HOUR)
        assert len(h.post.sent) == 3  # the old moment, 48 h, has been replaced
        await h.until(MONDAY + 55 * HOUR)
        assert h.post.kinds()[-1] == "update"
        assert punctual(h.post.sent[-1].at, third.due_at)


async def test_quiet_hours_are_in_what_is_promised_and_one_message_absorbs_what_is_due_meanwhile(tmp_path: Path) -> None:
    monday_2230 = datetime(2035, 3, 5, 21, 30, tzinfo=UTC)
    async with house(tmp_path, begin=monday_2230) as h:
        for part in ("R-1-1", "R-1-2"):
            h.provider.will_be(part, MONDAY, "pending")
        case = await h.open(start_of(amounts=(3000, 1990), channels=(Channel.SMS,)))
        await h.until(datetime(2035, 3, 7, 6, 59, 59, tzinfo=UTC))
        assert h.post.kinds() == ["acknowledgement"]  # 22:30 + 24 h may not be written at, so it was not promised
        await h.until(datetime(2035, 3, 7, 7, 0, 2, tzinfo=UTC))
        assert h.post.kinds() == ["acknowledgement", "update"]
        # News in the evening before the next word, which is due at 08:00: both wait for 08:00 and are one message.
        await h.until(datetime(2035, 3, 7, 22, 0, tzinfo=UTC))
        await case.report(Reading(type=TargetType.REFUND, provider="simpay", reference="R-1-1", status="succeeded", read_at=await h.now()))
        await h.until(datetime(2035, 3, 8, 6, 59, 59, tzinfo=UTC))
        assert len(h.post.sent) == 2
        await h.until(datetime(2035, 3, 8, 8, 0, tzinfo=UTC))
        assert h.post.kinds() == ["acknowledgement", "update", "news"]
        assert punctual(h.post.sent[-1].at, datetime(2035, 3, 8, 7, 0, tzinfo=UTC))
        # The resolution too waits for the morning; nobody's telephone rings at night.
        await h.until(datetime(2035, 3, 8, 20, 0, tzinfo=UTC))
        await case.report(Reading(type=TargetType.REFUND, provider="simpay", reference="R-1-2", status="succeeded", read_at=await h.now()))
        await h.until(datetime(2035, 3, 9, 8, 0, tzinfo=UTC))
        assert h.post.kinds()[3:] == ["resolution"]
        assert punctual(h.post.sent[-1].at, datetime(2035, 3, 9, 7, 0, tzinfo=UTC))
        assert (await case.messages())[-1].also == []  # the update due at that moment is none any more: nothing routine after it
        assert await ends(case) == [("kept", 0)] * 3


async def test_a_cadence_over_the_change_of_clocks(tmp_path: Path) -> None:
    friday_2030 = datetime(2035, 3, 23, 19, 30, tzinfo=UTC)  # clocks go forward in the night to Sunday, 25 March
    async with house(tmp_path, begin=friday_2030) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of(channels=(Channel.SMS,)))
        await h.until(friday_2030 + 3 * DAY)
        promises = await case.promises()
        assert punctual(promises[0].due_at, friday_2030 + DAY)
        # Sunday 19:30 UTC is 21:30 summer time: quiet. So Monday 08:00 summer time, and from there on 24 h each.
        assert [promise.due_at for promise in promises[1:]] == [
            datetime(2035, 3, 26, 6, 0, tzinfo=UTC),
            datetime(2035, 3, 27, 6, 0, tzinfo=UTC),
        ]


async def test_email_goes_at_night_unless_the_customer_wishes_otherwise(tmp_path: Path) -> None:
    monday_2230 = datetime(2035, 3, 5, 21, 30, tzinfo=UTC)
    async with house(tmp_path, begin=monday_2230) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-2-1", MONDAY, "pending")
        plain = await h.open(start_of())
        wish = Reachability(channels=[Channel.EMAIL], quiet_email=True, quiet_from="22:00", quiet_until="09:30", zone="Europe/Berlin")
        quiet = await h.open(start_of(reference="R-2", reach=wish))
        await h.after(seconds=3)
        assert punctual((await plain.promises())[0].due_at, monday_2230 + DAY)
        assert (await quiet.promises())[0].due_at == datetime(2035, 3, 7, 8, 30, tzinfo=UTC)
        await h.until(datetime(2035, 3, 7, 8, 30, 2, tzinfo=UTC))
        assert [(m.outgoing.case_id == quiet.start.case_id, m.kind) for m in h.post.sent if m.kind == "update"] == [
            (False, "update"),
            (True, "update"),
        ]


async def test_after_an_outage_one_true_message_and_no_burst(tmp_path: Path) -> None:
    async with house(tmp_path, max_cached_workflows=0) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.after(seconds=3)
        back = MONDAY + timedelta(days=3, hours=5)
        await h.without_workers(back)
        await h.eventually(lambda: len(h.post.sent) == 2)
        await h.until(back + 2 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update"]
        assert "We owed you an update on Tuesday, 6 March 2035, 10:00" in words(h)
        _, following = await case.promises()
        [(end, late_s)] = await ends(case)
        assert end == "late"
        assert 53 * 3600 - 1 <= late_s < 53 * 3600 + 5
        assert punctual(following.due_at, back + DAY)  # never in the past


async def test_hold_does_not_stop_the_cadence_and_says_whom_we_wait_for(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.until(MONDAY + 2 * HOUR)
        await case.act("hold", HoldCase(by=LEAD, reason="warehouse"))
        await h.until(MONDAY + 25 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update"]
        assert "Your case has been waiting since Monday, 5 March 2035, 12:00" in words(h)
        assert "the warehouse is checking your return" in words(h)
        await case.act("resume", Resume(by=LEAD))
        await case.act("hold", HoldCase(by=LEAD, reason="fraud_review"))
        await h.until(MONDAY + 49 * HOUR)
        assert "a colleague is looking at your case" in words(h)
        assert "fraud" not in words(h).lower()  # tips nobody off
        await case.act("resume", Resume(by=LEAD))
        await h.until(MONDAY + 73 * HOUR)
        assert h.post.kinds() == ["acknowledgement", *["update"] * 3]
        assert "waiting" not in words(h)
        assert await ends(case) == [("kept", 0)] * 3
