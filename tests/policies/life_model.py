"""A small model of a refund: what may be asked of it and where it then stands. Reads nothing of the state it is compared with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LEADS_ONLY = {"resolve", "extend", "reassign", "withdraw", "merge"}
CUSTOMERS = {"customer_reply", "feedback", "preferences"}
NEXT = {
    "unknown": "pending requires_action succeeded failed canceled",
    "pending": "requires_action succeeded failed canceled",
    "requires_action": "pending succeeded failed canceled",
    "succeeded": "failed canceled",
    "failed": "",
    "canceled": "",
}
REASONS = {"bank_details": True, "photo": True, "fraud_review": False, "warehouse": False}  # hold reason -> waits on the customer
TAIL = timedelta(hours=720)


@dataclass
class Model:
    law: datetime  # the statutory date
    refunds: dict[str, tuple[str, datetime]]
    resolved: str | None = None
    tail_until: datetime | None = None  # of a resolution that rests on the provider
    hold: str | None = None
    cycle: int = 1
    escalation: int = 0
    owner: str = "tom"
    opted_out: bool = False
    closed: bool = False

    def allows(self, name: str, role: str, now: datetime, value: object, moment: datetime | None) -> bool | None:
        """Whether the command is accepted; None where the model does not know."""
        if self.closed or (name in LEADS_ONLY and role == "agent") or (role == "customer" and name not in CUSTOMERS):
            return False
        unresolved, ahead = self.resolved is None, moment is None or moment > now
        answers: dict[str, bool | None] = {
            "resolve": unresolved and value in ("denied", "replaced", "cancelled"),
            "hold": unresolved and self.hold is None and value in REASONS and ahead,
            "resume": self.hold is not None,
            "escalate": isinstance(value, int) and self.escalation < value <= 9,
            "extend": unresolved and ahead and (now >= self.law or moment is None or moment <= self.law),
            "reassign": value not in ("", self.owner),
            "phone_contact": moment is None or (ahead and unresolved and not self.opted_out),
            "withdraw": unresolved,
            "merge": unresolved,
            "feedback": False if unresolved else None,
            "preferences": True,
        }
        return answers[name] if name in answers else bool(value)  # a reply, a note, a customer's words: anything but nothing

    def resolve(self, outcome: str, tail_until: datetime | None = None) -> None:
        self.resolved, self.tail_until, self.hold = outcome, tail_until, None

    def reopen(self) -> None:
        self.resolved, self.tail_until, self.cycle = None, None, self.cycle + 1

    def reading(self, reference: str, status: str, at: datetime) -> None:
        """The provider's word: forward only, or requires_action -> pending; all parts settled resolves, trouble after that reopens."""
        before, before_at = self.refunds[reference]
        if status not in NEXT or status == "unknown":  # a word nobody knows: still in progress
            status = "pending" if before == "unknown" else before
        stale = (before, status) == ("requires_action", "pending") and at < before_at
        if self.closed or stale or status not in NEXT[before].split():
            return
        self.refunds[reference] = (status, at)
        known = {word for word, _ in self.refunds.values()}
        if self.resolved is not None:
            if self.tail_until is not None and status in ("failed", "canceled") and at <= self.tail_until:
                self.reopen()
        elif known == {"succeeded"}:
            self.resolve("refunded", max(moment for _, moment in self.refunds.values()) + TAIL)
        elif status == "requires_action" and self.hold is None:
            self.hold = "bank_details"
        elif "requires_action" not in known and self.hold == "bank_details" and (before, status) != ("unknown", "pending"):
            self.hold = None
