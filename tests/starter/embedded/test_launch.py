"""A part does not outlive the stack that was killed without a chance to clean up."""

import os
import signal
import subprocess
import sys

import pytest

from starter.embedded import launch
from tests.starter.embedded.conditions import runs, until_now

_PARENT = """
import os, subprocess, sys, time
read, _ = os.pipe()
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
launch = [sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), str(read), sys.argv[2]]
part = subprocess.Popen([*launch, *sleep], pass_fds=(read,))
print(part.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("mode", [pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux")), "pipe"])
def test_the_part_dies_with_its_parent(mode: str) -> None:
    command = [sys.executable, "-c", _PARENT, str(launch.__file__), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        part = int(parent.stdout.readline())
        assert runs(part)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(5)
        until_now(lambda: not runs(part))


def test_a_parent_that_died_before_the_tie_was_made() -> None:
    read, write = os.pipe()
    someone_else = str(os.getppid())
    command = [sys.executable, launch.__file__, someone_else, str(read), "kernel", sys.executable, "-c", "print('ran')"]
    done = subprocess.run(command, pass_fds=(read,), capture_output=True, text=True, check=False, timeout=10)
    os.close(read)
    os.close(write)
    assert (done.returncode, done.stdout) == (1, "")
