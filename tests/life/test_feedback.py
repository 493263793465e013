"""Life, line 8: feedback: its moment, reminder, expiry, replaced answers, recovery, withdrawal by a reopen; the tail watched meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from activities.ports import Outgoing, SendFailed, SendOutcome
from policies.case import commands as c
from policies.case.vocabulary import MessageClass
from tests.life.harness import AGENT, CUSTOMER, LEAD, MONDAY, Case, House, house, start_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def _resolved(h: House, at: datetime, reference: str = "R-1", outcome: str = "replaced", **more: Any) -> Case:
    """A case that a lead resolves at a moment."""
    case = await h.open(start_of(reference=reference, **more))
    await h.until(at)
    await case.act("resolve", c.Resolve(by=LEAD, outcome=outcome))
    await h.after(seconds=2)
    return case


def _asked(h: House, kind: str = "feedback_request") -> list[datetime]:
    return [message.at for message in h.post.sent if message.kind == kind]


def _near(at: datetime, wanted: datetime) -> bool:
    return timedelta() <= at - wanted < timedelta(seconds=5)


async def _state(case: Case) -> dict[str, Any]:
    feedback = (await case.snapshot()).feedback or {}
    return {name: value for name, value in feedback.items() if value is not None}


def _down(start: datetime, end: datetime) -> Callable[[Outgoing, datetime], SendFailed | None]:
    return lambda outgoing, at: SendFailed(SendOutcome.RETRY, "http_503") if start <= at < end else None


async def test_asked_a_day_later_reminded_once_and_expired(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _resolved(h, MONDAY + HOUR)
        early = await case.refused("feedback", c.GiveFeedback(by=CUSTOMER, csat=5))
        assert "has not been asked for yet" in early
        asked = MONDAY + 25 * HOUR
        assert "Tuesday, 6 March 2035, 11:00" in h.post.sent[-1].outgoing.text  # announced in the resolution
        await h.until(asked - timedelta(seconds=1))
        assert not _asked(h)
        await h.until(asked + timedelta(seconds=5))
        assert _near(_asked(h)[0], asked)
        await h.until(asked + 71 * HOUR)
        assert not _asked(h, "feedback_reminder")
        await h.until(asked + 73 * HOUR)
        [reminded] = _asked(h, "feedback_reminder")
        assert _near(reminded, asked + 72 * HOUR)
        await h.until(asked + 168 * HOUR - timedelta(seconds=1))
        assert await _state(case) == {"asked_at": _asked(h)[0].isoformat()}
        await h.until(asked + 168 * HOUR + timedelta(seconds=5))
        assert await _state(case) == {"asked_at": _asked(h)[0].isoformat(), "ended": "expired"}
        assert "no longer open (expired)" in await case.refused("feedback", c.GiveFeedback(by=CUSTOMER, csat=5))
        result = await case.handle.result()
        assert result["outcome"] == "replaced"
        assert h.post.kinds() == ["acknowledgement", "resolution", "feedback_request", "feedback_reminder"]
        assert sum(result["promises"].values()) == 2 * result["promises"]["made"]


async def test_asked_within_the_window_only(tmp_path: Path) -> None:
    """09:00-20:00 of the recipient, Sunday 12:00-20:00."""
    async with house(tmp_path) as h:
        evening = await _resolved(h, MONDAY + 10 * HOUR + timedelta(minutes=30))  # Monday 20:30 in Berlin
        assert (await evening.snapshot()).next_what == "feedback"
        await h.until(MONDAY + 2 * DAY)
        [first] = _asked(h)
        assert _near(first, datetime(2035, 3, 7, 8, 0, tzinfo=UTC))  # not Tuesday 20:30 but Wednesday 09:00
        await _resolved(h, datetime(2035, 3, 10, 8, 40, tzinfo=UTC), "R-2")  # Saturday 09:40
        await h.until(datetime(2035, 3, 12, 0, 0, tzinfo=UTC))
        second = _asked(h)[-1]
        assert _near(second, datetime(2035, 3, 11, 11, 0, tzinfo=UTC))  # Sunday: not before 12:00
        # The reminder of a request of Thursday falls on a Sunday morning and waits for noon, too.
        await _resolved(h, datetime(2035, 3, 14, 9, 0, tzinfo=UTC), "R-3")
        await h.until(datetime(2035, 3, 19, 0, 0, tzinfo=UTC))
        reminders = {message.outgoing.case_id: message.at for message in h.post.sent if message.kind == "feedback_reminder"}
        assert _near(next(at for name, at in reminders.items() if "-r-3-" in name), datetime(2035, 3, 18, 11, 0, tzinfo=UTC))


async def test_the_last_answer_counts_and_bounds_hold(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _resolved(h, MONDAY + HOUR)
        await h.until(MONDAY + 27 * HOUR)
        for given, words in (
            ({"csat": 0}, "csat 0 is out of range; right would be 1 to 5"),
            ({"csat": 6}, "csat 6"),
            ({"nps": -1}, "nps -1 is out of range; right would be 0 to 10"),
            ({"nps": 11}, "nps 11"),
            ({"comment_ref": "t-1"}, "csat and nps are both missing"),
            ({"csat": "great"}, "csat"),
        ):
            assert words in await case.refused("feedback", {"by": CUSTOMER.model_dump(), **given})
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=5, nps=10))
        await h.after(hours=100)
        assert not _asked(h, "feedback_reminder")  # answered: not reminded
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=4, nps=9, comment_ref="t-2"))
        await h.after(seconds=2)
        first, second = await case.facts("feedback_given")
        assert (first.detail.get("replaces"), second.detail["replaces"], second.detail["comment_ref"]) == (None, True, "t-2")
        row = await h.queries.case(case.start.case_id)
        assert row is not None
        assert (row.csat, row.nps) == (4, 9)
        summary = (await h.queries.summary()).feedback
        assert (summary.asked, summary.answered, summary.csat_n, summary.csat_percent, summary.nps) == (1, 1, 1, 100.0, 100.0)
        assert not await case.facts("recovery_opened")


async def test_a_low_score_opens_recovery_with_its_own_clock_and_a_named_person(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _resolved(h, MONDAY + HOUR)
        answered = MONDAY + 26 * HOUR  # Tuesday 12:00 in Berlin
        await h.until(answered)
        before = len(h.alerts.told)
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=2, nps=9))
        await h.after(seconds=2)
        [(alert, _)] = h.alerts.told[before:]
        assert (alert.to, "low score" in alert.title) == (["tom"], True)
        [opened] = await case.facts("recovery_opened")
        assert opened.detail == {"owner": "tom"}
        clock = next(clock for clock in (await case.snapshot()).clocks if clock["id"] == "recovery")
        assert str(clock["due_at"]).startswith("2035-03-07T11:00")  # 8 bh: Tuesday 12:00 + 5 h, Wednesday 09:00 + 3 h
        # Warned at 75 %, breached at 100 %, and not closed while it is open, even after the tail.
        await h.until(datetime(2035, 3, 7, 9, 0, 9, tzinfo=UTC))
        assert h.alerts.told[-1][0].title.startswith("[level 1]")
        await h.until(datetime(2035, 3, 7, 11, 0, 9, tzinfo=UTC))
        assert h.alerts.told[-1][0].title.startswith("[level 2]")
        await h.until(MONDAY + 60 * DAY)
        assert (await case.snapshot()).status == "resolved"
        await case.act("phone_contact", c.PhoneContact(by=AGENT, reached=False))
        assert not await case.facts("recovery_ended")
        await case.act("phone_contact", c.PhoneContact(by=AGENT))
        result = await case.handle.result()
        assert result["outcome"] == "replaced"
        ended = [fact.type for fact in await h.queries.facts(case.start.case_id) if fact.type.startswith("recovery")]
        assert ended == ["recovery_opened", "recovery_ended"]
        assert "apology" not in h.post.kinds()  # the recovery clock is ours, nothing was promised by it


async def test_nps_alone_opens_recovery_a_reply_ends_it_and_it_opens_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _resolved(h, MONDAY + HOUR)
        await h.until(MONDAY + 26 * HOUR)
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, nps=6))
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, nps=5))
        assert len(await case.facts("recovery_opened")) == 1
        await h.desk.save_text("t-1", case.start.case_id, "reply", "We are sorry; a voucher is on its way.", LEAD, await h.now())
        await case.act("reply", c.Reply(by=LEAD, text_ref="t-1"))
        await h.after(seconds=2)
        assert "a voucher is on its way" in h.post.sent[-1].outgoing.text
        assert len(await case.facts("recovery_ended")) == 1
        # A better answer afterwards does not wake the old low one.
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=5))
        assert len(await case.facts("recovery_opened")) == 1
        assert (await case.sums())["open"] == 0  # a reply after the resolution promises nothing routine


async def test_a_reopen_withdraws_the_request_and_a_new_resolution_asks_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY + HOUR, "succeeded")
        case = await h.open(start_of())
        await h.until(MONDAY + 3 * DAY)
        [asked] = _asked(h)
        # The tail is watched meanwhile: the provider takes the success back.
        h.provider.will_be("R-1-1", asked + HOUR, "failed")
        await h.until(asked + 7 * DAY)
        assert (await case.snapshot()).cycle == 2
        assert not _asked(h, "feedback_reminder")
        assert len(await case.facts("feedback_withdrawn")) == 1
        assert "the case is open" in await case.refused("feedback", c.GiveFeedback(by=CUSTOMER, csat=1))
        resolved_at = await h.now()
        await case.act("resolve", c.Resolve(by=LEAD, outcome="replaced"))
        await h.until(resolved_at + 3 * DAY)
        assert len(_asked(h)) == 2
        await case.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=3, nps=7))
        result = await case.handle.result()
        assert (result["cycles"], result["outcome"]) == (2, "replaced")
        assert sum(result["promises"].values()) == 2 * result["promises"]["made"]


async def test_not_asked_while_another_case_of_the_customer_is_open(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        other = await h.open(start_of(reference="R-9", customer_key="k-ada"))
        case = await _resolved(h, MONDAY + HOUR, customer_key="k-ada")
        await h.until(MONDAY + 3 * DAY - HOUR)  # at the hour the other one's next word comes due: see `until`
        assert not _asked(h)
        assert {fact.detail["reason"] for fact in await case.facts("message_skipped")} == {"other_case_open"}
        assert (await case.snapshot()).next_what == "feedback"
        await other.act("resolve", c.Resolve(by=LEAD, outcome="cancelled"))
        done = await h.now()
        await h.until(done + 2 * DAY)
        [asked] = _asked(h)
        assert asked - done <= DAY
        assert 8 <= asked.hour < 19  # still within the window


async def test_a_customer_who_opted_out_of_surveys_is_not_asked_and_it_is_not_announced(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        reach = start_of().reach.model_copy(update={"opted_out": [MessageClass.SURVEY]})
        case = await _resolved(h, MONDAY + HOUR, reach=reach)
        assert "how we did" not in h.post.sent[-1].outgoing.text
        # Another is asked, and opts out before the reminder.
        second = await _resolved(h, MONDAY + 2 * HOUR, "R-2")
        await h.until(MONDAY + 2 * DAY)
        assert [message.outgoing.case_id for message in h.post.sent if message.kind == "feedback_request"] == [second.start.case_id]
        await second.act("preferences", c.ChangePreferences(by=CUSTOMER, reach=reach))
        await second.handle.result()
        await case.handle.result()
        assert not _asked(h, "feedback_reminder")


async def test_a_reminder_that_could_not_be_sent_in_time_is_not_sent_after_the_expiry(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _resolved(h, MONDAY + HOUR)
        await h.until(MONDAY + 2 * DAY)
        assert len(_asked(h)) == 1
        h.post.fail = _down(MONDAY + 3 * DAY, MONDAY + 15 * DAY)
        await h.until(MONDAY + 20 * DAY)
        feedback = (await case.snapshot()).feedback
        assert feedback is not None
        assert feedback["ended"] == "expired"
        assert not _asked(h, "feedback_reminder")
