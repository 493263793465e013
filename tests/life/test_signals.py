"""Life, line 6: signals by hand, from the web UI and any SDK; what is malformed harms nothing and shows. Starts by hand likewise."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from policies.case.case_id import workflow_id
from policies.case.vocabulary import CaseKind
from tests.life.harness import CONTACT, LEAD, MONDAY, Case, House, house, start_of
from workflows import names


async def _open(h: House) -> Case:
    case = await h.open(start_of())
    await h.after(seconds=2)
    return case


async def test_the_four_signals_by_hand(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await case.handle.signal("hold", {"reason": "warehouse", "by": {"who": "mia", "role": "lead", "why": "checked by hand"}})
        assert (await case.snapshot()).status == "on_hold"
        await case.handle.signal("resume", {"by": "noah", "why": "the parcel is here"})  # the name alone will do
        assert (await case.snapshot()).status == "open"
        await case.handle.signal("escalate", {"why": "no answer"})  # one level up, by the web UI
        assert (await case.snapshot()).escalation == 1
        await case.handle.signal("escalate", {"level": 4, "to": "legal", "by": {"who": "mia", "role": "lead"}, "why": "a lawyer wrote"})
        given = {"outcome": "goodwill", "amounts": [{"amount_minor": 500, "currency": "EUR"}], "by": "mia", "why": "as agreed"}
        await case.handle.signal("resolve", given)
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        acts = {
            fact.type.value: (fact.by.who, fact.by.role.value, fact.by.why)
            for fact in await case.timeline()
            if fact.by and fact.by.role == "lead"
        }
        assert acts == {
            "held": ("mia", "lead", "checked by hand"),
            "resumed": ("noah", "lead", "the parcel is here"),
            "escalated": ("mia", "lead", "a lawyer wrote"),
            "resolved": ("mia", "lead", "as agreed"),
        }
        assert [fact.by.who for fact in await case.facts("escalated") if fact.by] == ["web-ui", "mia"]
        assert not await case.facts("refused_signal")


_READING = {"type": "refund", "provider": "simpay", "reference": "R-1-1", "status": "succeeded", "read_at": MONDAY.isoformat()}
_BOUNCE = {"message_id": "m", "delivery_id": "d", "channel": "email", "at": MONDAY.isoformat()}

# name, arguments, words of the reason
MALFORMED: list[tuple[str, list[Any], str]] = [
    ("resolve", [], "outcome is missing; right would be one of refunded"),
    ("hold", [], "reason is missing; right would be one of"),
    ("resume", [], "not on hold"),
    ("hold", [{"reason": "warehouse"}, {"reason": "photo"}], "2 arguments; right would be one JSON object"),
    ("escalate", [1, 2, 3], "3 arguments"),
    ("hold", ["warehouse"], "no JSON object"),
    ("hold", [None], "no JSON object"),
    ("hold", [["warehouse"]], "no JSON object"),
    ("resolve", [7], "no JSON object"),
    ("hold", [{"reason": 7}], "reason: "),
    ("hold", [{"reason": "warehouse", "until": "tomorrow"}], "until: "),
    ("hold", [{"reason": "warehouse", "until": "0001-01-01T00:00:00+14:00"}], "until: "),
    ("hold", [{"reason": "fraud_review", "until": "9999-12-31T23:59:59Z"}], "until 9999-12-31"),
    ("hold", [{"raeson": "warehouse"}], "reason is missing; right would be one of"),
    ("hold", [{"reason": "warehouse", "by": 7}], "by: "),
    ("hold", [{"reason": "warehouse", "by": ""}], "by.who is empty"),
    ("hold", [{"reason": "warehouse", "by": {"who": "x", "role": "customer"}}], "by.role is customer"),
    ("hold", [{"reason": "warehouse", "by": {"role": "lead"}}], "by.who: "),
    ("escalate", [{"level": 10**30}], "level"),
    ("escalate", [{"level": "high"}], "level: "),
    ("escalate", [], "by.why is empty"),
    ("hold", [{"reason": "warehouse", "by": "mia"}], "by.why is empty"),
    ("hold", [{"reason": "warehouse", "by": "mia", "why": " "}], "by.why is empty"),
    ("hold", [{"reason": "warehouse", "by": "mia", "why": 7}], "by.why: "),
    ("hold", [{"reason": "warehouse", "by": "mia", "why": "w" * 1_500_000}], "by.why has 1500000 characters; right would be at most 500"),
    ("resolve", [{"outcome": "goodwill", "amounts": "10 EUR", "by": "mia"}], "amounts: "),
    ("resolve", [{"outcome": "refunded", "by": "mia"}], "rests on the provider"),
    ("resolv", [{"outcome": "denied"}], "no such signal (1 arguments)"),
    ("reply", [{"text_ref": "t"}], "no such signal"),  # an act, but not one of the four
    ("", [], "no such signal"),
    ("provider_reported", [], "readings"),
    ("provider_reported", ["succeeded"], "input: "),
    ("provider_reported", [{"reading": []}], "readings"),
    ("provider_reported", [{"readings": [{"status": "succeeded"}]}], "readings.0.type: "),
    ("provider_reported", [{"readings": []}, {"readings": []}], "2 arguments"),
    ("provider_reported", [{"readings": [_READING] * 101}], "readings has 101 entries; right would be at most 100"),
    ("provider_reported", [{"readings": [{**_READING, "trace": "t" * 201}]}], "readings.0.trace has 201 characters"),
    ("delivery_reported", [{**_BOUNCE, "state": "b" * 201}], "state has 201 characters; right would be at most 200"),
]


async def test_what_is_malformed_harms_nothing_and_shows(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        before = await case.snapshot()
        for name, arguments, _ in MALFORMED:
            if name:  # the engine itself refuses an empty name
                await case.handle.signal(name, args=arguments)
        refused = await case.facts("refused_signal")
        expected = [(name, words) for name, _, words in MALFORMED if name]
        shown = [(str(fact.detail["signal"]), str(fact.detail["reason"])) for fact in refused]
        assert len(shown) == len(expected)
        assert not [(got, want) for got, want in zip(shown, expected, strict=True) if got[0] != want[0] or want[1] not in got[1]]
        after = await case.snapshot()
        assert (after.status, after.escalation, after.clocks) == (before.status, before.escalation, before.clocks)
        # The case goes on as if nothing had been said, and what was refused stands in the books.
        await h.until(MONDAY + timedelta(hours=24, seconds=5))
        assert h.post.kinds() == ["acknowledgement", "update"]
        assert not h.alerts.told
        written = [fact for fact in await h.queries.facts(case.start.case_id) if fact.type == "refused_signal"]
        assert len(written) == len(expected)
        # A value may be personal: the field is named, not what stood there.
        assert all("10 EUR" not in str(fact.detail) for fact in written)
        assert len(json.dumps([fact.model_dump(mode="json") for fact in written])) < 500 * len(written)
        await case.sums()


async def test_a_signal_of_a_stranger_reference_or_word_changes_no_belief(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        reading = {"type": "refund", "provider": "simpay", "reference": "R-1-1", "status": "succeeded", "read_at": MONDAY.isoformat()}
        await case.handle.signal("provider_reported", {"readings": [{**reading, "reference": "R-9"}]})
        await case.handle.signal("provider_reported", {"readings": [{**reading, "status": "vendor_word"}]})
        await h.after(seconds=2)
        assert [target["status"] for target in (await case.snapshot()).targets] in (["unknown"], ["pending"])
        assert h.post.kinds() == ["acknowledgement"]


async def test_a_date_that_no_case_can_have_is_no_date(tmp_path: Path) -> None:
    """Go's zero time, which providers send for "none", and the end of all time: reckoning with them would wedge the case."""
    async with house(tmp_path) as h:
        due_by = MONDAY + timedelta(days=9)
        dispute = await h.open(start_of(CaseKind.DISPUTE, dispute_due_by=due_by))
        delay = await h.open(start_of(CaseKind.DELAY, reference="R-2", delay_promised_at=due_by))
        for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
            told = {"read_at": MONDAY.isoformat(), "occurred_at": moment, "due_by": moment, "eta_at": moment}
            for case, type_, provider, status in (
                (dispute, "dispute", "simpay", "needs_response"),
                (delay, "delivery", "simship", "in_transit"),
            ):
                reading = {"type": type_, "provider": provider, "reference": case.start.targets[0].reference, "status": status, **told}
                await case.handle.signal("provider_reported", {"readings": [reading]})
        await h.after(seconds=2)
        for case, clock in ((dispute, "evidence_due"), (delay, "new_delivery_date")):
            clocks = {str(one["id"]): one["due_at"] for one in (await case.snapshot()).clocks}
            assert clocks[clock] == due_by.isoformat()
            assert not await case.facts("refused_signal")


