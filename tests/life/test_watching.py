"""Life, line 3: what providers report, per kind: read by polling or told by webhook, once, in order, and never in a vendor's words."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from policies.case.commands import ReportFact, Resolve
from policies.case.plans import Reading
from policies.case.vocabulary import CaseKind, CaseStatus
from policies.money import Money
from policies.providers.statuses import TargetType
from tests.life.harness import LEAD, MONDAY, Case, House, house, punctual, start_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ARN = "74537604221222132710572"


def refund(reference: str, status: str, at: datetime, **more: Any) -> Reading:
    return Reading(type=TargetType.REFUND, provider="simpay", reference=reference, status=status, occurred_at=at, read_at=at, **more)


def dispute(status: str, at: datetime, **more: Any) -> Reading:
    return Reading(type=TargetType.DISPUTE, provider="simpay", reference="R-1-1", status=status, occurred_at=at, read_at=at, **more)


def parcel(status: str, at: datetime, **more: Any) -> Reading:
    return Reading(type=TargetType.DELIVERY, provider="simship", reference="R-1-1", status=status, occurred_at=at, read_at=at, **more)


def words(house: House, index: int = -1) -> str:
    return " ".join(house.post.sent[index].outgoing.text.split())


def alerts(house: House) -> list[tuple[str, str]]:
    return [(message.role, message.title.split(": ", 1)[1]) for message, _ in house.alerts.told]


async def statuses(case: Case) -> list[str]:
    return [str(fact.detail.get("status", "trace")) for fact in await case.facts("provider_status")]


async def told(house: House, case: Case, *readings: Reading) -> list[str]:
    """Which messages follow at once from a webhook."""
    before = len(house.post.sent)
    await case.report(*readings)
    await house.after(seconds=3)
    return house.post.kinds()[before:]


async def test_several_payments_in_parts(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        first_at, second_at = MONDAY + timedelta(days=2, hours=3), MONDAY + timedelta(days=5, hours=3)
        for part in ("R-1-1", "R-1-2"):
            h.provider.will_be(part, MONDAY, "pending")
        h.provider.will_be("R-1-1", first_at, "succeeded", trace=ARN)
        h.provider.will_be("R-1-2", second_at, "succeeded", trace="74537604221222132710999")
        case = await h.open(start_of(amounts=(3000, 1990)))
        await h.until(MONDAY + 3 * DAY)
        assert await statuses(case) == ["succeeded"]  # "pending" told the customer nothing new and is no news
        assert h.post.kinds().count("news") == 1
        seen_at = next(message.at for message in h.post.sent if message.kind == "news")
        assert first_at < seen_at < first_at + timedelta(hours=5, minutes=31)  # the dense part of the plan: every 5.5 h
        assert (await case.snapshot()).status is CaseStatus.OPEN
        before = len(h.provider.checks)
        await h.until(MONDAY + 5 * DAY)
        assert {reference for _, reference in h.provider.checks[before:]} == {"R-1-2"}  # what is settled is not asked again
        await h.until(MONDAY + 6 * DAY)
        snapshot = await case.snapshot()
        assert snapshot.status is CaseStatus.RESOLVED
        assert snapshot.resolution is not None
        assert snapshot.resolution["outcome"] == "refunded"
        assert snapshot.resolution["amounts"] == [{"amount_minor": 4990, "currency": "EUR"}]
        assert snapshot.tail_until == second_at + timedelta(hours=720)  # from the last success, by the provider's time
        assert h.post.kinds().count("resolution") == 1
        resolution = words(h, h.post.kinds().index("resolution"))
        for told_there in ("€49.90", "€30.00", "€19.90", ARN, "74537604221222132710999"):
            assert told_there in resolution


async def test_a_refund_issued_again_replaces_the_old_one(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY + 30 * HOUR, "failed", replaced_by="RE-9")
        h.provider.will_be("RE-9", MONDAY + 30 * HOUR, "pending")
        h.provider.will_be("RE-9", MONDAY + 100 * HOUR, "succeeded", trace=ARN)
        case = await h.open(start_of(amounts=(3000, 1990)))
        h.provider.will_be("R-1-2", MONDAY, "pending")
        await h.until(MONDAY + 50 * HOUR)
        shown = [(target["reference"], target["status"], target["replaced_by"]) for target in (await case.snapshot()).targets]
        assert shown == [("R-1-1", "failed", "RE-9"), ("R-1-2", "unknown", None), ("RE-9", "unknown", None)]  # both stay on record
        assert h.post.kinds().count("news") == 1
        assert alerts(h) == []  # the provider has dealt with it itself
        # A lead re-issues the other part: told at once, and watched from then on.
        await case.act("report_fact", ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-2", new_reference="RE-10"))
        h.provider.will_be("RE-10", MONDAY, "pending")
        h.provider.will_be("RE-10", MONDAY + 99 * HOUR, "succeeded")
        before = len(h.provider.checks)
        await h.after(seconds=3)
        assert h.post.kinds()[-1] == "news"
        await h.until(MONDAY + 98 * HOUR)
        assert {reference for _, reference in h.provider.checks[before:]} == {"RE-9", "RE-10"}
        await h.until(MONDAY + 120 * HOUR)
        snapshot = await case.snapshot()
        assert snapshot.resolution is not None
        assert snapshot.resolution["amounts"] == [{"amount_minor": 4990, "currency": "EUR"}]  # counted once
        assert snapshot.resolution["references"] == ["RE-10", ARN] or snapshot.resolution["references"] == [ARN, "RE-10"]


async def test_issued_again_without_any_other_change_is_news_too(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.after(hours=1)
        assert await told(h, case, refund("R-1-1", "pending", MONDAY, replaced_by="RE-9")) == ["news"]
        assert [reference for _, reference in h.provider.checks] == ["R-1-1", "RE-9"]
        assert await told(h, case, refund("R-1-1", "pending", MONDAY, replaced_by="RE-9")) == []


async def test_a_refund_that_fails_needs_a_person_and_stays_open(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-2", MONDAY, "pending")
        case = await h.open(start_of(amounts=(3000, 1990)))
        await h.after(hours=1)
        assert await told(h, case, refund("R-1-1", "failed", MONDAY + HOUR, failure="account_closed")) == ["news"]
        assert alerts(h) == [("lead", "the provider says it failed; nothing more will happen without a person")]
        assert "did not go through, because the account is closed" in words(h)
        assert "The next step is ours" in words(h)
        assert await told(h, case, refund("R-1-2", "canceled", MONDAY + 2 * HOUR)) == ["news"]
        assert "was stopped before it was paid out" in words(h)
        checks = len(h.provider.checks)
        await h.until(MONDAY + 3 * DAY)
        assert len(h.provider.checks) == checks  # there is nothing left that could change by itself
        assert (await case.snapshot()).status is CaseStatus.OPEN
        assert h.post.kinds()[-2:] == ["update", "update"]
        assert "We have not asked the bank’s system again for this message" in words(h)  # and the update says so
        assert len(h.alerts.told) == 2


async def test_the_trace_number_follows_the_resolution_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY + 2 * DAY, "succeeded")
        h.provider.will_be("R-1-1", MONDAY + 10 * DAY, "succeeded", trace=ARN)
        case = await h.open(start_of())
        await h.until(MONDAY + 9 * DAY)
        made = (await case.snapshot()).promises["made"]
        assert "We will send it to you as soon as we have it" in words(h, h.post.kinds().index("resolution"))
        assert "trace" not in h.post.kinds()
        await h.until(MONDAY + 25 * DAY)
        assert h.post.kinds().count("trace") == 1
        message = h.post.sent[h.post.kinds().index("trace")]
        assert MONDAY + 10 * DAY < message.at < MONDAY + 13 * DAY  # the tail is looked at every 72 h
        assert ARN in message.outgoing.text
        snapshot = await case.snapshot()
        assert snapshot.status is CaseStatus.RESOLVED
        assert snapshot.promises["made"] == made  # no next word is promised after a resolution
        assert snapshot.promise is None
        assert snapshot.cycle == 1


async def test_a_trace_number_that_comes_while_the_resolution_is_on_its_way(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of())
        await h.eventually(lambda: bool(h.post.sent))
        h.post.holds = asyncio.Event()
        await case.report(refund("R-1-1", "succeeded", MONDAY))
        await h.eventually(lambda: h.post.attempts == 2)
        await case.report(refund("R-1-1", "succeeded", MONDAY, trace=ARN))
        await case.facts("provider_status")
        h.post.holds.set()
        await h.after(seconds=3)
        assert h.post.kinds() == ["acknowledgement", "resolution", "trace"]  # announced as to follow, so it follows
        assert ARN in words(h)


async def test_success_then_failure_at_day_20_reopens_the_same_case(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        change = {"feedback": {**start_of().policy.policy.feedback.model_dump(), "expires_after": "480h"}}  # so that the survey is open
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY + 2 * DAY, "succeeded", trace=ARN)
        h.provider.will_be("R-1-1", MONDAY + 20 * DAY, "failed", trace=ARN, failure="account_closed")
        case = await h.open(start_of(change=change))
        await h.until(MONDAY + 20 * DAY)
        before = await case.snapshot()
        assert before.feedback is not None
        assert before.feedback["asked_at"] is not None
        assert before.feedback["ended"] is None
        assert (before.status, before.cycle, before.tail_until) == (CaseStatus.RESOLVED, 1, MONDAY + 32 * DAY)
        sent = len(h.post.sent)
        await h.until(MONDAY + 21 * DAY)
        after = await case.snapshot()
        [reopened] = await case.facts("reopened")
        assert reopened.occurred_at > MONDAY + 20 * DAY  # seen by the look into the tail every 72 h
        assert (after.workflow_id, after.cycle, after.status) == (before.workflow_id, 2, CaseStatus.OPEN)
        assert after.resolution is None
        assert after.feedback is None
        assert len(await case.facts("feedback_withdrawn")) == 1  # the old survey is closed
        # A lead is told, and the customer: what came back and why, the same number, the next word, a new date, the old survey closed.
        assert alerts(h) == [("lead", "came back after its resolution; a person must act")]
        assert punctual(h.post.sent[sent].at, reopened.occurred_at)
        assert h.post.kinds()[sent] == "reopen"
        text = words(h, sent)
        for piece in (case.start.case_id, "did not reach you after all", "there is no need to answer", "The new date for the resolution"):
            assert piece in text
        new = next(promise for promise in await case.promises() if promise.cycle == 2)
        assert punctual(new.due_at, reopened.occurred_at + DAY)
        policy = start_of().policy.policy
        assert after.resolve_by == policy.calendar.add(reopened.occurred_at, policy.new_date_after_breach)
        await h.until(MONDAY + 22 * DAY)
        kinds = h.post.kinds()[sent + 1 :]
        assert kinds
        assert set(kinds) == {"update"}  # the cadence runs again, the survey is silent
        # A lead pays in another way: resolved again, with its own survey, and another failure report changes nothing any more.
        resolve = Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=4990, currency="EUR")])
        await case.act("resolve", resolve)
        await h.after(hours=30)
        assert h.post.kinds()[-2:] == ["resolution", "feedback_request"]
        assert await told(h, case, refund("R-1-1", "canceled", MONDAY + 23 * DAY)) == []
        [first, *_] = [message for message in await case.messages() if message.kind == "feedback_request"]
        assert first.cycle == 1
        result = await case.handle.result()
        assert (result["outcome"], result["cycles"]) == ("goodwill", 2)
        assert result["promises"]["made"] == result["promises"]["kept"]


async def test_a_failure_in_the_last_hours_of_the_tail_is_still_seen(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "succeeded", trace=ARN)
        h.provider.will_be("R-1-1", MONDAY + timedelta(hours=715), "failed", trace=ARN)
        case = await h.open(start_of())
        await h.until(MONDAY + timedelta(hours=721))
        assert (await case.snapshot()).cycle == 2
        assert h.post.kinds()[-1] == "reopen"
        assert len(h.provider.checks) <= 1 + 12  # house.md: at most 12 looks in the tail


async def test_a_failure_told_after_the_tail_but_of_within_it_reopens_and_a_later_one_does_not(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        feedback = {**start_of().policy.policy.feedback.model_dump(), "expires_after": "900h"}  # keeps the cases open after their tail
        cases = []
        for reference in ("R-1", "R-2"):
            h.provider.will_be(f"{reference}-1", MONDAY, "succeeded", trace=ARN)
            cases.append(await h.open(start_of(reference=reference, change={"feedback": feedback})))
        await h.until(MONDAY + timedelta(hours=722))
        inside, outside = cases
        assert await told(h, inside, refund("R-1-1", "failed", MONDAY + timedelta(hours=719))) == ["reopen"]
        assert await told(h, outside, refund("R-2-1", "failed", MONDAY + timedelta(hours=721))) == []
        assert await statuses(outside) == ["succeeded", "failed"]  # on record all the same


async def test_a_failure_after_a_lead_paid_in_another_way_does_not_reopen(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        case = await h.open(start_of())
        await h.until(MONDAY + DAY - HOUR)
        await case.act("resolve", Resolve(by=LEAD, outcome="store_credit", amounts=[Money(amount_minor=4990, currency="EUR")]))
        await h.after(seconds=3)
        checks = len(h.provider.checks)
        assert await told(h, case, refund("R-1-1", "succeeded", MONDAY + DAY)) == []
        assert await told(h, case, refund("R-1-1", "failed", MONDAY + DAY + HOUR)) == []
        assert await statuses(case) == ["succeeded", "failed"]
        snapshot = await case.snapshot()
        assert (snapshot.status, snapshot.cycle) == (CaseStatus.RESOLVED, 1)
        assert alerts(h) == []
        await h.until(MONDAY + 5 * DAY)
        assert len(h.provider.checks) == checks


async def test_webhooks_unknown_stale_repeated_and_during_a_poll(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-2", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY + HOUR, "succeeded")
        case = await h.open(start_of(amounts=(3000, 1990)))
        await h.until(MONDAY + 22 * HOUR - timedelta(seconds=5))
        h.provider.hangs = asyncio.Event()
        asked = len(h.provider.checks)
        sleeping = asyncio.create_task(h.after(seconds=30))
        await h.eventually(lambda: len(h.provider.checks) > asked)  # the poll of 22 h is under way
        once = refund("R-1-1", "succeeded", MONDAY + HOUR, event_id="evt-1")
        await case.report(once)
        await case.report(once)
        await case.report(refund("R-1-1", "succeeded", MONDAY + 2 * HOUR, event_id="evt-2"))
        await case.report(refund("R-1-1", "pending", MONDAY + 3 * HOUR))  # payments move forward only
        await case.report(refund("R-1-1", "requires_action", MONDAY - HOUR))
        await case.report(refund("R-1-1", "zurueckgebucht", MONDAY + 3 * HOUR))  # no word of ours: still in progress
        await case.report(refund("R-1-2", "unknown", MONDAY + 3 * HOUR))
        await case.report(refund("R-77", "failed", MONDAY + 3 * HOUR))  # not ours
        await h.eventually(lambda: h.post.kinds().count("news") == 1)
        h.provider.hangs.set()
        h.provider.hangs = None
        await sleeping
        await h.until(MONDAY + 23 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "news"]
        assert await statuses(case) == ["succeeded", "pending"]  # one change; the other part: still in progress, no news
        shown = {target["reference"]: target["status"] for target in (await case.snapshot()).targets}
        assert shown == {"R-1-1": "succeeded", "R-1-2": "pending"}
        # The watch goes on with what is left.
        asked = len(h.provider.checks)
        await h.until(MONDAY + 47 * HOUR)
        assert {reference for _, reference in h.provider.checks[asked:]} == {"R-1-2"}


async def test_an_unreachable_provider_is_told_to_a_person_once_and_to_the_customer_truly(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.down = [
            (MONDAY + 12 * HOUR, MONDAY + 60 * HOUR),
            (MONDAY + 100 * HOUR, MONDAY + 116 * HOUR),
        ]
        case = await h.open(start_of())
        await h.until(MONDAY + 59 * HOUR)
        assert alerts(h) == [("owner", "the provider has not answered; it is asked again later")]
        silent_from = next(at for at, _ in h.provider.checks if at > MONDAY + 12 * HOUR)
        told_at = h.alerts.told[0][1]
        assert punctual(told_at, silent_from + 6 * HOUR)  # after the policy's 6 h, however sparse the plan is at this age
        assert h.post.kinds() == ["acknowledgement", "update", "update"]
        assert "has not answered us since Monday, 5 March 2035, 10:00" in words(h)
        await h.until(MONDAY + 73 * HOUR)
        answered = [at for at, _ in h.provider.checks if MONDAY + 60 * HOUR <= at < MONDAY + 72 * HOUR]
        assert answered[0] - (MONDAY + 60 * HOUR) <= 6 * HOUR  # asked again at least every 6 h
        assert "has not answered" not in words(h)
        assert "As of Thursday, 8 March 2035" in words(h)
        await h.until(MONDAY + 118 * HOUR)
        assert len(h.alerts.told) == 2  # another outage is told again
        assert (await case.snapshot()).status is CaseStatus.OPEN


async def test_a_provider_that_cannot_be_asked_is_told_to_operations_and_stops_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.misconfigured = True
        case = await h.open(start_of())
        await h.until(MONDAY + 25 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update"]
        assert alerts(h) == [("operator", "the provider cannot be asked (configuration or credentials)")]
        h.provider.misconfigured = False
        await h.until(MONDAY + 60 * HOUR)
        assert (MONDAY + 59 * HOUR - h.provider.checks[-1][0]) < 6 * HOUR
        h.provider.misconfigured = True  # again, after a day on which it could be asked
        await h.until(MONDAY + 90 * HOUR)
        assert len(h.alerts.told) == 2
        h.provider.misconfigured = False
        h.provider.will_be("R-1-1", MONDAY + 90 * HOUR, "succeeded")
        await h.until(MONDAY + 97 * HOUR)
        assert (await case.snapshot()).status is CaseStatus.RESOLVED


async def test_a_dispute_by_stage_and_status(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        due_by = datetime(2035, 3, 19, 23, 0, tzinfo=UTC)
        h.provider.will_be("R-1-1", MONDAY, "needs_response", stage="chargeback", due_by=due_by)
        case = await h.open(start_of(CaseKind.DISPUTE, dispute_stage="inquiry"))
        await h.after(seconds=3)
        assert h.post.kinds()[0] == "acknowledgement"
        assert h.post.kinds()[1:] in ([], ["news"])  # read before or after the acknowledgement was written
        assert alerts(h) == [("owner", "the provider waits for us")]
        clock = next(clock for clock in (await case.snapshot()).clocks if clock["id"] == "evidence_due")
        assert clock["due_at"] == due_by.isoformat()
        # A later date of the same stage moves the clock and nothing else; an older report does not take it back.
        later = due_by + 7 * DAY
        await told(h, case, dispute("needs_response", MONDAY + 2 * HOUR, stage="chargeback", due_by=later))
        await told(h, case, dispute("needs_response", MONDAY - HOUR, stage="inquiry", due_by=due_by))
        clock = next(clock for clock in (await case.snapshot()).clocks if clock["id"] == "evidence_due")
        assert clock["due_at"] == later.isoformat()
        assert await told(h, case, dispute("under_review", MONDAY + 3 * HOUR, stage="chargeback")) == ["news"]
        assert "is being reviewed by the bank" in words(h)
        # The next stage is news although the status word is the same.
        assert await told(h, case, dispute("under_review", MONDAY + 4 * HOUR, stage="pre_arbitration")) == ["news"]
        assert "The bank has taken the matter up for a second time" in words(h)
        assert await told(h, case, dispute("under_review", MONDAY + 2 * HOUR, stage="chargeback")) == []
        assert await told(h, case, dispute("lost", MONDAY + DAY, stage="pre_arbitration")) == ["resolution"]
        assert "was decided in your favour by the bank" in words(h)
        # An appeal: the same case, open again; then the other decision.
        assert await told(h, case, dispute("under_review", MONDAY + 2 * DAY, stage="arbitration")) == ["reopen"]
        assert "The bank has taken your dispute up again" in words(h)
        assert await told(h, case, dispute("won", MONDAY + 3 * DAY, stage="arbitration")) == ["resolution"]
        assert await told(h, case, dispute("lost", MONDAY + 4 * DAY, stage="arbitration")) == ["resolution"]  # reversed: one message
        snapshot = await case.snapshot()
        assert (snapshot.cycle, snapshot.status) == (3, CaseStatus.RESOLVED)
        assert snapshot.resolution is not None
        assert snapshot.resolution["outcome"] == "lost"
        h.provider.plans.clear()


async def test_a_dispute_watched_by_polling_sees_the_stage(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "under_review", stage="inquiry")
        h.provider.will_be("R-1-1", MONDAY + 30 * HOUR, "under_review", stage="chargeback")
        await h.open(start_of(CaseKind.DISPUTE))
        await h.until(MONDAY + 40 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "update", "news"]
        assert punctual(h.post.sent[-1].at, MONDAY + 36 * HOUR)  # every 12 h


async def test_a_delivery_from_shipped_to_delivered(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        revised = datetime(2035, 3, 9, 23, 0, tzinfo=UTC)
        case = await h.open(start_of(CaseKind.DELAY, delay_promised_at=MONDAY - DAY, delay_revised_at=revised))
        await h.after(seconds=3)
        assert await told(h, case, parcel("shipped", MONDAY)) == []  # in progress: known already
        assert await told(h, case, parcel("in_transit", MONDAY + HOUR)) == ["news"]
        assert await told(h, case, parcel("exception", MONDAY + 3 * HOUR)) == ["news"]
        assert alerts(h) == [("owner", "the provider waits for us")]
        assert "is held up on its way" in words(h)
        # Ordered by the carrier's own time: an older event says nothing new, its date of delivery neither.
        old = parcel("out_for_delivery", MONDAY + 2 * HOUR, eta_at=revised - DAY)
        assert await told(h, case, old) == []
        assert (await case.snapshot()).resolve_by == revised
        # A word that nobody knows is still in progress, and is never shown.
        assert await told(h, case, parcel("hub_scan_47", MONDAY + 4 * HOUR)) == []
        # In transit again after the exception is real, and so is a new date.
        assert await told(h, case, parcel("in_transit", MONDAY + 5 * HOUR)) == ["news"]
        new_date = revised + 3 * DAY
        assert await told(h, case, parcel("in_transit", MONDAY + 6 * HOUR, eta_at=new_date)) == ["news"]
        assert (await case.snapshot()).resolve_by == new_date
        assert await told(h, case, parcel("out_for_delivery", MONDAY + 7 * HOUR)) == ["news"]
        assert await told(h, case, parcel("delivered", MONDAY + 8 * HOUR)) == ["resolution"]
        assert "has been delivered" in words(h)
        assert not any("hub_scan" in message.outgoing.text for message in h.post.sent)
        # Found to be lost inside the tail: the same case again.
        assert await told(h, case, parcel("lost", MONDAY + DAY)) == ["reopen"]
        assert alerts(h)[-1][0] == "lead"
        assert await statuses(case) == ["shipped", "in_transit", "exception", "in_transit", "out_for_delivery", "delivered", "lost"]


async def test_a_lost_parcel_needs_a_lead(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "in_transit")
        h.provider.will_be("R-1-1", MONDAY + 8 * HOUR, "lost")
        case = await h.open(start_of(CaseKind.DELAY, delay_promised_at=MONDAY - DAY, delay_revised_at=MONDAY + 9 * DAY))
        await h.until(MONDAY + 13 * HOUR)
        assert h.post.kinds() == ["acknowledgement", "news"]
        assert punctual(h.post.sent[-1].at, MONDAY + 12 * HOUR)  # every 6 h
        assert "is lost, the carrier tells us" in words(h)
        assert alerts(h) == [("lead", "the provider says it failed; nothing more will happen without a person")]
        assert (await case.snapshot()).status is CaseStatus.OPEN


async def test_a_reference_that_the_provider_does_not_know_is_told_once_and_said_truthfully(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.unknown = {"R-1-1"}
        case = await h.open(start_of())
        await h.until(MONDAY + 5 * HOUR)
        assert not h.alerts.told
        await h.until(MONDAY + 6 * HOUR + timedelta(minutes=1))
        wrong = ("owner", "the provider does not know the reference; look whether it and the account are right")
        assert alerts(h) == [wrong]
        await h.until(MONDAY + 2 * DAY + HOUR)
        assert alerts(h) == [wrong]
        [fact] = await case.facts("reference_unknown")
        assert (fact.detail["provider"], fact.detail["reference"]) == ("simpay", "R-1-1")
        # The customer is told what is so: it was asked, it answered, there is no news.
        assert h.post.kinds() == ["acknowledgement", "update", "update"]
        assert "the bank’s system says: the refund of €49.90 to your card has not been reported on yet" in words(h)
        assert (await case.snapshot()).status is CaseStatus.OPEN
        # It turns up: asked on at the plan's pace, it is seen.
        h.provider.will_be("R-1-1", MONDAY + 2 * DAY + 2 * HOUR, "succeeded", trace=ARN)
        await h.until(MONDAY + 4 * DAY)
        assert "resolution" in h.post.kinds()
        assert alerts(h) == [wrong]


async def test_an_unknown_reference_among_known_ones_and_an_outage_before_it(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.unknown = {"R-1-2"}
        h.provider.down = [(MONDAY, MONDAY + 2 * HOUR)]
        await h.open(start_of(amounts=(3000, 1990)))
        await h.until(MONDAY + 30 * HOUR)
        assert [title for _, title in alerts(h)].count(
            "the provider does not know the reference; look whether it and the account are right"
        ) == 1
