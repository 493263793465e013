"""Part cpu: CPU time of the worker process per S10 case, ours against the skeleton, on the time-skipping server.

Owns the rounds: same engine, same cases, same number of messages and checks, the worker in a process of its own, rounds interleaved
so that a busy machine disturbs both alike, medians. CPU time, not wall time. Ours runs as worker.py runs it, with what was done for
its CPU (workflows/lean_sandbox.py, the converter without empty fields); the skeleton runs with the SDK's defaults, as somebody would
write it: the ratio says what our worker costs beside a plain one, not what the rules alone cost. Called by __main__.
"""

from pathlib import Path
from statistics import median

from temporalio.converter import DataConverter

from bench.contestants import Contestant, contestant
from bench.engines import time_skipping
from bench.report import Report
from bench.scenario import ANSWERED_AT, OPENED_AT, OVER_AT, SETTLES_AFTER, Opening, frozen, policy
from bench.working import worker_child
from workflows.converter import DATA_CONVERTER

_COMPARED = "ours with lean_sandbox and the lean converter, as worker.py runs it; the skeleton with the SDK's defaults for both"
_WARM_UP = 2  # cases before the measured ones: imports, compiled templates and statements are paid once per process


async def run(report: Report, folder: Path) -> None:
    rounds, cases = (2, 10) if report.quick else (5, 20)
    spent: dict[str, list[float]] = {"ours": [], "skeleton": []}
    for number in range(rounds):
        for name, values in spent.items():
            values.append(await _round(folder / f"{name}-{number}", contestant(name), cases))
        latest = ", ".join(f"{name} {values[-1]:.0f} ms" for name, values in spent.items())
        report.say(f"cpu: round {number + 1} of {rounds}, {cases} cases each: {latest} of worker CPU per case")
    for name, values in spent.items():
        report.put("worker_cpu_ms_per_case", round(median(values), 1), name)
    # Of the two neighbours in time: a machine that is busy for a while slows both.
    ratios = [ours / bare for ours, bare in zip(spent["ours"], spent["skeleton"], strict=True)]
    report.put("worker_cpu_ratio", round(median(ratios), 3))
    report.note("worker_cpu_ratio_compares", _COMPARED)
    report.say(f"cpu: compared: {_COMPARED}")
    report.note("worker_cpu_ms_per_case_rounds", {name: [round(value, 1) for value in values] for name, values in spent.items()})


async def _round(folder: Path, one: Contestant, cases: int) -> float:
    """Milliseconds of CPU that the worker process spent per case."""
    folder.mkdir(parents=True)
    await one.prepare(folder)
    ruling = frozen("retail", policy(), OPENED_AT)
    async with time_skipping(folder) as engine, worker_child(one.name, engine.address, folder) as worker:
        client = await engine.connect(DATA_CONVERTER if one.name == "ours" else DataConverter.default)
        warm = [await one.open(client, Opening(f"warm-{number}", await engine.now()), ruling) for number in range(_WARM_UP)]
        await engine.until(await engine.now() + (OVER_AT - OPENED_AT))
        for handle in warm:
            await handle.result()
        await engine.until(OPENED_AT)
        before = worker.cpu_s()
        handles = [await one.open(client, Opening(f"S10-{number}", OPENED_AT + SETTLES_AFTER), ruling) for number in range(cases)]
        await engine.until(ANSWERED_AT)
        for handle in handles:
            await one.answer(handle)
        await engine.until(OVER_AT)
        for handle in handles:
            await handle.result()
        spent = worker.cpu_s() - before
    await one.close()
    return spent * 1000 / cases
