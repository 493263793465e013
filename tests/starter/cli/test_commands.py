"""The command line without an engine: usage, exit codes, what goes to stdout and what to stderr."""

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from policies.case.facts import Actor, Fact, KeyUsed
from policies.case.vocabulary import Role
from starter.cli.app import build
from starter.cli.case_page import fact_line
from starter.cli.examples import EXAMPLES
from starter.cli.operating import TEMPORAL_PORT
from starter.cli.printing import how_long, in_local_time, parsed_moment, what_is_next, when
from starter.cli.schema import COMMANDS
from starter.settings import BOOKS, ROOT
from tests.starter.cli.runner import Runner
from tests.starter.cli.test_intake import GOOD, HEADER
from workflows import names

runner = Runner()
app = build()


def run(*arguments: str, stdin: str | None = None, **environment: str) -> Any:
    return runner.invoke(app, list(arguments), input=stdin, env={"MAKEGOOD_POLICY_BOOK": "retail", **environment})


def test_every_command_of_the_issue_is_there() -> None:
    listed = run("--help").stdout
    running = ("demo", "up", "worker", "setup", "open", "list", "show", "watch", "policies", "outbox", "summary", "schema")
    acting = ("resolve", "hold", "resume", "escalate", "extend", "reassign", "reply", "note", "phone", "fact", "link", "merge", "withdraw")
    for command in (*running, *acting, "feedback", "preferences", "erase", "sweep", "retention"):
        assert f" {command} " in listed, command


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["hold", "case"],
        ["extend", "case", "tomorrow"],
        ["resolve", "case", "goodwill", "--amount", "49.90"],
        ["list", "--kind", "gift"],
        ["note", "case"],
        ["withdraw", "case", "--why", "a test"],  # no terminal to ask in
        ["erase"],
        ["erase", "case", "--customer", "C-1"],
        ["retention", "--older-than", "1y"],
        ["preferences", "case", "--email", "nobody"],
        ["preferences", "case", "--quiet", "21:00"],
        ["schema", "Nonsense"],
        ["insight", "--from", "yesterday"],
        ["insight", "--from", "2026-03-02", "--until", "2026-03-01"],
        ["insight", "--csv", "--json"],
        ["insight", "--by", "person"],
    ],
)
def test_usage_ends_with_2(arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["resolve", "case", "goodwill"],
        ["hold", "case", "warehouse"],
        ["escalate", "case"],
        ["extend", "case", "2030-03-20T17:00:00+01:00"],
        ["reassign", "case", "bob"],
        ["merge", "case", "--into", "other", "--yes"],
        ["withdraw", "case", "--yes"],
        ["policies", "change", "case", "--yes"],
        ["erase", "case", "--yes"],
    ],
)
@pytest.mark.parametrize("why", [[], ["--why", " "]])
def test_what_changes_something_for_the_customer_needs_a_reason(arguments: list[str], why: list[str], tmp_path: Path) -> None:
    answer = run("--state-dir", str(tmp_path / "nothing"), *arguments, *why)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "--why is missing" in answer.stderr


def _commands() -> dict[str, Any]:
    """Every command by its name, those of groups behind the group's."""
    top = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in top.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {part}": entry for part, entry in inner.items()} if inner else {name: command}
    return found


def test_every_command_has_an_example_that_is_right() -> None:
    commands = _commands()
    assert set(EXAMPLES) == set(commands)
    for name, example in EXAMPLES.items():
        words = shlex.split(example)
        begin = ["makegood", *name.split()]
        assert words[: len(begin)] == begin
        with commands[name].make_context(name, words[len(begin) :]) as context:  # parses it; does nothing
            assert context.args == []
        assert example in " ".join(run(*name.split(), "--help").stdout.split())
        wants_why = any("required" in (getattr(parameter, "help", None) or "") for parameter in commands[name].params)
        assert not wants_why or "--why" in words, name


def test_the_program_says_error_and_what_is_right() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "starter.cli", "extend", "case", "tomorrow"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "error: " in ended.stderr
    assert "2026-03-20T17:00:00+01:00" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_books_or_engine_it_fails_with_1(tmp_path: Path) -> None:
    answer = run("--state-dir", str(tmp_path / "nothing"), "list")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.startswith("error: there are no books at ")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "arguments",
    [["open", str(ROOT / "examples" / "cases.csv")], ["resume", "R-1"], ["preferences", "R-1", "--cadence", "48h"], ["setup"]],
)
def test_a_folder_whose_stack_does_not_run_reaches_no_other_engine(arguments: list[str], tmp_path: Path) -> None:
    answer = run("--state-dir", str(tmp_path), *arguments)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"error: no stack runs in {tmp_path}, where the books are. Start it with `makegood --state-dir")


