"""Life: did the money arrive? Announced in the resolution, asked at its date; "no" opens the case again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from policies.case import commands as c
from tests.life.harness import CUSTOMER, MONDAY, House, house, punctual, start_of

DAY = timedelta(days=1)
ARN = "74537604221222132710572"
SHOWN = datetime(2035, 3, 21, 16, 0, tzinfo=UTC)  # Wednesday 17:00 in Berlin, ten business days after the success


def words(h: House, kind: str) -> str:
    return " ".join(next(message for message in h.post.sent if message.kind == kind).outgoing.text.split())


async def test_asked_at_the_announced_date_and_no_opens_the_case_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY + 2 * DAY, "succeeded", trace=ARN)
        case = await h.open(start_of())
        await h.until(MONDAY + 5 * DAY)
        announced = "On Wednesday, 21 March 2035, 17:00 (CET) we will ask you whether the money has arrived."
        assert announced in words(h, "resolution")
        assert "The money should reach you by Wednesday, 21 March 2035" in words(h, "resolution")
        await h.until(SHOWN + DAY)
        [check] = [message for message in h.post.sent if message.kind == "money_check"]
        assert punctual(check.at, SHOWN)
        assert check.outgoing.subject == f"Your refund for order O-77: has the money arrived? (case {case.start.case_id})"
        for part in (
            "Has your money arrived? The money (€49.90) was to reach you by Wednesday, 21 March 2035.",
            "If it has not, a short reply with the words “not solved” is enough.",
            f"Trace number: {ARN}.",
        ):
            assert part in words(h, "money_check")
        [row] = [message for message in await case.messages() if message.kind == "money_check"]
        assert (row.message_class, row.state, row.keeps, row.makes) == ("status", "accepted", None, None)
        await case.act("customer_reply", c.CustomerReply(by=CUSTOMER, not_solved=True))
        await h.after(seconds=3)
        assert h.post.kinds()[-1] == "reopen"
        assert (await case.snapshot()).cycle == 2


async def test_nobody_is_asked_whose_case_came_back_or_who_wants_no_updates(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for reference in ("R-1-1", "R-2-1"):
            h.provider.will_be(reference, MONDAY + 2 * DAY, "succeeded", trace=ARN)
        back, quiet = await h.open(start_of()), await h.open(start_of(reference="R-2"))
        await h.until(MONDAY + 5 * DAY)
        await back.act("customer_reply", c.CustomerReply(by=CUSTOMER, not_solved=True))
        reach = quiet.start.reach.model_copy(update={"opted_out": ["status"]})
        await quiet.act("preferences", c.ChangePreferences(by=CUSTOMER, reach=reach))
        await h.until(SHOWN + 2 * DAY)
        assert "money_check" not in h.post.kinds()
        assert [fact.detail["kind"] for fact in await quiet.facts("message_skipped")] == ["feedback_reminder", "money_check"]
