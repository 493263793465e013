"""scripts/chromium.py as make runs it, on machines that are made of a few programs on a PATH of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.chromium import WHAT_TO_DO
from starter.settings import ROOT

SCRIPT = ROOT / "scripts" / "chromium.py"
# What a package manager says when it works, and leaves a browser on the PATH.
APT = """#!/bin/sh
echo "apt-get $*" >> "$LOG"
[ "$1" = install ] && printf '#!/bin/sh\\n' > "$BIN/chromium" && /bin/chmod +x "$BIN/chromium"
exit 0
"""
BROKEN_APT = """#!/bin/sh
echo "apt-get $*" >> "$LOG"
echo "E: Unable to locate package" >&2
exit 100
"""
SUDO = """#!/bin/sh
echo "sudo $1 $2" >> "$LOG"
shift
exec "$@"
"""
REFUSING_SUDO = """#!/bin/sh
echo "sudo: a password is required" >&2
exit 1
"""


class Machine:
    """A folder as its PATH, and a log of what was called. `uid`: who runs the script there."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.log = folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()

    def has(self, name: str, text: str = "#!/bin/sh\n") -> Path:
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def run(self, *, root: bool = True, **environment: str) -> "subprocess.CompletedProcess[str]":
        # Who runs it is the one thing that a folder cannot stand for: a line in front of the script answers that question.
        program = f"import os, runpy, sys; os.geteuid = lambda: {0 if root else 1000}; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
        given = {"PATH": str(self.bin), "BIN": str(self.bin), "LOG": str(self.log), **environment}
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", program], env=given, capture_output=True, text=True, timeout=30, check=False
        )

    @property
    def calls(self) -> list[str]:
        return [line.replace(str(self.bin) + os.sep, "") for line in self.log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_left_alone(machine: Machine, name: str) -> None:
    machine.has(name)
    machine.has("apt-get", APT)
    run = machine.run()
    assert (run.returncode, run.stdout, run.stderr, machine.calls) == (0, "", "", [])


def test_root_installs_it(machine: Machine) -> None:
    machine.has("apt-get", APT)
    run = machine.run()
    assert (run.returncode, run.stderr) == (0, "")
    assert "installing Chromium" in run.stdout
    assert machine.calls == ["apt-get update -qq", "apt-get install -qq -y --no-install-recommends chromium"]


def test_who_may_become_root_without_a_password_installs_it_too(machine: Machine) -> None:
    machine.has("apt-get", APT)
    machine.has("sudo", SUDO)
    machine.has("true")
    run = machine.run(root=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert machine.calls == [
        "sudo -n true",
        *("sudo -n apt-get", "apt-get update -qq"),
        *("sudo -n apt-get", "apt-get install -qq -y --no-install-recommends chromium"),
    ]


@pytest.mark.parametrize("sudo", [None, REFUSING_SUDO], ids=["no sudo", "sudo asks for a password"])
def test_who_may_not_is_told_what_to_do(machine: Machine, sudo: str | None) -> None:
    machine.has("apt-get", APT)
    if sudo is not None:
        machine.has("sudo", sudo)
    run = machine.run(root=False)
    assert (run.returncode, run.stdout, run.stderr) == (1, "", f"makegood: {WHAT_TO_DO}\n")
    assert machine.calls == []


def test_where_there_is_no_apt_it_is_said_what_to_do(machine: Machine) -> None:
    run = machine.run()
    assert (run.returncode, run.stderr) == (1, f"makegood: {WHAT_TO_DO}\n")


def test_what_went_wrong_is_said(machine: Machine) -> None:
    machine.has("apt-get", BROKEN_APT)
    run = machine.run()
    assert run.returncode == 1
    first, second, last = run.stderr.splitlines()
    assert first.endswith("update -qq` failed: E: Unable to locate package")
    assert second.endswith("install -qq -y --no-install-recommends chromium` failed: E: Unable to locate package")
    assert last == f"makegood: {WHAT_TO_DO}"


def test_a_browser_that_was_named_and_is_not_there_is_not_made_up_for(machine: Machine) -> None:
    machine.has("chromium")
    machine.has("apt-get", APT)
    run = machine.run(CHROMIUM="/nowhere/chromium")
    assert (run.returncode, run.stderr, machine.calls) == (1, f"makegood: {WHAT_TO_DO}\n", [])


def test_the_one_that_was_named_is_enough(machine: Machine) -> None:
    run = machine.run(CHROMIUM=str(machine.has("my-browser")))
    assert (run.returncode, run.stderr) == (0, "")
