"""Part openings: cases opened per second on the development server, and acknowledged per second.

Owns the crowd: so many starts at once, contact data written first as the desk does. Called by __main__.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from bench.contestants import contestant
from bench.dev_house import crowded, dev_house
from bench.report import Report
from bench.scenario import frozen, policy

_AT_ONCE = 10
_WARM_UP = 10


async def run(report: Report, folder: Path) -> None:
    cases = 100 if report.quick else 400
    ruling = frozen("retail", policy(), datetime.now(UTC))
    for name in ("ours", "skeleton"):
        async with dev_house(folder / name, contestant(name), ruling) as house:
            await crowded(house, [f"warm-{number}" for number in range(_WARM_UP)], _AT_ONCE)
            await house.until_told("acknowledgement", _WARM_UP, 60)
            began = time.perf_counter()
            await crowded(house, [f"open-{number}" for number in range(cases)], _AT_ONCE)
            opened_s = time.perf_counter() - began
            await house.until_told("acknowledgement", _WARM_UP + cases, 300)
            told_s = time.perf_counter() - began
        report.put("cases_opened_per_s", round(cases / opened_s, 1), name)
        report.put("cases_acknowledged_per_s", round(cases / told_s, 1), name)
        report.say(f"openings: {name}: {cases} cases opened in {opened_s:.1f} s, all acknowledged after {told_s:.1f} s")
