"""Life, line 4: clocks in h, bh, bd, cd, started by named facts; warn, breach and ladder at the exact moment; hold moves internal
clocks only and never loses a threshold; statutory dates never move; the strictest is promised.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from policies.case.commands import Extend, HoldCase, Reply, ReportFact, Resolve, Resume
from policies.case.start import CaseStart, Reachability
from policies.case.vocabulary import Channel
from policies.money import Money
from policies.time.spans import Span
from tests.life.harness import LEAD, MONDAY, Case, House, house, punctual, start_of

SECOND = timedelta(seconds=1)
# Cases are opened so long after the moment from which their clocks run, and their first promise is made then: a rung and a promise that
# come due within the same milliseconds would race, and the time-skipping server strands a run whose task cancels a timer that has just
# fired ("invalid history builder state for action", temporalio/sdk-java#3088; the real server gives the task again).
APART = timedelta(seconds=20)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EURO = Money(amount_minor=4990, currency="EUR")
PUBLIC = {"en": "our promise to you"}


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2035, month, day, hour, minute, tzinfo=UTC)


def near(at: datetime, expected: datetime) -> bool:
    """For dates that a hold has moved: its two ends are acts, which take their milliseconds."""
    return abs(at - expected) < 2 * SECOND


def ladder(*steps: tuple[str, int, str]) -> list[dict[str, Any]]:
    return [{"at": at, "level": level, "to": to} for at, level, to in steps]


def clock(id_: str, starts: str, span: str, *steps: tuple[str, int, str], **more: Any) -> dict[str, Any]:
    return {"id": id_, "starts": starts, "span": span, "ladder": ladder(*steps), **more}


def words(house: House, index: int = -1) -> str:
    return " ".join(house.post.sent[index].outgoing.text.split())


def opened(h: House, **more: Any) -> CaseStart:
    """A refund opened exactly at Monday 10:00 in Berlin, that stays pending."""
    h.provider.will_be(f"{more.get('reference', 'R-1')}-1", MONDAY, "pending")
    return start_of(**{"opened_at": MONDAY, **more})


async def alerts(h: House) -> list[tuple[str, int]]:
    return [(message.role, message.level) for message, _ in h.alerts.told]


async def shown(case: Case, clock_id: str) -> dict[str, Any]:
    return next(clock for clock in (await case.snapshot()).clocks if clock["id"] == clock_id)


async def fires(h: House, at: datetime, *expected: tuple[str, int]) -> None:
    """Nothing one second before, exactly these roles and levels at the moment."""
    before = len(h.alerts.told)
    await h.until(at - SECOND)
    assert len(h.alerts.told) == before, h.alerts.told[before:]
    await h.until(at + 2 * SECOND)
    assert [(message.role, message.level) for message, _ in h.alerts.told[before:]] == list(expected)
    assert all(punctual(told_at, at) for _, told_at in h.alerts.told[before:])


async def test_every_unit_and_every_rung_at_its_moment(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        week = ["09:00-12:30", "13:30-17:00"]
        change = {
            "calendar": {
                "id": "two-windows",
                "zone": "Europe/Berlin",
                "windows": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), week),
                "closed_days": [date(2035, 3, 6)],  # Tuesday
            },
            "clocks": [
                clock("hours", "opened", "4h", ("75%", 1, "owner"), ("100%", 2, "lead"), ("+1h", 3, "head"), promised=True, public=PUBLIC),
                clock("desk", "goods_received", "3bh", ("75%", 4, "owner"), ("100%", 5, "lead"), ("+30m", 6, "head")),
                clock("days", "opened", "2bd", ("-24h", 1, "owner"), ("100%", 2, "lead"), ("+1bd", 7, "head")),
                clock("calendar", "opened", "3cd", ("100%", 3, "lead")),
                clock("never", "photo_received", "1h", ("100%", 9, "lead")),
            ],
        }
        case = await h.open(opened(h, change=change))
        assert [clock["id"] for clock in (await case.snapshot()).clocks] == ["hours", "days", "calendar"]
        await fires(h, MONDAY + 3 * HOUR, ("owner", 1))
        # Reported now, received at 11:30: one hour until the break, two after it; due 15:30, three quarters of it at 14:45.
        await case.act("report_fact", ReportFact(by=LEAD, name="goods_received", occurred_at=MONDAY + timedelta(minutes=90)))
        assert (await shown(case, "desk"))["due_at"] == utc(5, 14, 30).isoformat()
        await fires(h, utc(5, 13), ("lead", 2))
        await fires(h, utc(5, 13, 45), ("owner", 4))
        await fires(h, utc(5, 14), ("head", 3))
        await fires(h, utc(5, 14, 30), ("lead", 5))
        await fires(h, utc(5, 15), ("head", 6))
        # Tuesday is closed: the second open day after Monday is Thursday, 17:00; the third Friday.
        assert (await shown(case, "days"))["due_at"] == utc(8, 16).isoformat()
        await fires(h, utc(7, 16), ("owner", 1))
        await fires(h, utc(8, 16), ("lead", 2))
        # Three days, the start not counted: Thursday ends at 23:00 UTC.
        assert (await shown(case, "calendar"))["due_at"] == utc(8, 23).isoformat()
        await fires(h, utc(8, 23), ("lead", 3))
        await fires(h, utc(9, 16), ("head", 7))
        await h.until(utc(14, 12))
        assert len(h.alerts.told) == 10  # each level once
        fired = [(fact.detail["clock"], fact.detail["at"]) for fact in await case.facts("threshold_fired")]
        assert len(fired) == len(set(fired)) == 10


async def test_over_the_change_of_clocks_and_a_closed_monday(tmp_path: Path) -> None:
    friday = utc(23, 15, 30)  # 16:30; in the night to Sunday clocks go forward
    async with house(tmp_path, begin=friday + APART) as h:
        base = start_of().policy.policy.calendar.model_dump()
        clocks = [
            clock("hours", "opened", "48h", ("100%", 1, "owner"), promised=True, public=PUBLIC),
            clock("desk", "opened", "1bh", ("100%", 2, "lead")),
            clock("calendar", "opened", "3cd", ("100%", 3, "head")),
        ]
        change = {"calendar": {**base, "closed_days": [date(2035, 3, 26)]}, "clocks": clocks}
        case = await h.open(start_of(opened_at=friday, change=change))
        h.provider.will_be("R-1-1", MONDAY, "pending")
        await fires(h, utc(25, 15, 30), ("owner", 1))  # 48 elapsed hours: 17:30 on the wall
        await fires(h, utc(26, 22), ("head", 3))  # the end of Monday in summer time
        await fires(h, utc(27, 7, 30), ("lead", 2))  # half an hour on Friday, Monday closed, half an hour on Tuesday
        assert (await case.snapshot()).promises["broken"] == 0


async def test_breach_tells_the_lead_and_the_customer_and_stays_on_record(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        reach = Reachability(channels=[Channel.EMAIL], cadence=Span.parse("96h"), zone="Europe/Berlin")
        clocks = [clock.model_dump() for clock in start_of().policy.policy.clocks]
        for one in clocks:
            one["ladder"] = [
                {**rung, "at": rung["at"].replace("+1bd", "+6h")} for rung in one["ladder"]
            ]  # see APART: the next word is +24 h
        case = await h.open(opened(h, reach=reach, change={"clocks": clocks}))
        due = utc(19, 16)  # ten business days: Monday in two weeks, 17:00
        await fires(h, utc(15, 10, 15), ("owner", 1))  # 65 h 15 min of 87 business hours
        await h.until(utc(18, 12))
        before = (await case.snapshot()).promise
        assert before is not None
        sent = len(h.post.sent)
        await fires(h, due, ("lead", 2))
        # The apology at the same moment: what was promised for when, sorry, and a new date.
        assert h.post.kinds()[sent:] == ["apology"]
        assert punctual(h.post.sent[-1].at, due)
        for piece in ("Monday, 19 March 2035, 17:00", "sorry", "by Thursday, 22 March 2035, 17:00"):
            assert piece in words(h)
        after = (await case.snapshot()).promise
        assert after is not None
        assert punctual(datetime.fromisoformat(str(after["due_at"])), due + DAY)  # from here on every 24 h, whatever was wished
        await fires(h, utc(19, 22), ("head", 3))
        await h.until(utc(21, 18))
        assert h.post.kinds()[sent:] == ["apology", "update", "update"]
        assert "The new date for the resolution: by Thursday, 22 March 2035" in words(h)
        await case.act("resolve", Resolve(by=LEAD, outcome="goodwill", amounts=[EURO]))
        assert (await shown(case, "refund_promise"))["ended"] == "breached_then_met"
        result = await case.handle.result()
        assert result["outcome"] == "goodwill"
        view = await h.queries.case(case.start.case_id)
        assert view is not None
        assert (view.clocks_met, view.clocks_breached, view.escalation) == (0, 1, 3)
        assert await alerts(h) == [("owner", 1), ("lead", 2), ("head", 3)]


async def test_the_new_date_is_a_promise_too(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        case = await h.open(opened(h))
        await h.until(utc(22, 15))
        await case.act("reply", Reply(by=LEAD, text_ref="t-1"))  # see APART: the next word is due 24 h from here
        await h.after(seconds=2)
        sent, told = len(h.post.sent), len(h.alerts.told)
        assert (await case.snapshot()).resolve_by == utc(22, 16)
        await h.until(utc(22, 16) - SECOND)
        assert len(h.alerts.told) == told
        await h.until(utc(22, 16) + 2 * SECOND)
        # Sunday is no open day: Friday, Monday, Tuesday; the clocks have gone forward by then.
        assert [message.role for message, _ in h.alerts.told[told:]] == ["lead"]
        assert h.post.kinds()[-1] == "apology"
        assert len(h.post.sent) <= sent + 2
        assert "Thursday, 22 March 2035, 17:00" in words(h)
        assert "by Tuesday, 27 March 2035, 17:00" in words(h)
        assert (await case.snapshot()).resolve_by == utc(27, 15)


async def test_resolved_just_before_a_level_is_silent(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        case = await h.open(opened(h))
        await h.until(utc(19, 15))
        told = len(h.alerts.told)
        await h.until(utc(19, 16) - 2 * SECOND)  # the boundary itself is tested on the rules; here the act needs time to arrive
        await case.act("resolve", Resolve(by=LEAD, outcome="goodwill", amounts=[EURO]))
        await h.until(utc(21, 16))
        assert len(h.alerts.told) == told
        assert "apology" not in h.post.kinds()
        assert (await shown(case, "refund_promise"))["ended"] == "met"
        assert (await shown(case, "refund_promise"))["breached_at"] is None


async def test_hold_moves_internal_clocks_only_and_loses_no_threshold(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        case = await h.open(opened(h, facts={"withdrawal_told": MONDAY - HOUR}))
        await h.after(seconds=3)
        assert (await case.snapshot()).resolve_by_clock == "refund_promise"  # 19 March 17:00 is before the law's 19 March 24:00
        assert "our promise to you: ten business days" in words(h)
        # On hold from Tuesday 10:00 to Thursday 09:30: fifteen and a half business hours.
        await h.until(MONDAY + DAY)
        await case.act("hold", HoldCase(by=LEAD, reason="warehouse"))
        await h.until(utc(8, 8, 30))
        await case.act("resume", Resume(by=LEAD))
        moved = datetime.fromisoformat((await shown(case, "refund_promise"))["due_at"])
        assert near(moved, utc(21, 15, 30))
        assert (await shown(case, "withdrawal_refund"))["due_at"] == utc(19, 23).isoformat()
        snapshot = await case.snapshot()
        assert (snapshot.resolve_by_clock, snapshot.resolve_by) == ("withdrawal_refund", utc(19, 23))
        await h.until(MONDAY + 5 * DAY)
        assert "fourteen days after you withdrew from the purchase (Directive 2011/83/EU, Article 13(1))" in words(h)
        # The law's threshold (three quarters of it: Friday 16 March 07:15 UTC) fires during the next hold, at its moment.
        await h.until(utc(16, 7))
        assert await alerts(h) == []
        await case.act("hold", HoldCase(by=LEAD, reason="fraud_review"))
        await fires(h, utc(16, 7, 15), ("lead", 2))
        # The internal one stands still: its warning (Monday 19 March 10:45) is nine business hours later after the hold.
        await h.until(utc(19, 9))
        assert len(h.alerts.told) == 1
        await case.act("resume", Resume(by=LEAD))
        await fires(h, utc(19, 23), ("head", 4))  # the law's date has not moved, and the customer is told
        assert h.post.kinds()[-1] == "apology"
        warned = [rung for rung in str((await shown(case, "refund_promise"))["rungs"]).split(", ") if rung.startswith("75%")]
        assert near(datetime.fromisoformat(warned[0].removeprefix("75%:")), utc(20, 10, 45))
        await h.until(utc(20, 10, 44))
        assert len(h.alerts.told) == 2
        await h.until(utc(20, 10, 46))
        assert await alerts(h) == [("lead", 2), ("head", 4), ("owner", 1)]
        due = datetime.fromisoformat((await shown(case, "refund_promise"))["due_at"])
        assert near(due, utc(23, 8, 30))
        # Before it there is silence, then the breach: nothing was lost.
        await h.until(utc(23, 8, 29))
        told = len(h.alerts.told)
        await h.until(utc(23, 8, 31))
        assert [(message.role, message.level) for message, _ in h.alerts.told[told:]] == [("lead", 2)]


async def test_a_hold_after_the_breach_stops_the_rest_of_the_ladder(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        case = await h.open(opened(h))
        await h.until(utc(19, 17))
        assert await alerts(h) == [("owner", 1), ("lead", 2)]
        await case.act("hold", HoldCase(by=LEAD, reason="fraud_review"))
        new_date = (await case.snapshot()).resolve_by
        assert new_date == utc(22, 16)
        await h.until(utc(23, 7, 59))  # Friday 08:59; the next level would have been due on Tuesday 17:00
        assert len(h.alerts.told) == 2
        # No date is told that cannot be kept while we wait: three business days from the last update.
        assert "The new date for the resolution: by Tuesday, 27 March 2035, 17:00" in words(h)
        await case.act("resume", Resume(by=LEAD))
        await h.after(minutes=1)
        assert len(h.alerts.told) == 2
        # Eight business hours were left of it, and are left still.
        await h.until(utc(23, 15, 59))
        assert len(h.alerts.told) == 2
        await h.until(utc(23, 16, 1))
        assert await alerts(h) == [("owner", 1), ("lead", 2), ("head", 3)]
        moved = (await case.snapshot()).resolve_by
        assert moved is not None
        assert near(moved, utc(27, 15))  # three business days from Friday 09:00: Tuesday 17:00 in summer time


async def test_several_thresholds_passed_at_once_only_the_highest_fires(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART, max_cached_workflows=0) as h:
        case = await h.open(opened(h))
        await h.until(utc(15, 9))
        assert h.alerts.told == []
        sent = len(h.post.sent)
        await h.without_workers(utc(21, 9))
        await h.eventually(lambda: len(h.post.sent) > sent)
        await h.after(hours=2)
        assert await alerts(h) == [("head", 3)]
        passed = [(fact.detail["at"], fact.detail["level"]) for fact in await case.facts("threshold_passed")]
        assert passed == [("75%", 1), ("100%", 2)]
        assert [fact.detail["at"] for fact in await case.facts("threshold_fired")] == ["+1bd"]
        # One true message: the apology with the update that was owed.
        assert h.post.kinds()[sent:] == ["apology"]
        assert "We owed you an update" in words(h)
        assert "Monday, 19 March 2035, 17:00" in words(h)
        assert "by Monday, 26 March 2035, 17:00" in words(h)  # counted from when it is told
        [breach] = await case.facts("clock_breached")
        assert breach.occurred_at == utc(19, 16)


async def test_the_strictest_date_is_promised_and_the_law_cannot_be_extended(tmp_path: Path) -> None:
    async with house(tmp_path, begin=MONDAY + APART) as h:
        case = await h.open(opened(h, facts={"withdrawal_told": MONDAY - 2 * DAY}))
        await h.after(seconds=3)
        assert h.post.kinds() == ["acknowledgement"]
        assert "17 March 2035" in words(h)  # fourteen days after Saturday, 3 March: the end of Saturday, 17 March
        assert "Directive 2011/83/EU, Article 13(1)" in words(h)
        assert (await case.snapshot()).resolve_by == utc(17, 23)
        for until in (utc(17, 9), utc(18, 9)):
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await case.act("extend", Extend(by=LEAD, until=until))
            assert "withdrawal_refund, which never moves" in str(refused.value.cause)
        assert (await shown(case, "withdrawal_refund"))["due_at"] == utc(17, 23).isoformat()
        await h.until(utc(17, 9) + 2 * SECOND)
        # A statutory clock that a later fact starts is promised from then on.
        other = await h.open(opened(h, reference="R-2", opened_at=utc(16, 9)))
        await h.after(seconds=3)
        before = (await other.snapshot()).resolve_by
        await other.act("report_fact", ReportFact(by=LEAD, name="withdrawal_told", occurred_at=utc(10, 9)))
        assert before is not None
        assert (await other.snapshot()).resolve_by == utc(24, 23) < before
