"""Cases for the console's pages: a life in the books, and a desk that answers as a test wants.

Owns the rows of such a life and the scripted desk. What is played here comes in through `Backends`; nothing is patched.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from policies.case.commands import Command, Receipt, Snapshot
from policies.case.facts import Actor, Fact
from policies.case.plans import Foreseen, MessageContext
from policies.case.start import Reachability
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, FactType, MessageKind, PromiseEnd, Role
from policies.links import PATH, LinkPurpose
from policies.providers.statuses import TargetType
from starter.desk import CaseKey, CaseNotFound, MovedOn
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.recorder import Recorder
from store.references import CaseReference
from store.standing import DeliveryState
from tests.store.samples import CASE, MONDAY, ended, entry, fact, hours, plan, promise, result

ANA = Actor(who="ana", role=Role.AGENT, why="the warehouse has it")
ADA = Contact(name="Ada Brook", email="ada.brook@example.com", phone="+447700900117", locale="en", zone="Europe/London")
KEY = CaseKey(CASE, CaseKind.REFUND)
LETTER = f"Hello Ada Brook,\n\nyour refund is on its way: https://care.example.com{PATH[LinkPurpose.STATUS]}SECRETTOKEN\n\nNorthwind"


@dataclass
class ScriptedDesk:
    """`engine`: what the case says; `facts`: what it holds that the books may lack; `fails` is raised by everything."""

    engine: dict[CaseKey, Snapshot] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    fails: Exception | None = None
    says_no: Exception | None = None  # of an act alone
    foreseen: Foreseen | Exception = field(default_factory=Foreseen)
    asked: list[tuple[str, Command]] = field(default_factory=list)
    acts: list[tuple[str, CaseKey, Actor, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    slips_in: list[Fact] = field(default_factory=list)  # happens between the look of a page and its act, one each time
    decided_on: tuple[CaseKey, int] | None = None

    def as_of(self, case: CaseKey, seq: int | None) -> "ScriptedDesk":
        if self.slips_in:
            happened = self.slips_in.pop(0)
            self.facts = [*self.facts, happened]
            self.engine = {case: self.engine[case].model_copy(update={"counts": {"facts": happened.seq}})}
        return replace(self, decided_on=(case, seq) if seq is not None else None)

    async def snapshot(self, case: CaseKey) -> Snapshot:
        if self.fails is not None:
            raise self.fails
        if case not in self.engine:
            raise CaseNotFound(f"nobody knows {case}")
        return self.engine[case]

    async def newest_facts(self, case: CaseKey) -> list[Fact]:
        if self.fails is not None:
            raise self.fails
        return self.facts if case in self.engine else []

    async def foresee(self, case: CaseKey, name: str, command: Command) -> Foreseen:
        self.asked.append((name, command))
        for failure in (self.fails, self.foreseen):
            if isinstance(failure, Exception):
                raise failure
        assert isinstance(self.foreseen, Foreseen)
        return self.foreseen

    def __getattr__(self, name: str) -> Any:
        async def act(case: CaseKey, by: Actor, *arguments: Any, **named: Any) -> Receipt:
            for failure in (self.fails, self.says_no):
                if failure is not None:
                    raise failure
            if self.decided_on is not None and self.decided_on[0] == case and case in self.engine:
                version = self.engine[case].counts["facts"]
                if version != self.decided_on[1]:
                    raise MovedOn("the case has moved on", version)
            self.acts.append((name, case, by, arguments, named))
            return Receipt(case_id=case.case_id, status=CaseStatus.OPEN, seq=20)

        return act


def snapshot_of_life(**changes: Any) -> Snapshot:
    """As the engine tells the life below."""
    values: dict[str, Any] = {
        "case_id": CASE,
        "workflow_id": f"refund-{CASE}",
        "kind": "refund",
        "status": "open",
        "cycle": 1,
        "merchant": "acme",
        "order": "O-1001",
        "owner": "ana",
        "escalation": 1,
        "opened_at": MONDAY,
        "resolve_by": hours(32),
        "resolve_by_clock": "refund_promise",
        "next_at": hours(30),
        "next_what": "update",
        "next_why": "next word, promise 2",
        "agenda": [],
        "clocks": [
            clock("refund_promise", 0, 32, rungs=f"75%:fired, 100%:{hours(32).isoformat()}, +1bd:{hours(56).isoformat()}"),
            clock("withdrawal_refund", 0, 340, rungs=f"75%:{hours(255).isoformat()}, 100%:{hours(340).isoformat()}"),
            clock("first_response", 0, 8, ended="met", ended_at=hours(1).isoformat()),
        ],
        "targets": [
            target("SP-1", 4990, status="failed", status_at=hours(20).isoformat(), replaced_by="SP-9"),
            target("SP-9", 4990, status="pending", status_at=hours(21).isoformat()),
            target("GC-7", 1500, provider="giftcards", status="succeeded", status_at=hours(5).isoformat(), trace="ARN-74537604221"),
        ],
        "promise": {"number": 2, "made_at": hours(6).isoformat(), "due_at": hours(30).isoformat()},
        "promises": {"made": 2, "kept": 1, "open": 1},
        "links": ["acme-r-1002-ffffffff"],
        "policy": "retail.refund (retail 2026.11, abc)",
        "shadow": False,
        "counts": {"facts": 12},
        "contact_ref": "contact-ada",
        "reach": Reachability(channels=[Channel.EMAIL, Channel.SMS], locale="en", zone="Europe/London"),
    }
    return Snapshot.model_validate(values | changes)


def clock(clock_id: str, start: float, due: float, **more: Any) -> dict[str, Any]:
    values = {"id": clock_id, "started_at": hours(start).isoformat(), "due_at": hours(due).isoformat()}
    return {**values, "ended": None, "ended_at": None, "breached_at": None, "held_since": None, "rungs": "", **more}


def target(reference: str, minor: int, **more: Any) -> dict[str, Any]:
    values = {"type": "refund", "provider": "simpay", "reference": reference, "amount_minor": minor, "currency": "EUR"}
    return {**values, "status": "unknown", "status_at": None, "trace": None, "replaced_by": None, **more}


def facts_of_life() -> list[Fact]:
    return [
        fact(1, FactType.OPENED, occurred_at=MONDAY, learned_at=MONDAY, detail={"policy": "retail.refund", "reason": "returned"}),
        fact(2, FactType.CLOCK_STARTED, detail={"clock": "refund_promise", "due_at": hours(32).isoformat()}),
        fact(3, FactType.PROVIDER_STATUS, occurred_at=hours(1), learned_at=hours(3), by=Actor(who="simpay", role=Role.PROVIDER),
             detail={"reference": "SP-1", "before": "unknown", "status": "pending"}),
        fact(4, FactType.MESSAGE_ACCEPTED, detail={"kind": "acknowledgement", "message_id": "m1", "channel": "email"}),
        fact(5, FactType.HELD, by=ANA, detail={"reason": "under_review"}),
        fact(6, FactType.NOTED, by=ANA, detail={"text_ref": "t-note"}),
        fact(7, FactType.RESUMED, by=ANA, detail={"reason": "under_review", "why": "done"}),
        fact(8, FactType.PROMISE_ENDED, detail={"number": 1, "end": "late", "due_at": hours(6).isoformat(), "late_s": 1800}),
        fact(9, FactType.THRESHOLD_FIRED, occurred_at=hours(24),
             detail={"clock": "refund_promise", "at": "75%", "level": 1, "to": "owner"}),
        fact(10, FactType.PAYMENT_REPLACED, detail={"old": "SP-1", "new": "SP-9"}),
        fact(11, FactType.CUSTOMER_REPLIED, by=Actor(who="customer", role=Role.CUSTOMER), detail={"text_ref": "t-customer"}),
    ]  # fmt: skip


async def lived(store: Store, **changes: Any) -> None:
    """A refund in its second day: two payments, one of them issued again, a customer who waits for an answer."""
    recorder, desk_books = Recorder(store), DeskBooks(store)
    row: dict[str, Any] = {
        "order": "O-1001",
        "contact_ref": "contact-ada",
        "owner": "ana",
        "tags": ["vip"],
        "segment": "vip",
        "escalation": 1,
    }
    await desk_books.save_contact("contact-ada", CASE, "acme", ADA, MONDAY)
    references = [CaseReference(type=TargetType.REFUND, provider="simpay", reference="SP-1")]
    await desk_books.save_references(CASE, references, MONDAY)
    await desk_books.save_text("t-note", CASE, "note", "Ada Brook's parcel stands in bay 7", ANA, hours(6))
    customer = Actor(who="customer", role=Role.CUSTOMER)
    await desk_books.save_text("t-customer", CASE, "customer", "Where is it? Write to ada.brook@example.com", customer, hours(11))
    facts = facts_of_life()
    await recorder.commit_entry(
        entry(
            facts=facts,
            as_of_seq=11,
            ended_promises=[ended(1, PromiseEnd.LATE, 1800)],
            open_promise=promise(2, made_at=hours(6), due_at=hours(30)),
            resolve_by=hours(32),
            **(row | changes),
        )
    )
    await recorder.commit_entry(entry("acme-r-1002-ffffffff", order="O-1002"))
    await sent(store, "m1", MessageKind.ACKNOWLEDGEMENT, 1, hours(0.1), LETTER)


async def sent(store: Store, message_id: str, kind: MessageKind, seq: int, at: datetime, text: str) -> None:
    """A message that its provider took."""
    recorder = Recorder(store)
    context = MessageContext(
        case_id=CASE, kind=CaseKind.REFUND, merchant="acme", order="O-1001", reason="returned", opened_at=MONDAY, locale="en", zone="UTC"
    )
    written = plan(
        message_id, kind=kind, seq=seq, context=context, contact_ref="contact-ada", next_word_at=at + timedelta(hours=6), makes=seq
    )
    words = {
        "template_id": f"refund.{kind.value}.email",
        "template_version": "a1b2c3",
        "locale": "en",
        "subject": f"Your refund ({CASE})",
        "text": text,
        "html": None,
        "brand": "acme",
    }
    begun = await recorder.begin_sending(entry(as_of_seq=0), written, words, Channel.EMAIL, at, 15.0, reuse=False)
    if begun.delivery is not None:  # None: it was sent before
        await recorder.end_sending(message_id, begun.delivery.delivery_id, DeliveryState.ACCEPTED, at, result(at=at), provider_id="p")
