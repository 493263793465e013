"""Life, line 11: imports with clocks from opened_at, one message, the highest level once; shadow mode sends nothing, records all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from policies.case import commands as c
from policies.case.vocabulary import CaseKind, Origin
from tests.life.harness import CUSTOMER, LEAD, MONDAY, house, punctual, start_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = MONDAY - 40 * DAY


async def test_an_old_case_comes_in_with_one_message_and_the_highest_level_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", LONG_AGO, "pending")
        case = await h.open(start_of(opened_at=LONG_AGO, origin=Origin.IMPORT))
        await h.after(seconds=5)
        # One message: received when it was, and sorry for what was promised and missed, with a new date.
        assert h.post.kinds() == ["acknowledgement"]
        [message] = await case.messages()
        assert message.also == ["apology"]
        text = " ".join(h.post.sent[0].outgoing.text.split())
        for words in ("Wednesday, 24 January 2035, 10:00", "Wednesday, 7 February 2035, 17:00", "Thursday, 8 March 2035"):
            assert words in text
        # Clocks run from opened_at; of three thresholds passed the highest fires once, the others are recorded as passed.
        view = await case.snapshot()
        [clock] = view.clocks
        assert (clock["started_at"], clock["due_at"]) == (LONG_AGO.isoformat(), "2035-02-07T16:00:00+00:00")
        assert clock["breached_at"] == clock["due_at"]
        assert [(alert.level, alert.to) for alert, _ in h.alerts.told] == [(3, ["head@example.com"])]
        assert [fact.detail["level"] for fact in await case.facts("threshold_fired")] == [3]
        assert [fact.detail["level"] for fact in await case.facts("threshold_passed")] == [1, 2]
        assert (view.opened_at, view.escalation, view.status) == (LONG_AGO, 3, "open")
        assert view.resolve_by == datetime(2035, 3, 8, 16, 0, tzinfo=UTC)
        # From now on it is a case like any other; after a breach the cadence is 24 h.
        await h.until(MONDAY + 2 * DAY + HOUR)
        assert h.post.kinds() == ["acknowledgement", "update", "update"]
        assert len(h.alerts.told) == 1
        tally = await case.sums()
        assert (tally["made"], tally["kept"], tally["open"]) == (3, 2, 1)


async def test_an_old_case_whose_thresholds_are_still_to_come(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        opened = MONDAY - 3 * DAY  # Friday
        case = await h.open(start_of(opened_at=opened, facts={"withdrawal_told": opened}))
        await h.after(seconds=3)
        assert h.post.kinds() == ["acknowledgement"]
        assert not h.alerts.told
        clocks = {str(clock["id"]): clock["due_at"] for clock in (await case.snapshot()).clocks}
        assert clocks == {"refund_promise": "2035-03-16T16:00:00+00:00", "withdrawal_refund": "2035-03-16T23:00:00+00:00"}
        # The next word counts from the message, not from the past.
        [promise] = await case.promises()
        assert punctual(promise.due_at, MONDAY + DAY)


async def test_an_opened_at_in_the_future_is_now(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(opened_at=MONDAY + 40 * DAY))
        await h.after(seconds=3)
        assert punctual((await case.snapshot()).opened_at, MONDAY)


async def test_an_old_case_that_the_provider_settled_long_ago_ends_soon(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", LONG_AGO + 5 * DAY, "succeeded", trace="ARN1")
        case = await h.open(start_of(opened_at=LONG_AGO, origin=Origin.IMPORT))
        result = await case.handle.result()
        assert result["outcome"] == "refunded"
        # The fact's own date is told; the tail of 720 h from the success has passed, so only the survey is waited for.
        resolution = next(message for message in h.post.sent if message.kind == "resolution")
        assert "29 January 2035" in resolution.outgoing.text
        row = await h.queries.case(case.start.case_id)
        assert row is not None
        assert row.closed_at is not None
        assert row.closed_at - MONDAY < 9 * DAY
        assert h.post.kinds()[-2:] == ["feedback_request", "feedback_reminder"]


async def test_shadow_mode_sends_nothing_and_records_what_would_have_been_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for reference in ("R-1-1", "R-2-1"):
            h.provider.will_be(reference, MONDAY, "pending")
            h.provider.will_be(reference, MONDAY + 16 * DAY, "succeeded", trace="ARN1")
        shadow = await h.open(start_of(shadow=True))
        real = await h.open(start_of(reference="R-2"))
        await h.until(MONDAY + 19 * DAY)
        await shadow.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=1))
        await real.act("feedback", c.GiveFeedback(by=CUSTOMER, csat=1))
        await h.after(seconds=3)
        for case in (shadow, real):
            await case.act("reply", c.Reply(by=LEAD, text_ref="t"))
        await shadow.handle.result()
        await real.handle.result()
        # Nobody was told anything of it ...
        assert {message.outgoing.case_id for message in h.post.sent} == {real.start.case_id}
        assert {alert.case_id for alert, _ in h.alerts.told} == {real.start.case_id}
        # ... and what would have been said, to whom and when, is the same to the word.
        mine, theirs = await shadow.messages(), await real.messages()
        assert [(one.kind, one.state, one.channel) for one in mine] == [(one.kind, one.state, one.channel) for one in theirs]
        assert all(one.shadow and one.reason == "shadow" and not one.deliveries and one.text for one in mine)
        # But what the provider last said, in the acknowledgement and updates: whether a check of the same moment came first is chance.
        told = [one.text for one in mine if one.kind not in ("acknowledgement", "update")]
        as_mine = [(one.text or "").replace(real.start.case_id, shadow.start.case_id) for one in theirs]
        assert told == [text for one, text in zip(theirs, as_mine, strict=True) if one.kind not in ("acknowledgement", "update")]
        assert len(told) >= 3
        alerts = [(one.reason, one.level, one.role, one.people) for one in await h.queries.alerts(shadow.start.case_id)]
        assert alerts == [(one.reason, one.level, one.role, one.people) for one in await h.queries.alerts(real.start.case_id)]
        assert {"at_risk", "breached", "recovery"} <= {reason for reason, *_ in alerts}
        assert all(one.shadow and one.sent_at and one.body for one in await h.queries.alerts(shadow.start.case_id))
        # Figures leave it out unless asked for.
        assert (await h.queries.summary()).total == 1
        assert (await h.queries.summary(include_shadow=True)).total == 2


async def test_an_imported_dispute_and_delay_keep_their_own_dates(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        due_by = MONDAY + 5 * DAY
        dispute = await h.open(start_of(CaseKind.DISPUTE, opened_at=MONDAY - 10 * DAY, dispute_due_by=due_by))
        delay = await h.open(start_of(CaseKind.DELAY, reference="R-2", opened_at=MONDAY - 10 * DAY, delay_promised_at=MONDAY - DAY))
        await h.after(seconds=3)
        clocks = {str(clock["id"]): clock["due_at"] for clock in (await dispute.snapshot()).clocks}
        assert clocks["evidence_due"] == due_by.isoformat()
        # -7cd has passed before the import: fired once, now.
        assert [(alert.level, alert.case_id) for alert, _ in h.alerts.told if alert.case_id == dispute.start.case_id] == [
            (1, dispute.start.case_id)
        ]
        # The delay's date has passed already: one message, acknowledgement with apology.
        assert [message.kind for message in h.post.sent if message.outgoing.case_id == delay.start.case_id] == ["acknowledgement"]
        [message] = await delay.messages()
        assert message.also == ["apology"]
        await dispute.sums()
        await delay.sums()
