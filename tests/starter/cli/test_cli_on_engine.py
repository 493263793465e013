"""The command line as a support lead uses it, on the real development server with the real worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from starter.cli.app import build
from starter.settings import ROOT
from tests.real.harness import RealHouse, eventually, real_house

APP = build()

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Terminal:
    """Runs the program with the environment of the running stack, under the retail book: nothing falls due while a test looks."""

    house: RealHouse
    folder: Path

    async def run(self, *arguments: str, stdin: str = "") -> Ended:
        environment = {**self.house.stack.worker_environment(), "MAKEGOOD_POLICY_BOOK": "retail"}
        # In a thread: the program has an event loop of its own. A process each would cost a second each.
        answer = await asyncio.to_thread(lambda: CliRunner().invoke(APP, arguments, input=stdin, env=environment))
        if answer.exception is not None and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        return Ended(answer.exit_code, answer.stdout, answer.stderr)

    def file(self, name: str, *, old: str = "", new: str = "") -> Path:
        path = self.folder / name
        text = (ROOT / "examples" / "cases.csv").read_text(encoding="utf-8")
        path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
        return path

    async def opened(self, reference: str) -> str:
        """The case of that reference, known to the books."""

        async def look() -> str | None:
            found = await self.house.queries.find(reference)
            done = [view.case_id for view in found if (await self.house.queries.messages(view.case_id))]
            return done[0] if done else None

        return await eventually(look, f"{reference} in the books")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def terminal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Terminal]:
    async with real_house(tmp_path_factory.mktemp("cli")) as house:
        made = Terminal(house, tmp_path_factory.mktemp("files"))
        first = await made.run("open", str(made.file("cases.csv")), "--json")
        assert (first.code, first.err) == (0, "")
        assert (first.json["created"], first.json["same"]) == (10, 0)
        for reference in ("R-1001", "R-1002", "R-1003", "R-1004", "R-1008", "D-2001", "V-3001"):
            await made.opened(reference)
        yield made


async def test_a_second_run_opens_nothing_twice(terminal: Terminal) -> None:
    again = await terminal.run("open", str(terminal.file("cases.csv")))
    assert again.code == 0
    assert again.out == "0 cases opened from cases.csv, 10 cases known already and not opened again.\n"
    as_lines = await terminal.run("open", "-", stdin=(ROOT / "examples" / "cases.jsonl").read_text(encoding="utf-8"))
    assert "0 cases opened from standard input, 10 cases known" in as_lines.out


async def test_bad_rows_are_rejected_and_good_ones_opened(terminal: Terminal) -> None:
    source = terminal.file("changed.csv", old="R-1002", new="R-9002")
    text = source.read_text(encoding="utf-8").replace("Rain jacket", "Raincoat").replace("paul.winter@example.com", "paul.winter")
    source.write_text(text, encoding="utf-8")
    answer = await terminal.run("open", str(source))
    assert answer.code == 1
    assert "1 case opened from changed.csv, 7 cases known already" in answer.out
    assert "error: line 2: case: refund-northwind-r-1001-1f2f3c49 is known with other content; different: item\n" in answer.err
    assert "error: line 6: customer_email: has not the right form" in answer.err
    rows = [json.loads(line) for line in (terminal.folder / "changed.rejects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["line"] for row in rows] == [2, 6]
    assert not any(name in answer.out + answer.err for name in ("winter", "Paul", "Winter"))


async def test_list_is_a_table_for_people_and_json_for_scripts(terminal: Terminal) -> None:
    table = await terminal.run("list")
    assert table.code == 0
    assert "refund-northwind-r-1001-1f2f3c49" in table.out
    page = await terminal.run("list", "--kind", "refund", "--limit", "2", "--json")
    assert [case["kind"] for case in page.json["cases"]] == ["refund", "refund"]
    following = await terminal.run("list", "--kind", "refund", "--json", "--after", page.json["after"])
    assert not {case["case_id"] for case in page.json["cases"]} & {case["case_id"] for case in following.json["cases"]}
    assert (await terminal.run("list", "--after", "nonsense")).code == 2


async def test_a_lead_acts_and_is_answered_or_refused(terminal: Terminal) -> None:
    lead = ("--as", "lea.lead", "--why", "a test")
    held = await terminal.run("hold", "R-1003", "warehouse", *lead)
    assert held.code == 0
    assert "northwind-r-1003-dd532d1b: done (fact " in held.out
    again = await terminal.run("hold", "R-1003", "warehouse", *lead)
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("error: the case is on hold already (warehouse, since ")
    assert (await terminal.run("resume", "R-1003", "--role", "customer")).code == 1
    receipt = (await terminal.run("resume", "R-1003", "--json", *lead)).json
    assert (receipt["case_id"], receipt["status"]) == ("northwind-r-1003-dd532d1b", "open")
    assert (await terminal.run("note", "R-1003", "-", *lead, stdin="From standard input.")).code == 0
    done = await terminal.run("resolve", "R-1003", "goodwill", "--amount", "1500:EUR", *lead)
    assert done.code == 0
    assert "resolved" in done.out
    unknown = await terminal.run("note", "R-0000", "text")
    assert (unknown.code, unknown.err.split(";")[0]) == (1, "error: no case is known as R-0000")


async def test_the_page_of_a_case(terminal: Terminal) -> None:
    await terminal.run("note", "R-1004", "Called the bank.")
    page = await terminal.run("show", "R-1004")
    assert page.code == 0
    for words in (
        "refund-northwind-r-1004-9400ea40: open",
        "ruled by retail.refund (retail ",
        "next: ",
        "Clocks",
        "Promises: 1 made",
        "noted by",
    ):
        assert words in page.out
    assert "Called the bank." not in page.out
    assert "Called the bank." in (await terminal.run("show", "R-1004", "--texts")).out
    told = (await terminal.run("show", "R-1004", "--json")).json
    assert set(told) == {"snapshot", "timeline", "messages", "promises", "alerts"}
    assert told["timeline"][0]["type"] == "opened"
    assert not any(word in json.dumps(told) for word in ("Paul", "@example.com", "93023125044"))


async def test_explain_says_which_policy_rules_and_why(terminal: Terminal) -> None:
    [told] = (await terminal.run("policies", "explain", "R-1008", "--json")).json
    assert told["policy_id"] == "retail.refund.vip"
    assert told["ruled_by"].startswith("retail.refund.vip (retail ")
    [other] = (await terminal.run("policies", "explain", "R-1001", "--json")).json
    assert [(entry["policy_id"], entry["rules"]) for entry in other["policies"]] == [("retail.refund.vip", False), ("retail.refund", True)]


async def test_another_policy_needs_a_yes(terminal: Terminal) -> None:
    dry = await terminal.run("policies", "change", "R-1002", "retail.refund.vip", "--dry-run")
    assert "dry run, nothing changed" in dry.out
    assert (await terminal.run("policies", "change", "R-1002", "retail.refund.vip")).code == 2
    assert (await terminal.run("policies", "change", "R-1002", "retail.refund.vip", "--yes")).code == 0
    assert (await terminal.run("policies", "change", "R-1002", "retail.refund.vip", "--yes")).code == 1


async def test_a_withdrawn_case_is_watched_to_its_end(terminal: Terminal) -> None:
    assert (await terminal.run("withdraw", "V-3001")).code == 2  # no terminal to ask in
    assert (await terminal.run("withdraw", "V-3001", "--yes", "--why", "it arrived")).code == 0
    watched = await terminal.run("watch", "V-3001", "--json")
    facts = [json.loads(line) for line in watched.out.splitlines()]
    assert (facts[0]["type"], facts[-1]["type"]) == ("opened", "closed")
    late = await terminal.run("note", "V-3001", "too late")
    assert late.code == 1
    assert "closed" in late.err
    assert "V-3001" not in (await terminal.run("list")).out
    assert "delay-northwind-v-3001" in (await terminal.run("list", "--all")).out


async def test_the_outbox_and_the_figures(terminal: Terminal) -> None:
    case_id = await terminal.opened("D-2001")
    sent = (await terminal.run("outbox", "--case", "D-2001", "--json")).json
    assert sent[0]["case_id"] == case_id
    assert sent[0]["address"] == "sam.ford@example.com"
    assert "D-2001" in (await terminal.run("outbox", "--case", "D-2001")).out or case_id in sent[0]["text"]
    figures = (await terminal.run("summary", "--case", "D-2001", "--json")).json
    assert (figures["total"], figures["promises"]["made"]) == (1, 1)
    assert "Promises" in (await terminal.run("summary")).out


async def test_setup_is_safe_to_repeat(terminal: Terminal) -> None:
    assert (await terminal.run("setup", "--json")).json == {"namespace": "default", "retention_days": 90, "search_attributes_added": []}
