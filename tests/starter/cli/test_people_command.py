"""`makegood people`: a one-time password is shown once; lists and changes for people and for scripts."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from starter.cli.app import build
from store.audit import Audit, AuditRow
from store.engine import open_store
from tests.starter.cli.runner import Runner
from tests.store_fixtures import ready_sqlite

runner, app = Runner(), build()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    ready_sqlite(tmp_path / "makegood.sqlite")
    return tmp_path


def people(state: Path, *arguments: str) -> Any:
    return runner.invoke(app, ["--state-dir", str(state), "people", *arguments])


def told(state: Path, *arguments: str) -> Any:
    answer = people(state, *arguments, "--json")
    assert (answer.exit_code, answer.stderr) == (0, "")
    return json.loads(answer.stdout)


def audit(state: Path) -> list[AuditRow]:
    async def work() -> list[AuditRow]:
        store = await open_store(f"sqlite:///{state / 'makegood.sqlite'}")
        try:
            return (await Audit(store).page())[::-1]
        finally:
            await store.close()

    return asyncio.run(work())


def test_people_are_made_listed_changed_helped_and_disabled(state: Path) -> None:
    ann = told(state, "create", "ann", "--role", "admin", "--as", "root")
    assert (ann["role"], ann["standing"], ann["created_by"], len(ann["one_time_password"])) == ("admin", "one_time", "root", 24)
    until = datetime.fromisoformat(ann["one_time_until"]) - datetime.now(UTC)
    assert timedelta(hours=71) < until <= timedelta(hours=72)
    shown = people(state, "create", "lena.lead", "--role", "lead", "--shown-name", "Lena Lead", "--merchant", "northwind")
    first, password = shown.stdout.splitlines()
    assert first == "lena.lead (Lena Lead): lead, northwind, one-time password"
    assert "shown once and is good for 72 hours" in shown.stderr
    changed = told(state, "role", "lena.lead", "agent", "--every-merchant", "--as", "root")
    assert (changed["role"], changed["merchants"]) == ("agent", [])
    reset = told(state, "reset", "lena.lead")
    assert reset["one_time_password"] != password
    assert told(state, "disable", "lena.lead")["standing"] == "disabled"
    assert [person["name"] for person in told(state, "list")] == ["ann"]
    assert [person["name"] for person in told(state, "list", "--all")] == ["ann", "lena.lead"]
    assert told(state, "disable", "lena.lead", "--undo")["standing"] == "one_time"
    every = people(state, "list")
    assert ("lena.lead" in every.stdout, password in every.stdout) == (True, False)
    rows = audit(state)
    assert [row.act.removeprefix("people.") for row in rows] == ["create", "create", "role", "reset", "disable", "enable"]
    assert (rows[0].person, rows[0].role, rows[2].detail) == (
        "root",
        "admin",
        {"whom": "lena.lead", "as": "agent", "merchants": 0, "via": "cli"},
    )
    assert password not in str(rows)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["create", "lena"], 2, "--role"),
        (["create", "lena", "--role", "owner"], 2, "viewer"),
        (["create", "lena@example.com", "--role", "lead"], 2, "name: has not the right form"),
        (["create", "lena", "--role", "admin", "--merchant", "acme"], 2, "an admin is for every merchant"),
        (["role", "nobody", "lead"], 1, "no such person"),
        (["role", "nobody", "lead", "--merchant", "a", "--every-merchant"], 2, "exclude each other"),
        (["reset", "nobody"], 1, "no such person"),
        (["disable", "nobody"], 1, "no such person"),
    ],
)
def test_what_is_wrong_is_said(state: Path, arguments: list[str], code: int, says: str) -> None:
    answer = people(state, *arguments)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert says in answer.stderr + str(answer.exception or "")


def test_the_last_admin_stays(state: Path) -> None:
    assert "makes the first" in people(state, "list").stdout
    told(state, "create", "ann", "--role", "admin")
    assert "ann is the last admin" in people(state, "disable", "ann").stderr
