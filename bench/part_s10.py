"""Part s10: one S10 case of ours and of each baseline on the time-skipping server; what is counted, not timed.

Owns the exact figures: events, bytes, actions, checks; and that the case went as S10 says. Called by __main__.
"""

from pathlib import Path

from temporalio.converter import DataConverter
from temporalio.worker import Worker

from bench.contestants import Baseline, Contestant, Handle, Ours, naive, skeleton
from bench.counting import AttemptCounter, Cost, cost_of
from bench.engines import time_skipping
from bench.report import Report
from bench.scenario import ANSWERED_AT, OPENED_AT, OVER_AT, SETTLES_AFTER, Opening, frozen, policy
from bench.simulated import SettlingProvider
from bench.working import polling
from store.queries import Queries
from workflows.converter import DATA_CONVERTER

MESSAGES = ["acknowledgement", *["update"] * 6, "resolution", "feedback_request"]
OURS = [*MESSAGES, "money_check"]  # "did the money arrive?" at its date: the baselines leave it out


class WrongLife(AssertionError):
    """The case did not go as S10 says: its figures would be about something else."""


async def run(report: Report, folder: Path) -> None:
    raw: dict[str, int] = {}
    report.note("history_events_raw", raw)
    for one in (Ours(), skeleton(), naive()):
        report.say(f"s10: one case of {one.name} on the time-skipping server")
        raw[one.name] = (await _live(report, folder / one.name, one)).events_raw


async def _live(report: Report, folder: Path, one: Contestant) -> Cost:
    folder.mkdir(parents=True)
    async with time_skipping(folder) as engine:
        attempts, provider = AttemptCounter(), SettlingProvider()
        converter = DATA_CONVERTER if isinstance(one, Ours) else DataConverter.default
        client = await engine.connect(converter, [attempts])
        await one.prepare(folder)
        await engine.until(OPENED_AT)
        workers: list[Worker] = await one.workers(client, provider)
        opening = Opening("S10", OPENED_AT + SETTLES_AFTER)
        async with polling(workers):
            handle = await one.open(client, opening, frozen("retail", policy(), OPENED_AT))
            await engine.until(ANSWERED_AT)
            await one.answer(handle)
            await engine.until(OVER_AT)
            result = await handle.result()
        cost = await cost_of(handle, attempts)
        await _check_life(one, opening, handle, result)
        await one.close()
    name = one.name
    report.put("history_events", cost.events, name)
    report.put("history_bytes", cost.bytes, name)
    report.put("billable_actions", cost.billable, name)
    report.put("provider_checks", provider.checks.total(), name)
    report.put("provider_checks_tail", provider.tail_checks.total(), name)
    report.note(f"s10_actions_{name}", cost.actions)
    events = f"{cost.events} events ({cost.events_raw} with the empty tasks that only the time-skipping server gives)"
    report.say(f"s10: {name}: {events}, {cost.bytes} bytes, {cost.billable} actions {cost.actions}")
    return cost


async def _check_life(one: Contestant, opening: Opening, handle: Handle, result: object) -> None:
    if isinstance(one, Baseline):
        told = one.rows.kinds(opening.name)
    else:
        assert isinstance(one, Ours)
        books = Queries(one.store)
        case_id = handle.id.partition("-")[2]
        told = [message.kind.value for message in await books.messages(case_id)]
        sums = (await books.summary([case_id])).promises
        if sums.made != 7 or sums.kept != sums.made:
            raise WrongLife(f"promises: {sums}")
        case = await books.case(case_id)
        if case is None or case.closed_at is None or case.csat != 5:
            raise WrongLife(f"not closed with its feedback: {case}, {result}")
    if told != (MESSAGES if isinstance(one, Baseline) else OURS):
        raise WrongLife(f"{one.name} told {told}")
