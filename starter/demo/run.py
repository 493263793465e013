"""Plays the demo: stack, provider's script, cases from a file, people, screen, summary.

Owns the order. Must never leave anything running. Called by `makegood demo`.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from rich.console import Console

from policies.case.request import CaseRequest
from starter.connection import connect
from starter.demo.director import Director
from starter.demo.screen import Screen, show_summary
from starter.demo.script import Script, load_script
from starter.desk.desk import Desk
from starter.desk.keys import CaseKey
from starter.embedded.lock import running_stack
from starter.embedded.stack import Stack
from starter.identity_key import identity_of
from starter.intake.candidates import Candidate, Rejected
from starter.intake.formats import read_cases
from starter.policy_books import load_books
from starter.settings import ROOT, Settings
from store.desk_books import DeskBooks
from store.engine import open_store
from store.queries import Queries

CASES = ROOT / "examples" / "cases.csv"
SCRIPT = ROOT / "examples" / "demo.toml"
# The longest story of the script ends after about 2 minutes; a machine under load may need more.
LIMIT_S = 300.0


@dataclass(frozen=True)
class Week:
    """What is played: the script, and what the rows of the file are."""

    script: Script
    cases_file: Path
    rows: Sequence[tuple[Candidate, CaseRequest | Rejected]]

    @property
    def requests(self) -> list[CaseRequest]:
        return [verdict for _, verdict in self.rows if not isinstance(verdict, Rejected)]

    @property
    def rejected(self) -> list[Rejected]:
        return [verdict for _, verdict in self.rows if isinstance(verdict, Rejected)]


async def play(
    settings: Settings,
    console: Console,
    *,
    temporal_port: int | None,
    ui_port: int | None,
    keep: bool,
    say: Callable[[str], None],
    cases_file: Path = CASES,
    script_file: Path = SCRIPT,
    limit_s: float = LIMIT_S,
) -> int:
    """Play it; 0 if every row of the file became a case and every case closed within `limit_s` seconds, else 1.

    With `keep` the stack then serves until a signal. Raises ScriptInvalid, FileUnusable, StackError.
    """
    week = Week(load_script(script_file), cases_file, read_cases(cases_file))
    settings = settings.model_copy(update={"policy_book": "demo", "policy_books": [], "state_dir": settings.state_dir / "demo"})
    _fresh(settings.state_dir)
    code = 1
    async with Stack(
        settings, state_dir=settings.state_dir, temporal_port=temporal_port, ui_port=ui_port, simulator=True, on_event=say
    ) as stack:
        say(f"Temporal's web UI: {stack.ui_url}/namespaces/default/workflows")
        code = await _play(week, settings, stack, console, say, limit_s)
        if keep:
            say(f"\nStill serving: {stack.ui_url} (Ctrl-C ends it). In another terminal:")
            say(f"  .venv/bin/makegood --state-dir {_shown(settings.state_dir)} list --all")
            await stack.wait()
    return code


def _fresh(folder: Path) -> None:
    """Every demo begins with empty books; the folder holds made-up data only. One that is in use is left to the lock's message."""
    if folder.exists() and running_stack(folder) is None:
        shutil.rmtree(folder)


def _shown(folder: Path) -> str:
    with suppress(ValueError):
        return str(folder.relative_to(Path.cwd()))
    return str(folder)


async def _play(week: Week, settings: Settings, stack: Stack, console: Console, say: Callable[[str], None], limit_s: float) -> int:
    await _load(stack, week.script)
    client = await connect(settings, address=stack.address)
    store = await open_store(settings.database_url)
    try:
        queries = Queries(store)
        desk = Desk(client, DeskBooks(store), queries, load_books(settings.policy_book_files), identity_of(settings))
        cases = await _open(week, desk, say)
        director = asyncio.create_task(Director(week.script, desk, queries, say).play(cases))
        views = await Screen(queries, list(cases.values()), console).follow(limit_s)
        director.cancel()
        with suppress(asyncio.CancelledError):
            await director
        console.print()
        show_summary(console, await queries.summary())
    finally:
        await store.close()
    open_still = [key.case_id for key in cases.values() if not any(view.case_id == key.case_id and view.closed_at for view in views)]
    for case_id in open_still:
        say(f"error: {case_id} did not close")
    for rejected in week.rejected:  # once more: what was said at the opening has long scrolled away
        say(f"error: {week.cases_file.name} line {rejected.candidate.line} became no case")
    return 1 if open_still or week.rejected else 0


async def _load(stack: Stack, script: Script) -> None:
    """Tell the simulated provider and carrier what will happen."""
    async with httpx2.AsyncClient(base_url=stack.simulator_url or "", trust_env=False) as http:
        answer = await http.post("/admin/plans", json={"plans": [plan.model_dump(mode="json") for plan in script.provider]})
        answer.raise_for_status()


async def _open(week: Week, desk: Desk, say: Callable[[str], None]) -> dict[str, CaseKey]:
    """Open the cases; business reference -> case."""
    for rejected in week.rejected:
        say(f"error: {week.cases_file.name} line {rejected.candidate.line}: {'; '.join(rejected.reasons)}")
    cases: dict[str, CaseKey] = {}
    for request in week.requests:
        opened = await desk.open(request)
        cases[request.reference] = CaseKey(opened.case_id, request.kind)
    say(f"{len(cases)} cases opened from {_shown(week.cases_file)} under the demo policy book: a day becomes 3.5 seconds.\n")
    return cases
