"""`make demo` as a program that ends: its exit code, its figures, and what it leaves running (nothing).

The stack is the demo's own. Only the week is shorter: rows of examples/cases.csv, a script in which the provider settled two minutes ago
(so that the tail of 45 s is over when the survey is answered), and a limit of a second where a case is not to close.
"""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from rich.console import Console

from policies.case.vocabulary import PromiseEnd
from starter.demo.run import CASES, play
from starter.embedded.lock import running_stack
from starter.settings import Settings, load_settings
from store.engine import open_store
from store.queries import Queries
from store.views import PromiseView
from tests.starter.embedded.conditions import children, runs


@dataclass
class Demo:
    """One run of the demo on a week of its own in `folder`."""

    folder: Path
    script: str
    limit_s: float = 60.0
    said: list[str] = field(default_factory=list)
    parts: set[int] = field(default_factory=set)  # processes that ran at any time in it
    shown: str = ""

    async def play(self, rows: Sequence[dict[str, str]]) -> int:
        cases, script, screen = self.folder / "cases.csv", self.folder / "demo.toml", StringIO()
        with cases.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        script.write_text(self.script, encoding="utf-8")
        code = await play(
            self.settings,
            Console(file=screen, width=160),
            temporal_port=None,
            ui_port=None,
            keep=False,
            say=self._say,
            cases_file=cases,
            script_file=script,
            limit_s=self.limit_s,
        )
        self.shown = screen.getvalue()
        return code

    @property
    def settings(self) -> Settings:
        return load_settings(state_dir=self.folder)

    def _say(self, line: str) -> None:
        self.said.append(line)
        self.parts.update(children())

    def nothing_is_left_running(self) -> None:
        assert len(self.parts) >= 3, "Temporal, the simulator, the worker"
        assert not any(runs(pid) for pid in self.parts)
        assert running_stack(self.folder / "demo") is None

    def errors(self) -> list[str]:
        return [line for line in self.said if line.startswith("error: ")]

    def figure(self, name: str) -> str:
        """What the summary says of it."""
        [said] = re.findall(rf"^{name}  +(.*?) *$", self.shown, re.MULTILINE)
        return str(said)

    async def promises(self) -> list[PromiseView]:
        """Of all cases, from the books."""
        store = await open_store(self.settings.model_copy(update={"state_dir": self.folder / "demo"}).database_url)
        try:
            queries = Queries(store)
            cases = (await queries.list_cases()).cases
            return [promise for case in cases for promise in await queries.promises(case.case_id)]
        finally:
            await store.close()


def example(reference: str, **change: str) -> dict[str, str]:
    """A row of examples/cases.csv."""
    with CASES.open(encoding="utf-8", newline="") as file:
        [row] = [row for row in csv.DictReader(file) if row["reference"] == reference]
    return {**row, **change}


def settled(reference: str) -> str:
    at = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    step = f'{{ after_s = 0, status = "paid_out", at = "{at}", fields = {{ arn = "74537604221222132710572" }} }}'
    return f'[[provider]]\nkind = "refund"\nreference = "{reference}"\nsteps = [{step}]\n'


def rated(case: str, csat: int, nps: int) -> str:
    return f'[[act]]\ncase = "{case}"\ndo = "feedback"\nwhen = "feedback_asked"\ncsat = {csat}\nnps = {nps}\n'


async def test_a_demo_whose_cases_all_close_ends_with_0_and_the_right_figures(tmp_path: Path) -> None:
    script = [settled("SP-1001"), settled("SP-1002"), rated("R-1001", 5, 10), rated("R-1002", 3, 8)]
    demo = Demo(tmp_path, "".join(script))
    assert await demo.play([example("R-1001"), example("R-1002")]) == 0
    assert not demo.errors()
    demo.nothing_is_left_running()
    assert demo.figure("cases") == "2: 2 closed, 0 resolved, 0 open"
    assert demo.figure("SLA") == "100 % (2 clocks met, 0 breached)"
    assert demo.figure("CSAT") == "50 % (n = 2; 2 of 2 asked answered)"
    assert demo.figure("NPS") == "+50 (n = 2)"
    ends = Counter(promise.end for promise in await demo.promises())
    counted = ", ".join(f"{ends[end]} {end.value}" for end in (PromiseEnd.KEPT, PromiseEnd.LATE, PromiseEnd.BROKEN))
    assert ends.total() >= 2
    assert demo.figure("promises") == f"{ends.total()} made: {counted}, 0 superseded, 0 withdrawn, 0 open"
    for reference in ("R-1001", "R-1002"):
        assert re.search(rf"refund {reference} +closed: refunded$", demo.shown, re.MULTILINE)


async def test_a_case_that_does_not_close_in_time_is_named_and_the_demo_ends_with_1(tmp_path: Path) -> None:
    stuck = '[[provider]]\nkind = "refund"\nreference = "SP-1004"\nsteps = [{ after_s = 0, status = "processing" }]\n'
    demo = Demo(tmp_path, f"act = []\n{stuck}", limit_s=1)
    assert await demo.play([example("R-1004")]) == 1
    demo.nothing_is_left_running()
    [error] = demo.errors()
    assert re.fullmatch(r"error: northwind-r-1004-\w{8} did not close", error)
    assert demo.figure("cases") == "1: 0 closed, 0 resolved, 1 open"


async def test_a_row_that_is_no_case_is_a_failure_though_the_others_close(tmp_path: Path) -> None:
    demo = Demo(tmp_path, f"act = []\n{settled('SP-1001')}")
    assert await demo.play([example("R-1001", opted_out="survey"), example("R-1002", customer_email="nobody")]) == 1
    demo.nothing_is_left_running()
    first, last = demo.errors()
    assert first.startswith("error: cases.csv line 3: customer_email")
    assert "nobody" not in first
    assert last == "error: cases.csv line 3 became no case"
    assert demo.figure("cases") == "1: 1 closed, 0 resolved, 0 open"
