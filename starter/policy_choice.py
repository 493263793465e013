"""Which policy of several books rules a case, and why the others do not.

Owns first match over all books and its explanation. Must never read a file. Called by the desk and the CLI.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from policies.book import CaseTraits, Policy, PolicyBook, mismatches
from starter.plain_errors import nearest


class NoPolicy(LookupError):
    """No policy of the books is the one asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One policy and whether it rules a case: `reasons` why it does not match, `rules` for the first that does."""

    book: PolicyBook
    policy: Policy
    reasons: list[str]
    rules: bool


def explain(books: Iterable[PolicyBook], traits: CaseTraits) -> list[Verdict]:
    """Every policy of the case's kind in order, with the reasons for which it does not rule it."""
    verdicts: list[Verdict] = []
    found = False
    for book in books:
        for policy in book.policies:
            if policy.kind is not traits.kind:
                continue
            reasons = mismatches(policy, traits)
            verdicts.append(Verdict(book, policy, reasons, rules=not found and not reasons))
            found = found or not reasons
    return verdicts


def chosen(books: Iterable[PolicyBook], traits: CaseTraits) -> tuple[PolicyBook, Policy]:
    """The book and policy that rule such a case. Raises NoPolicy."""
    verdicts = explain(books, traits)
    for verdict in verdicts:
        if verdict.rules:
            return verdict.book, verdict.policy
    why = "; ".join(f"{verdict.policy.id}: {', '.join(verdict.reasons)}" for verdict in verdicts)
    raise NoPolicy(f"no policy of the books rules this {traits.kind.value} ({why or 'there is none of this kind'})")


def by_id(books: Iterable[PolicyBook], policy_id: str) -> tuple[PolicyBook, Policy]:
    """The book and policy of that id. Raises NoPolicy, naming the nearest."""
    ids = []
    for book in books:
        for policy in book.policies:
            if policy.id == policy_id:
                return book, policy
            ids.append(policy.id)
    raise NoPolicy(f"no policy {policy_id}; {nearest(policy_id, ids)}")


def never_reached(books: Iterable[PolicyBook]) -> list[str]:
    """Policies that can rule no case because an earlier one matches whatever they match."""
    earlier: list[Policy] = []
    found = []
    for book in books:
        for policy in book.policies:
            wanted = policy.match.model_dump(exclude_none=True)
            for other in earlier:
                if other.kind is policy.kind and _wider(other.match.model_dump(exclude_none=True), wanted):
                    found.append(f"{policy.id} is never reached: {other.id} stands before it and matches every such case")
                    break
            earlier.append(policy)
    return found


def _wider(one: dict[str, Any], other: dict[str, Any]) -> bool:
    least = one.get("amount_at_least_minor")
    if least is not None and least <= other.get("amount_at_least_minor", -1):
        one = {**one, "amount_at_least_minor": other["amount_at_least_minor"]}
    return one.items() <= other.items()
