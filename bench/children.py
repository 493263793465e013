"""Child processes of the benchmark: engines and workers, tied to this process, measured, stopped by their id.

Owns starting, readiness, CPU time, memory and the end of a child. Must never know what a child does. Called by every part.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from starter.embedded import launch
from starter.settings import ROOT

_TIE = "kernel" if sys.platform == "linux" else "pipe"
_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0


class ChildError(RuntimeError):
    """A child did not start; the message has the end of its log."""


def own_environment(**more: str) -> dict[str, str]:
    """Ours without TEMPORAL_* and MAKEGOOD_* (they are about another stack), able to import us from anywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "MAKEGOOD_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


class Child:
    """One process: `async with Child(...) as child`. It dies with this process, whatever happens to it."""

    def __init__(
        self,
        title: str,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        environment: Mapping[str, str] | None = None,
        before: Callable[[], None] = lambda: None,  # each time before it is started
    ) -> None:
        self._title = title
        self._command = list(command)
        self._log = log
        self._ready = ready
        self._before = before
        self._environment = dict(environment) if environment is not None else own_environment()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises ChildError."""
        self._before()
        reader, writer = os.pipe()
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(reader), _TIE, *self._command],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(reader,),
                    start_new_session=True,  # Ctrl-C reaches the benchmark only, which stops its children
                )
        finally:
            os.close(reader)
            if _TIE == "kernel":
                os.close(writer)
        try:
            await self._until_ready()
        except BaseException:
            self.stop()
            raise

    async def _until_ready(self) -> None:
        patience = time.monotonic() + _READY_WITHIN_S
        while not await self._ready():
            assert self._process is not None
            code = self._process.poll()
            if code is not None:
                raise ChildError(f"{self._title} ended at once (exit code {code}).{self._tail()}")
            if time.monotonic() > patience:
                raise ChildError(f"{self._title} was not ready within {_READY_WITHIN_S:g} s.{self._tail()}")
            await asyncio.sleep(0.03)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Ask it to end, wait, then kill it."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def cpu_s(self) -> float:
        """CPU seconds it has used so far, user and system."""
        return cpu_s(self.pid)

    def rss_mb(self) -> float:
        """Resident memory now, in MB (10^6 bytes)."""
        return float(psutil.Process(self.pid).memory_info().rss) / 1e6

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        return "\n".join(["", f"The end of {self._log}:", *(f"  {line}" for line in lines)])


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used so far, user and system."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
