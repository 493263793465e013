"""Entries: written twice they are written once, and what is older never wins."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text

from policies.case.facts import Actor
from policies.case.state import Resolution
from policies.case.vocabulary import CaseStatus, PromiseEnd, Role
from policies.money import Money
from store.column_types import UtcInstant
from store.engine import Store
from store.queries import Queries
from store.recorder import Recorder
from store.recorder.cases import has_other_open_case
from tests.store.samples import CASE, MONDAY, ended, entry, fact, hours, promise, row

FULL: dict[str, Any] = {
    "as_of_seq": 3,
    "facts": [fact(1), fact(2, by=None, detail={"late": True, "who": None}), fact(3)],
    "ended_promises": [ended(1, PromiseEnd.KEPT)],
    "open_promise": promise(2),
    "tags": ["vip", "b2b"],
    "promises": {"made": 2, "kept": 1},
    "closed_at": hours(3),
    "resolution": Resolution(
        outcome="refunded",
        amounts=[Money(amount_minor=1999, currency="EUR")],
        by=Actor(who="kim", role=Role.LEAD, why="told"),
        decided_at=hours(2),
    ),
}


async def test_everything_comes_back_as_it_was_written(store: Store) -> None:
    written = entry(**FULL)
    await Recorder(store).commit_entry(written)
    queries = Queries(store)
    seen = await queries.case(CASE)
    assert seen is not None
    assert seen.model_dump() == written.row.model_dump()
    assert await queries.facts(CASE) == written.facts
    first, second = await queries.promises(CASE)
    assert (first.number, first.end, first.ended_at) == (1, PromiseEnd.KEPT, hours(24))
    assert (second.number, second.end, second.due_at) == (2, None, hours(24))


async def test_an_entry_twice_and_twenty_at_once_are_one(store: Store) -> None:
    recorder = Recorder(store)
    await asyncio.gather(*(recorder.commit_entry(entry(**FULL)) for _ in range(20)))
    queries = Queries(store)
    assert len(await queries.facts(CASE)) == 3
    assert len(await queries.promises(CASE)) == 2
    assert (await queries.list_cases(tag="vip")).cases == [await queries.case(CASE)]
    assert (await queries.summary()).total == 1


async def test_an_older_row_never_overwrites_a_newer_one_but_its_facts_count(store: Store) -> None:
    recorder, queries = Recorder(store), Queries(store)
    await recorder.commit_entry(entry(as_of_seq=5, owner="new", facts=[fact(5)]))
    await recorder.commit_entry(entry(as_of_seq=4, owner="old", facts=[fact(4)], tags=["old"]))
    seen = await queries.case(CASE)
    assert seen is not None
    assert (seen.owner, seen.as_of_seq) == ("new", 5)
    assert [each.seq for each in await queries.facts(CASE)] == [4, 5]
    assert (await queries.list_cases(tag="old")).cases == []
    await recorder.commit_entry(entry(as_of_seq=5, owner="same moment"))
    again = await queries.case(CASE)
    assert again is not None
    assert again.owner == "same moment"


async def test_the_newest_of_twenty_racing_rows_stands(store: Store) -> None:
    recorder = Recorder(store)
    order = [7, 3, 19, 0, 12, 5, 1, 18, 9, 2, 14, 6, 11, 4, 17, 8, 16, 10, 13, 15]
    await asyncio.gather(*(recorder.commit_entry(entry(as_of_seq=n, owner=f"o{n}", facts=[fact(n + 1)])) for n in order))
    seen = await Queries(store).case(CASE)
    assert seen is not None
    assert seen.owner == "o19"
    assert len(await Queries(store).facts(CASE)) == 20


async def test_a_known_fact_is_never_rewritten(store: Store) -> None:
    recorder = Recorder(store)
    await recorder.commit_entry(entry(facts=[fact(1, detail={"n": "first"})]))
    await recorder.commit_entry(entry(facts=[fact(1, detail={"n": "second"}), fact(2)]))
    assert [each.detail["n"] for each in await Queries(store).facts(CASE)] == ["first", 2]


async def test_a_promise_that_ended_is_not_opened_again(store: Store) -> None:
    recorder, queries = Recorder(store), Queries(store)
    await recorder.commit_entry(entry(open_promise=promise(1)))
    await recorder.commit_entry(entry(ended_promises=[ended(1, PromiseEnd.LATE, 90)]))
    await recorder.commit_entry(entry(open_promise=promise(1)))
    (only,) = await queries.promises(CASE)
    assert (only.end, only.late_s) == (PromiseEnd.LATE, 90)


async def test_sums_of_promises_are_exact(store: Store) -> None:
    recorder = Recorder(store)
    ends = list(PromiseEnd)
    for number in range(1, 31):
        await recorder.commit_entry(entry(open_promise=promise(number)))
        if number < 30:
            end = ends[number % len(ends)]
            late_s = number * 10 if end is PromiseEnd.LATE else 0
            again = entry(ended_promises=[ended(number, end, late_s)])
            await asyncio.gather(recorder.commit_entry(again), recorder.commit_entry(again))
    sums = (await Queries(store).summary()).promises
    assert sums.made == 30
    assert sums.open == 1
    assert sums.made == sums.kept + sums.late + sums.broken + sums.superseded + sums.withdrawn + sums.open
    assert (sums.late, sums.median_late_s, sums.max_late_s) == (6, 135, 260)


async def test_other_open_case(store: Store) -> None:
    recorder = Recorder(store)
    others: dict[str, dict[str, Any]] = {
        "this": {},
        "resolved": {"status": CaseStatus.RESOLVED},
        "closed": {"status": CaseStatus.CLOSED},
        "shadow": {"shadow": True},
        "stranger": {"customer_key": "other"},
    }
    for case_id, changes in others.items():
        await recorder.commit_entry(entry(case_id, **changes))
    assert not await store.read(lambda connection: has_other_open_case(connection, "c0ffee", "this"))
    assert not await store.read(lambda connection: has_other_open_case(connection, "", "this"))
    await recorder.commit_entry(entry("held", status=CaseStatus.ON_HOLD))
    assert await store.read(lambda connection: has_other_open_case(connection, "c0ffee", "this"))


async def test_moments_are_utc_on_both_engines_whatever_zone_they_came_in(store: Store) -> None:
    berlin = timezone(timedelta(hours=1))
    await Recorder(store).commit_entry(entry(opened_at=datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=berlin)))
    seen = await Queries(store).case(CASE)
    assert seen is not None
    assert seen.opened_at == datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
    assert seen.opened_at.utcoffset() == timedelta()


def test_a_moment_without_a_zone_is_refused() -> None:
    dialect: Any = None
    with pytest.raises(ValueError, match="without a zone"):
        UtcInstant().process_bind_param(MONDAY.replace(tzinfo=None), dialect)


async def test_the_row_in_the_books_is_readable_sql(store: Store) -> None:
    await Recorder(store).commit_entry(entry())
    statement = text("SELECT kind, status, order_ref FROM cases")
    assert tuple(await store.read(lambda c: c.execute(statement).one())) == ("refund", "open", row().order)
