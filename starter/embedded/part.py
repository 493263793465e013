"""One child process of the stack: started, awaited until ready, started again after a crash, stopped in time.

Owns the process, its log file and its supervision. Must never know what the part does. Called by stack.py.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starter.embedded.errors import StackError

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_TIE = "kernel" if sys.platform == "linux" else "pipe"
_LOOK_AGAIN_S = 0.05
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0
_HEALTHY_AFTER_S = 60.0  # a part that ran this long has not crashed "again": the pause begins anew
_LOG_KEPT_BYTES = 10 * 1024 * 1024
_TAIL_LINES = 8


@dataclass(frozen=True)
class PartPlan:
    """What a part is. `ready` is asked again and again until it says True."""

    title: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    ready_within_s: float
    stop_within_s: float
    before: Callable[[], None] = lambda: None  # each time before it is started


class Part:
    def __init__(self, plan: PartPlan, *, pipe: int, on_event: Callable[[str], None]) -> None:
        self._plan = plan
        self._pipe = pipe
        self._on_event = on_event
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it is ready; from then on it is supervised. Raises StackError."""
        await self._run_until_ready()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise {self._plan.title}")

    async def stop(self) -> None:
        """Ask it to end, wait, then kill it."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self._plan.stop_within_s)
        except TimeoutError:
            self._on_event(f"{self._plan.title} did not end within {self._plan.stop_within_s:g} s and is killed")
            self._signal(signal.SIGKILL)
            await process.wait()

    def kill(self) -> None:
        """End it at once (tests; a second Ctrl-C)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _run_until_ready(self) -> None:
        self._plan.before()
        _rotate(self._plan.log)
        with self._plan.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", _LAUNCH, str(os.getpid()), str(self._pipe), _TIE),
                *self._plan.command,
                env=dict(self._plan.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._pipe,),
                start_new_session=True,  # Ctrl-C reaches the stack only, which stops the parts in order
            )
        try:
            async with asyncio.timeout(self._plan.ready_within_s):
                while self._process.returncode is None and not await self._plan.ready():
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            await self._end_now()
            problem = f"{self._plan.title} was not ready within {self._plan.ready_within_s:g} s."
            raise StackError(problem + self._tail()) from None
        except StackError:
            await self._end_now()
            raise
        if self._process.returncode is not None:
            raise StackError(f"{self._plan.title} ended at once ({_how(self._process.returncode)}).{self._tail()}")

    async def _end_now(self) -> None:
        self.kill()
        if self._process is not None:
            await self._process.wait()

    async def _supervise(self) -> None:
        clock, pause = asyncio.get_running_loop().time, _FIRST_PAUSE_S
        while self._process is not None:
            began = clock()
            code = await self._process.wait()
            pause = _FIRST_PAUSE_S if clock() - began > _HEALTHY_AFTER_S else pause
            self._on_event(f"{self._plan.title} ended ({_how(code)}); starting it again. Its log: {self._plan.log}")
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                try:
                    await self._run_until_ready()
                except (StackError, OSError) as error:
                    self._on_event(f"{error} Next try in {pause:g} s.")
                else:
                    break
            self._on_event(f"{self._plan.title} runs again")

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._plan.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
            return "\n".join(["", f"The end of {self._plan.log}:", *(f"  {line}" for line in lines)])
        return ""


def _rotate(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_KEPT_BYTES:
            log.replace(log.with_name(log.name + ".1"))


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
