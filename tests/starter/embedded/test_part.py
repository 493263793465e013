"""One part: readiness, logs, restart after a crash, and an end in time."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from starter.embedded.errors import StackError
from starter.embedded.part import Part, PartPlan
from tests.starter.embedded.conditions import runs, until

_SERVE = "import pathlib, sys, time; print('begun', flush=True); pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _SERVE
_CRASH = "import sys; sys.exit('the settings are wrong')"
_CRASH_LATER = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(0.05); sys.exit(3)"

Make = Callable[..., Part]


class Told(list[str]):
    def has(self, words: str, times: int = 1) -> bool:
        return sum(words in line for line in self) >= times


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def make(tmp_path: Path, told: Told) -> Iterator[Make]:
    pipe = os.pipe()
    ready = tmp_path / "ready"

    async def is_ready() -> bool:
        return ready.exists()

    def part(code: str, *, ready_within_s: float = 10, stop_within_s: float = 10) -> Part:
        plan = PartPlan(
            title="The part",
            command=[sys.executable, "-c", code, str(ready)],
            environment=dict(os.environ),
            log=tmp_path / "part.log",
            before=lambda: ready.unlink(missing_ok=True),
            ready=is_ready,
            ready_within_s=ready_within_s,
            stop_within_s=stop_within_s,
        )
        return Part(plan, pipe=pipe[0], on_event=told.append)

    yield part
    for descriptor in pipe:
        os.close(descriptor)


async def test_it_is_ready_logs_and_stops(make: Make, tmp_path: Path) -> None:
    part = make(_SERVE)
    await part.start()
    pid = part.pid
    assert pid is not None
    assert (tmp_path / "part.log").read_text() == "begun\n"
    await part.stop()
    assert not runs(pid)
    assert part.pid is None


async def test_it_is_started_again_after_a_crash(make: Make, told: Told) -> None:
    part = make(_SERVE)
    await part.start()
    first = part.pid
    part.kill()
    await until(lambda: told.has("runs again"))
    assert told[0].startswith("The part ended (killed by SIGKILL); starting it again. Its log: ")
    assert part.pid not in (None, first)
    await part.stop()


async def test_the_pause_between_crashes_grows(make: Make, told: Told) -> None:
    part = make(_CRASH_LATER)
    await part.start()
    began = asyncio.get_running_loop().time()
    await until(lambda: told.has("exit code 3", times=3))
    assert asyncio.get_running_loop().time() - began >= 0.2 + 0.4
    await part.stop()


async def test_it_ends_at_once_with_its_last_words(make: Make) -> None:
    part = make(_CRASH)
    with pytest.raises(StackError) as raised:
        await part.start()
    assert str(raised.value).startswith("The part ended at once (exit code 1).\nThe end of ")
    assert str(raised.value).endswith("  the settings are wrong")


async def test_it_is_never_ready(make: Make) -> None:
    part = make("import time; time.sleep(60)", ready_within_s=0.2)
    with pytest.raises(StackError, match=r"The part was not ready within 0\.2 s"):
        await part.start()
    assert part.pid is None


async def test_it_does_not_listen_and_is_killed(make: Make, told: Told) -> None:
    part = make(_DEAF, stop_within_s=0.2)
    await part.start()
    pid = part.pid
    assert pid is not None
    await part.stop()
    assert told.has("did not end within 0.2 s and is killed")
    assert not runs(pid)


async def test_a_stop_during_the_pause_starts_nothing(make: Make, told: Told) -> None:
    part = make(_SERVE)
    await part.start()
    part.kill()
    await until(lambda: told.has("starting it again"))
    await part.stop()
    assert part.pid is None
