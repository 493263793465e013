"""The case as others see it: the books' row, the snapshot query, search attributes, and the page that operations read in the web UI.

Owns these projections of the state. Must never change it, and never show personal data.
"""

from datetime import datetime
from typing import Any

from policies.case.case_id import looks_personal, workflow_id
from policies.case.commands import Snapshot
from policies.case.plans import CaseRow
from policies.case.state import CaseState
from policies.rules.v1 import attention, clocks
from policies.rules.v1.agenda import agenda, next_due, next_for_people


def _tally(state: CaseState) -> dict[str, int]:
    return {**state.tally.model_dump(), "open": 1 if state.promise is not None else 0}


def case_row(state: CaseState) -> CaseRow:
    """What lists and searches need, as of the newest fact."""
    start = state.start
    due = next_for_people(state)
    flight = state.in_flight
    next_word = flight.next_word_at if flight is not None and flight.next_word_at else state.promise.due_at if state.promise else None
    return CaseRow(
        case_id=start.case_id,
        workflow_id=workflow_id(start.kind, start.case_id),
        kind=start.kind,
        merchant=start.merchant,
        brand=start.brand,
        reference=start.reference,
        order=start.order,
        customer_key=start.customer_key,
        contact_ref=start.contact_ref,
        segment=start.segment,
        owner=state.owner,
        status=state.status,
        cycle=state.cycle,
        escalation=state.escalation,
        opened_at=state.opened_at,
        next_at=due.at if due else None,
        next_what=due.what if due else None,
        resolve_by=clocks.resolve_by(state),
        next_word_at=next_word,
        hold_reason=state.hold.reason if state.hold else None,
        resolution=state.resolution or (state.past_resolutions[-1] if state.past_resolutions and state.closed_at else None),
        promises=_tally(state),
        clocks_met=state.clocks_met,
        clocks_breached=state.clocks_breached,
        csat=state.feedback.csat if state.feedback and state.feedback.csat is not None else state.last_csat,
        nps=state.feedback.nps if state.feedback and state.feedback.nps is not None else state.last_nps,
        tags=start.tags,
        digests=start.digests,
        shadow=start.shadow,
        closed_at=state.closed_at,
        **({} if state.closed_at is not None else _attention(state)),
        as_of_seq=state.fact_seq,
    )


def _attention(state: CaseState) -> dict[str, datetime | None]:
    return {
        "breached_at": attention.breached_at(state),
        "at_risk_since": attention.at_risk_since(state),
        "unanswered_since": state.unanswered_since,
        "recovery_since": attention.recovery_since(state),
    }