async def _by_hand(h: House, type_: str, id_: str, *arguments: Any) -> WorkflowHandle[Any, Any]:
    """As the web UI or another SDK would start it; a signal arrives with it."""
    return await h.client.start_workflow(type_, args=list(arguments), id=id_, task_queue="cases", start_signal="note")


def _input(**change: Any) -> dict[str, Any]:
    return {**start_of().model_dump(mode="json"), **change}


_ID = workflow_id(start_of().kind, start_of().case_id)
_OTHER_POLICY = start_of(CaseKind.DELAY).policy.model_dump(mode="json")


# workflow type, workflow id, arguments, words of the failure
INVALID: list[tuple[str, str, list[Any], str]] = [
    (names.REFUND_CASE, _ID, [], "0 arguments; right would be one, a case start"),
    (names.REFUND_CASE, _ID, ["please refund"], "input"),
    (names.REFUND_CASE, _ID, [None], "input"),
    (names.REFUND_CASE, _ID, [{}], "case_id: "),
    (names.REFUND_CASE, _ID, [_input(kind="rebate")], "kind: "),
    (names.REFUND_CASE, _ID, [_input(opened_at="yesterday")], "opened_at: "),
    (names.REFUND_CASE, _ID, [_input(opened_at="0001-01-01T00:00:00+14:00")], "opened_at: "),
    (names.REFUND_CASE, _ID, [_input(facts={"withdrawal_told": "9999-12-31T00:00:00Z"})], "facts.withdrawal_told: lies in the future"),
    (names.REFUND_CASE, _ID, [_input(reach={"channels": ["email"], "zone": "Mars/Olympus"})], "reach.zone: "),
    (names.REFUND_CASE, _ID, [_input(policy=_OTHER_POLICY)], "kind: refund wants RefundCase and a policy of its kind"),
    (names.DELAY_CASE, _ID, [_input()], "kind: refund wants RefundCase"),
    (names.REFUND_CASE, _ID, [_input(), _input()], "2 arguments; right would be one"),
    (names.REFUND_CASE, _ID, [_input(), None, None], "3 arguments"),
    (names.REFUND_CASE, "refund-of-my-own", [_input()], f"case_id: the workflow id must be {_ID}"),
]


async def test_a_start_that_cannot_be_a_case_ends_as_invalid(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for type_, id_, arguments, words in INVALID:
            handle = await _by_hand(h, type_, id_, *arguments)
            with pytest.raises(WorkflowFailureError) as failure:
                await asyncio.wait_for(handle.result(), 10)  # running for ever is what must not happen
            cause = failure.value.cause
            assert isinstance(cause, ApplicationError)
            assert (cause.type, words in cause.message) == ("InvalidCase", True), (words, cause.message)
        assert not h.post.sent


async def test_an_unknown_field_is_no_reason_to_refuse_a_case(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        start = start_of()
        tolerated = _input(newer_field={"a": 1}, reach={**_input()["reach"], "newer_field": True})
        await h.desk.save_contact(start.contact_ref, start.case_id, start.merchant, CONTACT, MONDAY)
        handle = await _by_hand(h, names.REFUND_CASE, _ID, tolerated)
        case = Case(h, start, handle)
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement"]
        assert len(await case.facts("refused_signal")) == 1
        await case.act("note", {"text_ref": "n", "by": LEAD.model_dump(), "newer_field": 1})
        assert len(await case.facts("noted")) == 1
