"""The command line without an engine: usage, exit codes, what goes to stdout and what to stderr."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from starter.cli.app import build
from starter.cli.operating import TEMPORAL_PORT
from starter.cli.printing import parsed_moment, when
from starter.cli.schema import COMMANDS
from starter.settings import BOOKS, ROOT
from workflows import names

runner = CliRunner()
app = build()


def run(*arguments: str, stdin: str | None = None, **environment: str) -> Any:
    return runner.invoke(app, list(arguments), input=stdin, env={"MAKEGOOD_POLICY_BOOK": "retail", **environment})


def test_every_command_of_the_issue_is_there() -> None:
    listed = run("--help").stdout
    running = ("up", "worker", "setup", "open", "list", "show", "watch", "policies", "outbox", "summary", "schema")
    acting = ("resolve", "hold", "resume", "escalate", "extend", "reassign", "reply", "note", "phone", "fact", "link", "merge", "withdraw")
    for command in (*running, *acting, "feedback", "preferences"):
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
        ["withdraw", "case"],  # no terminal to ask in
        ["preferences", "case", "--email", "nobody"],
        ["preferences", "case", "--quiet", "21:00"],
        ["schema", "Nonsense"],
    ],
)
def test_usage_ends_with_2(arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""


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


def test_open_refuses_a_file_with_an_unknown_column(tmp_path: Path) -> None:
    source = tmp_path / "cases.csv"
    source.write_text("merchant,kind,reference,curency\n", encoding="utf-8")
    answer = run("open", str(source))
    assert answer.exit_code == 1
    assert 'error: line 1: column "curency" is unknown; did you mean currency?' in answer.stderr


def test_open_reads_standard_input() -> None:
    text = (ROOT / "examples" / "cases.jsonl").read_text(encoding="utf-8")
    assert len(json.loads(run("open", "-", "--dry-run", "--json", stdin=text).stdout)["cases"]) == 10


def test_schemas_cover_every_update_and_signal() -> None:
    told = json.loads(run("schema").stdout)
    assert {"CaseRequest", "Snapshot", "Fact"} <= set(told)
    assert told["CaseRequest"]["additionalProperties"] is False
    boundary = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str) and value.islower()}
    assert set(COMMANDS) == boundary - {names.SNAPSHOT, names.TIMELINE, names.MEMO_DIGESTS}
    assert json.loads(run("schema", "resolve").stdout)["title"] == "Resolve"


def test_moments_need_their_offset() -> None:
    assert parsed_moment("2026-03-02T10:00:00+01:00", "at").isoformat() == "2026-03-02T09:00:00+00:00"
    for text in ("2026-03-02T10:00:00", "monday", "2026-03-02"):
        with pytest.raises(typer.BadParameter, match="with its offset"):
            parsed_moment(text, "at")


def test_times_say_how_far_they_are() -> None:
    now = parsed_moment("2026-03-02T09:00:00Z", "now")
    assert when("2026-03-03T09:00:00+00:00", now).endswith("(in 1 d)")
    assert when("2026-03-02T08:59:30+00:00", now).endswith("(30 s ago)")
    assert when(None) == "-"


def test_temporal_is_where_people_look_for_it() -> None:
    assert TEMPORAL_PORT == 7233
