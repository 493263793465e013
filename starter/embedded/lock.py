"""One stack per state folder, and where the running one is reached.

Owns `stack.json` in the state folder: locked (flock) while the stack lives, so that a crash leaves nothing to clean
up. Must never trust the file without its lock. Called by the stack; read by connection.py.
"""

import fcntl
import os
import time
from pathlib import Path

from policies.contract import Contract
from starter.embedded.errors import StackError

_NAME = "stack.json"


class RunningStack(Contract):
    """What the stack tells others of itself."""

    pid: int
    address: str | None = None
    ui_url: str | None = None
    simulator_url: str | None = None
    web_url: str | None = None


class StackLock:
    """Held from start to stop. The descriptor is not inherited by the parts: the lock dies with this process."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / _NAME
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises StackError if another stack holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(descriptor):
            os.close(descriptor)
            other = _read(self._path)
            who = f"process {other.pid}" if other else "another process"
            raise StackError(
                f"a stack already runs in {self._path.parent} ({who}). "
                "Stop it (Ctrl-C in its terminal), or choose another folder with --state-dir."
            )
        self._descriptor = descriptor
        self.tell(RunningStack(pid=os.getpid()))

    def tell(self, stack: RunningStack) -> None:
        """Write where the stack is reached."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, stack.model_dump_json(exclude_none=True).encode() + b"\n", 0)

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def running_stack(state_dir: Path) -> RunningStack | None:
    """The stack that runs in this state folder; None if none does."""
    path = state_dir / _NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)  # it may be a reader of running_stack(), who holds it for an instant
        else:
            return True
    return False


def _read(path: Path) -> RunningStack | None:
    try:
        return RunningStack.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
