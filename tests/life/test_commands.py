"""Life, line 6: what support leads and agents do, as updates with validators, with who, role and why; refused ones leave nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from policies.book import CaseTraits, choose, snapshot
from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import CaseKind, Channel, MessageClass, Role
from policies.money import Money
from tests.life.harness import AGENT, CUSTOMER, LEAD, MONDAY, Case, House, house, start_of
from tests.policies.driver import book
from workflows.names import MOVED_ON

ADMIN = Actor(who="ada", role=Role.ADMIN, why="test")
NOAH = Actor(who="noah", role=Role.LEAD, why="test")
LATER = MONDAY + timedelta(days=3)
EUR_10 = Money(amount_minor=1000, currency="EUR")


async def _open(h: House, reference: str = "R-1", **more: Any) -> Case:
    case = await h.open(start_of(reference=reference, **more))
    await h.after(seconds=2)
    return case


async def _say(h: House, case: Case, text_ref: str, body: str) -> str:
    from_desk = c.Reply(by=LEAD)  # the desk keeps the text before it sends the command
    assert await h.desk.save_text(text_ref, case.start.case_id, "reply", body, from_desk.by, await h.now())
    return text_ref


async def test_every_act_stands_on_the_timeline_with_who_role_and_why(tmp_path: Path) -> None:
    acts: list[tuple[str, c.Command, str, dict[str, Any]]] = [
        ("note", c.Note(by=AGENT, text_ref="n-1"), "noted", {"text_ref": "n-1"}),
        ("link", c.Link(by=AGENT, case_id="other-1"), "linked", {"case_id": "other-1", "relation": "sibling"}),
        ("reassign", c.Reassign(by=LEAD, owner="lena"), "reassigned", {"before": "tom", "owner": "lena"}),
        ("escalate", c.Escalate(by=AGENT, level=3), "escalated", {"level": 3, "to": "head"}),
        ("hold", c.HoldCase(by=AGENT, reason="warehouse"), "held", {"reason": "warehouse"}),
        ("resume", c.Resume(by=AGENT), "resumed", {"reason": "warehouse"}),
        ("extend", c.Extend(by=LEAD, until=MONDAY + timedelta(days=20)), "extended", {"until": "2035-03-25T09:00:00+00:00"}),
        ("report_fact", c.ReportFact(by=AGENT, name="goods_received", occurred_at=MONDAY), "reported", {"name": "goods_received"}),
        ("phone_contact", c.PhoneContact(by=AGENT, reached=False), "phone_contact", {"reached": False}),
        ("reply", c.Reply(by=AGENT, text_ref="t-1"), "lead_replied", {"text_ref": "t-1"}),
        ("absorb", c.Absorb(by=LEAD, case_id="twin-1", resolve_by=LATER), "absorbed", {"case_id": "twin-1"}),
        ("resolve", c.Resolve(by=LEAD, outcome="denied"), "resolved", {"outcome": "denied"}),
    ]
    async with house(tmp_path) as h:
        case = await _open(h)
        await _say(h, case, "t-1", "We look into it.")
        for name, command, type_, detail in acts:
            receipt = await case.act(name, command)
            found = c.Receipt.model_validate(receipt)
            [fact] = [fact for fact in await case.facts(type_) if fact.by == command.by]
            assert detail.items() <= fact.detail.items(), name
            assert fact.by is not None
            assert fact.by.why == "test"
            assert found.case_id == case.start.case_id
            assert fact.seq <= found.seq
        for reference, name, last in (
            ("R-2", "merge", c.Merge(by=LEAD, into=case.start.case_id)),
            ("R-3", "withdraw", c.Withdraw(by=LEAD)),
        ):
            ended = await _open(h, reference)
            await ended.act(name, last)
            result = await ended.handle.result()
            assert result["outcome"] in ("merged", "withdrawn")
            written = await h.queries.facts(ended.start.case_id)
            [fact] = [fact for fact in written if fact.type == result["outcome"]]
            assert fact.by == LEAD
        # What stands on the timeline stands in the books, word for word; only quiet facts may still wait for the next entry.
        await h.after(seconds=5)
        timeline, written = await case.timeline(), await h.queries.facts(case.start.case_id)
        assert written == timeline[: len(written)]
        assert all(fact.quiet for fact in timeline[len(written) :])


# name, command, words of the refusal (the field, and what would be right)
REFUSED: list[tuple[str, c.Command, str]] = [
    ("resolve", c.Resolve(by=LEAD, outcome="magic"), 'outcome "magic" is not in the policy book'),
    ("resolve", c.Resolve(by=LEAD), "outcome is missing; right would be one of refunded"),
    ("resolve", c.Resolve(by=LEAD, outcome="won"), "right would be one of"),
    ("resolve", c.Resolve(by=LEAD, outcome="refunded"), "rests on the provider"),
    ("resolve", c.Resolve(by=LEAD, outcome="store_credit"), "amounts is empty"),
    ("resolve", c.Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=0, currency="EUR")]), "amounts.amount_minor"),
    ("resolve", c.Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=500, currency="EUROS")]), "amounts.currency"),
    ("resolve", c.Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=10001, currency="EUR")]), "needs an admin"),
    ("resolve", c.Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=6000, currency="EUR")] * 2), "needs an admin"),
    ("resolve", c.Resolve(by=LEAD, outcome="denied", evidence=["https://files.example/1.pdf"]), "evidence"),
    ("hold", c.HoldCase(by=LEAD), "reason is missing; right would be one of"),
    ("hold", c.HoldCase(by=LEAD, reason="holiday"), "right would be one of"),
    ("hold", c.HoldCase(by=LEAD, reason="warehouse", until=MONDAY), "until 2035-03-05"),
    ("hold", c.HoldCase(by=LEAD, reason="fraud_review", until=datetime(9999, 1, 1, tzinfo=UTC)), "until 9999-01-01"),
    ("resume", c.Resume(by=LEAD), "not on hold"),
    ("escalate", c.Escalate(by=LEAD, level=10), "level 10 is out of range"),
    ("escalate", c.Escalate(by=LEAD, level=0), "level 0"),
    ("extend", c.Extend(by=LEAD), "until is missing"),
    ("extend", c.Extend(by=LEAD, until=MONDAY), "until 2035-03-05"),
    ("extend", c.Extend(by=LEAD, until=datetime(9999, 1, 1, tzinfo=UTC)), "until 9999-01-01"),
    ("reassign", c.Reassign(by=LEAD), "owner is empty"),
    ("reassign", c.Reassign(by=LEAD, owner="tom"), "is tom's already"),
    ("reply", c.Reply(by=LEAD), "text_ref is empty"),
    ("note", c.Note(by=LEAD), "text_ref is empty"),
    ("phone_contact", c.PhoneContact(by=LEAD, promised_at=MONDAY), "promised_at 2035-03-05"),
    ("phone_contact", c.PhoneContact(by=LEAD, promised_at=datetime(9999, 1, 1, tzinfo=UTC)), "promised_at 9999-01-01"),
    ("phone_contact", c.PhoneContact(by=LEAD, reached=False, promised_at=LATER), "promised_at: nobody was reached"),
    ("report_fact", c.ReportFact(by=LEAD), "name is empty"),
    ("report_fact", c.ReportFact(by=LEAD, name="Goods Received!"), "name"),
    ("report_fact", c.ReportFact(by=LEAD, name="shipped", occurred_at=LATER), "occurred_at 2035-03-08"),
    ("report_fact", c.ReportFact(by=LEAD, name="shipped", occurred_at=datetime(1, 1, 1, tzinfo=UTC)), "occurred_at 0001-01-01"),
    ("report_fact", c.ReportFact(by=LEAD, name="payment_replaced", old_reference="R-9", new_reference="R-10"), "old_reference R-9"),
    ("report_fact", c.ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-1"), "new_reference is empty"),
    ("report_fact", c.ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-1", new_reference="R-1-1"), "new_reference R-1-1"),
    ("link", c.Link(by=LEAD), "case_id is empty"),
    ("absorb", c.Absorb(by=LEAD), "case_id is empty"),
    ("merge", c.Merge(by=LEAD), "into: name another case"),
    ("feedback", c.GiveFeedback(by=CUSTOMER, csat=5), "the case is open"),
    ("customer_reply", c.CustomerReply(by=CUSTOMER), "text_ref is empty"),
    ("preferences", c.ChangePreferences(by=CUSTOMER, reach=Reachability()), "channels is empty"),
    (
        "preferences",
        c.ChangePreferences(by=CUSTOMER, reach=Reachability(channels=[Channel.EMAIL], opted_out=[MessageClass.MANDATORY])),
        "opted_out",
    ),
    # Roles.
    ("resolve", c.Resolve(by=AGENT, outcome="denied"), "by.role is agent; resolve is for a lead or an admin"),
    ("extend", c.Extend(by=AGENT, until=LATER), "by.role is agent"),
    ("reassign", c.Reassign(by=AGENT, owner="lena"), "by.role is agent"),
    ("merge", c.Merge(by=AGENT, into="other-1"), "by.role is agent"),
    ("withdraw", c.Withdraw(by=AGENT), "by.role is agent"),
    ("hold", c.HoldCase(by=CUSTOMER, reason="warehouse"), "by.role is customer; hold is for agents, leads and admins"),
    ("escalate", c.Escalate(by=CUSTOMER), "by.role is customer"),
    ("reply", c.Reply(by=CUSTOMER, text_ref="t"), "by.role is customer"),
    ("note", c.Note(by=CUSTOMER, text_ref="t"), "by.role is customer"),
    ("phone_contact", c.PhoneContact(by=CUSTOMER), "by.role is customer"),
    ("link", c.Link(by=CUSTOMER, case_id="other-1"), "by.role is customer"),
    ("note", c.Note(by=Actor(who=" ", role=Role.LEAD), text_ref="t"), "by.who is empty"),
]


async def test_a_refused_act_says_the_field_and_leaves_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        said = [(name, words, await case.refused(name, command)) for name, command, words in REFUSED]
        wrong = [(name, words, reason) for name, words, reason in said if words not in reason]
        assert not wrong
        # The links and levels of the case stay as they are; what is there already is refused too.
        await case.act("link", c.Link(by=LEAD, case_id="other-1"))
        await case.act("hold", c.HoldCase(by=LEAD, reason="warehouse"))
        await case.act("escalate", c.Escalate(by=LEAD, level=2))
        await h.after(seconds=2)
        assert "linked already" in await case.refused("link", c.Link(by=LEAD, case_id="other-1"))
        assert "not linked to itself" in await case.refused("link", c.Link(by=LEAD, case_id=case.start.case_id))
        assert "on hold already (warehouse" in await case.refused("hold", c.HoldCase(by=NOAH, reason="photo"))
        assert "level 1 is not above the present level 2" in await case.refused("escalate", c.Escalate(by=LEAD, level=1))


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("hold", {"reason": "photo", "until": "next week"}, "until"),
        ("hold", {"reason": "photo", "until": "2035-03-08T10:00:00"}, "until"),  # without a zone
        ("hold", {"reason": "photo", "until": "0001-01-01T00:00:00+14:00"}, "until"),  # no moment in UTC
        ("escalate", {"level": "high"}, "level"),
        ("resolve", {"outcome": "goodwill", "amounts": [{"amount_minor": 1.5, "currency": "EUR"}]}, "amounts.0.amount_minor"),
        ("note", {"text_ref": "t", "by": {"who": "mia", "role": "boss"}}, "by.role"),
        ("preferences", {"reach": {"channels": ["pigeon"]}}, "reach.channels.0"),
        ("preferences", {"reach": {"channels": ["email"], "zone": "Mars/Olympus"}}, "reach.zone"),
        ("preferences", {"reach": {"channels": ["email"], "quiet_from": "25:00", "quiet_until": "08:00"}}, "reach"),
        ("preferences", {"reach": {"channels": ["email"], "quiet_from": "21:00"}}, "reach"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_field(tmp_path: Path, name: str, given: dict[str, Any], field: str) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        reason = await case.refused(name, given)
        assert field in reason
        await case.act("note", c.Note(by=LEAD, text_ref="still-alive"))


async def test_an_act_without_its_argument_or_with_two_wedges_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        for arguments in ([], [{"reason": "warehouse"}, {"reason": "photo"}], ["warehouse"], [None]):
            with pytest.raises(WorkflowUpdateFailedError):
                await asyncio.wait_for(case.handle.execute_update("hold", args=arguments), 10)
        with pytest.raises(WorkflowUpdateFailedError):
            await asyncio.wait_for(case.handle.execute_update("hodl", {"reason": "warehouse"}), 10)
        await case.act("note", c.Note(by=LEAD, text_ref="still-alive"))
        assert (await case.snapshot()).status == "open"


async def test_after_an_outage_an_act_is_judged_by_the_case_as_it_is_by_then(tmp_path: Path) -> None:
    """The holds came due while no worker ran: what is refused for it leaves nothing, and what is right by then is done."""
    async with house(tmp_path, max_cached_workflows=0) as h:
        late, right, seen = [await _open(h, reference) for reference in ("R-1", "R-2", "R-3")]
        for case in (late, right, seen):
            await case.act("hold", c.HoldCase(by=LEAD, reason="warehouse", until=MONDAY + timedelta(hours=2)))
        await h.after(minutes=1)
        known = (await seen.snapshot()).counts["facts"]
        await h.stop_workers()
        resuming = asyncio.create_task(late.act("resume", c.Resume(by=LEAD)))
        holding = asyncio.create_task(right.act("hold", c.HoldCase(by=LEAD, reason="fraud_review")))
        noting = asyncio.create_task(seen.act("note", c.Note(by=LEAD, text_ref="n-1", if_seq=known)))
        await h.without_workers(MONDAY + timedelta(hours=3))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await noting  # its hold has ended by then, which was not known
        assert f"this was decided on {known}" in str(refused.value.cause)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await resuming
        assert "not on hold" in str(refused.value.cause)
        await holding
        assert (await late.events()).count("EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED") == 1  # the hold's
        assert [fact.detail["why"] for fact in await late.facts("resumed")] == ["until"]
        assert [fact.detail["reason"] for fact in await right.facts("held")] == ["warehouse", "fraud_review"]
        assert (await right.snapshot()).status == "on_hold"
        await h.until(MONDAY + timedelta(hours=25))  # and all live on
        assert sorted(h.post.kinds()) == ["acknowledgement"] * 3 + ["update"] * 3


async def test_of_two_leads_at_once_one_wins_and_the_other_is_told_what_happened(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        answers = await asyncio.gather(
            case.act("resolve", c.Resolve(by=LEAD, outcome="replaced")),
            case.act("resolve", c.Resolve(by=NOAH, outcome="denied")),
            return_exceptions=True,
        )
        [refusal] = [answer for answer in answers if isinstance(answer, WorkflowUpdateFailedError)]
        [receipt] = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert receipt["status"] == "resolved"
        resolution = (await case.snapshot()).resolution
        assert resolution is not None
        winner = resolution["by"]
        assert isinstance(winner, dict)
        assert f"the case was resolved as {resolution['outcome']} by {winner['who']} at 2035-03-05T09:00" in str(refusal.cause)
        assert len(await case.facts("resolved")) == 1
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        # Whatever else would change it is told the same.
        for name, command in (
            ("hold", c.HoldCase(by=LEAD, reason="warehouse")),
            ("extend", c.Extend(by=LEAD, until=LATER)),
            ("merge", c.Merge(by=LEAD, into="other-1")),
            ("withdraw", c.Withdraw(by=LEAD)),
            ("phone_contact", c.PhoneContact(by=LEAD, promised_at=LATER)),
        ):
            assert "resolved" in await case.refused(name, command)


async def test_of_two_acts_that_were_decided_on_the_same_fact_one_wins_though_both_are_right(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        seq = (await case.snapshot()).counts["facts"]
        answers = await asyncio.gather(
            *(case.act("note", c.Note(by=by, text_ref=f"n-{by.who}", if_seq=seq)) for by in (LEAD, NOAH)), return_exceptions=True
        )
        [refusal] = [answer for answer in answers if isinstance(answer, WorkflowUpdateFailedError)]
        [receipt] = [answer for answer in answers if not isinstance(answer, BaseException)]
        cause = refusal.cause
        assert isinstance(cause, ApplicationError)
        assert (cause.type, list(cause.details)) == (MOVED_ON, [receipt["seq"]])
        assert (await case.events()).count("EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED") == 1
        assert len(await case.facts("noted")) == 1
        # Said before any other refusal, and with nothing left behind; what does not ask is done.
        assert "the case has moved on" in await case.refused("resume", c.Resume(by=LEAD, if_seq=seq))
        assert "not on hold" in await case.refused("resume", c.Resume(by=LEAD))
        now = (await case.snapshot()).counts["facts"]
        await case.act("hold", c.HoldCase(by=LEAD, reason="warehouse", if_seq=now))
        await case.handle.signal("resume", {"by": "mia", "why": "found", "if_seq": seq})  # a signal has nobody to answer to
        assert (await case.snapshot()).status == "open"
        assert await case.facts("refused_signal") == []


async def test_a_reply_goes_to_the_customer_and_makes_a_promise(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await h.until(MONDAY + timedelta(hours=5))
        await case.act("customer_reply", c.CustomerReply(by=CUSTOMER, text_ref=await _say(h, case, "q-1", "Where is it?")))
        await h.after(seconds=2)
        assert [clock["id"] for clock in (await case.snapshot()).clocks if not clock.get("ended")] == ["refund_promise", "next_response"]
        assert [alert.title.split(": ")[1] for alert, _ in h.alerts.told] == ["the customer wrote; a person must answer"]
        await case.act("reply", c.Reply(by=LEAD, text_ref=await _say(h, case, "t-1", "Your bank needs two more days.")))
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "reply"]
        sent = h.post.sent[-1]
        assert "Your bank needs two more days." in sent.outgoing.text
        assert sent.outgoing.address == "ada@example.com"
        # It counts from its own moment: 24 h later the next word, and the acknowledgement's promise is kept by it.
        assert await case.sums() == {"made": 2, "kept": 1, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 0, "open": 1}
        await h.until(sent.at + timedelta(hours=23, minutes=59))
        assert len(h.post.sent) == 2
        await h.until(sent.at + timedelta(hours=24, seconds=3))
        assert h.post.kinds() == ["acknowledgement", "reply", "update"]
        ended = {clock["id"]: clock.get("ended") for clock in (await case.snapshot()).clocks}
        assert ended["next_response"] == "met"


async def test_the_promise_of_a_phone_call_is_the_next_word(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await h.until(MONDAY + timedelta(hours=4))
        await case.act("phone_contact", c.PhoneContact(by=AGENT, reached=False, text_ref="p-0"))
        before = (await case.snapshot()).promise
        promised = MONDAY + timedelta(hours=52)
        await case.act("phone_contact", c.PhoneContact(by=AGENT, text_ref="p-1", promised_at=promised))
        assert before is not None
        assert before["number"] == 1
        assert (await case.sums())["superseded"] == 1
        now = (await case.snapshot()).promise
        assert now is not None
        assert (now["number"], now["due_at"]) == (2, promised.isoformat())
        await h.until(promised - timedelta(seconds=1))
        assert h.post.kinds() == ["acknowledgement"]
        await h.until(promised + timedelta(seconds=3))
        assert h.post.kinds() == ["acknowledgement", "update"]
        assert await case.sums() == {"made": 3, "kept": 1, "late": 0, "broken": 0, "superseded": 1, "withdrawn": 0, "open": 1}
        await h.after(hours=25)  # the end of a promise travels with the next entry into the books
        first, second, *_ = await case.promises()
        assert (first.end, second.end, second.made_by) == ("superseded", "kept", "phone:tom")


async def test_a_phone_promise_names_a_time_at_which_we_may_write(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        sms = await _open(h, channels=(Channel.SMS,))
        night = MONDAY + timedelta(hours=13)  # 23:00 in Berlin
        reason = await sms.refused("phone_contact", c.PhoneContact(by=LEAD, promised_at=night))
        assert "promised_at 2035-03-05T22:00:00+00:00" in reason
        assert "right would be 2035-03-06T07:00:00+00:00" in reason
        quiet = await _open(h, "R-2", reach=Reachability(channels=[Channel.EMAIL], opted_out=[MessageClass.STATUS], zone="Europe/Berlin"))
        assert "opted out" in await quiet.refused("phone_contact", c.PhoneContact(by=LEAD, promised_at=LATER))
        await quiet.act("phone_contact", c.PhoneContact(by=LEAD))  # the call itself is recorded


async def test_an_extension_moves_the_clock_and_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h, facts={"withdrawal_told": MONDAY})
        legal = datetime(2035, 3, 19, 23, 0, tzinfo=UTC)  # 14cd: midnight in Berlin after the 19th
        due = datetime(2035, 3, 19, 16, 0, tzinfo=UTC)
        assert (await case.snapshot()).resolve_by == due
        reason = await case.refused("extend", c.Extend(by=LEAD, until=legal + timedelta(seconds=1)))
        assert "withdrawal_refund, which never moves; right would be 2035-03-19T23:00:00+00:00 or before" in reason
        until = legal - timedelta(hours=1)
        await case.act("extend", c.Extend(by=LEAD, until=until))
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "extension"]
        assert "19 March 2035, 23:00" in h.post.sent[-1].outgoing.text
        view = await case.snapshot()
        assert view.resolve_by == until
        clocks = {str(clock["id"]): clock["due_at"] for clock in view.clocks}
        assert clocks == {"refund_promise": until.isoformat(), "withdrawal_refund": legal.isoformat()}
        await case.sums()


async def test_a_new_owner_is_told_and_is_the_one_who_is_warned(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await case.act("reassign", c.Reassign(by=LEAD, owner="lena"))
        await h.after(seconds=2)
        [(told, _)] = h.alerts.told
        assert told.to == ["lena"]
        await h.until(MONDAY + timedelta(days=11))  # 75 % of ten business days
        assert [alert.to for alert, _ in h.alerts.told] == [["lena"], ["lena"]]
        assert (await h.queries.case(case.start.case_id)).owner == "lena"  # type: ignore[union-attr]


async def test_merging_keeps_the_strictest_date_and_withdraws_the_other_promise(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        kept = await _open(h)
        strict = await _open(h, "R-2", segment="vip")
        date = (await strict.snapshot()).resolve_by
        assert date == datetime(2035, 3, 12, 16, 0, tzinfo=UTC)
        await kept.act("absorb", c.Absorb(by=LEAD, case_id=strict.start.case_id, resolve_by=date))
        await strict.act("merge", c.Merge(by=LEAD, into=kept.start.case_id))
        ended = await strict.handle.result()
        assert ended["promises"] == {"made": 1, "kept": 0, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 1}
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "acknowledgement", "extension", "resolution"]
        last = h.post.sent[-1].outgoing
        assert kept.start.case_id in last.text  # where the customer's matter goes on
        assert "12 March 2035" in h.post.sent[-2].outgoing.text
        view = await kept.snapshot()
        assert view.resolve_by == date
        assert view.links == [strict.start.case_id]
        # Not only told: the surviving case's own clock runs to it, so that people are warned and the customer hears of a breach.
        assert [clock["due_at"] for clock in view.clocks] == [date.isoformat()]
        await h.until(date + timedelta(seconds=5))
        assert [alert.level for alert, _ in h.alerts.told] == [1, 2]
        assert h.post.kinds()[-1] == "apology"
        await kept.sums()


async def test_a_withdrawn_case_ends_told_and_unsurveyed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await case.act("withdraw", c.Withdraw(by=LEAD))
        result = await case.handle.result()
        assert result["outcome"] == "withdrawn"
        assert result["promises"] == {"made": 1, "kept": 0, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 1}
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        row = await h.queries.case(case.start.case_id)
        assert row is not None
        assert row.closed_at is not None
        assert row.closed_at - MONDAY < timedelta(minutes=1)  # no tail, no survey
        assert (row.status, row.clocks_met, row.clocks_breached) == ("closed", 0, 0)


async def test_escalation_without_a_level_climbs_one_and_tells_the_role_of_that_level(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        for _ in range(3):
            await case.act("escalate", c.Escalate(by=AGENT))
        await case.act("escalate", c.Escalate(by=AGENT, level=5, to="legal"))
        await h.after(seconds=2)
        told = sorted((alert.level, alert.role) for alert, _ in h.alerts.told)
        assert told == [(1, "owner"), (2, "lead"), (3, "head"), (5, "legal")]
        assert (await case.snapshot()).escalation == 5


async def test_another_policy_for_an_open_case(tmp_path: Path) -> None:
    retail = book()
    vip = choose(retail, CaseTraits(kind=CaseKind.REFUND, merchant="Nordwind", segment="vip"))
    dispute = choose(retail, CaseTraits(kind=CaseKind.DISPUTE, merchant="Nordwind"))
    assert vip is not None
    assert dispute is not None
    async with house(tmp_path) as h:
        case = await _open(h)
        wrong = c.ChangePolicy(by=LEAD, policy=snapshot(retail, dispute, ()))
        assert "policy retail.dispute is for a dispute" in await case.refused("change_policy", wrong)
        right = c.ChangePolicy(by=LEAD, policy=snapshot(retail, vip, ()))
        assert "by.role is agent" in await case.refused("change_policy", right.model_copy(update={"by": AGENT}))
        await case.act("change_policy", right)
        [fact] = await case.facts("policy_changed")
        assert (fact.detail["before"], fact.detail["after"]) == ("retail.refund", "retail.refund.vip")
        assert (await case.snapshot()).policy.startswith("retail.refund.vip")
        await h.after(seconds=2)
        assert "rules this case already" in await case.refused("change_policy", right)
