"""`makegood insight`: the same counts for people, scripts and spreadsheets."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from policies.case.vocabulary import FactType, PromiseEnd
from starter.cli.app import build
from store.engine import open_store
from store.recorder import Recorder
from tests.starter.cli.runner import Runner
from tests.store.samples import ended, entry, fact
from tests.store_fixtures import ready_sqlite

runner, app = Runner(), build()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    url = ready_sqlite(tmp_path / "makegood.sqlite")

    async def fill() -> None:
        store = await open_store(url)
        opened = fact(1, FactType.OPENED, detail={"policy": "retail.refund"})
        promises = [ended(1, PromiseEnd.KEPT), ended(2, PromiseEnd.LATE, 60)]
        await Recorder(store).commit_entry(entry("a", facts=[opened], ended_promises=promises, clocks_met=1, csat=5))
        await store.close()

    asyncio.run(fill())
    return tmp_path


def insight(state: Path, *arguments: str) -> Any:
    return runner.invoke(app, ["--state-dir", str(state), "insight", "--from", "2026-03-02", "--until", "2026-03-08", *arguments])


def test_the_same_figures_in_three_forms(state: Path) -> None:
    whole, week = json.loads(insight(state, "--json").stdout)
    assert (whole["group"], week["group"], whole["promises_n"], whole["promises_kept_percent"]) == ("all", "2026-03-02", 2, 50.0)
    assert (whole["few"], whole["nps"], whole["resolution_median_h"]) == ("promises sla csat", None, None)
    (_, policy) = csv.DictReader(io.StringIO(insight(state, "--by", "policy", "--csv").stdout))
    assert (policy["group"], policy["csat_n"], policy["csat_mean"]) == ("retail.refund", "1", "5.0")
    shown = insight(state)
    assert "50 %* (n = 2)" in shown.stdout
    assert "n below 20" in shown.stderr


def test_nothing_is_said_of_nothing(state: Path) -> None:
    assert insight(state, "--merchant", "nobody").stdout == "No cases in this period.\n"
