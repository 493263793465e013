"""worker.py wires everything and is wired by nobody. The import contracts cannot say so: a single file is no package to them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("policies", "workflows", "activities", "starter", "store")


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_imports_the_composition_root(room: str) -> None:
    found = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name == "worker" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "worker")
    ]
    assert found == []
