"""The command line as a support lead uses it, on the real development server with the real worker."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection

from policies.case.plans import BooksEntry, CaseRow
from policies.case.start import CaseStart
from policies.case.vocabulary import CaseKind
from starter.cli.app import build
from starter.settings import ROOT
from store.audit import Audit
from store.call_tasks import NewCall
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.recorder import Recorder
from store.tables import cases, contacts
from tests.real.harness import RealHouse, case_start, eventually, real_house
from tests.starter.cli.runner import Runner

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

    async def run(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        environment = {**self.house.stack.worker_environment(), "MAKEGOOD_POLICY_BOOK": "retail", **more}
        # In a thread: the program has an event loop of its own. A process each would cost a second each.
        answer = await asyncio.to_thread(lambda: Runner().invoke(APP, arguments, input=stdin, env=environment))
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
    dry = await terminal.run("open", "--dry-run", str(terminal.file("cases.csv")))
    known = "0 cases would be opened, 10 cases known already and not opened again, 0 rows rejected. Nothing was opened."
    assert (dry.code, dry.out.splitlines()[-1], dry.err) == (0, known, "")
    as_lines = await terminal.run("open", "-", stdin=(ROOT / "examples" / "cases.jsonl").read_text(encoding="utf-8"))
    assert "0 cases opened from standard input, 10 cases known" in as_lines.out


async def test_bad_rows_are_rejected_and_good_ones_opened(terminal: Terminal) -> None:
    source = terminal.file("changed.csv", old="R-1002", new="R-9002")
    text = source.read_text(encoding="utf-8").replace("Rain jacket", "Raincoat").replace("paul.winter@example.com", "paul.winter")
    source.write_text(text, encoding="utf-8")
    dry = await terminal.run("open", "--dry-run", str(source))
    assert "1 case would be opened, 7 cases known already and not opened again, 2 rows rejected" in dry.out
    answer = await terminal.run("open", str(source))
    assert answer.code == 1
    assert dry.err == answer.err.split("`makegood list`")[0]  # the same reasons, word for word
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
    assert re.search(r"since [A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d\d:\d\d:\d\d \(", again.err)  # as everywhere for people; ISO is for --json
    assert (await terminal.run("resume", "R-1003", "--role", "customer")).code == 1
    receipt = (await terminal.run("resume", "R-1003", "--json", *lead)).json
    assert (receipt["case_id"], receipt["status"]) == ("northwind-r-1003-dd532d1b", "open")
    assert (await terminal.run("note", "R-1003", "-", *lead, stdin="From standard input.")).code == 0
    longer = await terminal.run("hold", "R-1003", "warehouse", "--until", (datetime.now(UTC) + timedelta(days=300)).isoformat(), *lead)
    assert longer.code == 0
    assert longer.err.startswith("The policy lets a hold for warehouse last no longer than ")
    missing = await terminal.run("resolve", "R-1003", "goodwill", *lead)
    assert missing.code == 1
    assert missing.err.endswith("(here: --amount MINOR:CURRENCY, for example --amount 500:EUR)\n")
    done = await terminal.run("resolve", "R-1003", "goodwill", "--amount", "1500:EUR", *lead)
    assert done.code == 0
    assert "resolved" in done.out
    for command in (("note", "R-0000", "text"), ("show", "R-0000"), ("watch", "R-0000"), ("outbox", "--case", "R-0000")):
        unknown = await terminal.run(*command)
        right = "right would be a case id, its beginning, a business reference or an order"
        assert (unknown.code, unknown.err) == (1, f"error: no case is known as R-0000; {right}\n"), command


async def test_what_nobody_can_have_meant_is_not_done(terminal: Terminal) -> None:
    await terminal.opened("R-1005")
    typed = await terminal.run("fact", "R-1005", "goods_recieved")
    assert (typed.code, typed.out) == (1, "")
    assert "did you mean goods_received? (--anyway keeps it as it is)" in typed.err
    nobody = await terminal.run("escalate", "R-1005", "--to", "nobody", "--why", "a test")
    assert (nobody.code, nobody.out) == (1, "")
    assert nobody.err.startswith("error: to nobody is no role that anybody has")
    for command in (("customer-reply", "R-1005", "--supplied"), ("fact", "R-1005", "customer_supplied")):
        supplied = await terminal.run(*command)
        assert (supplied.code, supplied.out) == (1, "")
        assert "supplied: nothing is asked of the customer, the case is open" in supplied.err
    happened = {fact["type"] for fact in (await terminal.run("show", "R-1005", "--json")).json["timeline"]}
    assert not happened & {"reported", "escalated", "customer_supplied", "customer_replied"}
    kept = await terminal.run("fact", "R-1005", "goods_recieved", "--anyway")
    assert kept.code == 0
    remarked = await terminal.run("fact", "R-1005", "goods_received")
    assert remarked.code == 0
    assert remarked.err.startswith("No rule of retail.refund waits for goods_received")
    assert (await terminal.run("escalate", "R-1005", "--to", "head", "--why", "a test")).code == 0
    stranger = await terminal.run("reassign", "R-1005", "nobody.there", "--why", "a test")
    assert (stranger.code, "owner nobody.there is nobody who would be told" in stranger.err) == (1, True)
    assert "ana.agent (--anyway takes it as it is)" in stranger.err
    assert (await terminal.run("reassign", "R-1005", "nobody.there", "--anyway", "--why", "a test")).code == 0
    assert (await terminal.run("reassign", "R-1005", "ana.agent", "--why", "a test")).code == 0
    named = await terminal.run("note", "R-1005", "Her own words.", "--why", "call kim@example.org")
    assert (named.code, "by.why holds an e-mail address" in named.err, "(here: --why)" in named.err) == (1, True, True)


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
    assert (told["timeline"][0]["type"], told["timeline"][0]["by"]["who"]) == ("opened", "cli")
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
    assert (await terminal.run("policies", "change", "R-1002", "retail.refund.vip", "--why", "a test")).code == 2
    assert (await terminal.run("policies", "change", "R-1002", "retail.refund.vip", "--yes", "--why", "a test")).code == 0
    assert (await terminal.run("policies", "change", "R-1002", "retail.refund.vip", "--yes", "--why", "a test")).code == 1


async def test_a_withdrawn_case_is_watched_to_its_end(terminal: Terminal) -> None:
    assert (await terminal.run("withdraw", "V-3001", "--why", "it arrived")).code == 2  # no terminal to ask in
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


async def test_a_person_is_erased_once_the_case_is_closed(terminal: Terminal) -> None:
    case_id = await terminal.opened("R-1006")
    shown = await terminal.run("erase", "R-1006")
    assert shown.code == 0
    assert f"{case_id}, open: 1 contact, 1 message, 1 post of the outbox\nNothing was erased." in shown.out
    assert "that needs --force too" in shown.out
    why = ("--why", "asked for on 1 December", "--as", "ann.admin")
    refused = await terminal.run("erase", "R-1006", "--yes", *why)
    assert (refused.code, refused.out) == (1, "")
    assert "nobody can be written to, not even what must be said by law" in refused.err
    assert (await terminal.run("withdraw", "R-1006", "--yes", "--why", "it arrived")).code == 0
    assert (await terminal.run("watch", "R-1006")).code == 0  # until it is closed
    done = await terminal.run("erase", "R-1006", "--yes", *why)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("1 contact, 2 messages, 2 posts of the outbox erased\n")
    again = (await terminal.run("erase", "R-1006", "--yes", *why, "--json")).json
    assert again["dry_run"] is False
    assert [(case["case_id"], case["contacts"], case["messages"]) for case in again["cases"]] == [(case_id, 0, 0)]
    page = (await terminal.run("show", "R-1006", "--texts", "--json")).json
    [record] = [text for text in page["texts"] if text["kind"] == "erasure"]
    assert (record["by"]["who"], record["by"]["why"]) == ("ann.admin", "asked for on 1 December")
    noted = (await Audit(terminal.house.store).page(case_id=case_id))[::-1]
    row = ("retention.erase", "ann.admin", "admin", {"via": "cli"})
    assert [(one.act, one.person, one.role, one.detail) for one in noted] == [row, row]  # nothing of why: it may hold anything
    assert "erased by ann.admin: asked for on 1 December" in (await terminal.run("show", "R-1006", "--texts")).out
    assert (await terminal.run("erase", "R-1006")).out.endswith(": nothing personal\n")
    assert "@" not in (await terminal.run("outbox", "--case", "R-1006")).out
    # The same request does not bring the person back.
    assert (await terminal.run("open", str(terminal.file("cases.csv")))).code == 0
    assert (await terminal.run("erase", "R-1006", "--json")).json["cases"][0]["contacts"] == 0


async def test_a_customer_is_erased_in_all_cases_or_none(terminal: Terminal) -> None:
    [case] = (await terminal.run("erase", "--customer", "C-70", "--json")).json["cases"]
    assert case["case_id"].startswith("northwind-r-1007-")
    forced = await terminal.run("erase", "--customer", "C-70", "--merchant", "northwind", "--yes", "--force", "--why", "a court's order")
    assert forced.code == 0
    assert "1 case is not closed. Without contact data nobody can be written to" in forced.err
    assert (await terminal.run("preferences", "R-1007", "--email", "new@example.com")).code == 1
    nobody = await terminal.run("erase", "--customer", "C-9999")
    assert (nobody.code, nobody.err) == (1, "error: the books know no case of that customer of northwind\n")


def _as_if_unknown(connection: Connection, start: CaseStart, saved_at: datetime) -> None:
    connection.execute(cases.delete().where(cases.c.case_id == start.case_id))
    connection.execute(contacts.update().where(contacts.c.contact_ref == start.contact_ref).values(saved_at=saved_at))


async def test_a_case_is_found_by_a_personal_reference_that_is_nowhere(terminal: Terminal) -> None:
    number = "+44 20 7946 0018"
    told = (await terminal.run("open", str(terminal.file("number.csv", old="R-1002", new=number)), "--json")).json
    [case_id] = [case["case_id"] for case in told["cases"] if case["result"] == "created"]
    assert case_id.count("-") == 1  # nothing of the number

    async def look() -> bool:
        return (await terminal.run("erase", number, "--json")).code == 0

    await eventually(look, "found by its number")
    assert (await terminal.run("erase", number, "--json")).json["cases"][0]["case_id"] == case_id
    assert "7946" not in (await terminal.run("show", number, "--json")).out


async def test_orphans_are_swept_and_running_cases_are_not(terminal: Terminal) -> None:
    books, long_ago = DeskBooks(terminal.house.store), datetime.now(UTC) - timedelta(days=2)
    person = Contact(name="Ada Example", email="ada@example.com")
    await books.save_contact("c-never", "northwind-never-began-00000000", "northwind", person, long_ago)
    # A case that the engine knows and the books do not yet.
    start = case_start(CaseKind.REFUND, "early-bird")
    early = await terminal.house.open(start, "pending")
    await terminal.opened("early-bird")
    await terminal.house.store.write(lambda connection: _as_if_unknown(connection, start, long_ago))
    shown = await terminal.run("sweep")
    assert shown.out == "1 contact would be deleted. Nothing was deleted; add --yes.\n"
    assert shown.err.startswith("1 contact left alone: a running case")
    assert (await terminal.run("sweep", "--yes", "--json")).json == {"dry_run": False, "orphans": 1, "deleted": 1, "in_use": 1}
    assert await terminal.house.queries.contact("c-never") is None
    assert [one.detail for one in await Audit(terminal.house.store).page(act="retention.sweep")] == [{"contacts": 1, "via": "cli"}]
    assert await terminal.house.queries.contact(early.start.contact_ref) is not None


async def test_a_call_that_a_person_made_is_told_to_its_case_and_ends(terminal: Terminal) -> None:
    case_id = await terminal.opened("R-1008")
    store, view = terminal.house.store, await terminal.house.queries.case(case_id)
    assert view is not None
    now = datetime.now(UTC)
    for number in (1, 2, 3):
        call = NewCall(
            task_id=f"call-r-1008.{number}",
            case_id=case_id,
            contact_ref=view.contact_ref,
            role="owner",
            reason="customer_unreachable",
            script="Hello.",
            locale="en",
            due_at=now + timedelta(hours=number),
        )
        await Recorder(store).open_call(call, now)
    tried = await terminal.run("calls", "done", "call-r-1008.1", "--by", "ana.agent", "--result", "no_answer")
    assert (tried.code, tried.err) == (0, "")
    assert tried.out.startswith("call-r-1008.1: tried 1 time, next ")
    early = await terminal.run(
        "calls", "done", "call-r-1008.1", "--result", "reached", "--promised", (now - timedelta(hours=1)).isoformat(), "--as", "ana.agent"
    )
    assert early.code == 1  # the case's own word, and the call is still to be made
    assert "has passed" in early.err
    done = await terminal.run(
        *("calls", "done", "call-r-1008.1", "--by", "ana.agent", "--role", "agent", "--result", "reached", "--note", "She is well."),
        *("--why", "asked for by the alert", "--json"),
    )
    assert (done.code, done.err) == (0, "")
    assert (done.json["task"]["result"], done.json["task"]["attempts"], done.json["task"]["ended_by"]) == ("reached", 2, "ana.agent")
    again = await terminal.run("calls", "done", "call-r-1008.1", "--by", "tom", "--result", "refused")
    assert (again.code, again.err.split(" at ")[0]) == (1, "error: the call task was ended as reached by ana.agent")
    wrong = await terminal.run("calls", "done", "call-r-1008.2", "--result", "wrong_number", "--as", "tom")
    assert wrong.code == 0
    number = (await terminal.run("calls", "show", "call-r-1008.3", "--json")).json
    assert (number["number_suppressed"], number["result"]) == ("invalid", None)
    timeline = (await terminal.run("show", "R-1008", "--json")).json["timeline"]
    told = [
        (fact["by"]["who"], fact["by"]["role"], fact["by"]["why"], fact["detail"]) for fact in timeline if fact["type"] == "phone_contact"
    ]
    assert [(who, role, detail["result"]) for who, role, _, detail in told] == [
        ("ana.agent", "agent", "no_answer"),
        ("ana.agent", "agent", "reached"),
        ("tom", "agent", "wrong_number"),
    ]
    assert told[1][2] == "asked for by the alert"
    assert [task["task_id"] for task in (await terminal.run("calls", "list", "--case", "R-1008", "--json")).json] == ["call-r-1008.3"]


async def test_a_call_of_a_closed_case_ends_in_the_books_alone(terminal: Terminal) -> None:
    now = datetime.now(UTC)
    row = CaseRow.model_validate(
        {
            **dict.fromkeys(("workflow_id", "merchant", "reference", "order", "customer_key"), "closed-case"),
            **{"case_id": "closed-case", "contact_ref": "c-closed", "kind": "refund", "status": "closed", "cycle": 1, "escalation": 0},
            "opened_at": now,
            "closed_at": now,
        }
    )
    await Recorder(terminal.house.store).commit_entry(BooksEntry(row=row))
    words = {"role": "owner", "reason": "message_unknown", "script": "Hello.", "locale": "en"}
    call = NewCall.model_validate({**words, "task_id": "call-closed", "case_id": "closed-case", "contact_ref": "c-closed", "due_at": now})
    await Recorder(terminal.house.store).open_call(call, now)
    assert "open, its case is closed" in (await terminal.run("calls", "list")).out
    done = await terminal.run("calls", "done", "call-closed", "--result", "reached", "--as", "tom")
    assert (done.code, done.out) == (0, "call-closed: done, reached\n")
    assert done.err == "The case was closed before: the result stands with the task alone.\n"


async def test_retention_takes_what_is_old_enough_only(terminal: Terminal) -> None:
    shown = await terminal.run("retention", "--older-than", "365d")
    assert shown.code == 0
    assert shown.out.startswith("No case closed before ")
    person = Contact(name="Ada Example", email="ada@example.com")
    closed = datetime.now(UTC) - timedelta(days=400)
    row = CaseRow.model_validate(
        {
            **dict.fromkeys(("workflow_id", "merchant", "reference", "order", "customer_key"), "x"),
            **{"case_id": "old-case", "contact_ref": "c-old", "kind": "refund", "status": "closed", "cycle": 1, "escalation": 0},
            "opened_at": closed,
            "closed_at": closed,
        }
    )
    await DeskBooks(terminal.house.store).save_contact("c-old", "old-case", "x", person, closed)
    await Recorder(terminal.house.store).commit_entry(BooksEntry(row=row))
    told = (await terminal.run("retention", "--older-than", "365d", "--json")).json
    assert (told["dry_run"], told["cases"], told["contacts"]) == (True, 1, 1)
    done = await terminal.run("retention", "--older-than", "365d", "--yes")
    assert done.out.endswith(": 1 contact erased.\n")
    assert await terminal.house.queries.contact("c-old") is None
    assert [one.detail for one in await Audit(terminal.house.store).page(act="retention.closed")] == [
        {"older_than": "365d", "cases": 1, "via": "cli"}
    ]


async def test_setup_is_safe_to_repeat_and_says_where_the_identity_key_is(terminal: Terminal) -> None:
    told = (await terminal.run("setup", "--json")).json
    assert len(told.pop("identity_key")) == 12
    assert told == {"namespace": "default", "retention_days": 90, "search_attributes_added": []}
    assert "Keep a copy of it with the backup of the books." in (await terminal.run("setup")).out


async def test_setup_and_open_refuse_another_identity_key(terminal: Terminal) -> None:
    for arguments in (("setup",), ("open", str(terminal.file("cases.csv")))):
        answer = await terminal.run(*arguments, MAKEGOOD_IDENTITY_KEY="another key of thirty-two letters")
        assert answer.code == 1
        assert "error: the books hold cases of another identity key" in answer.err
        assert "MAKEGOOD_IDENTITY_KEYS_LOST=" in answer.err