def test_policies_check_names_file_and_key(tmp_path: Path) -> None:
    good = run("policies", "check", "--json")
    assert good.exit_code == 0
    assert json.loads(good.stdout)["ok"] is True
    broken = tmp_path / "mine.toml"
    broken.write_text((BOOKS / "retail.toml").read_text(encoding="utf-8").replace('every = "22h"', 'every = "22x"'), encoding="utf-8")
    bad = run("policies", "check", str(broken))
    assert bad.exit_code == 1
    assert "error: mine.toml: defaults.refund.watch.steps[0].every: " in bad.stderr
    assert json.loads(run("policies", "check", str(broken), "--json").stdout)["problems"]


def test_policies_show_one_and_all() -> None:
    ids = [row["policy"]["id"] for row in json.loads(run("policies", "show", "--json").stdout)]
    assert ids == ["retail.refund.vip", "retail.refund", "retail.dispute", "retail.delay"]
    assert "clock withdrawal_refund: 14cd from withdrawal_told" in run("policies", "show", "retail.refund").stdout
    missing = run("policies", "show", "retail.refunds")
    assert missing.exit_code == 1
    assert "did you mean retail.refund?" in missing.stderr


def test_policies_explain_a_request_file(tmp_path: Path) -> None:
    answer = run("policies", "explain", str(ROOT / "examples" / "cases.csv"))
    assert answer.exit_code == 0
    assert "retail.refund.vip (retail): no, segment is not given, not vip" in answer.stdout
    answers = json.loads(run("policies", "explain", str(ROOT / "examples" / "cases.jsonl"), "--json").stdout)
    assert [entry["policy_id"] for entry in answers].count("retail.refund.vip") == 1
    bad = tmp_path / "bad.json"
    bad.write_text("{}", encoding="utf-8")
    assert run("policies", "explain", str(bad)).exit_code == 1


def test_open_dry_run_says_which_policy_would_rule() -> None:
    answer = run("open", "--dry-run", "--json", str(ROOT / "examples" / "cases.csv"))
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    assert len(told["cases"]) == 10
    assert told["cases"][7]["policy_id"] == "retail.refund.vip"
    assert told["rejected"] == []


def test_open_dry_run_tells_bad_rows_by_line_and_field(tmp_path: Path) -> None:
    source = tmp_path / "cases.csv"
    lines = (ROOT / "examples" / "cases.csv").read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace("ada.brook@example.com", "ada.brook")
    source.write_text("\n".join(lines), encoding="utf-8")
    answer = run("open", "--dry-run", str(source))
    assert answer.exit_code == 1
    assert "9 cases would be opened, 1 row rejected." in answer.stdout
    assert "error: line 2: customer_email: " in answer.stderr
    assert "brook" not in answer.stderr
    assert not (tmp_path / "cases.rejects.jsonl").exists()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("fact_withdrawal_told", "2131-03-02T10:00:00+01:00", "fact_withdrawal_told: lies in the future; facts have happened"),
        ("opened_at", "2131-03-02T10:00:00+01:00", "opened_at: lies in the future; right would be when the matter began"),
    ],
)
def test_a_dry_run_refuses_what_opening_would(column: str, value: str, words: str, tmp_path: Path) -> None:
    source = tmp_path / "cases.csv"
    source.write_text(f"{HEADER},{column}\n{GOOD},{value}\n", encoding="utf-8")
    answer = run("--state-dir", str(tmp_path), "open", "--dry-run", str(source))
    assert (answer.exit_code, answer.stdout.splitlines()[-1]) == (1, "0 cases would be opened, 1 row rejected. Nothing was opened.")
    assert f"error: line 2: {words}" in answer.stderr


