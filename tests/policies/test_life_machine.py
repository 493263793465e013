"""A refund, a dispute and a delay driven by random commands, readings, outcomes, outages and time, against a small model and what must
always hold.
"""

import copy
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.state import CaseState
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, FactType, MessageClass, MessageKind, MessageOutcome, Role
from policies.money import Money
from policies.rules import v1
from policies.rules.v1 import clocks
from policies.rules.v1.clocks import NEW_DATE
from policies.time.spans import Span
from tests.policies.driver import CUSTOMER, DAY, LEAD, MINUTE, MONDAY, Answer, Life, start, sums_are_exact
from tests.policies.life_model import DELAY, DISPUTE, REFUND, STAGES, Kind, Model

KINDS = (REFUND, DISPUTE, DELAY)
REASONS = sorted({reason for kind in KINDS for reason in kind.reasons})
OUTCOMES = sorted({outcome for kind in KINDS for outcome in {*kind.free, *kind.paid, *kind.outcome_of.values()}})
PARTS = ("R-1-1", "R-1-2")
spans = st.sampled_from(
    [timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=23, minutes=59), DAY, 3 * DAY, 8 * DAY, 31 * DAY]
)
_POLICY = {"start": {"policy"}}
backs = st.sampled_from([timedelta(0), timedelta(minutes=1), timedelta(hours=30)])
shifts = st.sampled_from([-400 * DAY, -DAY, timedelta(0), timedelta(hours=1), 2 * DAY, 9 * DAY, 30 * DAY])
roles = st.sampled_from([Role.LEAD, Role.LEAD, Role.ADMIN, Role.AGENT, Role.CUSTOMER])
answers = st.lists(
    st.builds(
        Answer,
        outcome=st.sampled_from(
            [
                MessageOutcome.ACCEPTED,
                MessageOutcome.ACCEPTED,
                MessageOutcome.PARKED,
                MessageOutcome.UNKNOWN,
                MessageOutcome.REFUSED,
            ]
        ),
        after=st.sampled_from([timedelta(0), timedelta(seconds=40), 9 * MINUTE]),
        reason=st.just("scripted"),
        retry_in=st.sampled_from([None, timedelta(minutes=1), timedelta(hours=5)]),
    ),
    min_size=1,
    max_size=4,
)


