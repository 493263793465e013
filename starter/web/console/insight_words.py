"""The measures of insight in words: what each is called, how its figure is said, when it says little.

Owns these words; every percentage comes with its n. Must never compute a measure: store/insight.py counts. Called by the pages of insight.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from starter.insight_table import ALL, NONE
from store.insight_views import FEW, Figures, Grouping

_HOUR_S, _DAY_S = 3600, 86400
GROUPINGS = {
    Grouping.WEEK: "week",
    Grouping.KIND: "kind of case",
    Grouping.POLICY: "policy",
    Grouping.CHANNEL: "channel",
    Grouping.TEMPLATE: "template version",
}
_CHANNELS = {"email": "e-mail", "sms": "SMS", "voice": "calls"}


@dataclass(frozen=True, slots=True)
class Cell:
    """`few`: its n is so small that one case moves it by more than five points."""

    text: str
    few: bool = False
    is_n: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """`columns`: heading and figure, in the table; after them its n. `keys`: the style of each in the picture, where there are several."""

    title: str
    columns: tuple[tuple[str, Callable[[Figures], str]], ...]
    n: Callable[[Figures], int]
    counted: str  # what n counts
    keys: tuple[str, ...] = ("near",)

    def few(self, figures: Figures) -> bool:
        return 0 < self.n(figures) < FEW

    def cells(self, figures: Figures) -> list[Cell]:
        shown = [Cell(of(figures), self.few(figures)) for _, of in self.columns]
        return [*shown, Cell(f"{self.n(figures):,}", is_n=True)]

    def headings(self) -> list[str]:
        return [*(heading for heading, _ in self.columns), "n"]


def percent(value: float | None) -> str:
    return f"{value:.1f} %" if value is not None else "\u2013"


def score(value: float | None) -> str:
    """An NPS: from -100 to +100, no percentage."""
    return f"{value:+.0f}".replace("-", "\u2212").replace("+0", "0") if value is not None else "\u2013"


def span(seconds: float | None) -> str:
    if seconds is None:
        return "\u2013"
    if seconds >= _DAY_S:
        return f"{seconds / _DAY_S:.1f} d"
    return f"{seconds / _HOUR_S:.1f} h" if seconds >= _HOUR_S else f"{seconds / 60:.0f} min"


def day(text: str) -> str:
    """2 Mar"""
    at = date.fromisoformat(text)
    return f"{at.day} {at:%b}"


def group_name(by: Grouping, name: str | None, *, with_year: bool = False) -> str:
    if name is None:
        return NONE
    if by is Grouping.WEEK:
        return day(name) + (f" {name[:4]}" if with_year else "")
    return _CHANNELS.get(name, name) if by is Grouping.CHANNEL else name


PROMISES = Measure(
    "Promises kept",
    (
        ("kept", lambda figures: percent(figures.kept_percent)),
        ("late", lambda figures: percent(figures.late_percent)),
        ("broken", lambda figures: percent(figures.broken_percent)),
    ),
    lambda figures: figures.promises_n,
    "promises",
    ("good", "late", "bad"),
)
SLA = Measure("SLA met", (("met", lambda figures: percent(figures.sla_percent)),), lambda figures: figures.clocks_n, "clocks")
RESOLUTION = Measure(
    "Time to resolution",
    (
        ("median", lambda figures: span(figures.resolution_median_s)),
        ("90 % within", lambda figures: span(figures.resolution_p90_s)),
    ),
    lambda figures: figures.resolved,
    "resolved cases",
    ("near", "far"),
)
FIRST_CONTACT = Measure(
    "First contact resolution",
    (("share", lambda figures: percent(figures.first_contact_percent)),),
    lambda figures: figures.resolved,
    "resolved cases",
)
CSAT = Measure(
    "CSAT",
    (
        ("4 or 5", lambda figures: percent(figures.csat_percent)),
        ("mean", lambda figures: f"{figures.csat_mean:.2f}" if figures.csat_mean is not None else "\u2013"),
    ),
    lambda figures: figures.csat_n,
    "answers",
)
NPS = Measure("NPS", (("score", lambda figures: score(figures.nps)),), lambda figures: figures.nps_n, "answers")
MEASURES = (PROMISES, SLA, RESOLUTION, FIRST_CONTACT, CSAT, NPS)

# The page's own words; docs/console.md and docs/glossary.md say the same.
DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        "Which cases",
        "Those opened in the period (UTC), with all that happened to them until now. Cases that are still open have no time to resolution: "
        "the figures of the latest weeks hold the quick ones only.",
    ),
    (
        "Promises kept",
        "Of the promises of a next word that ended as kept (accepted by the provider in time, with the policy's grace), late or broken. "
        "Superseded, withdrawn and open ones do not count.",
    ),
    (
        "SLA met",
        "Clocks that bind the merchant and were met, of those met or breached. Clocks of banks, carriers and providers do not count, nor "
        "clocks that still run.",
    ),
    (
        "Time to resolution",
        "From the opening to the resolution that stands: nights, weekends and holds included; of a case that came back, to its last. "
        "Withdrawn and merged cases do not count. Half took at most the median, nine of ten at most the "
        "time under \u201c90 % within\u201d.",
    ),
    (
        "First contact resolution",
        "Of the resolved cases, those that were resolved before the customer replied or a person of ours replied or called, and that have "
        "not come back.",
    ),
    ("CSAT", "Share of 4 and 5 among the answers from 1 to 5, and their mean. A case counts once, with its last answer."),
    ("NPS", "Share of answers 9 and 10 minus share of answers 0 to 6, from \u2212100 to +100."),
    (
        "By channel, by template version",
        "A promise belongs to the message that made it, everything else of a case to the message that told its resolution. "
        f"\u201c{NONE}\u201d: no resolution was told yet, or a person gave the promise.",
    ),
    (
        "Few",
        f"An asterisk marks figures with an n below {FEW}: there one single case moves a percentage by more than five points. In the "
        "pictures they are hollow or pale.",
    ),
)

__all__ = ["ALL", "DEFINITIONS", "GROUPINGS", "MEASURES", "NONE", "Cell", "Measure", "group_name"]