def search_attributes(state: CaseState) -> dict[str, Any]:
    """The search attributes that change during a case's life."""
    return {
        "MakegoodStatus": state.status.value,
        "MakegoodEscalation": state.escalation,
        "MakegoodResolveBy": clocks.resolve_by(state),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def snapshot(state: CaseState) -> Snapshot:
    """Where the case stands, for consoles and scripts."""
    items = agenda(state)
    due = next_due(state)
    start = state.start
    return Snapshot(
        case_id=start.case_id,
        workflow_id=workflow_id(start.kind, start.case_id),
        kind=start.kind.value,
        status=state.status,
        cycle=state.cycle,
        merchant=start.merchant,
        order=start.order,
        owner=state.owner,
        escalation=state.escalation,
        opened_at=state.opened_at,
        resolve_by=clocks.resolve_by(state),
        resolve_by_clock=clocks.resolve_by_clock(state),
        next_at=due.at if due else None,
        next_what=due.what if due else None,
        next_why=due.why if due else None,
        agenda=[{"at": item.at.isoformat(), "what": item.what, "why": item.why} for item in items],
        clocks=[
            {
                "id": clock.id,
                "started_at": _text(clock.started_at),
                "due_at": _text(clock.due_at),
                "ended": clock.ended or None,
                "ended_at": _text(clock.ended_at),
                "breached_at": _text(clock.breached_at),
                "held_since": _text(clock.held_since),
                "rungs": ", ".join(f"{rung.spec}:{rung.done or _text(rung.at)}" for rung in clock.rungs),
            }
            for clock in state.clocks
        ],
        targets=[
            {
                "type": target.type.value,
                "provider": target.provider,
                "reference": target.reference,
                "status": target.status,
                "status_at": _text(target.status_at),
                "amount_minor": target.amount_minor,
                "currency": target.currency,
                "trace": target.trace,
                "replaced_by": target.replaced_by,
                "waits": target.pending_reason,
                "charge_refundable": target.charge_refundable,
            }
            for target in state.targets
        ],
        promise=(
            {
                "number": state.promise.number,
                "made_at": state.promise.made_at.isoformat(),
                "due_at": state.promise.due_at.isoformat(),
            }
            if state.promise
            else None
        ),
        promises=_tally(state),
        hold=(
            {
                "reason": state.hold.reason,
                "since": _text(state.hold.since),
                "until": _text(state.hold.until),
                "expires_at": _text(state.hold.expires_at),
            }
            if state.hold
            else None
        ),
        resolution=state.resolution.model_dump(mode="json", exclude_none=True) if state.resolution else None,
        feedback=(
            {
                "asked_at": _text(state.feedback.asked_at),
                "csat": state.feedback.csat,
                "nps": state.feedback.nps,
                "ended": state.feedback.ended or None,
            }
            if state.feedback
            else None
        ),
        tail_until=state.tail_until,
        links=state.links,
        policy=f"{start.policy.policy.id} ({start.policy.book} {start.policy.version}, {start.policy.checksum})",
        shadow=start.shadow,
        reach=state.reach,
        contact_ref=state.start.contact_ref,
        counts={
            "facts": state.fact_seq,
            "messages": state.message_seq,
            "alerts": state.alert_seq,
            "watches": state.watch.generation,
        },
    )


def _clock_line(state: CaseState, clock_id: str, due: datetime, mark: str) -> str:
    definition = state.start.policy.policy.clock(clock_id)
    basis = definition.basis if definition is not None else "internal"
    return f"- **{clock_id}** ({basis}): {_short(due)}{mark}"


def _short(moment: datetime) -> str:
    return f"{moment:%a %d %b %Y %H:%M:%S} UTC"


def details(state: CaseState) -> str:
    """Markdown for Temporal's web UI: where the case stands, its clocks, what is next and why, what binds."""
    due = next_due(state)
    lines = [f"**{state.status.value.replace('_', ' ')}**, cycle {state.cycle}, escalation level {state.escalation}"]
    if state.hold is not None:
        lines.append(f"\nOn hold since {_short(state.hold.since)}: {state.hold.reason}")
    lines.append(f"\n**Next:** {_short(due.at)}: {due.why}" if due else "\n**Next:** nothing is due")
    date = clocks.resolve_by(state)
    if date is not None:
        binds = clocks.resolve_by_clock(state)
        lines.append(f"\n**What binds:** {'the new date given' if binds == clocks.NEW_DATE else binds} until {_short(date)}")
    lines.append("\n**Clocks**")
    for clock in state.clocks:
        mark = f", {clock.ended.replace('_', ' ')}" if clock.ended else ", stopped" if clock.held_since else ""
        mark += ", breached" if clock.breached_at is not None and not clock.ended else ""
        lines.append(_clock_line(state, clock.id, clock.due_at, mark))
    tally = ", ".join(f"{count} {word}" for word, count in _tally(state).items())
    lines.append(f"\n**Promises:** {tally}")
    if state.targets:
        lines.append("\n**Providers**")
    for target in state.targets:
        shown = "(hidden)" if looks_personal(target.reference) else target.reference
        lines.append(f"- {target.type.value} {shown} at {target.provider}: {target.status}")
    if state.resolution is not None:
        lines.append(f"\n**Resolution:** {state.resolution.outcome} by {state.resolution.by.who}")
    return "\n".join(lines)