@pytest.mark.parametrize(("name", "text"), [("a.csv", ""), ("a.csv", HEADER), ("a.json", " \n"), ("a.json", "[]"), ("a.jsonl", "\n")])
def test_a_file_without_a_case_is_an_error_that_names_it(name: str, text: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_text(text, encoding="utf-8")
    for how in ([], ["--dry-run"]):
        answer = run("open", str(source), *how)
        assert (answer.exit_code, answer.stdout, answer.stderr) == (1, "", f"error: {source}: there is no case in it\n")
        answer = run("open", "-", "--format", source.suffix[1:], *how, stdin=text)
        assert (answer.exit_code, answer.stderr) == (1, "error: standard input: there is no case in it\n")


def test_open_refuses_a_file_with_an_unknown_column(tmp_path: Path) -> None:
    source = tmp_path / "cases.csv"
    source.write_text("merchant,kind,reference,curency\n", encoding="utf-8")
    answer = run("open", str(source))
    assert answer.exit_code == 1
    assert answer.stderr == f'error: {source}: line 1: column "curency" is unknown; did you mean currency?\n'


def test_open_reads_standard_input() -> None:
    text = (ROOT / "examples" / "cases.jsonl").read_text(encoding="utf-8")
    assert len(json.loads(run("open", "-", "--dry-run", "--json", stdin=text).stdout)["cases"]) == 10


def test_schemas_cover_every_update_and_signal() -> None:
    told = json.loads(run("schema").stdout)
    assert {"CaseRequest", "Snapshot", "Fact"} <= set(told)
    assert told["CaseRequest"]["additionalProperties"] is False
    words = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str) and value.islower()}
    boundary = {word for word in words if not word.startswith("makegood_")}  # those are marks in memos, not messages
    assert set(COMMANDS) == boundary - {names.SNAPSHOT, names.TIMELINE, names.FORESEE}
    assert json.loads(run("schema", "resolve", "--json").stdout)["title"] == "Resolve"


def test_every_read_speaks_json() -> None:
    reads = (
        "list",
        "show",
        "watch",
        "outbox",
        "summary",
        "insight",
        "schema",
        "policies check",
        "policies show",
        "policies explain",
        "erase",
        "sweep",
    )
    for name in reads:
        assert any("--json" in parameter.opts for parameter in _commands()[name].params), name


def test_moments_need_their_offset() -> None:
    assert parsed_moment("2026-03-02T10:00:00+01:00", "at").isoformat() == "2026-03-02T09:00:00+00:00"
    for text in ("2026-03-02T10:00:00", "monday", "2026-03-02"):
        with pytest.raises(typer.BadParameter, match="with its offset"):
            parsed_moment(text, "at")


def test_times_say_how_far_they_are() -> None:
    now = parsed_moment("2026-03-02T09:00:00Z", "now")
    assert when("2026-03-03T09:00:00+00:00", now).endswith("(in 1 d)")
    assert when("2026-03-02T08:59:30+00:00", now).endswith("(30 s ago)")
    assert when("2027-03-03T09:00:00+00:00", now).endswith(" 3 Mar 2027 09:00 (in 366 d)")
    assert when(None) == "-"


def test_moments_in_our_words_are_told_as_people_read_them() -> None:
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    at = now + timedelta(hours=3)
    told = in_local_time(f"promised_at {at.isoformat()} has passed; a moment after 2026-03-02T10:00:00.123456Z", now)
    assert told == f"promised_at {when(at, now)} has passed; a moment after {when(now, now)}"
    typed = "is no time; right would be an ISO 8601 time with its offset, for example 2026-03-02T10:00:00+01:00"
    assert in_local_time(typed, now) == typed


def test_what_is_next_is_said_as_people_say_it() -> None:
    now = parsed_moment("2026-03-02T09:00:00Z", "now")
    assert what_is_next("write", "2026-03-02T09:00:01+00:00", now) == "a message now"
    assert (what_is_next("next_word", "2026-03-04T09:00:00+00:00", now) or "").startswith("next word ")
    assert what_is_next(None, None, now) is None
    assert [how_long(seconds) for seconds in (0, 59, 61, 7_300, 200_000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]


def test_a_line_of_the_timeline_says_why_once_and_shows_no_ids() -> None:
    detail = {"until": "2026-03-04T09:00:00+00:00", "why": "late", "reached": True, "message_id": "m-1", "before": None}
    moment = parsed_moment("2026-03-02T09:00:00Z", "at")
    by = Actor(who="lea", role=Role.LEAD, why="late")
    fact = Fact.model_validate({"seq": 1, "type": "extended", "occurred_at": moment, "learned_at": moment, "by": by, "detail": detail})
    line = fact_line(fact)
    assert line.count("late") == 1
    assert "reached=yes" in line
    assert "m-1" not in line
    assert "T09:00" not in line
    key = by.model_copy(update={"api_key": KeyUsed(id="mg_0123456789ab", name="shop-backend")})
    assert "by lea, by API key shop-backend (mg_0123456789ab): late" in fact_line(fact.model_copy(update={"by": key}))


def test_temporal_is_where_people_look_for_it() -> None:
    assert TEMPORAL_PORT == 7233