class Case(RuleBasedStateMachine):
    """What is done to a case of any kind, and what always holds. The kinds below open it and know the provider's words."""

    kind: Kind
    law: tuple[str, datetime] | None = None  # a clock that nothing moves, and its date

    def begin(self, life: Life, *parts: str) -> None:
        self.life = life
        self.model = Model(self.kind, dict.fromkeys(parts, ("unknown", MONDAY)), law=self.law[1] if self.law else None)
        self.known_facts = 0
        self.seen_posts = 0
        self.events = 0
        self.closed_as: tuple[object, ...] | None = None

    # -- what happens ---------------------------------------------------------------------------------------------------------

    def command(self, name: str, role: Role, command: c.Command, value: object = None, moment: datetime | None = None) -> bool:
        """Ask, compare with the model; what is refused changes nothing."""
        self.follow()
        life = self.life
        expected = self.model.allows(name, role.value, life.now, value, moment)
        before = life.state.model_dump_json(exclude=_POLICY)
        refused = v1.refusal(life.state, name, command, life.now)
        assert life.state.model_dump_json(exclude=_POLICY) == before, f"{name} changed the state by asking"
        assert expected in (None, refused is None), f"{name} {value} {moment}: {refused}"
        if refused is not None:
            assert refused.strip() == refused != ""
            return False
        v1.apply(life.state, name, command, life.now)
        return True

    def done(self) -> None:
        self.life.settle()

    @staticmethod
    def by(role: Role) -> Actor:
        return Actor(who=role.value, role=role, why="machine")

    @rule(role=roles, outcome=st.sampled_from([*OUTCOMES, "nonsense"]), paid=st.booleans())
    def resolve(self, role: Role, outcome: str, paid: bool) -> None:
        amounts = [Money(amount_minor=500, currency="EUR")] if paid else []
        if self.command("resolve", role, c.Resolve(by=self.by(role), outcome=outcome, amounts=amounts), (outcome, paid)):
            self.model.resolve(outcome)
        self.done()

    @rule(role=roles, reason=st.sampled_from([*REASONS, "nonsense"]), shift=st.none() | shifts)
    def hold(self, role: Role, reason: str, shift: timedelta | None) -> None:
        until = self.life.now + shift if shift is not None else None
        if self.command("hold", role, c.HoldCase(by=self.by(role), reason=reason, until=until), reason, until):
            self.model.hold = reason
        self.done()

    @rule(role=roles)
    def resume(self, role: Role) -> None:
        if self.command("resume", role, c.Resume(by=self.by(role))):
            self.model.hold = None
        self.done()

    @rule(name=st.sampled_from(["withdraw", "merge"]), role=roles, sure=st.integers(0, 5))
    def end(self, name: str, role: Role, sure: int) -> None:
        if sure:
            return  # seldom, or most lives would be short
        command = c.Withdraw(by=self.by(role)) if name == "withdraw" else c.Merge(by=self.by(role), into="another")
        if self.command(name, role, command):
            self.model.resolve("withdrawn" if name == "withdraw" else "merged")
        self.done()

    @rule(text=st.sampled_from(["", "t-9"]), not_solved=st.booleans(), supplied=st.booleans())
    def customer_replies(self, text: str, not_solved: bool, supplied: bool) -> None:
        command = c.CustomerReply(by=CUSTOMER, text_ref=text, not_solved=not_solved, supplied=supplied)
        if self.command("customer_reply", Role.CUSTOMER, command, bool(text or not_solved or supplied)):
            if supplied and self.kind.reasons.get(self.model.hold or ""):
                self.model.hold = None
            if not_solved and self.model.resolved is not None:
                self.model.reopen()
        self.done()

    def reading(self, reference: str, status: str, back: timedelta, repeated: bool, **more: Any) -> None:
        """A webhook. One that is delivered twice says it once."""
        self.follow()
        at = self.life.now - back
        self.events += 1
        self.model.reading(reference, status, at, **more)
        for _ in range(2 if repeated else 1):
            self.life.report(status, at, reference, event_id=f"e-{self.events}", **more)

    @rule(script=answers)
    def the_post_will(self, script: list[Answer]) -> None:
        self.life.answers = list(script)

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.life.until(self.life.now + span)

    @rule(span=spans)
    def everything_is_down(self, span: timedelta) -> None:
        self.life.outage_until(self.life.now + span)

    @rule(away=st.booleans())
    def the_books(self, away: bool) -> None:
        self.life.books_away = away

    @rule()
    def the_next_run(self) -> None:
        self.life.again()

    # -- what always holds ----------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """What time alone brings about, as the timeline tells it."""
        for fact in self.new_facts():
            match fact.type:
                case FactType.ASK_EXPIRED:
                    self.model.hold = None
                case FactType.RESUMED if fact.detail.get("why") == "until":
                    self.model.hold = None
                case FactType.RESOLVED if fact.by is not None and fact.by.who == "policy":
                    self.model.resolve(str(fact.detail["outcome"]))
                case FactType.CLOSED:
                    self.model.closed = True

    def new_facts(self) -> list[Any]:
        known = self.life.written | {fact.seq: fact for fact in self.life.state.facts}
        fresh = [known[seq] for seq in range(self.known_facts + 1, self.life.state.fact_seq + 1)]
        self.known_facts = self.life.state.fact_seq
        return fresh

    @invariant()
    def it_stands_where_the_model_says(self) -> None:
        self.follow()
        state, model = self.life.state, self.model
        assert (state.resolution.outcome if state.resolution else None) == model.resolved
        assert (state.hold.reason if state.hold else None) == model.hold
        assert state.cycle == model.cycle
        assert {target.reference: target.status for target in state.targets} == {name: status for name, (status, _) in model.parts.items()}
        waits = self.kind.reasons.get(model.hold or "")
        assert state.status is (
            CaseStatus.CLOSED
            if model.closed
            else CaseStatus.RESOLVED
            if model.resolved
            else CaseStatus.OPEN
            if waits is None
            else CaseStatus.WAITING_ON_CUSTOMER
            if waits
            else CaseStatus.ON_HOLD
        )

    @invariant()
    def every_promise_is_accounted_for(self) -> None:
        state = self.life.state
        assert sums_are_exact(state.tally, state.promise is not None)
        ended = list(self.life.ends())
        assert len(ended) == state.tally.made - (state.promise is not None)
        if state.promise is not None and state.promise.due_at <= self.life.now and not self.model.resolved:
            # A word that is due is on its way or waits for what it cannot go without.
            assert state.in_flight is not None or any(waiting.kind is MessageKind.UPDATE for waiting in state.needs)

    @invariant()
    def nothing_routine_is_said_after_the_resolution(self) -> None:
        for posted in self.life.posted[self.seen_posts :]:
            if posted.plan.context.resolution is not None:
                assert not {MessageKind.UPDATE, MessageKind.NEWS, MessageKind.ASK} & set(posted.kinds)
                assert posted.plan.next_word_at is None
            else:
                assert MessageKind.RESOLUTION not in posted.kinds
            assert posted.plan.next_word_at is None or posted.plan.next_word_at > posted.at
        self.seen_posts = len(self.life.posted)

    @invariant()
    def one_message_is_on_its_way_at_most(self) -> None:
        flight, driven = self.life.state.in_flight, self.life.on_its_way
        assert (flight.message_id if flight else None) == (driven.plan.message_id if driven else None)

    @invariant()
    def escalation_never_falls_and_each_rung_fires_once(self) -> None:
        escalation, fired = 0, set()
        runs: dict[object, int] = {}
        for fact in sorted((self.life.written | {fact.seq: fact for fact in self.life.state.facts}).values(), key=lambda fact: fact.seq):
            if fact.type is FactType.CLOCK_STARTED and not fact.detail.get("again"):
                runs[fact.detail["clock"]] = runs.get(fact.detail["clock"], 0) + 1
            if fact.type in (FactType.THRESHOLD_FIRED, FactType.THRESHOLD_PASSED):
                clock = fact.detail["clock"]
                rung = (clock, fact.detail["due_at"] if clock == NEW_DATE else runs[clock], fact.detail["at"])  # each new date is another
                assert rung not in fired, rung
                fired.add(rung)
                assert fact.learned_at >= fact.occurred_at
            if fact.type is FactType.THRESHOLD_FIRED:
                escalation = max(escalation, int(fact.detail["level"] or 0))
        assert self.life.state.escalation >= escalation
        assert self.life.state.escalation >= self.model.escalation
        self.model.escalation = self.life.state.escalation

    @invariant()
    def the_law_does_not_move(self) -> None:
        if self.law is not None:
            name, date = self.law
            clock = self.life.clock(name)
            assert clock.due_at == date
            assert clock.held_since is None
            assert clock.breached_at in (None, date)

    @invariant()
    def what_is_next_lies_ahead(self) -> None:
        due = v1.next_due(self.life.state)
        assert due is None or due.at > self.life.now, due

    @invariant()
    def nobody_is_told_twice(self) -> None:
        ids = [plan.alert_id for plan, _ in self.life.told]
        assert len(set(ids)) == len(ids)

    @invariant()
    def facts_are_counted_without_a_gap(self) -> None:
        seqs = [fact.seq for fact in self.life.state.facts]
        assert seqs == list(range(self.life.state.fact_seq - len(seqs) + 1, self.life.state.fact_seq + 1))

    @invariant()
    def closed_is_final(self) -> None:
        state = self.life.state
        if state.closed_at is None:
            return
        assert state.promise is None
        assert state.in_flight is None
        end = (state.status, state.closed_at, state.cycle, state.resolution, state.tally, len(self.life.posted), len(self.life.told))
        assert self.closed_as in (None, copy.deepcopy(end))
        self.closed_as = copy.deepcopy(end)

    @invariant()
    def it_survives_the_wire(self) -> None:
        state = self.life.state
        written = state.model_dump(mode="json", exclude=_POLICY)
        written["start"]["policy"] = state.start.policy  # as large as all the rest, and no rule changes it
        assert CaseState.model_validate(written) == state

    def teardown(self) -> None:
        """Whatever happened: answered by a person and resolved, every case closes and every promise has ended."""
        if not hasattr(self, "life"):
            return
        life = self.life
        life.answers, life.books_away = [], False
        life.after(days=1)  # the books' next turn comes
        told = {plan.alert_id for plan, _ in life.told}
        assert len(told) == life.state.alert_seq, "people were not told of everything"
        if life.state.resolution is None:
            life.do("resolve", c.Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=1, currency="EUR")]))
        for _ in range(3):  # an answer, a low score's recovery
            if life.state.closed_at is None:
                life.do("reply", c.Reply(by=LEAD, text_ref="t-end"))
            life.after(days=40)
        open_ends = life.state.model_dump(include={"needs", "in_flight", "unreachable_since", "feedback", "clocks"})
        assert life.state.closed_at is not None, open_ends
        assert life.state.promise is None
        assert sums_are_exact(life.state.tally, False)
        assert sorted(life.written) == list(range(1, life.state.fact_seq + 1))
        assert len(life.ended) == life.state.tally.made  # every promise that was made, once (life.ended is keyed by number)


