"""A whole life in memory: plays the workflow for the rules, so that a case can live a year in milliseconds.

Owns the loop (advance, start jobs, play back how they ended), a scripted post and a scripted provider. Must never decide anything that
a rule decides. Called by the tests beside it; nothing here touches a server, a store or a clock.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from policies.book import CaseTraits, Policy, PolicyBook, choose, snapshot, with_defaults
from policies.case.case_id import case_id
from policies.case.commands import Command
from policies.case.facts import Actor, Fact
from policies.case.plans import AlertPlan, BooksEntry, MessagePlan, MessageResult, Reading, UnknownReference, WatchPlan, WatchResult
from policies.case.start import CaseStart, Reachability, TargetStart
from policies.case.state import CaseState, ClockState, EndedPromise, PromiseTally
from policies.case.vocabulary import CaseKind, Channel, FactType, MessageKind, MessageOutcome, PromiseEnd, Role
from policies.providers.statuses import TargetType
from policies.rules import v1
from policies.rules.v1 import clocks
from policies.rules.v1.life import Jobs
from policies.watch_plan import changes_something, next_check_in, tell_unknown_in
from tests.policies.time.moments import moment

MONDAY = moment("2026-03-02 10:00")  # Europe/Berlin
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEAD = Actor(who="mia", role=Role.LEAD, why="test")
AGENT = Actor(who="tom", role=Role.AGENT, why="test")
CUSTOMER = Actor(who="customer", role=Role.CUSTOMER)
_BOOKS = Path(__file__).resolve().parents[2] / "policies" / "books"
_REST = 60  # rounds within one moment after which a case that still wants something is said to be restless
_TARGETS = {
    CaseKind.REFUND: (TargetType.REFUND, "simpay"),
    CaseKind.DISPUTE: (TargetType.DISPUTE, "simpay"),
    CaseKind.DELAY: (TargetType.DELIVERY, "simship"),
}


@lru_cache
def book(name: str = "retail") -> PolicyBook:
    raw = tomllib.loads((_BOOKS / f"{name}.toml").read_text(encoding="utf-8"))
    return PolicyBook.model_validate(with_defaults(raw), extra="forbid")


def policy(kind: CaseKind = CaseKind.REFUND, segment: str | None = None, book_name: str = "retail", **change: Any) -> Policy:
    """A policy of the book with some of its fields replaced."""
    chosen = choose(book(book_name), CaseTraits(kind=kind, merchant="Nordwind", segment=segment))
    assert chosen is not None
    return Policy.model_validate({**chosen.model_dump(), **change}) if change else chosen


def start(
    kind: CaseKind = CaseKind.REFUND,
    *,
    rules: Policy | None = None,
    amounts: tuple[int, ...] = (4990,),
    reach: Reachability | None = None,
    **more: Any,
) -> CaseStart:
    """A case start as the desk builds it; its references at the provider are R-1-1, R-1-2 ..."""
    ruled_by = rules or policy(kind, more.get("segment"))
    type_, provider = _TARGETS[kind]
    identity = case_id("Nordwind", kind, "R-1")
    money = {"currency": "EUR", "method": "card"} if kind is CaseKind.REFUND else {}
    return CaseStart.model_validate(
        {
            "case_id": identity,
            "kind": kind,
            "merchant": "Nordwind",
            "reference": "R-1",
            "order": "O-77",
            "contact_ref": f"c-{identity}",
            "customer_key": f"k-{identity}",
            "owner": "tom",
            "targets": [
                TargetStart.model_validate(
                    {
                        "type": type_,
                        "provider": provider,
                        "reference": f"R-1-{number}",
                        "amount_minor": amount if money else None,
                        **money,
                    }
                )
                for number, amount in enumerate(amounts, start=1)
            ],
            "reach": reach or Reachability(channels=[Channel.EMAIL], zone="Europe/Berlin"),
            "policy": snapshot(book(), ruled_by, ()),
            **more,
        }
    )


class Answer(NamedTuple):
    """How the post ends one message: `after` that long; parked for `retry_in` if it says so."""

    outcome: MessageOutcome = MessageOutcome.ACCEPTED
    after: timedelta = timedelta()
    reason: str | None = None
    retry_in: timedelta | None = None
    channel: Channel | None = None  # None: the first of the plan


class Posted(NamedTuple):
    """One message that was composed, and how it ended (None while it is on its way)."""

    plan: MessagePlan
    at: datetime
    answer: Answer

    @property
    def kinds(self) -> list[MessageKind]:
        return [self.plan.kind, *self.plan.also]


class OnItsWay(NamedTuple):
    plan: MessagePlan
    entry: BooksEntry
    ends_at: datetime
    answer: Answer


@dataclass
class Life:
    """One case with its post, its provider and its clock."""

    state: CaseState
    now: datetime
    answers: list[Answer] = field(default_factory=list)  # for the next messages; then every one is accepted at once
    provider: dict[str, list[tuple[datetime, str, dict[str, Any]]]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)  # references that the provider has never heard of
    posted: list[Posted] = field(default_factory=list)
    told: list[tuple[AlertPlan, datetime]] = field(default_factory=list)
    written: dict[int, Fact] = field(default_factory=dict)  # the books' facts by seq
    ended: dict[int, EndedPromise] = field(default_factory=dict)  # the books' promises by number
    checks: int = 0
    books_away: bool = False  # no job can be done: messages are parked, people are not told, nothing is written
    on_its_way: OnItsWay | None = None
    watching: WatchPlan | None = None
    check_at: datetime | None = None

    @classmethod
    def of(cls, start: CaseStart, now: datetime = MONDAY, *answers: Answer, unknown: tuple[str, ...] = ()) -> "Life":
        life = cls(v1.begin(start, now), now, list(answers), unknown=set(unknown))
        life.settle()
        return life

    # -- the provider's script ------------------------------------------------------------------------------------------------

    def will_be(self, at: datetime, status: str, reference: str = "R-1-1", **more: Any) -> None:
        self.provider.setdefault(reference, []).append((at, status, more))

    def report(self, status: str, at: datetime | None = None, reference: str = "R-1-1", **more: Any) -> None:
        """A webhook, now; nobody listens once the case is closed."""
        if self.state.closed_at is not None:
            return
        type_, provider = _TARGETS[self.state.start.kind]
        v1.advance(self.state, self.now)
        v1.apply_readings(
            self.state,
            [Reading(type=type_, provider=provider, reference=reference, status=status, occurred_at=at, read_at=self.now, **more)],
            self.now,
        )
        v1.stale_watch(self.state)
        self.settle()

    # -- commands -------------------------------------------------------------------------------------------------------------

    def do(self, name: str, command: Command) -> None:
        refused = self.ask(name, command)
        assert refused is None, refused

    def ask(self, name: str, command: Command) -> str | None:
        """As the workflow's handler does it: what is due comes first, then the refusal or the act."""
        v1.advance(self.state, self.now)
        refused = v1.refusal(self.state, name, command, self.now)
        if refused is None:
            v1.apply(self.state, name, command, self.now)
        self.settle()
        return refused

    # -- time -----------------------------------------------------------------------------------------------------------------

    def until(self, moment: datetime) -> None:
        """Live on to that moment; everything due at it has happened."""
        while True:
            self.settle()
            following = self._next()
            if following is None or following > moment:
                break
            assert following > self.now or self._ripe(), f"restless at {self.now}: {v1.next_due(self.state)}"
            self.now = max(self.now, following)
            self._play_back()
        self.now = max(self.now, moment)
        self.settle()

    def after(self, **span: float) -> None:
        self.until(self.now + timedelta(**span))

    def outage_until(self, moment: datetime) -> None:
        """Nothing of ours runs until then."""
        self.now = moment
        self._play_back()
        self.settle()

    def _next(self) -> datetime | None:
        due = v1.next_due(self.state)
        return min(
            (at for at in (due.at if due else None, self.on_its_way.ends_at if self.on_its_way else None, self.check_at) if at is not None),
            default=None,
        )

    def _ripe(self) -> bool:
        """True if something that was started ends now."""
        flight, check_at = self.on_its_way, self.check_at
        return (flight is not None and flight.ends_at <= self.now) or (check_at is not None and check_at <= self.now)

    def settle(self) -> None:
        """Step until the case is at rest at this moment."""
        for _ in range(_REST):
            v1.advance(self.state, self.now)
            jobs = v1.jobs(self.state, self.now)
            self._start(jobs)
            if not self._ripe() and jobs == Jobs():
                return
            self._play_back()
        raise AssertionError(f"never at rest at {self.now}: {[(item.what, item.at) for item in v1.agenda(self.state)][:4]}")

    def _start(self, jobs: Jobs) -> None:
        if jobs.cancel_watch:
            self.watching = self.check_at = None
        if jobs.message is not None:
            assert self.on_its_way is None, "two messages on their way"
            answer = self.answers.pop(0) if self.answers else Answer()
            self.posted.append(Posted(jobs.message, self.now, answer))
            self.on_its_way = OnItsWay(jobs.message, v1.entry(self.state), self.now + answer.after, answer)
        entry = v1.entry(self.state) if jobs.alerts or jobs.record else None
        if entry is not None and self.books_away:
            for plan in jobs.alerts:
                v1.not_alerted(self.state, plan, "books", self.now)
            v1.not_recorded(self.state, self.now)
        elif entry is not None:
            self.told.extend((plan, self.now) for plan in jobs.alerts)
            self._write(entry)
        if jobs.watch is not None:
            self.watching = jobs.watch
            first = timedelta(seconds=next_check_in(jobs.watch, self.now)) if jobs.watch.mode == "tail" else timedelta()
            self.check_at = self.now + first

    def _write(self, entry: BooksEntry) -> None:
        self.written.update({fact.seq: fact for fact in entry.facts})
        self.ended.update({promise.number: promise for promise in entry.ended_promises})
        v1.recorded(self.state, entry)

    def _play_back(self) -> None:
        flight = self.on_its_way
        if flight is not None and flight.ends_at <= self.now:
            self.on_its_way = None
            answer = flight.answer
            if self.books_away:
                v1.not_recorded(self.state, self.now)
                answer = Answer(MessageOutcome.PARKED, reason="books")
            else:
                self._write(flight.entry)
            result = MessageResult(
                outcome=answer.outcome,
                at=flight.ends_at,
                channel=answer.channel or next(iter(flight.plan.channels), None),
                reason=answer.reason,
                retry_at=flight.ends_at + answer.retry_in if answer.retry_in is not None else None,
            )
            v1.message_ended(self.state, flight.plan.message_id, result, self.now)
        if self.watching is not None and self.check_at is not None and self.check_at <= self.now:
            self._check(self.watching)

    def _check(self, plan: WatchPlan) -> None:
        self.checks += 1
        news = []
        for target in plan.targets:
            reached = [step for step in self.provider.get(target.reference, []) if step[0] <= self.now]
            if not reached:
                continue
            at, status, more = max(reached, key=lambda step: step[0])
            reading = Reading.model_validate(
                {
                    "type": target.type,
                    "provider": target.provider,
                    "reference": target.reference,
                    "status": status,
                    "occurred_at": at,
                    "read_at": self.now,
                    **more,
                }
            )
            if changes_something(target, reading, plan.mode):
                news.append(reading)
        patience = {
            target.reference: left
            for target in plan.targets
            if target.reference in self.unknown and (left := tell_unknown_in(plan, target, self.now)) is not None
        }
        nobody_knows = [
            UnknownReference(provider=target.provider, reference=target.reference, since=target.asked_since or plan.started_at)
            for target in plan.targets
            if patience.get(target.reference, 1) <= 0
        ]
        if news or nobody_knows:
            self.watching = self.check_at = None
            result = WatchResult(generation=plan.generation, readings=news, unknown=[] if news else nobody_knows)
            v1.watch_ended(self.state, result, self.now)
        else:
            wait = min([next_check_in(plan, self.now), *(max(1.0, left) for left in patience.values())])
            self.check_at = self.now + timedelta(seconds=wait)

    # -- looking --------------------------------------------------------------------------------------------------------------

    def again(self) -> None:
        """Continue-as-new: the state as it arrives in the next run."""
        carried = CaseState.model_validate_json(self.state.model_dump_json())
        assert carried == self.state
        self.state = carried

    def kinds(self) -> list[str]:
        return [posted.plan.kind.value for posted in self.posted]

    def moments(self, kind: MessageKind) -> list[datetime]:
        return [posted.at for posted in self.posted if kind in posted.kinds]

    def facts(self, type_: FactType) -> list[Fact]:
        known = self.written | {fact.seq: fact for fact in self.state.facts}
        return [fact for _, fact in sorted(known.items()) if fact.type is type_]

    def fired(self, clock: str) -> list[tuple[datetime, str, int]]:
        """(when we noticed, which rung, level) of every threshold that fired."""
        return [
            (fact.learned_at, str(fact.detail["at"]), int(fact.detail["level"] or 0))
            for fact in self.facts(FactType.THRESHOLD_FIRED)
            if fact.detail["clock"] == clock
        ]

    def clock(self, clock_id: str) -> ClockState:
        found = clocks.find(self.state, clock_id)
        assert found is not None, clock_id
        return found

    def rungs(self, clock_id: str) -> dict[str, datetime]:
        return {rung.spec: rung.at for rung in self.clock(clock_id).rungs}

    def ends(self) -> dict[int, tuple[PromiseEnd, int]]:
        """Promise number -> (how it ended, seconds late)."""
        known = self.ended | {promise.number: promise for promise in self.state.ended_promises}
        return {number: (promise.end, promise.late_s) for number, promise in sorted(known.items())}

    def promise_due_at(self) -> datetime:
        assert self.state.promise is not None
        return self.state.promise.due_at


def sums_are_exact(tally: PromiseTally, open_: bool) -> bool:
    """made = kept + late + broken + superseded + withdrawn + (1 if one is open)."""
    return tally.made == tally.kept + tally.late + tally.broken + tally.superseded + tally.withdrawn + int(open_)
