"""What is asked of insight and what it answers: counts, from which every percentage is made with its n.

Owns these shapes and the percentages. Must never query. Called by insight.py, the console and the command line.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum

from pydantic import Field

from policies.case.vocabulary import CaseKind
from policies.contract import Contract, Instant

FEW = 20
"""Below so many one single case moves a percentage by more than five points: such a figure is marked."""


class Grouping(StrEnum):
    """Case by case, but for promises by channel and by template: there a promise belongs to the message that made it."""

    WEEK = "week"  # in which the case was opened, from Monday on, UTC
    KIND = "kind"
    POLICY = "policy"  # that rules the case, after its last change
    CHANNEL = "channel"  # by which the resolution was told
    TEMPLATE = "template"  # with its version, in whose words the resolution was told


class Wanted(Contract):
    """Which cases count: opened from `since` on and before `until`. `merchants` empty: every merchant's."""

    since: Instant
    until: Instant
    by: Grouping = Grouping.WEEK
    kind: CaseKind | None = None
    merchant: str | None = None
    merchants: list[str] = Field(default_factory=list)
    include_shadow: bool = False


class Figures(Contract):
    """Everything is counted from rows; None of nothing, never 0 %."""

    cases: int = 0
    resolved: int = 0  # of these, with a result; neither withdrawn nor merged
    open: int = 0
    promises_kept: int = 0
    promises_late: int = 0
    promises_broken: int = 0
    clocks_met: int = 0
    clocks_breached: int = 0
    resolution_median_s: float | None = None  # of the resolved ones
    resolution_p90_s: int | None = None
    first_contact: int = 0  # of the resolved ones
    csat_n: int = 0
    csat_sum: int = 0
    csat_satisfied: int = 0  # answers of 4 and 5
    nps_n: int = 0
    nps_promoters: int = 0
    nps_detractors: int = 0

    @property
    def promises_n(self) -> int:
        """Promises that ended as kept, late or broken; superseded, withdrawn and open ones are none of these."""
        return self.promises_kept + self.promises_late + self.promises_broken

    @property
    def kept_percent(self) -> float | None:
        return _percent(self.promises_kept, self.promises_kept + self.promises_late + self.promises_broken)

    @property
    def late_percent(self) -> float | None:
        return _percent(self.promises_late, self.promises_kept + self.promises_late + self.promises_broken)

    @property
    def broken_percent(self) -> float | None:
        return _percent(self.promises_broken, self.promises_kept + self.promises_late + self.promises_broken)

    @property
    def clocks_n(self) -> int:
        return self.clocks_met + self.clocks_breached

    @property
    def sla_percent(self) -> float | None:
        return _percent(self.clocks_met, self.clocks_met + self.clocks_breached)

    @property
    def first_contact_percent(self) -> float | None:
        return _percent(self.first_contact, self.resolved)

    @property
    def csat_mean(self) -> float | None:
        return round(self.csat_sum / self.csat_n, 2) if self.csat_n else None

    @property
    def csat_percent(self) -> float | None:
        return _percent(self.csat_satisfied, self.csat_n)

    @property
    def nps(self) -> float | None:
        return _percent(self.nps_promoters - self.nps_detractors, self.nps_n)


class Group(Contract):
    """`name` None: no such message (no resolution told yet; a promise that a person gave). A week is named by its Monday (ISO date)."""

    name: str | None
    figures: Figures


class Insight(Contract):
    """Weeks in their order, without gaps; other groups by their number of cases, the largest first."""

    wanted: Wanted
    total: Figures
    groups: list[Group]


def monday(moment: datetime) -> date:
    """Of the week of `moment`, in its own zone."""
    return moment.date() - timedelta(days=moment.weekday())


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
