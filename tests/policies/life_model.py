"""A small model of a refund: what may be asked of it and where it then stands, written down without the rules.

Owns its own idea of resolved, held, reopened; reads nothing of the state it is compared with. Called by test_life_machine.py.
"""

from dataclasses import dataclass, field
from datetime import datetime

LEADS_ONLY = {"resolve", "extend", "reassign", "withdraw", "merge"}
NEXT = {
    "unknown": "pending requires_action succeeded failed canceled",
    "pending": "requires_action succeeded failed canceled",
    "requires_action": "pending succeeded failed canceled",
    "succeeded": "failed canceled",
    "failed": "",
    "canceled": "",
}
REASONS = {"bank_details": True, "photo": True, "fraud_review": False, "warehouse": False}  # hold reason -> waits on the customer
FREE = {"denied", "replaced", "cancelled"}  # outcomes that a lead may choose without an amount


@dataclass
class Model:
    law: datetime  # the statutory date
    refunds: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    resolved: str | None = None
    rests: bool = False
    tail_until: datetime | None = None
    hold: str | None = None
    cycle: int = 1
    escalation: int = 0
    owner: str = "tom"
    opted_out: bool = False
    closed: bool = False

    def allows(self, name: str, role: str, now: datetime, **given: object) -> bool | None:
        """Whether the command is accepted; None where the model does not know."""
        people = role in ("agent", "lead", "admin")
        if (
            self.closed
            or (name in LEADS_ONLY and role == "agent")
            or (not people and name not in ("customer_reply", "feedback", "preferences"))
        ):
            return False
        moment = given.get("moment")
        ahead = moment > now if isinstance(moment, datetime) else None
        match name:
            case "resolve":
                return self.resolved is None and given["outcome"] in FREE
            case "hold":
                return self.resolved is None and self.hold is None and given["reason"] in REASONS and ahead is not False
            case "resume":
                return self.hold is not None
            case "escalate":
                return given["level"] is not None and self.escalation < int(str(given["level"])) <= 9
            case "extend":
                return bool(ahead) and self.resolved is None and (now >= self.law or not isinstance(moment, datetime) or moment <= self.law)
            case "reassign":
                return given["owner"] not in ("", self.owner)
            case "reply" | "note":
                return given["text"] != ""
            case "phone_contact":
                return ahead is None or (ahead and self.resolved is None and not self.opted_out)
            case "withdraw" | "merge":
                return self.resolved is None
            case "customer_reply":
                return bool(given["text"] or given["not_solved"] or given["supplied"])
            case "preferences":
                return True
        return None if self.resolved else False  # feedback

    def resolve(self, outcome: str, *, rests: bool = False, tail_until: datetime | None = None) -> None:
        self.resolved, self.rests, self.tail_until, self.hold = outcome, rests, tail_until, None

    def reopen(self) -> None:
        self.resolved, self.rests, self.tail_until, self.cycle = None, False, None, self.cycle + 1

    def reading(self, reference: str, status: str, at: datetime, now: datetime) -> None:
        """What the provider says: forward only, except requires_action -> pending; all parts settled resolves; trouble after that reopens."""
        before, before_at = self.refunds[reference]
        if status not in NEXT or status == "unknown":  # a word nobody knows: still in progress
            status = "pending" if before == "unknown" else before
        stale = (before, status) == ("requires_action", "pending") and at < before_at
        if self.closed or stale or status not in NEXT[before].split():
            return
        self.refunds[reference] = (status, at)
        first_word = (before, status) == ("unknown", "pending")  # says no more than the acknowledgement did
        if first_word:
            return
        if self.resolved is not None:
            if self.rests and status in ("failed", "canceled") and self.tail_until is not None and at <= self.tail_until:
                self.reopen()
            return
        asking = any(known == "requires_action" for known, _ in self.refunds.values())
        if status == "requires_action" and self.hold is None:
            self.hold = "bank_details"
        elif not asking and self.hold == "bank_details":
            self.hold = None
        if all(known == "succeeded" for known, _ in self.refunds.values()):
            self.resolve("refunded", rests=True)
