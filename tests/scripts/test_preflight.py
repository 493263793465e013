"""scripts/preflight.py as make runs it: as a program, before there is anything but a Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from starter.settings import ROOT

PREFLIGHT = ROOT / "scripts" / "preflight.py"


def preflight(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    # -I -S: it sees the standard library only, as on a machine where nothing is installed yet.
    command = [sys.executable, "-I", "-S", str(PREFLIGHT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)


def test_a_machine_that_has_everything_is_told_nothing(tmp_path: Path) -> None:
    run = preflight(folder=tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir()), "what it tried is gone again"


@pytest.mark.parametrize("version", ["3.10.14", "3.9.2", "2.7.18"])
def test_an_old_python(tmp_path: Path, version: str) -> None:
    run = preflight("--python", version, folder=tmp_path)
    assert run.returncode == 1
    [line] = run.stderr.splitlines()
    assert line.startswith(f"makegood: Python 3.11 or newer is needed, this is {version} ({sys.executable}).")
    assert "make PYTHON=/path/to/python3.11" in line


@pytest.mark.parametrize("version", ["3.11.0", "3.14.0", "4.0.0", "3.11.0rc1"])
def test_a_python_that_is_new_enough(tmp_path: Path, version: str) -> None:
    assert preflight("--python", version, folder=tmp_path).returncode == 0


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the folder should be: nobody can write into it, root neither."""
    place = tmp_path / "makegood"
    place.touch()
    run = preflight("--folder", str(place), folder=tmp_path)
    assert run.returncode == 1
    assert run.stderr == f"makegood: This folder cannot be written: {place}. Clone Makegood into a folder of your own.\n"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="only Linux has a folder that root cannot write to")
def test_the_folder_in_which_it_runs_cannot_be_written() -> None:
    run = preflight(folder=Path("/proc"))
    assert run.returncode == 1
    assert run.stderr == "makegood: This folder cannot be written: /proc. Clone Makegood into a folder of your own.\n"


def test_everything_that_is_missing_is_said_at_once() -> None:
    run = preflight("--python", "3.8.0", "--folder", "/dev/null", folder=ROOT)
    assert run.returncode == 1
    assert [line.split()[1] for line in run.stderr.splitlines()] == ["Python", "This"]


def test_an_unknown_option(tmp_path: Path) -> None:
    run = preflight("--pyhton", "3.12.0", folder=tmp_path)
    assert (run.returncode, run.stderr) == (2, "usage: preflight.py [--python VERSION] [--folder PATH]\n")
