"""Part lateness: how late a settlement is seen, over 50 seeded settlement times between day 2 and day 10.

Owns the seeds and the walk along the watch's plan (the rules' own arithmetic, policies.watch_plan); three of the seeds are lived on the
time-skipping server, so that the walk is known to be what the engine does. Called by __main__.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

from bench.contestants import Ours, watch_steps
from bench.engines import time_skipping
from bench.report import Report, percentile
from bench.scenario import OPENED_AT, Opening, case_start, frozen, policy
from bench.simulated import SettlingProvider
from bench.working import polling
from policies.book import PolicySnapshot
from policies.case.plans import WatchPlan
from policies.watch_plan import next_check_in

SEEDS, LIVED = 50, 3
_POLL = timedelta(hours=6)  # the naive version
_SAME_S = 60.0  # an attempt begins when a worker takes it, not to the second


class WrongWalk(AssertionError):
    """The engine asked at other moments than the walk says."""


async def run(report: Report, folder: Path) -> None:
    ruling = frozen("retail", policy(), OPENED_AT)
    dice = random.Random(10)
    settlements = [OPENED_AT + timedelta(days=dice.uniform(2, 10)) for _ in range(SEEDS)]
    ours = [(_seen_at(ruling, at) - at).total_seconds() for at in settlements]
    naive = [(-((at - OPENED_AT) // -_POLL) * _POLL - (at - OPENED_AT)).total_seconds() for at in settlements]
    for name, late in (("ours", ours), ("skeleton", ours), ("naive", naive)):
        report.put("settlement_seen_late_s", round(sum(late) / len(late), 1), name)
        report.put("settlement_seen_late_p90_s", round(percentile(late, 0.9), 1), name)
    lived = settlements[: 1 if report.quick else LIVED]
    report.say(f"lateness: {SEEDS} settlement times walked, {len(lived)} of them lived on the time-skipping server")
    await _live(folder, ruling, lived)
    report.note("settlement_seeds_lived", len(lived))


def _seen_at(ruling: PolicySnapshot, settles_at: datetime) -> datetime:
    plan = WatchPlan(
        case_id="walk",
        generation=1,
        mode="settlement",
        started_at=OPENED_AT,
        targets=[],
        steps=watch_steps(ruling),
        unreachable_after_s=0,
    )
    at = OPENED_AT
    while at < settles_at:
        at += timedelta(seconds=next_check_in(plan, at))
    return at


async def _live(folder: Path, ruling: PolicySnapshot, settlements: list[datetime]) -> None:
    async with time_skipping(folder) as engine:
        one, provider = Ours(), SettlingProvider()
        await one.prepare(folder)
        await engine.until(OPENED_AT)
        async with polling(await one.workers(engine.client, provider)):
            openings = [Opening(f"L-{number}", at) for number, at in enumerate(settlements)]
            for opening in openings:
                await one.open(engine.client, opening, ruling)
            await engine.until(max(settlements) + timedelta(days=1))
        await one.close()
    for opening in openings:
        reference = case_start(opening, ruling).targets[0].reference
        walked, seen = _seen_at(ruling, opening.settles_at), provider.seen_at[reference]
        if abs((seen - walked).total_seconds()) > _SAME_S:
            raise WrongWalk(f"settled {opening.settles_at}: walked to {walked}, the engine saw it {seen}")
