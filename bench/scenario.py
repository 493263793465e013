"""S10, the case of the budget, and the references by which the simulated provider knows when to settle.

Owns every moment of S10. Must never hold a figure. Called by all parts.

The budget says Monday 2026-03-02 10:00 in Berlin; the time-skipping server only goes forward from the real now, so the benchmark
lives it in 2037, a year with the same calendar day for day (Monday 2 March, summer time from 29 March, a common year).
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from policies.book import CaseTraits, Policy, PolicyBook, PolicySnapshot, choose, snapshot, with_defaults
from policies.case.case_id import case_id
from policies.case.facts import Actor
from policies.case.start import CaseStart, Reachability, TargetStart
from policies.case.vocabulary import CaseKind, Channel, Role
from policies.providers.statuses import TargetType
from starter.closed_days import closed_days
from starter.settings import BOOKS

OPENED_AT = datetime(2037, 3, 2, 9, 0, tzinfo=UTC)  # Monday 10:00 in Berlin
SETTLES_AFTER = timedelta(days=6, hours=12)
# The feedback request goes out on Tuesday 10 March, the first opening of the survey's window at least a day after the resolution.
ANSWERED_AT = OPENED_AT + timedelta(days=8)
OVER_AT = OPENED_AT + timedelta(days=40)
MERCHANT = "northwind"
PROVIDER = "payments"  # the name the simulator has in examples/providers-demo.toml
CUSTOMER = Actor(who="customer", role=Role.CUSTOMER)


def settling(name: str, at: datetime) -> str:
    """A reference that says when the simulated provider settles it: any process can answer for it, nobody keeps a plan."""
    return f"{name}@{int(at.timestamp() * 1000)}"


def settles_at(reference: str) -> datetime:
    return datetime.fromtimestamp(int(reference.rpartition("@")[2]) / 1000, UTC)


@cache
def book(name: str) -> PolicyBook:
    raw = tomllib.loads((BOOKS / f"{name}.toml").read_text(encoding="utf-8"))
    return PolicyBook.model_validate(with_defaults(raw), extra="forbid")


def policy(book_name: str = "retail", **changes: Any) -> Policy:
    """The book's refund policy for an ordinary customer; `changes` replaces fields."""
    chosen = choose(book(book_name), CaseTraits(kind=CaseKind.REFUND, merchant=MERCHANT))
    if chosen is None:
        raise ValueError(f"{book_name}: no policy rules an ordinary refund")
    return Policy.model_validate({**chosen.model_dump(), **changes}) if changes else chosen


def at_pace(cadence_s: float, watch: list[dict[str, str]], *, tail_s: float = 45, tail_every_s: float = 8, clock_s: float = 3600) -> Policy:
    """The demo's refund at another pace; its one clock is far enough away not to fire unless it is told to."""
    clock = next(clock for clock in policy("demo").clocks if clock.id == "refund_promise")
    every = f"{cadence_s:g}s"
    return policy(
        "demo",
        cadence={"steps": [{"every": every}], "shortest": "1s", "longest": "60s", "after_breach": every, "grace": "1s"},
        watch={"steps": watch, "tail_every": f"{tail_every_s:g}s", "unreachable_after": "1h"},
        tail=f"{tail_s:g}s",
        clocks=[{**clock.model_dump(), "span": f"{clock_s:g}s"}],
    )


def frozen(book_name: str, ruling: Policy, opened_at: datetime) -> PolicySnapshot:
    """The policy as it travels with a case, with its closed days."""
    return snapshot(book(book_name), ruling, closed_days(ruling, opened_at))


@dataclass(frozen=True)
class Opening:
    """What `case_start` needs beside the policy; one per case."""

    name: str
    settles_at: datetime


def case_start(opening: Opening, ruling: PolicySnapshot) -> CaseStart:
    """A refund as the desk builds it: one card payment, one customer with an e-mail address."""
    identity = case_id(MERCHANT, CaseKind.REFUND, opening.name)
    return CaseStart(
        case_id=identity,
        kind=CaseKind.REFUND,
        merchant=MERCHANT,
        reference=opening.name,
        order=f"O-{opening.name}",
        reason="returned",
        contact_ref=f"c-{identity}",
        customer_key=f"k-{identity}",
        owner="ana.agent",
        targets=[
            TargetStart(
                type=TargetType.REFUND,
                provider=PROVIDER,
                reference=settling(opening.name, opening.settles_at),
                amount_minor=4990,
                currency="EUR",
                method="card",
            )
        ],
        reach=Reachability(channels=[Channel.EMAIL], locale="en", zone="Europe/Berlin"),
        policy=ruling,
    )
