"""Part memory: resident memory of the worker while few and then many cases sleep.

Owns opening thousands of cases without drowning the development server: so many unacknowledged at most. Every acknowledgement is a
real message. Called by __main__.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.contestants import contestant
from bench.dev_house import DevHouse, crowded, dev_house
from bench.report import Report
from bench.scenario import frozen, policy

_AT_ONCE = 16
_BATCH = 250  # the development server slows down when far more wait
_SETTLE_S = 8.0


async def run(report: Report, folder: Path) -> None:
    few, many = (300, 1500) if report.quick else (2000, 10000)
    ruling = frozen("retail", policy(), datetime.now(UTC))
    for name in ("ours", "skeleton"):
        async with dev_house(folder / name, contestant(name), ruling) as house:
            asleep = house.worker.rss_mb()
            report.say(f"memory: {name}: {asleep:.1f} MB before the first case")
            began = time.perf_counter()
            first = await _sleeping(report, house, 0, few)
            second = await _sleeping(report, house, few, many)
            took = time.perf_counter() - began
        report.put("worker_sleeping_few_mb", round(first, 1), name)
        report.put("worker_sleeping_many_mb", round(second, 1), name)
        report.put("worker_sleeping_growth_mb", round(second - first, 1), name)
        report.note(f"memory_{name}", {"few": few, "many": many, "empty_mb": round(asleep, 1), "opening_took_s": round(took, 1)})
        report.say(f"memory: {name}: {first:.1f} MB with {few} asleep, {second:.1f} MB with {many}; opening took {took:.0f} s")


async def _sleeping(report: Report, house: DevHouse, have: int, want: int) -> float:
    """Open up to `want`, wait until all are acknowledged and quiet; the worker's memory then."""
    said = time.monotonic()
    for start in range(have, want, _BATCH):
        names = [f"sleep-{number}" for number in range(start, min(want, start + _BATCH))]
        await crowded(house, names, _AT_ONCE)
        await house.until_told("acknowledgement", start, 600)  # all of the batch before this one
        if time.monotonic() - said > 30:
            said = time.monotonic()
            report.say(f"memory: {house.one.name}: {start + len(names)} of {want} opened, {house.worker.rss_mb():.1f} MB")
    await house.until_told("acknowledgement", want, 600)
    await asyncio.sleep(_SETTLE_S)
    readings = []
    for _ in range(5):
        readings.append(house.worker.rss_mb())
        await asyncio.sleep(0.5)
    return median(readings)
