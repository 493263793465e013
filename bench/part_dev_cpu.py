"""Part dev_cpu: CPU of the worker and of the development server per case, S10 at a pace of seconds, effects that cost nothing.

Owns the pace (5.5 hours become 1.3 s, since the engine fires nothing under a second; the tail is shortened but keeps its checks) and
the deduction of what both processes burn while idle. A cross-check of part cpu on the real server, and the only look at the server's
own cost. Called by __main__.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.children import cpu_s
from bench.contestants import contestant
from bench.dev_house import DevHouse, dev_house
from bench.report import Report
from bench.scenario import Opening, at_pace, frozen
from policies.book import Policy

_DAY_S = 5.673
_SETTLES = timedelta(seconds=6.5 * _DAY_S)
_TAIL_S, _TAIL_EVERY_S = 32, 3
_IDLE_S = 6.0


async def run(report: Report, folder: Path) -> None:
    cases = 10 if report.quick else 30
    ruling = frozen("demo", _pace(), datetime.now(UTC))
    for name in ("ours", "skeleton", "naive"):
        async with dev_house(folder / name, contestant(name), ruling, simulated=True) as house:
            report.say(f"dev_cpu: {name}: {cases} cases live S10 in {6.5 * _DAY_S + _TAIL_S + 10:.0f} s")
            worker, server = await _live(house, cases)
        report.put("dev_worker_cpu_ms_per_case", round(worker, 1), name)
        report.put("dev_server_cpu_ms_per_case", round(server, 1), name)
        report.say(f"dev_cpu: {name}: worker {worker:.0f} ms, server {server:.0f} ms of CPU per case")


async def _live(house: DevHouse, cases: int) -> tuple[float, float]:
    idle = await _burnt(house, asyncio.sleep(_IDLE_S))
    await house.open("warm-0", timedelta())  # what a process pays once: imports, compiled templates and statements
    await house.until_told("resolution", 1, 60)
    began = time.perf_counter()
    spent = await _burnt(house, _cases(house, cases))
    took = time.perf_counter() - began
    worker, server = (max(0.0, spent[n] - idle[n] * took / _IDLE_S) * 1000 / cases for n in (0, 1))
    return worker, server


async def _burnt(house: DevHouse, meanwhile: Any) -> tuple[float, float]:
    server = house.stack.server_pid
    assert server is not None
    before = house.worker.cpu_s(), cpu_s(server)
    await meanwhile
    return house.worker.cpu_s() - before[0], cpu_s(server) - before[1]


async def _cases(house: DevHouse, cases: int) -> None:
    opened = datetime.now(UTC)
    handles = []
    for number in range(cases):
        handles.append(await house.one.open(house.client, Opening(f"S10-{number}", opened + _SETTLES), house.ruling))
    await house.until_told("feedback_request", cases + 1, 240)
    for handle in handles:
        await house.one.answer(handle)
    for handle in handles:
        await handle.result()


def _pace() -> Policy:
    """The retail refund with seconds for hours, on an always-open calendar (the demo's)."""
    steps = [{"every": "5.2s", "until": "10.4s"}, {"every": "1.3s", "until": "62s"}, {"every": "6s"}]
    return at_pace(_DAY_S, steps, tail_s=_TAIL_S, tail_every_s=_TAIL_EVERY_S, clock_s=14 * _DAY_S)
