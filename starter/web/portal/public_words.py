"""What the policy books say to customers: why a case waits, what is needed, how it ended, why a date holds.

Owns the lookup of these words by code. Must never hand out a code: codes tell of fraud and law, public words tip nobody off. A case lives
under the policy of its start; the books here may be newer, so a code is looked for by the case's policy, then by its kind. Built with the
portal.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from activities.templates.languages import Language, in_language
from policies.book import HoldReason, Policy, PolicyBook
from policies.case.vocabulary import CaseKind, Channel
from policies.time.spans import Span

T = TypeVar("T")
WaitsOn = Literal["customer", "provider", "carrier", "merchant", "review"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a case waits, in public words; None where the books do not know the reason any more."""

    on: WaitsOn
    why: str | None
    need: str | None


class PublicWords:
    def __init__(self, books: Sequence[PolicyBook]) -> None:
        self._policies = {policy.id: policy for book in books for policy in book.policies}

    def policy(self, policy_id: str | None) -> Policy | None:
        return self._policies.get(policy_id or "")

    def waiting(self, policy_id: str | None, kind: CaseKind, code: str, language: Language, *, asks: bool) -> Waiting:
        """`asks`: the case itself says that it waits on the customer."""
        reason: HoldReason | None = self._first(policy_id, kind, lambda policy: policy.hold_reason(code))
        if reason is None:
            return Waiting("customer" if asks else "review", None, None)
        return Waiting(reason.waits_on, in_language(reason.public, language), in_language(reason.needs, language))

    def outcome(self, policy_id: str | None, kind: CaseKind, code: str, language: Language) -> str | None:
        outcome = self._first(policy_id, kind, lambda policy: policy.outcome(code))
        return in_language(outcome.public, language) if outcome is not None else None

    def date_reason(self, policy_id: str | None, kind: CaseKind, clock_id: str, language: Language) -> str | None:
        """Why a date of resolution is what it is, with its citation if it is law."""
        clock = self._first(policy_id, kind, lambda policy: policy.clock(clock_id))
        words = in_language(clock.public, language) if clock is not None and clock.promised else None
        return f"{words} ({clock.citation})" if words and clock is not None and clock.citation else words

    def channels(self, policy_id: str | None) -> list[Channel]:
        policy = self.policy(policy_id)
        return list(policy.channels) if policy is not None else [Channel.EMAIL, Channel.SMS]

    def cadences(self, policy_id: str | None, wished: Span | None) -> list[Span]:
        """How often the customer may choose to hear from us, within the policy's bounds; the present wish is among them."""
        policy = self.policy(policy_id)
        if policy is None:
            return [wished] if wished is not None else []
        shortest, longest = policy.cadence.shortest.elapsed(), policy.cadence.longest.elapsed()
        usual = [Span.parse(text) for text in ("24h", "48h", "72h", "96h", "168h")]
        offered = [span for span in usual if shortest <= span.elapsed() <= longest] or [policy.cadence.shortest, policy.cadence.longest]
        if wished is not None and wished not in offered:
            offered = [wished, *offered]
        return offered

    def _first(self, policy_id: str | None, kind: CaseKind, find: Callable[[Policy], T | None]) -> T | None:
        own = self.policy(policy_id)
        others: Iterable[Policy] = (policy for policy in self._policies.values() if policy.kind is kind)
        return next((found for policy in ([own] if own is not None else []) + list(others) if (found := find(policy)) is not None), None)
