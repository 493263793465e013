"""Part wakeups: how late a case wakes for what is due, on the development server under a modest load.

Owns the load: cases opened at a steady rate, so that their next words fall due at that rate; the lateness is that of the attempt that
sent the message, against the moment that the customer was told. Called by __main__.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bench.contestants import contestant
from bench.dev_house import dev_house, paced
from bench.report import Report, percentile
from bench.scenario import at_pace, frozen

_CADENCE_S = 25
_PER_S = 10.0
_ROUNDS = 2


async def run(report: Report, folder: Path) -> None:
    cases = 60 if report.quick else 200
    ruling = frozen("demo", at_pace(_CADENCE_S, [{"every": "1h"}]), datetime.now(UTC))
    names = [f"wake-{number}" for number in range(cases)]
    for name in ("ours", "skeleton"):
        async with dev_house(folder / name, contestant(name), ruling) as house:
            await paced(house, names, _PER_S)
            report.say(f"wakeups: {name}: {cases} cases open, {_ROUNDS} rounds of {_CADENCE_S} s")
            await asyncio.sleep(_CADENCE_S * _ROUNDS + 3)
            late = await house.lateness_s(names)
        report.put("wake_lateness_p50_s", round(percentile(late, 0.5), 3), name)
        report.put("wake_lateness_p99_s", round(percentile(late, 0.99), 3), name)
        report.say(f"wakeups: {name}: {len(late)} wake-ups, p50 {percentile(late, 0.5):.3f} s, p99 {percentile(late, 0.99):.3f} s")
