"""Part kill: how overdue a step is when the only worker is killed (-9) and started again at once; and what went out twice.

Owns the kills. The development server stays; cases at a pace of seconds, so that something is always due. Called by __main__.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.contestants import contestant
from bench.dev_house import dev_house, paced
from bench.report import Report, percentile
from bench.scenario import at_pace, frozen

_CASES, _PER_S = 30, 5.0
_CADENCE_S, _CHECK_S = 6, 3
_APART_S = 11.0  # between kills: no multiple of the cadence


async def run(report: Report, folder: Path) -> None:
    kills = 2 if report.quick else 4
    ruling = frozen("demo", at_pace(_CADENCE_S, [{"every": f"{_CHECK_S}s"}]), datetime.now(UTC))
    names = [f"kill-{number}" for number in range(_CASES)]
    for name in ("ours", "skeleton"):
        async with dev_house(folder / name, contestant(name), ruling) as house:
            await paced(house, names, _PER_S)
            await house.until_told("acknowledgement", _CASES, 60)
            down: list[float] = []
            for _ in range(kills):
                await asyncio.sleep(_APART_S)
                began = time.perf_counter()
                house.worker.kill()
                await house.worker.start()
                down.append(time.perf_counter() - began)
            await asyncio.sleep(max(_APART_S, 2.0 * _CADENCE_S))
            late = await house.lateness_s(names)
            twice = await house.sent_twice()
        report.put("overdue_after_kill_s", round(max(late), 2), name)
        report.put("sent_twice_after_kill", twice, name)
        report.note(f"kill_worker_down_s_{name}", [round(value, 2) for value in down])
        report.note(f"kill_lateness_p50_p90_s_{name}", [round(percentile(late, share), 2) for share in (0.5, 0.9)])
        report.say(
            f"kill: {name}: {kills} kills over {_CASES} cases, {len(late)} messages due, most overdue {max(late):.2f} s, "
            f"worker back in {max(down):.2f} s at most, sent twice {twice}"
        )
