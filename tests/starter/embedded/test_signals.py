"""A stack in a process of its own that gets a signal, or is killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from starter.embedded.lock import running_stack
from tests.starter.embedded.conditions import children, runs, until_now

ROOT = Path(__file__).parents[3]


def _heeds_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.starter.embedded.holding", str(tmp_path)]
    # A shell's background job ignores SIGINT, and its children inherit that; this suite may be one.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=_heeds_interrupts) as process:
        yield process
        process.kill()


def wait_for(holder: "subprocess.Popen[str]", words: str) -> None:
    assert holder.stdout is not None
    for line in holder.stdout:
        if words in line:
            return
    pytest.fail(f"it never said: {words}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_without_an_error(holder: "subprocess.Popen[str]", tmp_path: Path, number: signal.Signals) -> None:
    wait_for(holder, "up")
    parts = children(holder.pid)
    assert len(parts) == 2
    holder.send_signal(number)
    wait_for(holder, f"down by {number.name}")
    assert holder.wait(10) == 0
    assert not any(runs(pid) for pid in parts)
    assert running_stack(tmp_path) is None


def test_a_signal_during_the_start(holder: "subprocess.Popen[str]") -> None:
    wait_for(holder, "Temporal is ready")
    parts = children(holder.pid)
    holder.send_signal(signal.SIGTERM)
    assert holder.wait(10) != 0
    assert not any(runs(pid) for pid in parts)


def test_a_killed_stack_leaves_nothing_behind(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    wait_for(holder, "up")
    parts = children(holder.pid)
    assert len(parts) == 2
    holder.kill()
    holder.wait(5)
    until_now(lambda: not any(runs(pid) for pid in parts))
    assert running_stack(tmp_path) is None
