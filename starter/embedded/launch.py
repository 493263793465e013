"""Starts one part so that it cannot outlive the stack, even if the stack is killed without a chance to clean up.

Owns the tie to the parent's life: on Linux the kernel's parent-death signal, elsewhere a small watcher on a pipe.
Must import the standard library only and end in exec: the part keeps this process's id. Run by part.py as `python
launch.py PARENT_PID PIPE_FD MODE COMMAND...`.
"""

import ctypes
import os
import select
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _die_with_parent_by_kernel() -> None:
    # SIGKILL: a part that drains after its stack has died would run on for half a minute; every part is safe to kill.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _die_with_parent_by_pipe(pipe: int) -> None:
    """Fork a watcher: the pipe ends when the stack is gone, then the part (the watcher's parent) is killed."""
    part = os.getpid()
    if os.fork() > 0:
        return
    os.setsid()
    while os.getppid() == part:
        readable, _, _ = select.select([pipe], [], [], 0.5)
        if readable and not os.read(pipe, 1) and os.getppid() == part:
            os.kill(part, signal.SIGKILL)
    os._exit(0)


def main(arguments: list[str]) -> None:
    parent, pipe, mode, command = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    if mode == "kernel":
        _die_with_parent_by_kernel()
    else:
        _die_with_parent_by_pipe(pipe)
    os.close(pipe)
    if os.getppid() != parent:  # it died before the tie was made
        sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
