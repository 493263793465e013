"""The clocks of a case, each with its thresholds and what became of them; held periods; what binds first.

Owns the reading of the engine's snapshot, and of the facts alone where the engine does not answer. Must never reckon a date: the case
does. Pure; drawn by clock_picture.py and listed by the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from policies.book import ClockPolicy, Policy
from policies.case.facts import Fact
from policies.case.vocabulary import FactType
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.said_of_facts import how_long, plainly
from starter.web.console.span_words import threshold_words

State = Literal["running", "stopped", "breached", "met", "late", "ended"]
STATE_WORDS: dict[State, str] = {
    "running": "running",
    "stopped": "stopped by the hold",
    "breached": "breached, still running",
    "met": "met",
    "late": "met, late",
    "ended": "ended",
}
_ENDED: dict[str, State] = {"met": "met", "breached_then_met": "late", "cancelled": "ended"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One threshold. `at` is None where only the engine knows, which does not answer."""

    spec: str
    at: datetime | None
    done: Literal["fired", "passed", "ahead"]
    breach: bool
    tells: str  # "lead is told, level 2"
    words: str  # "at 75 % of the time"


@dataclass(frozen=True, slots=True)
class Clock:
    id: str
    name: str
    state: State
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    breached_at: datetime | None
    marks: tuple[Mark, ...]
    basis: str
    promised: bool
    binds: bool
    citation: str | None

    @property
    def runs(self) -> bool:
        return self.state in ("running", "stopped", "breached")


def clocks_of(case: CaseSeen, policy: Policy | None) -> list[Clock]:
    """Those that run, soonest due first; then those that have ended, the latest first."""
    found = _of_snapshot(case, policy) if case.snapshot.clocks else _of_facts(case.facts, policy, case.snapshot.resolve_by)
    running = sorted((clock for clock in found if clock.runs), key=lambda clock: (clock.due_at is None, clock.due_at or clock.started_at))
    ended = sorted((clock for clock in found if not clock.runs), key=lambda clock: clock.ended_at or clock.started_at, reverse=True)
    return [*running, *ended]


def holds_of(facts: Sequence[Fact], now: datetime) -> list[tuple[datetime, datetime, str]]:
    """From when to when the case was held, and why; the one that lasts ends now."""
    found: list[tuple[datetime, datetime, str]] = []
    begun: tuple[datetime, str] | None = None
    for fact in facts:
        if fact.type is FactType.HELD and begun is None:
            begun = (fact.occurred_at, str(fact.detail.get("reason")))
        elif fact.type is FactType.RESUMED and begun is not None:
            found.append((begun[0], fact.occurred_at, begun[1]))
            begun = None
    return [*found, (begun[0], max(now, begun[0]), begun[1])] if begun is not None else found


def _of_snapshot(case: CaseSeen, policy: Policy | None) -> list[Clock]:
    fired = _moments(case.facts)
    return [_clock(clock, policy, fired, case.snapshot.resolve_by_clock) for clock in case.snapshot.clocks]


def _moments(facts: Sequence[Fact]) -> dict[tuple[str, str], datetime]:
    """When each threshold came, as the timeline has it: the newest of a clock that ran twice."""
    kinds = (FactType.THRESHOLD_FIRED, FactType.THRESHOLD_PASSED, FactType.CLOCK_BREACHED)
    return {(str(fact.detail.get("clock")), str(fact.detail.get("at", "100%"))): fact.occurred_at for fact in facts if fact.type in kinds}


