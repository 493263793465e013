"""The queue: which case stands in which group, in which order, for whom, and at what price."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from policies.case.vocabulary import CaseKind, CaseStatus, Channel
from store.call_tasks import NewCall, open_call
from store.case_matters import matters_of
from store.case_search import CaseSearch, Sought
from store.customer_cases import CustomerBooks
from store.engine import Store
from store.parks import park
from store.queries import Queries
from store.queue import MOST_COUNTED, CaseQueue, Moment, QueueFilters, QueueGroup, QueueView
from store.recorder import Recorder
from store.tables import cases
from tests.store.samples import MONDAY, entry, hours

NOW = hours(10)
AT = Moment(now=NOW, horizon=hours(34))
HOLD: dict[str, Any] = {"status": CaseStatus.ON_HOLD, "hold_reason": "with_bank"}
SHELF: dict[str, dict[str, Any]] = {
    "breached-long-ago": {"breached_at": hours(1), "resolve_by": hours(200)},
    "breached-by-the-clock": {"resolve_by": hours(9)},
    "breached-and-unanswered": {"breached_at": hours(5), "unanswered_since": hours(6), "merchant": "beta"},
    "risk-near": {"resolve_by": hours(30)},
    "risk-warned": {"resolve_by": hours(100), "at_risk_since": hours(8)},
    "risk-warned-on-hold": {**HOLD, "resolve_by": hours(20), "at_risk_since": hours(8)},
    "unanswered-late": {"unanswered_since": hours(9), "resolve_by": hours(300)},
    "unanswered-early": {"unanswered_since": hours(2), "resolve_by": hours(300), "status": CaseStatus.RESOLVED},
    "recovery": {"recovery_since": hours(3), "csat": 1, "status": CaseStatus.RESOLVED},
    "rest-second": {"resolve_by": hours(300), "next_at": hours(50)},
    "rest-first": {**HOLD, "resolve_by": hours(1), "next_at": hours(40)},  # its clocks stand still
    "resolved": {"status": CaseStatus.RESOLVED},
    "closed": {"status": CaseStatus.CLOSED, "closed_at": hours(4), "next_at": None, "resolve_by": hours(1)},
    "shadow": {"breached_at": hours(1), "shadow": True},
}
GROUPS = {
    QueueGroup.BREACHED: ["breached-long-ago", "breached-and-unanswered", "breached-by-the-clock"],
    QueueGroup.AT_RISK: ["risk-warned-on-hold", "risk-near", "risk-warned"],
    QueueGroup.UNANSWERED: ["unanswered-early", "unanswered-late"],
    QueueGroup.CALLS: ["rest-second"],
    QueueGroup.RECOVERY: ["recovery"],
    QueueGroup.PARKED: [],
    QueueGroup.REST: ["rest-first", "rest-second"],
}


async def shelve(store: Store, shelf: dict[str, dict[str, Any]]) -> None:
    for case_id, changes in shelf.items():
        await Recorder(store).commit_entry(entry(case_id, **changes))


async def to_call(store: Store, case_id: str, *, due_at: Any = NOW, task_id: str | None = None, **more: Any) -> None:
    call = {
        "task_id": task_id or f"call-{case_id}",
        "case_id": case_id,
        "contact_ref": "c",
        "role": "lead",
        "reason": "unreachable",
        "script": "words",
        "locale": "de",
        "due_at": due_at,
    }
    await store.write(lambda connection: open_call(connection, NewCall.model_validate(call | more), MONDAY))


@pytest.fixture
async def queue(store: Store) -> CaseQueue:
    await shelve(store, SHELF)
    await to_call(store, "rest-second")
    return CaseQueue(store)


def _ids(view: QueueView) -> dict[QueueGroup, list[str]]:
    return {
        group: [each.case_id for each in part.cases] + [call.case.case_id for call in part.calls] for group, part in view.slices.items()
    }


async def _overview(queue: CaseQueue, **filters: Any) -> QueueView:
    return await queue.overview(QueueFilters(**filters), AT, each=50, rest=50)


async def test_a_case_stands_once_where_it_needs_somebody_first(queue: CaseQueue) -> None:
    view = await _overview(queue)
    assert _ids(view) == GROUPS
    assert {group: part.count for group, part in view.slices.items()} == {group: len(ids) for group, ids in GROUPS.items()}
    assert view.merchants == ["acme", "beta"]
    stands = Counter(case_id for group, ids in _ids(view).items() if group is not QueueGroup.CALLS for case_id in ids)
    assert set(stands.values()) == {1}


async def test_what_was_needed_and_is_not_any_more_is_gone(store: Store, queue: CaseQueue) -> None:
    await Recorder(store).commit_entry(entry("unanswered-early", resolve_by=hours(300), status=CaseStatus.RESOLVED, as_of_seq=1))
    assert (await _overview(queue)).slices[QueueGroup.UNANSWERED].count == 1


async def test_filters_narrow_rows_and_counts_alike(store: Store, queue: CaseQueue) -> None:
    await shelve(
        store,
        {
            "mine": {"owner": "lena", "resolve_by": hours(9)},
            "vip": {"segment": "vip", "tags": ["press"], "kind": CaseKind.DELAY, "unanswered_since": hours(1), "resolve_by": hours(300)},
        },
    )
    await to_call(store, "mine", owner="lena")
    for filters, expected in (
        ({"owner": "lena"}, {QueueGroup.BREACHED: ["mine"], QueueGroup.CALLS: ["mine"]}),
        ({"merchant": "beta"}, {QueueGroup.BREACHED: ["breached-and-unanswered"]}),
        ({"segment": "vip"}, {QueueGroup.UNANSWERED: ["vip"]}),
        ({"tag": "press"}, {QueueGroup.UNANSWERED: ["vip"]}),
        ({"kind": CaseKind.DELAY}, {QueueGroup.UNANSWERED: ["vip"]}),
        ({"status": CaseStatus.CLOSED}, {QueueGroup.REST: ["closed"]}),
        ({"status": CaseStatus.ON_HOLD}, {QueueGroup.AT_RISK: ["risk-warned-on-hold"], QueueGroup.REST: ["rest-first"]}),
        ({"tag": "none"}, {}),
    ):
        view = await _overview(queue, **filters)
        assert {group: ids for group, ids in _ids(view).items() if ids} == expected, filters
        assert {group: part.count for group, part in view.slices.items() if part.count} == {g: len(i) for g, i in expected.items()}, filters


async def test_other_merchants_cases_are_not_there_nor_counted(store: Store, queue: CaseQueue) -> None:
    await to_call(store, "breached-and-unanswered")
    view = await _overview(queue, merchants=("beta",))
    assert {group: ids for group, ids in _ids(view).items() if ids} == {
        QueueGroup.BREACHED: ["breached-and-unanswered"],
        QueueGroup.CALLS: ["breached-and-unanswered"],
    }
    assert sum(part.count for part in view.slices.values()) == 2
    assert view.merchants == ["beta"]
    assert sum(part.count for part in (await _overview(queue, merchants=("beta",), merchant="acme")).slices.values()) == 0


@pytest.mark.parametrize("group", [QueueGroup.BREACHED, QueueGroup.AT_RISK, QueueGroup.UNANSWERED, QueueGroup.REST])
async def test_pages_of_a_group_meet_without_gap_or_overlap(store: Store, queue: CaseQueue, group: QueueGroup) -> None:
    await shelve(store, {f"{case_id}-b": changes for case_id, changes in SHELF.items()})  # two for each moment
    expected = _ids(await _overview(queue))[group]
    seen: list[str] = []
    after: str | None = None
    for _ in range(len(expected)):
        view = await queue.page(group, QueueFilters(), AT, limit=1, after=after)
        seen += _ids(view)[group]
        after = view.slices[group].after
        assert view.slices[group].count == len(expected)
    assert (seen, after) == (expected, None)


async def test_pages_of_calls(store: Store, queue: CaseQueue) -> None:
    await to_call(store, "recovery", due_at=hours(1))
    await to_call(store, "recovery", due_at=NOW, task_id="call-z")
    first = await queue.page(QueueGroup.CALLS, QueueFilters(), AT, limit=2, after=None)
    rest = await queue.page(QueueGroup.CALLS, QueueFilters(), AT, limit=2, after=first.slices[QueueGroup.CALLS].after)
    calls = [*first.slices[QueueGroup.CALLS].calls, *rest.slices[QueueGroup.CALLS].calls]
    assert [call.task_id for call in calls] == ["call-recovery", "call-rest-second", "call-z"]
    assert (calls[0].reason, calls[0].case.case_id, calls[0].call_at) == ("unreachable", "recovery", hours(1))


async def test_parked_channels_stand_among_what_needs_somebody(store: Store, queue: CaseQueue) -> None:
    await store.write(lambda c: park(c, Channel.SMS, "twilio", "credentials", MONDAY, timedelta(minutes=5)))
    (standing,) = (await _overview(queue)).slices[QueueGroup.PARKED].parks
    assert (standing.channel, standing.reason) == (Channel.SMS, "credentials")


async def test_a_place_that_is_none_is_refused(queue: CaseQueue) -> None:
    for wrong in ("x", "1", "1.", ".a", "-1.a", "9" * 19 + ".a", "٣.a"):
        with pytest.raises(ValueError, match="no place in a list"):
            await queue.page(QueueGroup.REST, QueueFilters(), AT, limit=2, after=wrong)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Statements that reach a database meanwhile."""
    seen: list[str] = []

    def note(_: Connection, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_ten_cases_cost_as_many_statements_as_five_hundred(store: Store) -> None:
    needs = list(SHELF.values())
    queue, numbers = CaseQueue(store), []
    for upto in (10, 500):
        for number in range(0 if upto == 10 else 10, upto):
            await Recorder(store).commit_entry(entry(f"case-{number}", **needs[number % len(needs)]))
        with counted() as overview:
            await queue.overview(QueueFilters(merchants=("acme", "beta")), AT, each=1, rest=1)
        with counted() as page:
            await queue.page(QueueGroup.REST, QueueFilters(), AT, limit=50, after=None)
        numbers.append((len(overview), len(page)))
    assert numbers[0] == numbers[1]
    assert numbers[0][0] <= 10, overview


async def test_no_group_is_counted_to_its_end(sqlite_store: Store) -> None:
    others = ", ".join(column.name for column in cases.columns if column.name != "case_id")
    numbers = f"(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {MOST_COUNTED}) SELECT n FROM n)"
    one = f"INSERT INTO cases (case_id, {others}) SELECT 'n' || n, {others} FROM cases, {numbers} WHERE case_id = 'first'"
    await shelve(sqlite_store, {"first": {"resolve_by": hours(9)}})
    await sqlite_store.write(lambda connection: connection.execute(text(one)).close())
    assert (await _overview(CaseQueue(sqlite_store))).slices[QueueGroup.BREACHED].count == MOST_COUNTED


async def _plans(store: Store, statements: list[str]) -> list[str]:
    """How SQLite, which has looked at no table, reads what the statements ask for."""

    def explain(connection: Connection) -> list[str]:
        told = []
        for statement in statements:
            given = tuple(f":{number}" for number in range(statement.count("?")))
            told.append("; ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)))
        return told

    return await store.read(explain)


@pytest.mark.parametrize("merchants", [(), ("acme",), ("acme", "beta")])
async def test_every_list_is_read_from_its_index_also_for_who_sees_some_merchants(sqlite_store: Store, merchants: tuple[str, ...]) -> None:
    """Without its index a group would read every case there ever was."""
    with counted() as statements:
        await CaseQueue(sqlite_store).overview(QueueFilters(merchants), AT, each=10, rest=25)
        await CaseQueue(sqlite_store).page(QueueGroup.PARKED, QueueFilters(merchants), AT, limit=10, after=None)  # counts all groups
    plans = await _plans(sqlite_store, [statement for statement in statements if "FROM cases" in statement])
    for index in ("breach_at_case_id_few", "at_risk_since_few", "unanswered_since_case_id_few", "recovery_since_case_id_few"):
        assert sum(f"ix_cases_{index}" in plan for plan in plans) >= 2, (index, plans)  # its rows, and its count
    assert sum("ix_cases_queue" in plan for plan in plans) >= 2, plans
    assert not [plan for plan in plans if "SCAN cases" in plan], plans


@pytest.mark.parametrize("merchants", [(), ("acme",), ("acme", "beta")])
async def test_a_search_and_a_customer_are_read_from_indexes(sqlite_store: Store, merchants: tuple[str, ...]) -> None:
    await shelve(sqlite_store, {"acme-r-1": {}})
    every = Sought(["acme-r-1"], ["r"], ["o"], ["k"], "ada@example.com", ["+4930123456"], "acme-r", ["SP-1"])
    with counted() as statements:
        await CaseSearch(sqlite_store).find(every, merchants)
        await CustomerBooks(sqlite_store).of("c0ffee", merchants, limit=10)
    plans = await _plans(sqlite_store, [statement for statement in statements if "FROM" in statement])
    looks = plans[0]
    for name in (
        "autoindex_cases_1 (case_id=?)",
        "workflow_id=?",
        "reference=?",
        "order_ref=?",
        "customer_key=?",
        "email_normal=?",
        "phone=?",
        "autoindex_case_references_1 (provider=? AND reference=?)",
    ):
        assert name in looks, (name, looks)
    assert "autoindex_cases_1 (case_id>? AND case_id<?)" in looks
    assert "customer_key=?" in plans[2]
    assert not [plan for plan in plans if re.search(r"SCAN (cases|contacts)|merchant=\?\)|shadow=", plan)], plans


async def test_the_merchants_are_found_without_reading_every_case(sqlite_store: Store) -> None:
    await shelve(sqlite_store, {"a": {"merchant": "zeta"}, "b": {"merchant": "acme"}, "c": {"merchant": "acme"}})
    assert await Queries(sqlite_store).merchants(9) == ["acme", "zeta"]
    assert await Queries(sqlite_store).merchants(1) == ["acme"]


async def test_what_cases_are_about_is_two_statements_by_their_keys(sqlite_store: Store) -> None:
    await shelve(sqlite_store, {"acme-r-1": {}, "acme-r-2": {}})
    with counted() as statements:
        await matters_of(sqlite_store, ["acme-r-1", "acme-r-2"])
    asked = [statement for statement in statements if "FROM" in statement]
    plans = " ".join(await _plans(sqlite_store, asked))
    assert len(asked) == 2
    assert "autoindex_facts_1 (case_id=? AND seq=?)" in plans
    assert "ix_alerts_case_id (case_id=?)" in plans
    assert "autoindex_watches_1 (case_id=?)" in plans
    assert "SCAN" not in plans
