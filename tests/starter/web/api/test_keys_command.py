"""`makegood keys`: a secret is shown once; lists, rotation and revocation for people and for scripts."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from starter.cli.app import build
from starter.cli.options import ActingRole, actor
from store.audit import Audit, AuditRow
from store.engine import open_store, upgrade
from tests.starter.cli.runner import Runner

runner, app = Runner(), build()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    asyncio.run(upgrade(f"sqlite:///{tmp_path / 'makegood.sqlite'}"))
    return tmp_path


def keys(state: Path, *arguments: str) -> Any:
    return runner.invoke(app, ["--state-dir", str(state), "keys", *arguments])


def made(state: Path, *more: str) -> dict[str, Any]:
    answer = keys(state, "create", "shop", "--scope", "read", "--scope", "open", "--as", "ana", "--json", *more)
    assert (answer.exit_code, answer.stderr) == (0, "")
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def life(key: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])


def test_a_key_is_made_and_its_secret_is_shown_once(state: Path) -> None:
    key = made(state, "--merchant", "northwind", "--per-minute", "60", "--expires", "12h")
    assert (key["name"], key["scopes"], key["merchant"], key["per_minute"]) == ("shop", ["open", "read"], "northwind", 60)
    assert (key["created_by"], key["standing"], life(key)) == ("ana", "active", timedelta(hours=12))
    secret = key["key"].rsplit("_", 1)[1]
    shown = keys(state, "create", "other", "--scope", "act")
    assert "This is shown once and kept nowhere" in shown.stderr
    assert shown.stdout.splitlines()[1].startswith("mg_")
    for later in (("list",), ("list", "--json"), ("list", "--all"), ("revoke", key["key_id"]), ("list", "--all", "--json")):
        answer = keys(state, *later)
        assert (answer.exit_code, secret in answer.stdout + answer.stderr) == (0, False), later


def test_a_key_lives_a_year_unless_something_else_is_said(state: Path) -> None:
    assert life(made(state)) == timedelta(days=365)
    assert made(state, "--expires", "never")["expires_at"] is None


def test_rotation_shows_the_successors_secret_and_when_the_old_one_ends(state: Path) -> None:
    key = made(state)
    answer = keys(state, "rotate", key["key_id"], "--overlap", "2d", "--json")
    told = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert (told["old"]["key_id"], told["old"]["replaced_by"]) == (key["key_id"], told["key_id"])
    assert told["key"].startswith(f"mg_{told['key_id']}_")
    assert told["scopes"] == ["open", "read"]
    again = keys(state, "rotate", key["key_id"])
    assert (again.exit_code, f"its successor is {told['key_id']}" in again.stderr) == (1, True)
    at_once = keys(state, "rotate", told["key_id"], "--overlap", "0h")
    assert at_once.exit_code == 0
    standings = {one["key_id"]: one["standing"] for one in json.loads(keys(state, "list", "--all", "--json").stdout)}
    assert (standings[key["key_id"]], standings[told["key_id"]], len(standings)) == ("active", "expired", 3)


def test_revoked_at_once_and_listed_on_demand_only(state: Path) -> None:
    key = made(state)
    whole = keys(state, "revoke", key["key"], "--json")  # somebody pastes what leaked
    assert (whole.exit_code, json.loads(whole.stdout)["standing"]) == (0, "revoked")
    assert "No active keys; --all shows" in keys(state, "list").stdout
    assert "revoked" in keys(state, "list", "--all").stdout
    assert keys(state, "rotate", key["key_id"]).exit_code == 1


def test_who_did_it_stands_in_the_audit_log_and_no_secret_does(state: Path) -> None:
    key = made(state, "--merchant", "northwind")
    told = json.loads(keys(state, "rotate", key["key_id"], "--as", "bob", "--json").stdout)
    assert keys(state, "revoke", key["key"], "--as", "eve").exit_code == 0
    assert keys(state, "revoke", "Ada Brook's").exit_code == 1
    assert keys(state, "create", "a@example.com", "--scope", "open").exit_code == 2  # nothing was tried

    async def audit() -> list[AuditRow]:
        store = await open_store(f"sqlite:///{state / 'makegood.sqlite'}")
        try:
            return (await Audit(store).page())[::-1]
        finally:
            await store.close()

    rows = asyncio.run(audit())
    mine = actor(None, ActingRole.ADMIN, None).who
    assert [(row.act, row.person, row.detail) for row in rows] == [
        ("keys.create", "ana", {"name": "shop", "scopes": "read open", "merchant": "northwind", "via": "cli"}),
        ("keys.rotate", "bob", {"key": key["key_id"], "via": "cli"}),
        ("keys.revoke", "eve", {"key": key["key_id"], "via": "cli"}),
        ("keys.revoke", mine, {"via": "cli"}),
        ("keys.revoke", mine, {"outcome": "refused"}),
    ]
    assert {row.role for row in rows} == {"admin"}
    assert not any(text["key"].rsplit("_", 1)[1] in str(rows) for text in (key, told))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["create", "shop"], 2, "--scope"),
        (["create", "shop", "--scope", "everything"], 2, "open"),
        (["create", "a@example.com", "--scope", "open"], 2, "name: has not the right form"),
        (["create", "shop", "--scope", "open", "--expires", "1y"], 2, "90d or 12h"),
        (["create", "shop", "--scope", "open", "--per-minute", "0"], 2, "per_minute"),
        (["rotate", "000000000000", "--overlap", "soon"], 2, "--overlap soon"),
        (["rotate", "000000000000"], 1, "no such key"),
        (["revoke", "mg_" + "0" * 12 + "_" + "5" * 64], 1, "no such key"),
    ],
)
def test_what_is_wrong_is_said(state: Path, arguments: list[str], code: int, says: str) -> None:
    answer = keys(state, *arguments)
    words = answer.stderr + str(answer.exception or "")
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert says in words
    assert "5" * 64 not in words


def test_without_books_nothing_is_made(tmp_path: Path) -> None:
    answer = keys(tmp_path / "nothing", "list")
    assert (answer.exit_code, "there are no books" in answer.stderr) == (1, True)
    assert not (tmp_path / "nothing").exists()
