"""In memory where there is room for it, else where temporary files usually go."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scripts.suite_folder import AVAILABLE, ROOM, available_bytes, folder
from starter.settings import ROOT

SCRIPT = ROOT / "scripts" / "suite_folder.py"


@pytest.mark.parametrize(
    ("room", "available", "runs_programs", "fits"),
    [
        (ROOM, AVAILABLE, True, True),
        (ROOM - 1, AVAILABLE, True, False),
        (ROOM, AVAILABLE - 1, True, False),
        (ROOM, AVAILABLE, False, False),
    ],
)
def test_memory_is_taken_where_all_holds(tmp_path: Path, room: int, available: int, runs_programs: bool, fits: bool) -> None:
    assert folder(tmp_path, room, available, runs_programs=runs_programs) == (tmp_path if fits else None)


def test_a_folder_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    assert folder(tmp_path / "none", ROOM, AVAILABLE, runs_programs=True) is None


def test_what_the_kernel_says_of_its_memory() -> None:
    assert available_bytes("MemTotal:       100 kB\nMemAvailable:    42 kB\n") == 42 * 1024
    assert available_bytes("") == 0


def test_who_has_chosen_a_folder_keeps_it(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, str(SCRIPT)], env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{tmp_path}\n"


def test_it_prints_a_folder_that_can_be_written() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    said = subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory(dir=said.stdout.strip()):
        pass
