"""Life, line 7: an outcome of the policy book, and a record that is exactly what the customer is told."""

from datetime import datetime, timedelta
from pathlib import Path

from policies.case import commands as c
from policies.case.vocabulary import CaseKind, Role
from policies.money import Money
from tests.life.harness import LEAD, MONDAY, Case, House, house, start_of

TRACE = "74537604221222132710572"
_HASH = "0" * 64


async def _open(h: House, kind: CaseKind = CaseKind.REFUND, reference: str = "R-1", amounts: tuple[int, ...] = (4990,)) -> Case:
    case = await h.open(start_of(kind, reference=reference, amounts=amounts))
    await h.after(seconds=2)
    return case


def _flat(text: str) -> str:
    return " ".join(text.split())


async def test_what_a_lead_decides_is_what_the_customer_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        evidence = f"https://files.example/photo.jpg#sha256={_HASH}"
        await case.act(
            "resolve",
            c.Resolve(
                by=LEAD.model_copy(update={"role": Role.ADMIN}),  # who alone may pay in a currency that was not paid in
                outcome="kept_item",
                amounts=[Money(amount_minor=1500, currency="EUR"), Money(amount_minor=700, currency="USD")],
                references=["CR-7"],
                evidence=[evidence],
            ),
        )
        decided_at = await h.now()
        await h.after(seconds=2)
        record = (await case.snapshot()).resolution
        assert record is not None
        told_at = datetime.fromisoformat(str(record.pop("told_at")))
        at = datetime.fromisoformat(str(record.pop("decided_at")))
        assert timedelta() <= decided_at - at < timedelta(seconds=2)
        assert timedelta() <= told_at - at < timedelta(seconds=2)
        assert record == {
            "outcome": "kept_item",
            "amounts": [{"amount_minor": 1500, "currency": "EUR"}, {"amount_minor": 700, "currency": "USD"}],
            "references": ["CR-7"],
            "evidence": [evidence],
            "by": {"who": "mia", "role": "admin", "why": "test"},
            "rests_on_provider": False,
            "cycle": 1,
        }
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        text = _flat(h.post.sent[-1].outgoing.text)
        for words in ("you keep the item and get part of the price back", "€15.00", "US$7.00", case.start.case_id, "O-77"):
            assert words in text
        assert "Amount: €49.90" not in text  # what the case was about is not what the customer gets
        # The promise of the acknowledgement was kept by it, and nothing routine follows.
        assert await case.sums() == {"made": 1, "kept": 1, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 0, "open": 0}
        row = await h.queries.case(case.start.case_id)
        assert row is not None
        assert row.resolution is not None
        assert (row.status, row.resolution.outcome, row.resolution.by.who) == ("resolved", "kept_item", "mia")


async def test_a_refund_in_parts_is_resolved_when_all_are_with_each_amount_and_trace(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h, amounts=(4990, 1010))
        day = timedelta(days=1)
        h.provider.will_be("R-1-1", MONDAY + 2 * day, "succeeded", trace=TRACE)
        h.provider.will_be("R-1-2", MONDAY + 4 * day, "succeeded", trace="ARN2")
        await h.until(MONDAY + 4 * day)
        assert "resolution" not in h.post.kinds()
        assert h.post.kinds().count("news") == 1  # one part is done: real news
        await h.until(MONDAY + 5 * day)
        assert h.post.kinds().count("resolution") == 1
        text = _flat(h.post.sent[-1].outgoing.text)
        for words in ("refunded", "€60.00", "€49.90", "€10.10", TRACE, "ARN2"):
            assert words in text
        record = (await case.snapshot()).resolution
        assert record is not None
        assert record["amounts"] == [{"amount_minor": 6000, "currency": "EUR"}]
        assert record["references"] == [TRACE, "ARN2"]
        assert record["by"] == {"who": "simpay", "role": "provider", "why": "settled"}
        # Money shows ten business days after the last part's success, and the tail runs 720 h from it.
        success = MONDAY + 4 * day
        assert str(record["money_expected_at"]).startswith("2035-03-23T")
        assert (await case.snapshot()).tail_until == success + timedelta(hours=720)
        await case.sums()


async def test_parts_that_end_differently_are_for_a_person(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h, amounts=(4990, 1010))
        h.provider.will_be("R-1-1", MONDAY + timedelta(days=2), "succeeded")
        h.provider.will_be("R-1-2", MONDAY + timedelta(days=2), "failed")
        await h.until(MONDAY + timedelta(days=4))
        assert (await case.snapshot()).status == "open"
        assert "resolution" not in h.post.kinds()
        assert "the provider says it failed" in h.alerts.told[0][0].title
        # The lead makes the rest good in another way: the record says so, and a later failure takes nothing back.
        await case.act("resolve", c.Resolve(by=LEAD, outcome="store_credit", amounts=[Money(amount_minor=1010, currency="EUR")]))
        await h.after(seconds=2)
        assert h.post.kinds()[-1] == "resolution"
        assert "€10.10" in h.post.sent[-1].outgoing.text
        await case.sums()


async def test_the_outcomes_of_the_book_are_those_of_the_kind(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        listed = {
            CaseKind.REFUND: {"refunded", "replaced", "store_credit", "kept_item", "denied", "cancelled", "goodwill"},
            CaseKind.DISPUTE: {"won", "lost", "refunded", "cancelled", "goodwill"},
            CaseKind.DELAY: {"delivered", "replaced", "refunded", "cancelled", "goodwill"},
        }
        for kind, codes in listed.items():
            case = await _open(h, kind, f"R-{kind.value}")
            assert {outcome.code for outcome in case.start.policy.policy.outcomes} == codes
            for other in sorted(set().union(*listed.values()) - codes):
                reason = await case.refused("resolve", c.Resolve(by=LEAD, outcome=other))
                assert f'outcome "{other}" is not in the policy book for this case' in reason
            final = c.Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=500, currency="EUR")])
            await case.act("resolve", final)
            await h.after(seconds=2)
            assert (await case.snapshot()).status == "resolved"


async def test_a_reissued_payment_is_counted_once_and_both_references_stay(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        fact = c.ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-1", new_reference="R-1-1b")
        await case.act("report_fact", fact)
        await h.after(seconds=2)
        h.provider.will_be("R-1-1b", MONDAY + timedelta(days=3), "succeeded", trace=TRACE)
        await h.until(MONDAY + timedelta(days=5))
        assert h.post.kinds().count("resolution") == 1
        record = (await case.snapshot()).resolution
        assert record is not None
        assert (record["amounts"], record["references"]) == ([{"amount_minor": 4990, "currency": "EUR"}], [TRACE])
        targets = [(target["reference"], target.get("replaced_by")) for target in (await case.snapshot()).targets]
        assert targets == [("R-1-1", "R-1-1b"), ("R-1-1b", None)]
        assert "€49.90" in h.post.sent[-1].outgoing.text or any("€49.90" in message.outgoing.text for message in h.post.sent[-2:])


async def test_nothing_routine_after_the_resolution(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await case.act("resolve", c.Resolve(by=LEAD, outcome="cancelled"))  # an outcome without a survey
        result = await case.handle.result()
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        assert result == {
            "case_id": case.start.case_id,
            "outcome": "cancelled",
            "cycles": 1,
            "promises": {"made": 1, "kept": 1, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 0},
        }
        row = await h.queries.case(case.start.case_id)
        assert row is not None
        assert row.closed_at is not None
        assert row.closed_at - MONDAY >= timedelta(hours=720)  # the tail
