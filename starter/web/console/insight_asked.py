"""What of insight is asked for: period, kind, merchant, grouping, out of the address; and back into one.

Owns these parameters and their limits. Must never let anybody ask beyond the merchants he sees. Called by the pages of insight.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from policies.case.vocabulary import CaseKind
from starter.web.console.visit import Visit
from store.insight_views import Grouping, Wanted, monday

PATH = "/console/insight"
CSV_PATH = "/console/insight.csv"
WEEKS = 13  # a quarter
_LONGEST_DAYS = 3 * 366  # a picture of more weeks than this nobody reads
_LONGEST_MERCHANT = 120
PERIODS = ((4, "4 weeks"), (13, "13 weeks"), (26, "26 weeks"), (52, "52 weeks"))


@dataclass(frozen=True, slots=True)
class Asked:
    """`first` and `last` day, both included."""

    wanted: Wanted
    first: date
    last: date

    def address(self, path: str = PATH, *, first: date | None = None, last: date | None = None) -> str:
        wanted = self.wanted
        query = {
            "from": (first or self.first).isoformat(),
            "until": (last or self.last).isoformat(),
            "kind": wanted.kind.value if wanted.kind else None,
            "merchant": wanted.merchant,
            "by": wanted.by.value,
            "shadow": "yes" if wanted.include_shadow else None,
        }
        return f"{path}?{urlencode({name: value for name, value in query.items() if value})}"


def first_day(weeks: int, today: date) -> date:
    """The Monday of a period of so many weeks that ends with this one."""
    return monday(datetime.combine(today, time(), UTC)) - timedelta(weeks=weeks - 1)


def asked(visit: Visit, today: date) -> Asked:
    """What is wrong stands in `visit.form.errors`, and the usual takes its place."""
    query = visit.request.query_params
    last = _day(visit, "until", "Until") or today
    first = _day(visit, "from", "From") or first_day(WEEKS, last)
    if first > last:
        visit.form.refuse("from", "From: it lies after the last day; right would be a day before it.")
    elif (last - first).days > _LONGEST_DAYS:
        visit.form.refuse("from", "From: the period is longer than three years; right would be a later day.")
    if "from" in visit.form.errors:
        first = first_day(WEEKS, last)
    kind = _one_of(visit, "kind", "Kind", [kind.value for kind in CaseKind])
    by = _one_of(visit, "by", "Group by", [by.value for by in Grouping])
    wanted = Wanted(
        since=datetime.combine(first, time(), UTC),
        until=datetime.combine(last, time(), UTC) + timedelta(days=1),
        by=Grouping(by) if by else Grouping.WEEK,
        kind=CaseKind(kind) if kind else None,
        merchant=query.get("merchant", "").strip()[:_LONGEST_MERCHANT] or None,
        merchants=list(visit.person.merchants),
        include_shadow=query.get("shadow") == "yes",
    )
    return Asked(wanted, first, last)


def _day(visit: Visit, name: str, label: str) -> date | None:
    text = visit.request.query_params.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2999:
        visit.form.refuse(name, f"{label}: right would be a day as 2026-03-02.")
        return None
    return day


def _one_of(visit: Visit, name: str, label: str, choices: list[str]) -> str | None:
    text = visit.request.query_params.get(name, "").strip()
    if not text or text in choices:
        return text or None
    visit.form.refuse(name, f"{label}: right would be one of {', '.join(choices)}.")
    return None
