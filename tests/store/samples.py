"""Rows, entries and plans as the rules would hand them over; a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from policies.case.facts import SYSTEM, Actor, Fact
from policies.case.plans import AlertPlan, BooksEntry, CaseRow, MessageContext, MessagePlan, MessageResult
from policies.case.state import Alert, EndedPromise, PromiseState
from policies.case.vocabulary import (
    MESSAGE_CLASS,
    CaseKind,
    CaseStatus,
    Channel,
    FactType,
    MessageKind,
    MessageOutcome,
    PromiseEnd,
    Role,
)

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = "acme-r-1001-0a1b2c3d"
ADMIN = Actor(who="ann.admin", role=Role.ADMIN, why="asked for on 1 March")


def hours(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def row(case_id: str = CASE, **changes: Any) -> CaseRow:
    values: dict[str, Any] = {
        "case_id": case_id,
        "workflow_id": f"refund-{case_id}",
        "kind": CaseKind.REFUND,
        "merchant": "acme",
        "reference": f"R-{case_id}",
        "order": f"O-{case_id}",
        "customer_key": "c0ffee",
        "contact_ref": f"contact-{case_id}",
        "status": CaseStatus.OPEN,
        "cycle": 1,
        "escalation": 0,
        "opened_at": MONDAY,
        "next_at": hours(24),
        "next_what": "update",
        "digests": {"order": "d1"},
    }
    return CaseRow.model_validate(values | changes)


def fact(seq: int, type_: FactType = FactType.NOTED, **changes: Any) -> Fact:
    values: dict[str, Any] = {"seq": seq, "type": type_, "occurred_at": hours(seq), "learned_at": hours(seq)}
    return Fact.model_validate(values | {"by": SYSTEM, "detail": {"n": seq}} | changes)


def promise(number: int, **changes: Any) -> PromiseState:
    values: dict[str, Any] = {"number": number, "made_at": MONDAY, "due_at": hours(24), "made_by": f"m{number}"}
    return PromiseState.model_validate(values | changes)


def ended(number: int, end: PromiseEnd, late_s: int = 0) -> EndedPromise:
    return EndedPromise.model_validate({**promise(number).model_dump(), "end": end, "ended_at": hours(24), "late_s": late_s})


def entry(case_id: str = CASE, **changes: Any) -> BooksEntry:
    """`facts`, `ended_promises` and `open_promise` go to the entry, everything else to its row."""
    own = {name: changes.pop(name) for name in list(changes) if name in BooksEntry.model_fields}
    return BooksEntry.model_validate({"row": row(case_id, **changes), **own})


def plan(message_id: str = "m1", case_id: str = CASE, **changes: Any) -> MessagePlan:
    kind = MessageKind(changes.get("kind", MessageKind.ACKNOWLEDGEMENT))
    values: dict[str, Any] = {
        "message_id": message_id,
        "kind": kind,
        "message_class": MESSAGE_CLASS[kind],
        "cycle": 1,
        "seq": 1,
        "channels": [Channel.EMAIL],
        "contact_ref": f"contact-{case_id}",
        "must_arrive": True,
        "context": MessageContext(
            case_id=case_id,
            kind=CaseKind.REFUND,
            merchant="acme",
            order="O-1",
            reason="unspecified",
            opened_at=MONDAY,
            locale="de",
            zone="Europe/Berlin",
        ),
    }
    return MessagePlan.model_validate(values | changes)


def result(outcome: MessageOutcome = MessageOutcome.ACCEPTED, at: datetime = MONDAY, **changes: Any) -> MessageResult:
    values: dict[str, Any] = {"outcome": outcome, "at": at, "channel": Channel.EMAIL}
    return MessageResult.model_validate(values | changes)


def alert_plan(alert_id: str = "a1") -> AlertPlan:
    return AlertPlan(
        alert_id=alert_id,
        case_id=CASE,
        kind=CaseKind.REFUND,
        merchant="acme",
        alert=Alert(to="lead", level=2, reason="breach", clock="resolution", due_at=hours(8), since=hours(8)),
    )
