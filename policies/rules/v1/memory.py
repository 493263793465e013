"""How the rules remember: facts, alerts and needs are added here and nowhere else.

Owns the bounds of the state: it travels as one payload (the engine's limit is 2 MiB) at each continue-as-new and is read by people.
Called by the other rules of this version.
"""

from datetime import datetime

from policies.case.facts import SYSTEM, Actor, Fact
from policies.case.state import Alert, CaseState, EndedPromise, Need, Unsaid
from policies.case.vocabulary import FactType, MessageKind, PromiseEnd

KEPT_FACTS = 200  # house.md: "the last 200 facts and counters; older ones live in the books"
# An order of a hundred parcels has a sibling for each; what links more is a script gone wrong (12 KB, and unreadable for people).
MOST_LINKS = 200
# A case is opened with 50 payments or parcels at most; as many again may be issued anew. What goes on is a script or a provider gone wrong.
MOST_TARGETS = 100
# Clocks start and end by a dozen names; the shipped books use six. The request brings 20 at most, the rest is reported by people.
MOST_FACT_NAMES = 100
# A record may hold amounts, references and evidence of a kilobyte or more. Each of them is a fact in the books; who reads the state
# wants the last few. Twenty reopenings are more than any case of the field has.
KEPT_RESOLUTIONS = 20


def remember(
    state: CaseState,
    type_: FactType,
    now: datetime,
    *,
    by: Actor | None = None,
    occurred_at: datetime | None = None,
    **detail: str | int | bool | None,
) -> Fact:
    """Add a fact learnt `now`; it occurred then too unless `occurred_at` says otherwise."""
    state.fact_seq += 1
    fact = Fact(
        seq=state.fact_seq,
        cycle=state.cycle,
        type=type_,
        occurred_at=occurred_at or now,
        learned_at=now,
        by=by,
        detail={key: value for key, value in detail.items() if value is not None},
    )
    state.facts.append(fact)
    return fact


def forget_recorded(state: CaseState) -> None:
    """Drop what is over the bound, but only what the books have confirmed."""
    excess = len(state.facts) - KEPT_FACTS
    while excess > 0 and state.facts[0].seq <= state.recorded_seq:
        state.facts.pop(0)
        excess -= 1


def need(
    state: CaseState,
    kind: MessageKind,
    now: datetime,
    *,
    text_ref: str | None = None,
    asked: str | None = None,
    until: datetime | None = None,
) -> None:
    """Note that the customer must be told; one need per kind, but every reply's text counts."""
    if text_ref is None and any(waiting.kind is kind for waiting in state.needs):
        return
    state.needs.append(Need(kind=kind, since=now, text_ref=text_ref, asked=asked, fact_seq=state.fact_seq, until=until))


def drop_needs(state: CaseState, kinds: frozenset[MessageKind]) -> None:
    """Forget needs that no longer make sense."""
    state.needs = [waiting for waiting in state.needs if waiting.kind not in kinds]


def alert(
    state: CaseState,
    to: str,
    level: int,
    reason: str,
    now: datetime,
    *,
    clock: str | None = None,
    due_at: datetime | None = None,
    unsaid: Unsaid | None = None,
) -> None:
    """Have people told; the escalation level of the case never falls by itself."""
    state.escalation = max(state.escalation, level)
    state.alerts.append(Alert(to=to, level=level, reason=reason, clock=clock, due_at=due_at, since=now, unsaid=unsaid))


def end_promise(state: CaseState, end: PromiseEnd, at: datetime, now: datetime, why: str | None = None) -> None:
    """End the open promise, if there is one, in exactly one way."""
    promise = state.promise
    if promise is None:
        return
    late_s = max(0, round((at - promise.due_at).total_seconds())) if end is PromiseEnd.LATE else 0
    state.ended_promises.append(
        EndedPromise(
            number=promise.number,
            made_at=promise.made_at,
            due_at=promise.due_at,
            made_by=promise.made_by,
            cycle=promise.cycle,
            end=end,
            ended_at=at,
            late_s=late_s,
        )
    )
    setattr(state.tally, end.value, getattr(state.tally, end.value) + 1)
    state.promise = None
    remember(
        state,
        FactType.PROMISE_ENDED,
        now,
        by=SYSTEM,
        number=promise.number,
        end=end.value,
        due_at=promise.due_at.isoformat(),
        late_s=late_s or None,
        why=why,
    )