class Refund(Case):
    """Also what is done to cases of every kind alike: here once, so that the others have room for what is their own."""

    kind = REFUND

    @initialize(law_known=st.booleans())
    def opened(self, law_known: bool) -> None:
        life = Life.of(start(amounts=(4990, 100), facts={"withdrawal_told": MONDAY} if law_known else {}))
        self.law = ("withdrawal_refund", life.clock("withdrawal_refund").due_at) if law_known else None
        self.begin(life, *PARTS)

    @rule(
        reference=st.sampled_from(PARTS),
        status=st.sampled_from(["pending", "requires_action", "succeeded", "succeeded", "failed", "canceled", "unknown", "gibberish"]),
        back=backs,
        repeated=st.booleans(),
    )
    def the_provider_says(self, reference: str, status: str, back: timedelta, repeated: bool) -> None:
        self.reading(reference, status, back, repeated)

    @rule(role=roles, level=st.integers(0, 10))
    def escalate(self, role: Role, level: int) -> None:
        self.model.escalation = self.life.state.escalation
        if self.command("escalate", role, c.Escalate(by=self.by(role), level=level), level):
            assert self.life.state.escalation == level
        self.done()

    @rule(role=roles, shift=shifts)
    def extend(self, role: Role, shift: timedelta) -> None:
        until, told = self.life.now + shift, clocks.resolve_by(self.life.state, self.life.now)
        if self.command("extend", role, c.Extend(by=self.by(role), until=until), moment=until):
            assert told is None or until > told, "a date that the customer has is never followed by an earlier one"
        self.done()

    @rule(role=roles, owner=st.sampled_from(["", "tom", "anna"]))
    def reassign(self, role: Role, owner: str) -> None:
        if self.command("reassign", role, c.Reassign(by=self.by(role), owner=owner), owner):
            self.model.owner = owner
        self.done()

    @rule(role=roles, name=st.sampled_from(["reply", "note"]), text=st.sampled_from(["", "t-1", "t-2"]))
    def write(self, role: Role, name: str, text: str) -> None:
        self.command(name, role, (c.Reply if name == "reply" else c.Note)(by=self.by(role), text_ref=text), text)
        self.done()

    @rule(role=roles, shift=st.none() | shifts)
    def phone(self, role: Role, shift: timedelta | None) -> None:
        promised = self.life.now + shift if shift is not None else None
        self.command("phone_contact", role, c.PhoneContact(by=self.by(role), promised_at=promised), moment=promised)
        self.done()

    @rule(csat=st.none() | st.integers(0, 6), nps=st.none() | st.integers(-1, 11))
    def feedback(self, csat: int | None, nps: int | None) -> None:
        if self.command("feedback", Role.CUSTOMER, c.GiveFeedback(by=CUSTOMER, csat=csat, nps=nps)):
            assert csat is None or 1 <= csat <= 5
            assert nps is None or 0 <= nps <= 10
        self.done()

    @rule(
        out=st.sampled_from([[], [], ["status"], ["survey"]]),
        wish=st.sampled_from([None, "24h", "500h"]),
        channel=st.sampled_from(["email", "sms"]),
    )
    def preferences(self, out: list[str], wish: str | None, channel: str) -> None:
        reach = Reachability(
            channels=[Channel(channel)],
            opted_out=[MessageClass(item) for item in out],
            cadence=Span.parse(wish) if wish else None,
            quiet_from="00:00",  # equal times are never quiet: a promise on the phone may name any hour
            quiet_until="00:00",
            zone="Europe/Berlin",
        )
        if self.command("preferences", Role.CUSTOMER, c.ChangePreferences(by=CUSTOMER, reach=reach)):
            self.model.opted_out = "status" in out
        self.done()

    @rule(span=spans)
    def the_next_run_behaves_as_this_one_would(self, span: timedelta) -> None:
        life = self.life
        shared = (life.state.start, *life.posted, *life.told, *life.written.values())  # what nothing changes any more
        this, next_run = (copy.deepcopy(life, {id(one): one for one in shared}) for _ in range(2))
        next_run.again()
        for life in (this, next_run):
            life.until(life.now + span)
        assert next_run.state == this.state
        assert [posted.plan for posted in next_run.posted] == [posted.plan for posted in this.posted]


