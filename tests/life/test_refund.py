"""A refund from opening to close."""

from datetime import timedelta
from pathlib import Path

from policies.case.commands import GiveFeedback
from policies.case.vocabulary import PromiseEnd
from tests.life.harness import CUSTOMER, MONDAY, house, start_of

MADE = {"made": 2, "kept": 1, "open": 1}  # after the acknowledgement and one update


async def test_a_refund_is_acknowledged_updated_resolved_rated_and_closed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        start = start_of()
        h.provider.will_be("R-1-1", MONDAY, "pending")
        h.provider.will_be("R-1-1", MONDAY + timedelta(days=6, hours=12), "succeeded", trace="74537604221222132710572")
        case = await h.open(start)
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement"]
        await h.until(MONDAY + timedelta(days=2))
        row = await h.queries.case(start.case_id)
        assert row is not None
        # The next entry into the books comes with the next message: that of today has told them already what it kept and made.
        assert row.promises == await case.sums() == {**dict.fromkeys(("late", "broken", "superseded", "withdrawn"), 0), **MADE}
        assert [promise.end for promise in await case.promises()] == [PromiseEnd.KEPT, None]
        await h.until(MONDAY + timedelta(days=8))
        assert h.post.kinds() == ["acknowledgement", *["update"] * 6, "resolution", "feedback_request"]
        await case.act("feedback", GiveFeedback(by=CUSTOMER, csat=5, nps=10))
        result = await case.handle.result()
        assert result["outcome"] == "refunded"
        assert result["promises"] == {"made": 7, "kept": 7, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 0}
        # S10 of the budgets, in exact figures: at most 145 events (141 since the question whether the money arrived),
        # at most 25 checks until settlement and 12 in the tail.
        settled_at = MONDAY + timedelta(days=6, hours=12)
        until_settled = [at for at, _ in h.provider.checks if at <= settled_at + timedelta(hours=6)]
        assert len(await case.events()) == 141
        assert len(until_settled) <= 25
        assert len(h.provider.checks) - len(until_settled) <= 12
