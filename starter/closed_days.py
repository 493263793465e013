"""Closed days at the edge: the public holidays of a policy's country for the years a case can live.

Owns the only use of the `holidays` package and the making of a policy snapshot. Must never be called from a workflow: the days
travel in the snapshot. Called by the desk and the loader of policy books.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache

import holidays

from policies.book import CaseTraits, Policy, PolicyBook, PolicySnapshot, snapshot
from starter.policy_choice import chosen

# A dispute with pre-arbitration and a 30-day tail ends within a year and a half; the year of opening and two more are enough.
_YEARS = 3


def closed_days(policy: Policy, opened_at: datetime) -> tuple[date, ...]:
    """The public holidays that count for a case opened at this moment (its year in the calendar's zone, and the two after)."""
    if policy.holidays is None:
        return ()
    return _days(policy.holidays, policy.calendar.local(opened_at).year)


def unknown_holidays(place: str | None) -> str | None:
    """What is wrong with a policy's `holidays`; None if it is known."""
    if place is None:
        return None
    try:
        _days(place, 2026)
    except (NotImplementedError, AttributeError, KeyError):
        return f'"{place[:20]}" is no place whose holidays are known; right would be a country such as DE, or with its state: DE-BE'
    return None


def snapshot_for(books: Iterable[PolicyBook], traits: CaseTraits, opened_at: datetime) -> PolicySnapshot:
    """The policy that rules such a case, as it travels with it. Raises NoPolicy."""
    return frozen(*chosen(books, traits), opened_at)


def frozen(book: PolicyBook, policy: Policy, opened_at: datetime) -> PolicySnapshot:
    """The policy as it travels with a case opened at this moment."""
    return snapshot(book, policy, closed_days(policy, opened_at))


@lru_cache(maxsize=64)
def _days(place: str, year: int) -> tuple[date, ...]:
    country, _, subdivision = place.partition("-")
    return tuple(sorted(holidays.country_holidays(country, subdiv=subdivision or None, years=range(year, year + _YEARS))))