class Dispute(Case):
    kind = DISPUTE

    @initialize(due=st.none() | st.sampled_from([5 * DAY, 20 * DAY]), stage=st.none() | st.sampled_from(STAGES[:2]))
    def opened(self, due: timedelta | None, stage: str | None) -> None:
        due_by = MONDAY + due if due is not None else None
        self.begin(Life.of(start(CaseKind.DISPUTE, dispute_due_by=due_by, dispute_stage=stage)), "R-1-1")
        self.model.due_by, self.model.stage = due_by, stage

    @rule(
        status=st.sampled_from(["needs_response", "needs_response", "under_review", "won", "lost", "closed", "unknown", "gibberish"]),
        stage=st.none() | st.sampled_from(STAGES),
        due=st.none() | st.sampled_from([-DAY, 2 * DAY, 9 * DAY, 30 * DAY]),
        back=backs,
        repeated=st.booleans(),
    )
    def the_network_says(self, status: str, stage: str | None, due: timedelta | None, back: timedelta, repeated: bool) -> None:
        self.reading("R-1-1", status, back, repeated, stage=stage, due_by=self.life.now + due if due is not None else None)

    @rule(role=st.sampled_from([Role.LEAD, Role.AGENT, Role.CUSTOMER]))
    def evidence_is_handed_in(self, role: Role) -> None:
        command = c.ReportFact(by=self.by(role), name="evidence_submitted")
        if self.command("report_fact", role, command, value=True):
            self.model.answered = True
        self.done()

    # Of so many rules each comes up seldom; what a dispute is about comes up more often.
    it_says_more = it_goes_on = the_network_says
    more_is_handed_in = evidence_is_handed_in

    @invariant()
    def the_network_is_answered_by_its_date(self) -> None:
        state, model = self.life.state, self.model
        assert state.dispute_stage == model.stage
        assert state.dispute_due_by == model.due_by
        clock = clocks.find(state, "evidence_due")
        runs = clock is not None and not clock.ended
        if clock is not None and runs:
            assert clock.due_at == model.due_by  # the latest date that it told
            assert clock.held_since is None
        if model.answered or model.resolved is not None:
            assert not runs, "asked for what has been handed in"
        elif clock is None:
            assert model.due_by is None or model.closed


