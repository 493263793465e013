"""Facts: what happened to a case, who did it, when it occurred and when we learnt it.

Owns the one shape of the timeline. Must never hold personal data: texts and contacts live in the store, a fact carries their
reference. Made by the rules, kept by workflows, written to the books by activities.
"""

from datetime import datetime, timedelta

from pydantic import Field

from policies.case.vocabulary import QUIET_FACTS, FactType, Role
from policies.contract import Contract, Instant

Detail = dict[str, str | int | bool | None]


class KeyUsed(Contract):
    """The API key that did it, as it was called then. `id`: its public part, `mg_` and 12 hex digits; no secret."""

    id: str
    name: str


class Actor(Contract):
    """Who did it, in which role and why. Of an act over the API `who` is what its caller said, `api_key` is what proved itself."""

    who: str
    role: Role
    why: str | None = None
    api_key: KeyUsed | None = Field(default=None, exclude_if=lambda key: key is None)  # absent where it says nothing, as before it was

    @property
    def shown(self) -> str:
        """For people: lena.lead, by API key shop-backend (mg_0123456789ab)."""
        return f"{self.who}, by API key {self.api_key.name} ({self.api_key.id})" if self.api_key is not None else self.who


SYSTEM = Actor(who="makegood", role=Role.SYSTEM)
CUSTOMER = Actor(who="customer", role=Role.CUSTOMER)


# The clock of the system that told of a fact may be ahead of ours; what is so little ahead has happened now.
_SKEW = timedelta(minutes=5)


def is_to_come(at: datetime, now: datetime) -> bool:
    """Whether a moment that somebody told us lies in the future, and not only on a clock a little ahead of ours. Aware moments."""
    return at > now + _SKEW


def lies_ahead(facts: dict[str, datetime], now: datetime) -> str | None:
    """Which named fact is told of the future, with what would be right; None if all have happened. Aware moments."""
    ahead = min((name for name, at in facts.items() if is_to_come(at, now)), default=None)
    if ahead is None:
        return None
    return f"facts.{ahead}: lies in the future; facts have happened (a date to come is dispute.due_by or delay.revised_at)"


class Fact(Contract):
    """One entry of the timeline. `seq` counts from 1 within the case and never repeats."""

    seq: int
    cycle: int = 1
    type: FactType
    occurred_at: Instant
    learned_at: Instant
    by: Actor | None = None
    detail: Detail = Field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """True if the books may learn it with the next entry instead of at once."""
        return self.type in QUIET_FACTS
