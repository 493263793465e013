"""Figures: what was measured, what the budget says, the table and the JSON file (build/bench.json).

Owns the budget's numbers (architecture, Budgets) and the verdict. Must never measure. Called by __main__ and filled by the parts.
"""

import json
import platform
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Budget:
    """One figure. Less is better unless `more`; without `must` it is told and not judged."""

    title: str
    unit: str = ""
    must: float | None = None
    aim: float | None = None
    digits: int = 0
    more: bool = False
    shown: str = "naive"  # the baseline in the table
    hidden: bool = False  # in the JSON only


H = 3600.0
BUDGETS: dict[str, Budget] = {
    "history_events": Budget("history events of S10", must=145, aim=110),
    "history_bytes": Budget("history bytes of S10"),
    "billable_actions": Budget("billable actions of S10", must=65, aim=45),
    "provider_checks": Budget("provider checks until the settlement", must=25, aim=15),
    "provider_checks_tail": Budget("provider checks in the tail", must=12, aim=8),
    "settlement_seen_late_s": Budget("settlement seen late, mean", "s", must=3 * H, aim=1.5 * H),
    "settlement_seen_late_p90_s": Budget("settlement seen late, p90", "s", must=6 * H, aim=4 * H),
    "worker_cpu_ratio": Budget("worker CPU, ours to skeleton", "x", must=2.0, aim=1.5, digits=2, shown="skeleton"),
    "worker_cpu_ms_per_case": Budget("worker CPU per S10 case", "ms", shown="skeleton"),
    "dev_worker_cpu_ms_per_case": Budget("worker CPU per case, development server", "ms", shown="naive"),
    "dev_server_cpu_ms_per_case": Budget("server CPU per case, development server", "ms", shown="naive"),
    "cases_opened_per_s": Budget("cases opened per second", "/s", digits=1, more=True, shown="skeleton"),
    "cases_acknowledged_per_s": Budget("cases acknowledged per second", "/s", digits=1, more=True, shown="skeleton"),
    "wake_lateness_p50_s": Budget("wake-up after its due moment, p50", "s", digits=3, shown="skeleton"),
    "wake_lateness_p99_s": Budget("wake-up after its due moment, p99", "s", digits=3, shown="skeleton"),
    "overdue_after_kill_s": Budget("most overdue step after kill -9 of the worker", "s", must=6.0, aim=3.0, digits=2, shown="skeleton"),
    "sent_twice_after_kill": Budget("messages sent twice after the kills", must=0, shown="skeleton"),
    "worker_sleeping_few_mb": Budget("worker memory, 2,000 cases asleep (quick: 300)", "MB", digits=1, shown="skeleton"),
    "worker_sleeping_many_mb": Budget("worker memory, 10,000 cases asleep (quick: 1,500)", "MB", digits=1, shown="skeleton"),
    "worker_sleeping_growth_mb": Budget("its growth between the two", "MB", must=30.0, aim=5.0, digits=1, shown="skeleton"),
}

_PAGES = {"queue": "queue", "queue_live": "queue, without a reload", "queue_filtered": "queue, filtered", "search": "search"}
_PAGES |= {"customer": "one customer's cases", "case": "case page, from the books", "case_alive": "case page, from the engine"}
for _engine, _name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
    for _page, _title in _PAGES.items():
        BUDGETS[f"console_{_engine}_{_page}_p50_ms"] = Budget(f"{_title}, 100,000 cases, {_name}, p50", "ms", digits=1)
        BUDGETS[f"console_{_engine}_{_page}_p95_ms"] = Budget(f"{_title}, 100,000 cases, {_name}, p95", "ms", must=100.0, digits=1)


@dataclass
class Report:
    """`put` as soon as something is known: what was measured before an interrupt is still shown."""

    quick: bool
    whole: bool = True  # every part was asked for
    figures: dict[str, dict[str, float]] = field(default_factory=dict)  # key -> contestant -> value
    notes: dict[str, object] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)  # part -> why it has no figures
    began: float = field(default_factory=time.monotonic)
    console: Console = field(default_factory=lambda: Console(width=None if sys.stdout.isatty() else 132))

    def put(self, key: str, value: float, whose: str = "ours") -> None:
        self.figures.setdefault(key, {})[whose] = value

    def note(self, key: str, value: object) -> None:
        self.notes[key] = value

    def say(self, text: str) -> None:
        """One line of progress."""
        self.console.print(f"[dim]{time.monotonic() - self.began:6.1f} s[/dim]  {text}", highlight=False)

    def failed(self) -> list[str]:
        """Figures whose must does not hold."""
        return [key for key, budget in BUDGETS.items() if budget.must is not None and not self._holds(key, budget.must)]

    def _holds(self, key: str, limit: float) -> bool:
        value = self.figures.get(key, {}).get("ours")
        if value is None:
            return not self.whole  # in a whole run a figure that was never measured does not hold
        return value >= limit if BUDGETS[key].more else value <= limit

    def show(self) -> None:
        table = Table(title="make bench", title_justify="left")
        for name in ("figure", "ours", "baseline", "ratio", "must", "aim", "ok?"):
            table.add_column(name, justify="left" if name in ("figure", "ok?") else "right")
        for key, budget in BUDGETS.items():
            values = self.figures.get(key)
            if not values or "ours" not in values:
                continue
            other = values.get(budget.shown)
            table.add_row(
                budget.title,
                _number(values["ours"], budget),
                f"{_number(other, budget)} {budget.shown}" if other is not None else "",
                f"{values['ours'] / other:.2f}" if other else "",
                _number(budget.must, budget),
                _number(budget.aim, budget),
                self._verdict(key, budget),
            )
        self.console.print(table)

    def _verdict(self, key: str, budget: Budget) -> str:
        if budget.must is None:
            return ""
        if not self._holds(key, budget.must):
            return "[red]no[/red]"
        return "[green]aim[/green]" if budget.aim is not None and self._holds(key, budget.aim) else "[green]yes[/green]"

    def write(self, file: Path) -> None:
        """Ours at the top by key, the baselines beside it."""
        baselines: dict[str, dict[str, float]] = {}
        for key, values in self.figures.items():
            for whose, value in values.items():
                if whose != "ours":
                    baselines.setdefault(whose, {})[key] = value
        content = {
            **{key: values["ours"] for key, values in self.figures.items() if "ours" in values},
            "worker_sleeping_mb": _sleeping(self.figures, "ours"),
            "baseline": baselines,
            "must": {key: budget.must for key, budget in BUDGETS.items() if budget.must is not None},
            "aim": {key: budget.aim for key, budget in BUDGETS.items() if budget.aim is not None},
            "failed": self.failed(),
            "broken": self.broken,
            "notes": self.notes,
            "made": {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "whole": self.whole,
                "quick": self.quick,
                "took_s": round(time.monotonic() - self.began, 1),
                "python": platform.python_version(),
                "temporalio": version("temporalio"),
                "cpus": psutil.cpu_count(),
                "load_average": psutil.getloadavg(),
            },
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sleeping(figures: dict[str, dict[str, float]], whose: str) -> dict[str, float]:
    """The three figures of memory under one key."""
    parts = {name: figures.get(f"worker_sleeping_{name}_mb", {}).get(whose) for name in ("few", "many", "growth")}
    return {name: value for name, value in parts.items() if value is not None}


def _number(value: float | None, budget: Budget) -> str:
    if value is None:
        return ""
    if budget.unit == "s" and value >= H / 2:
        return f"{value / H:.2f} h"
    return f"{value:,.{budget.digits}f}{' ' if budget.unit else ''}{budget.unit}"


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]