def _clock(
    raw: Mapping[str, str | int | bool | None], policy: Policy | None, fired: Mapping[tuple[str, str], datetime], binding: str | None
) -> Clock:
    clock_id, ended = str(raw["id"]), raw.get("ended")
    definition = policy.clock(clock_id) if policy is not None else None
    started_at, due_at = _at(raw["started_at"]), _at(raw["due_at"])
    assert started_at is not None
    assert due_at is not None
    breached_at = _at(raw.get("breached_at"))
    state: State = "running"
    if ended:
        state = _ENDED.get(str(ended), "ended")
    elif breached_at is not None:
        state = "breached"
    elif raw.get("held_since"):
        state = "stopped"
    specs = [part.partition(":") for part in str(raw.get("rungs") or "").split(", ") if part]
    marks = tuple(_mark(spec, said, clock_id, definition, fired, started_at, due_at) for spec, _, said in specs)
    return Clock(
        id=clock_id,
        name=plainly(clock_id).capitalize(),
        state=state,
        started_at=started_at,
        due_at=due_at,
        ended_at=_at(raw.get("ended_at")),
        breached_at=breached_at,
        marks=marks,
        basis=definition.basis if definition is not None else "internal",
        promised=definition is not None and definition.promised,
        binds=clock_id == binding and not ended,
        citation=definition.citation if definition is not None else None,
    )


def _mark(
    spec: str,
    said: str,
    clock_id: str,
    definition: ClockPolicy | None,
    fired: Mapping[tuple[str, str], datetime],
    started_at: datetime,
    due_at: datetime,
) -> Mark:
    rung = next((rung for rung in definition.ladder if rung.at == spec), None) if definition is not None else None
    done: Literal["fired", "passed", "ahead"] = "fired" if said == "fired" else "passed" if said == "passed" else "ahead"
    at = _at(said) if done == "ahead" else fired.get((clock_id, spec))
    if at is None and spec.endswith("%") and spec[:-1].isdigit():
        # Known to have come, its fact is beyond what the page looks at: where it stood, by the time that passes on the wall.
        at = started_at + (due_at - started_at) * int(spec[:-1]) / 100
    tells = f"{plainly(rung.to)} is told, level {rung.level}" if rung is not None else ""
    return Mark(spec, at, done, spec == "100%", tells, threshold_words(rung) if rung is not None else spec)


def _of_facts(facts: Sequence[Fact], policy: Policy | None, resolve_by: datetime | None) -> list[Clock]:
    """The engine is silent: the clocks as they were started, without what a hold has moved since."""
    found: dict[str, Clock] = {}
    for fact in facts:
        clock_id = str(fact.detail.get("clock"))
        if fact.type is FactType.CLOCK_STARTED:
            definition = policy.clock(clock_id) if policy is not None else None
            due_at = _at(fact.detail.get("due_at"))
            found[clock_id] = Clock(
                id=clock_id,
                name=plainly(clock_id).capitalize(),
                state="running",
                started_at=fact.occurred_at,
                due_at=due_at,
                ended_at=None,
                breached_at=None,
                marks=(),
                basis=definition.basis if definition is not None else "internal",
                promised=definition is not None and definition.promised,
                binds=due_at is not None and due_at == resolve_by,
                citation=definition.citation if definition is not None else None,
            )
        elif clock_id in found and fact.type is FactType.CLOCK_BREACHED:
            found[clock_id] = _changed(found[clock_id], state="breached", breached_at=fact.occurred_at)
        elif clock_id in found and fact.type is FactType.CLOCK_MET:
            late: State = "late" if fact.detail.get("late") else "met"
            found[clock_id] = _changed(found[clock_id], state=late, ended_at=fact.occurred_at, binds=False)
        elif clock_id in found and fact.type in (FactType.THRESHOLD_FIRED, FactType.THRESHOLD_PASSED):
            spec = str(fact.detail.get("at"))
            done: Literal["fired", "passed"] = "fired" if fact.type is FactType.THRESHOLD_FIRED else "passed"
            tells = f"{plainly(fact.detail.get('to'))} is told, level {fact.detail.get('level')}"
            mark = Mark(spec, fact.occurred_at, done, spec == "100%", tells, spec)
            found[clock_id] = _changed(found[clock_id], marks=(*found[clock_id].marks, mark))
    return list(found.values())


def _changed(clock: Clock, **changes: object) -> Clock:
    values = {name: getattr(clock, name) for name in Clock.__slots__} | changes
    return Clock(**values)


def _at(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def how_far(due_at: datetime, now: datetime) -> str:
    """In 3 days, 2 hours ago."""
    if abs(due_at - now) < timedelta(seconds=1):
        return "now"
    return f"in {how_long(due_at - now)}" if due_at > now else f"{how_long(now - due_at)} ago"
