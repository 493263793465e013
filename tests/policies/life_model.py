"""A small model of a case: what may be asked of it and where it then stands. Reads nothing of the state it is compared with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LEADS_ONLY = {"resolve", "extend", "reassign", "withdraw", "merge"}
CUSTOMERS = {"customer_reply", "feedback", "preferences"}
STAGES = ("inquiry", "chargeback", "pre_arbitration", "arbitration")


@dataclass(frozen=True)
class Kind:
    """What is particular to refunds, disputes and delays."""

    following: dict[str, str]  # status -> those that may follow it whenever they were told
    back: frozenset[tuple[str, str]]  # and those that may, unless they are older
    in_progress: str  # what a word nobody knows means
    quiet: frozenset[str]  # as a first word no news
    outcome_of: dict[str, str]  # the last word of all parts -> how the case ends
    free: frozenset[str]  # outcomes that a lead may choose at any time ...
    paid: frozenset[str]  # ... or with an amount
    reasons: dict[str, bool]  # hold reason -> waits on the customer
    tail: timedelta
    comes_back: frozenset[str]  # words that take back a resolution that rests on the provider
    asks: tuple[str, str] | None = None  # the word that asks the customer, and the hold that it begins

    @property
    def words(self) -> set[str]:
        return set(" ".join(self.following.values()).split())


_PARCEL = ("label_created", "shipped", "in_transit", "exception", "out_for_delivery", "delivered", "lost")
REFUND = Kind(
    following={
        "unknown": "pending requires_action succeeded failed canceled",
        "pending": "requires_action succeeded failed canceled",
        "requires_action": "succeeded failed canceled",
        "succeeded": "failed canceled",
    },
    back=frozenset({("requires_action", "pending")}),
    in_progress="pending",
    quiet=frozenset({"pending"}),
    outcome_of={"succeeded": "refunded"},
    free=frozenset({"denied", "replaced", "cancelled"}),
    paid=frozenset({"store_credit", "goodwill"}),
    reasons={"bank_details": True, "photo": True, "fraud_review": False, "warehouse": False, "under_review": False},
    tail=timedelta(hours=720),
    comes_back=frozenset({"failed", "canceled"}),
    asks=("requires_action", "bank_details"),
)
DISPUTE = Kind(
    following={
        "unknown": "needs_response under_review won lost closed",
        "needs_response": "under_review won lost closed",
        "under_review": "won lost closed",
    },
    back=frozenset(
        [("under_review", "needs_response"), ("lost", "won"), ("won", "lost")]
        + [(decided, again) for decided in ("won", "lost", "closed") for again in ("needs_response", "under_review")]
    ),
    in_progress="under_review",
    quiet=frozenset({"under_review"}),
    outcome_of={"won": "won", "lost": "lost", "closed": "cancelled"},
    free=frozenset(),
    paid=frozenset({"refunded", "goodwill"}),
    reasons={"documents": True, "under_review": False},
    tail=timedelta(hours=720),
    comes_back=frozenset({"needs_response", "under_review", "won", "lost", "closed"}),
)
DELAY = Kind(
    following={"unknown": " ".join(_PARCEL)},
    back=frozenset((before, after) for before in _PARCEL for after in _PARCEL if before != after),
    in_progress="in_transit",
    quiet=frozenset({"label_created", "shipped", "in_transit"}),
    outcome_of={"delivered": "delivered"},
    free=frozenset({"replaced", "cancelled"}),
    paid=frozenset({"refunded", "goodwill"}),
    reasons={"address": True, "customs": False, "under_review": False},
    tail=timedelta(hours=168),
    comes_back=frozenset(_PARCEL) - {"delivered"},
)


@dataclass
class Model:
    kind: Kind
    parts: dict[str, tuple[str, datetime]]  # reference -> its status, and when it took it
    law: datetime | None = None  # a date that no extension may pass
    resolved: str | None = None
    tail_until: datetime | None = None  # of a resolution that rests on the provider
    hold: str | None = None
    cycle: int = 1
    escalation: int = 0
    owner: str = "tom"
    opted_out: bool = False
    closed: bool = False
    stage: str | None = None  # of a dispute ...
    due_by: datetime | None = None  # ... until when the network wants an answer ...
    answered: bool = False  # ... and whether it has one

    def allows(self, name: str, role: str, now: datetime, value: object, moment: datetime | None) -> bool | None:
        """Whether the command is accepted; None where the model does not know."""
        if self.closed or (name in LEADS_ONLY and role == "agent") or (role == "customer" and name not in CUSTOMERS):
            return False
        unresolved, ahead = self.resolved is None, moment is None or moment > now
        answers: dict[str, bool | None] = {
            "resolve": unresolved and self._may_end_as(value),
            "hold": unresolved and self.hold is None and value in self.kind.reasons and ahead,
            "resume": self.hold is not None,
            "escalate": isinstance(value, int) and self.escalation < value <= 9,
            "extend": (self._may_extend(now, moment) if unresolved and ahead else False),
            "reassign": value not in ("", self.owner),
            "phone_contact": moment is None or (ahead and unresolved and not self.opted_out),
            "withdraw": unresolved,
            "merge": unresolved,
            "feedback": False if unresolved else None,
            "preferences": True,
        }
        return answers[name] if name in answers else bool(value)  # a reply, a note, a customer's words, a fact: anything but nothing

    def _may_end_as(self, value: object) -> bool:
        outcome, paid = value if isinstance(value, tuple) else ("", False)
        rests = self.done_at() is not None and outcome in self.kind.outcome_of.values()
        return outcome in self.kind.free or (outcome in self.kind.paid and paid) or rests

    def _may_extend(self, now: datetime, moment: datetime | None) -> bool | None:
        if self.kind is not REFUND:
            return None  # the dates that bind are those of a network or a carrier
        if self.law is not None and now < self.law and moment is not None and moment > self.law:
            return False
        return None  # whether it is later than the date that the customer has, this model does not know

    def done_at(self) -> datetime | None:
        """When the last part had its last word; None while one has not."""
        moments = [at for status, at in self.parts.values() if status in self.kind.outcome_of]
        return max(moments) if len(moments) == len(self.parts) else None

    def resolve(self, outcome: str) -> None:
        done_at = self.done_at()
        rests = done_at is not None and outcome in self.kind.outcome_of.values() and outcome not in self.kind.free | self.kind.paid
        self.resolved, self.hold = outcome, None
        self.tail_until = done_at + self.kind.tail if rests and done_at is not None else None

    def reopen(self) -> None:
        self.resolved, self.tail_until, self.cycle = None, None, self.cycle + 1

    def reading(self, reference: str, status: str, at: datetime, stage: str | None = None, due_by: datetime | None = None) -> None:
        """The provider's word: forward, or back as the kind allows; all parts done resolves, what goes wrong after that reopens."""
        if self.closed:
            return
        before, before_at = self.parts[reference]
        stale = before_at is not None and before != "unknown" and at < before_at
        if not stale:
            self._dates(before, status, stage, due_by)
        if status not in self.kind.words:
            status = self.kind.in_progress if before == "unknown" else before
        forward = status in self.kind.following.get(before, "").split()
        if not forward and ((before, status) not in self.kind.back or stale):
            return
        self.parts[reference] = (status, at)
        if self.resolved is not None:
            if self.tail_until is not None and status in self.kind.comes_back and at <= self.tail_until:
                self.reopen()
                self._all_done()
        elif not self._all_done() and (before != "unknown" or status not in self.kind.quiet):
            self._asks(status)

    def _dates(self, before: str, status: str, stage: str | None, due_by: datetime | None) -> None:
        if self.kind is not DISPUTE:
            return
        asked = status == "needs_response" and before in ("under_review", "won", "lost", "closed")
        if stage is not None and (self.stage is None or STAGES.index(stage) > STAGES.index(self.stage)):
            asked = asked or self.stage is not None
            self.stage = stage
        self.due_by = due_by or self.due_by
        self.answered = self.answered and not asked

    def _all_done(self) -> bool:
        known = {word for word, _ in self.parts.values()}
        if self.done_at() is None or len(known) != 1:
            return False
        self.resolve(self.kind.outcome_of[known.pop()])
        return True

    def _asks(self, status: str) -> None:
        if self.kind.asks is None:
            return
        word, hold = self.kind.asks
        if status == word and self.hold is None:
            self.hold = hold
        elif word not in {status for status, _ in self.parts.values()} and self.hold == hold:
            self.hold = None
