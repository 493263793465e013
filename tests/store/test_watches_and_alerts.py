"""Checks that are honest about silence, and alerts that go out once."""

import asyncio
from datetime import datetime

from policies.case.vocabulary import Role
from store.engine import Store
from store.queries import Queries
from store.recorder import Recorder
from store.recorder.watches import Check
from store.standing import CheckStanding
from store.watch_rows import checks_of
from tests.store.samples import CASE, alert_plan, entry, fact, hours


async def _note(
    recorder: Recorder,
    generation: int,
    at: datetime,
    answered: bool,
    status: str | None = None,
    *,
    by: str = "stripe",
    reference: str = "re_1",
) -> CheckStanding:
    (standing,) = await recorder.note_checks(
        CASE, generation, at, [Check(provider=by, reference=reference, answered=answered, status=status)]
    )
    return standing


async def test_checks_keep_when_the_provider_was_asked_and_when_it_answered(store: Store) -> None:
    recorder = Recorder(store)
    first = await _note(recorder, 1, hours(0), True, "pending")
    assert (first.checks, first.last_answered_at, first.failing_since, first.status) == (1, hours(0), None, "pending")
    await _note(recorder, 1, hours(1), False)
    silent = await _note(recorder, 1, hours(2), False)
    assert (silent.last_checked_at, silent.last_answered_at, silent.failing_since) == (hours(2), hours(0), hours(1))
    assert (silent.status, silent.checks, silent.checks_in_generation) == ("pending", 3, 3)
    next_one = await _note(recorder, 2, hours(3), False)
    assert (next_one.failing_since, next_one.checks, next_one.checks_in_generation) == (hours(1), 4, 1)
    back = await _note(recorder, 2, hours(4), True, "succeeded")
    assert (back.failing_since, back.status, back.checks_in_generation) == (None, "succeeded", 2)


async def test_the_same_check_twice_and_an_older_one_change_nothing(store: Store) -> None:
    recorder = Recorder(store)
    noted = await _note(recorder, 2, hours(2), True, "pending")
    assert await _note(recorder, 2, hours(2), True, "pending") == noted
    assert await _note(recorder, 1, hours(1), False) == noted
    stale = await _note(recorder, 1, hours(3), False)
    assert (stale.generation, stale.checks, stale.checks_in_generation) == (2, 2, 1)


async def test_twenty_checks_at_once_all_count(store: Store) -> None:
    recorder = Recorder(store)
    for n in range(5):
        await asyncio.gather(*(_note(recorder, 1, hours(n), True, "in_transit", by="ups", reference=f"1Z{m}") for m in range(4)))
    standing = await store.read(lambda connection: checks_of(connection, CASE))
    assert [(each.reference, each.checks) for each in standing] == [(f"1Z{m}", 5) for m in range(4)]
    assert await store.read(lambda connection: checks_of(connection, "nobody")) == []


async def test_the_checks_of_one_moment_are_noted_together(store: Store) -> None:
    checks = [Check(provider="stripe", reference=f"re_{n}", answered=n != 2, status="pending" if n != 2 else None) for n in range(1, 4)]
    noted = await Recorder(store).note_checks(CASE, 1, hours(0), checks)
    assert [(each.reference, each.failing_since) for each in noted] == [("re_1", None), ("re_2", hours(0)), ("re_3", None)]


async def test_an_alert_goes_out_once(store: Store) -> None:
    recorder, queries = Recorder(store), Queries(store)
    assert await recorder.open_alert(entry(facts=[fact(1)]), alert_plan(), hours(8))
    # The attempt died before it told anyone: the next one must.
    assert await recorder.open_alert(entry(facts=[fact(1)]), alert_plan(), hours(9))
    await recorder.finish_alert("a1", ["kim", "lee"], hours(9), "Breach", "Case is late")
    assert not await recorder.open_alert(entry(facts=[fact(1)]), alert_plan(), hours(10))
    await recorder.finish_alert("a1", ["max"], hours(10), "again", "again")
    (alert,) = await queries.alerts(CASE)
    assert (alert.role, alert.level, alert.people, alert.sent_at) == ("lead", 2, ["kim", "lee"], hours(9))
    assert (alert.title, alert.opened_at, alert.clock) == ("Breach", hours(8), "resolution")
    assert len(await queries.facts(CASE)) == 1


async def test_an_alert_needs_no_entry_and_no_case(store: Store) -> None:
    recorder = Recorder(store)
    opened = await asyncio.gather(*(recorder.open_alert(None, alert_plan(), hours(8)) for _ in range(20)))
    assert all(opened)
    assert len(await Queries(store).alerts(CASE)) == 1
    assert (await Queries(store).alerts(CASE))[0].role == Role.LEAD
