"""`makegood calls` without an engine: the list, one call with its number, and what is refused before anything is asked."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from starter.cli.app import build
from store.call_tasks import NewCall
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import open_store
from store.recorder import Recorder
from tests.starter.cli.runner import Runner
from tests.store.samples import CASE, entry
from tests.store_fixtures import ready_sqlite

runner, app = Runner(), build()
NOW = datetime.now(UTC)
FIRST, SECOND = "call-refund-acme-r-1.alert.1", "call-refund-acme-r-1.1.update.2"


async def _fill(url: str) -> None:
    store = await open_store(url)
    person = Contact(name="Ada Example", phone="+4930555001", zone="Europe/Berlin")
    await DeskBooks(store).save_contact(f"contact-{CASE}", CASE, "acme", person, NOW)
    await Recorder(store).commit_entry(entry())
    for task_id, hours, owner in ((SECOND, 4, None), (FIRST, -1, "tom")):
        call = NewCall(
            task_id=task_id,
            case_id=CASE,
            contact_ref=f"contact-{CASE}",
            role="owner" if owner else "lead",
            owner=owner,
            reason="customer_unreachable",
            script="Hello Ada, nothing new.",
            locale="en",
            due_at=NOW + timedelta(hours=hours),
        )
        await Recorder(store).open_call(call, NOW)
    await store.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    asyncio.run(_fill(ready_sqlite(tmp_path / "makegood.sqlite")))
    return tmp_path


def calls(state: Path, *arguments: str) -> Any:
    return runner.invoke(app, ["--state-dir", str(state), "calls", *arguments])


def test_the_list_names_what_is_due_first_and_nobody_by_name(state: Path) -> None:
    answer = calls(state, "list")
    assert (answer.exit_code, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [FIRST, SECOND]
    assert "tom (owner)" in lines[0]
    assert lines[0].rstrip().endswith("overdue")
    assert lines[1].rstrip().endswith("open")
    assert not [word for word in ("Ada", "555001", "Hello") if word in answer.stdout]
    listed = json.loads(calls(state, "list", "--role", "lead", "--json").stdout)
    assert [(task["task_id"], task["attempts"], task["result"]) for task in listed] == [(SECOND, 0, None)]
    assert calls(state, "list", "--owner", "nobody").stdout == "No calls to make.\n"
    assert calls(state, "list", "--case", "R-unknown").exit_code == 1


def test_one_call_is_shown_with_its_number_and_its_words(state: Path) -> None:
    page = calls(state, "show", FIRST)
    assert page.exit_code == 0
    for words in ("call Ada Example at +4930555001", "time zone Europe/Berlin", "Hello Ada, nothing new.", "why: customer unreachable"):
        assert words in page.stdout, words
    sheet = json.loads(calls(state, "show", FIRST, "--json").stdout)
    assert (sheet["number"], sheet["script"], sheet["case_status"]) == ("+4930555001", "Hello Ada, nothing new.", "open")
    several = calls(state, "show", "call-refund-acme")
    assert (several.exit_code, several.stdout) == (1, "")
    assert several.stderr.startswith("error: several call tasks begin so")
    assert calls(state, "show", "call-nobody").exit_code == 1


def test_who_makes_the_calls_stands_with_the_policy() -> None:
    answer = runner.invoke(app, ["policies", "show", "retail.refund"], env={"MAKEGOOD_POLICY_BOOK": "retail"})
    assert "voice messages are spoken by a machine; a call that a person is to make is due within 4bh" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([FIRST], "--result"),
        ([FIRST, "--result", "busy"], "busy"),
        ([FIRST, "--result", "voicemail", "--promised", "2030-01-01T10:00:00+01:00"], "--promised: only who was reached"),
        ([FIRST, "--result", "reached", "--promised", "tomorrow"], "--promised: write an ISO 8601 time"),
        ([FIRST, "--result", "reached", "--give-up"], "go with --result no_answer"),
        ([FIRST, "--result", "no_answer", "--give-up", "--again-at", "2030-01-01T10:00:00+01:00"], "not both"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(state: Path, arguments: list[str], problem: str) -> None:
    answer = calls(state, "done", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert problem in answer.output