class Delay(Case):
    kind = DELAY

    @initialize(law_known=st.booleans(), late=st.booleans())
    def opened(self, law_known: bool, late: bool) -> None:
        promised = MONDAY - DAY if late else MONDAY + 2 * DAY
        facts = {"ordered": MONDAY - 10 * DAY} if law_known else {}
        life = Life.of(start(CaseKind.DELAY, amounts=(0, 0), delay_promised_at=promised, facts=facts))
        self.law = ("delivery_limit", life.clock("delivery_limit").due_at) if law_known else None
        self.begin(life, *PARTS)

    @rule(
        reference=st.sampled_from(PARTS),
        status=st.sampled_from(["label_created", "in_transit", "exception", "out_for_delivery", "delivered", "delivered", "lost", "odd"]),
        eta=st.none() | st.sampled_from([-DAY, DAY, 6 * DAY]),
        back=backs,
        repeated=st.booleans(),
    )
    def the_carrier_says(self, reference: str, status: str, eta: timedelta | None, back: timedelta, repeated: bool) -> None:
        self.events += 1  # the date is no part of the model: it is told beside it
        self.reading(reference, status, back, repeated)
        if eta is not None:
            self.life.report("unknown", self.life.now, reference, event_id=f"eta-{self.events}", eta_at=self.life.now + eta)

    it_says_more = it_goes_on = the_carrier_says

    @invariant()
    def a_parcel_is_awaited_until_the_newest_date(self) -> None:
        clock = clocks.find(self.life.state, "new_delivery_date")
        if clock is not None and not clock.ended and self.model.resolved is None:
            assert clock.due_at == (self.life.state.delay_revised_at or self.life.state.delay_promised_at)


def _at_length(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),  # making a failing life shorter takes longer than a test may; 30 steps can be read
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


# As many as stay below 20 s together; more find nothing that these do not (run with 1000 each when the rules change).
Refund.TestCase.settings = _at_length(35)
Dispute.TestCase.settings = _at_length(60)
Delay.TestCase.settings = _at_length(35)
TestRefund, TestDispute, TestDelay = Refund.TestCase, Dispute.TestCase, Delay.TestCase
