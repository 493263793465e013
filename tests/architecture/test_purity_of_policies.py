"""The rulebook is pure. The sandbox does not look inside passed-through code, so this test reads its syntax tree instead."""

import ast
from pathlib import Path

import pytest

POLICIES = Path(__file__).resolve().parents[2] / "policies"
FORBIDDEN_MODULES = {
    "time", "random", "secrets", "uuid", "os", "io", "socket", "subprocess", "threading", "asyncio", "pathlib", "tempfile",
    "temporalio", "sqlalchemy", "httpx2", "holidays", "babel", "jinja2", "requests", "urllib", "logging", "locale",
}  # fmt: skip
FORBIDDEN_CALLS = {"now", "utcnow", "today", "fromtimestamp", "localtime", "time_ns", "urandom", "getenv", "uuid4"}
FORBIDDEN_NAMES = {"open", "print", "input", "exec", "eval", "hash", "id"}
FILES = sorted(POLICIES.rglob("*.py"))


def impurities(source: str) -> list[str]:
    """What in a module would make a replay differ from the first run."""
    found = []
    tree = ast.parse(source)
    # A __hash__ of our own may call hash(): caches use it within one process, no decision does.
    own_hash = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "__hash__"
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"line {node.lineno}: import {name.name}" for name in node.names if name.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FORBIDDEN_MODULES:
            found.append(f"line {node.lineno}: from {node.module}")
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in FORBIDDEN_CALLS:
                found.append(f"line {node.lineno}: .{called.attr}()")
            elif isinstance(called, ast.Name) and called.id in FORBIDDEN_NAMES and node.lineno not in own_hash:
                found.append(f"line {node.lineno}: {called.id}()")
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Set | ast.SetComp):
            found.append(f"line {node.lineno}: iterates a set, whose order changes from process to process")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(POLICIES)))
def test_policies_read_no_clock_no_chance_and_no_world(file: Path) -> None:
    assert impurities(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["import time", "from random import choice", "datetime.now()", "open('x')", "import os.path", "for x in {a, b}: pass"],
)
def test_the_check_sees_what_it_must_see(source: str) -> None:
    assert impurities(source)
