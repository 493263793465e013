"""/console/policies: the books in force, as people read them.

Owns these pages. Must never change a book (they are files, docs/policies.md), nor show one merchant's policy to somebody who does not see
that merchant. Included by face.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fastapi import APIRouter
from starlette.responses import Response

from policies.book import ClockPolicy, HoldReason, Match, Policy, PolicyBook
from policies.money import exponent
from starter.policy_books import load_books
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.roles import Act
from starter.web.console.span_words import span_words, threshold_words
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem

PATH = "/console/policies"


@dataclass(frozen=True, slots=True)
class Entry:
    book: PolicyBook
    policy: Policy

    @property
    def rules_for(self) -> str:
        return _match(self.policy.match)

    @property
    def promised(self) -> list[str]:
        return [_within(clock) + (f" from {_words(clock.starts)}" if clock.span else "") for clock in self.policy.clocks if clock.promised]

    @property
    def cadence(self) -> str:
        steps = (f"{span_words(step.every)}" + (f" ({step.times} times)" if step.times else "") for step in self.policy.cadence.steps)
        return ", then every ".join(steps)


def policy_pages(console: Console) -> APIRouter:
    """Raises BookError: the books are read once, as the desk does at the start of the process."""
    router = console.router()
    books = load_books(console.parts.settings.policy_book_files)

    @router.get(PATH)
    @needs(Act.READ)
    async def listed(visit: SignedIn) -> Response:
        return console.show("policies", visit, books=books, entries=_seen(books, visit), path=PATH)

    @router.get(PATH + "/{policy_id}")
    @needs(Act.READ)
    async def one(visit: SignedIn, policy_id: str) -> Response:
        found = next((entry for entry in _seen(books, visit) if entry.policy.id == policy_id), None)
        if found is None:
            raise Problem("not_found", "No such policy is in force.")
        return console.show(
            "policy",
            visit,
            entry=found,
            policy=found.policy,
            plain=_words,
            span=span_words,
            within=_within,
            at=threshold_words,
            hold_ends=_hold_ends,
            money=_money,
            path=PATH,
        )

    return router


def _seen(books: Sequence[PolicyBook], visit: Visit) -> list[Entry]:
    every = [Entry(book, policy) for book in books for policy in book.policies]
    return [entry for entry in every if entry.policy.match.merchant is None or visit.sees(entry.policy.match.merchant)]


def _match(match: Match) -> str:
    wanted = match.model_dump(exclude_none=True)
    return ", ".join(f"{_words(name)} {value}" for name, value in wanted.items()) or "all that no other policy takes"


# Dates that a clock does not count but takes over, and moves with.
_DATES = {
    "delay_promised": "the promised date of delivery",
    "delay_revised": "the revised date of delivery, else the promised one",
    "dispute_due_by": "the date by which the bank wants its answer",
}


def _within(clock: ClockPolicy) -> str:
    return span_words(clock.span) if clock.span is not None else _DATES[clock.due_from or "delay_promised"]


def _hold_ends(reason: HoldReason) -> str:
    ends = []
    if reason.expires is not None:
        ends.append(
            f"expires after {span_words(reason.expires)}" + (f" as {_words(reason.expiry_outcome)}" if reason.expiry_outcome else "")
        )
    if reason.max_hold is not None:
        ends.append(f"at most {span_words(reason.max_hold)}")
    return ", ".join(ends) or "until somebody ends it"


def _money(minor: int, currency: str) -> str:
    """100.00 EUR"""
    digits = exponent(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f} {currency}"


def _words(code: str) -> str:
    return code.replace("_", " ")
