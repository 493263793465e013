"""Lists, searches and figures."""

from typing import Any

import pytest
from sqlalchemy import text

from policies.case.vocabulary import CaseKind, CaseStatus, MessageKind, MessageOutcome, PromiseEnd
from store.engine import Store
from store.queries import Queries
from store.recorder import Recorder
from tests.store.samples import MONDAY, ended, entry, hours, plan, promise, result

CLOSED = {"status": CaseStatus.CLOSED, "next_at": None}
SHELF: dict[str, dict[str, Any]] = {
    "closed-early": {**CLOSED, "closed_at": hours(10), "merchant": "beta"},
    "closed-late": {**CLOSED, "closed_at": hours(20)},
    "due-never": {"next_at": None, "status": CaseStatus.RESOLVED},
    "due-last": {"next_at": hours(72), "kind": CaseKind.DELAY, "escalation": 2},
    "due-first": {"next_at": hours(1), "status": CaseStatus.ON_HOLD, "tags": ["vip"], "order": "Ö 1%_"},
    "due-second-b": {"next_at": hours(2), "merchant": "beta", "customer_key": "other"},
    "due-second-a": {"next_at": hours(2), "escalation": 1, "tags": ["vip", "b2b"]},
}
ORDER = ["due-first", "due-second-a", "due-second-b", "due-last", "due-never", "closed-late", "closed-early"]


@pytest.fixture
async def queries(store: Store) -> Queries:
    for case_id, changes in SHELF.items():
        await Recorder(store).commit_entry(entry(case_id, **changes))
    return Queries(store)


async def _ids(queries: Queries, **filters: Any) -> list[str]:
    return [row.case_id for row in (await queries.list_cases(**filters)).cases]


async def test_what_is_due_first_comes_first_and_closed_last(queries: Queries) -> None:
    assert await _ids(queries) == ORDER


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"open_only": True}, ORDER[:5]),
    ({"kind": CaseKind.DELAY}, ["due-last"]),
    ({"statuses": [CaseStatus.ON_HOLD, CaseStatus.CLOSED]}, ["due-first", "closed-late", "closed-early"]),
    ({"merchant": "beta"}, ["due-second-b", "closed-early"]),
    ({"merchant": "beta", "open_only": True}, ["due-second-b"]),
    ({"customer_key": "other"}, ["due-second-b"]),
    ({"order": "Ö 1%_"}, ["due-first"]),
    ({"min_escalation": 1}, ["due-second-a", "due-last"]),
    ({"tag": "vip"}, ["due-first", "due-second-a"]),
    ({"tag": "vip", "min_escalation": 1}, ["due-second-a"]),
    ({"due_before": hours(2)}, ["due-first"]),
    ({"tag": "none"}, []),
]


async def test_filters(queries: Queries) -> None:
    for filters, expected in FILTERS:
        assert await _ids(queries, **filters) == expected, filters


async def test_pages_meet_without_gap_or_overlap(queries: Queries) -> None:
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        page = await queries.list_cases(limit=2, after=after)
        seen += [row.case_id for row in page.cases]
        after = page.after
    assert seen == ORDER
    assert after is None
    with pytest.raises(ValueError, match="no place in a list"):
        await queries.list_cases(after="x")


NAMES: list[tuple[str, list[str]]] = [
    ("due-last", ["due-last"]),
    (" DUE-LAST ", ["due-last"]),
    ("refund-due-last", ["due-last"]),
    ("due-sec", ["due-second-a", "due-second-b"]),
    ("R-due-never", ["due-never"]),
    ("Ö 1%_", ["due-first"]),
    ("due%", []),
    ("", []),
    ("nobody", []),
]


async def test_find(queries: Queries) -> None:
    for name, expected in NAMES:
        assert [row.case_id for row in await queries.find(name)] == expected, name


async def test_an_exact_id_wins_over_longer_ones(store: Store) -> None:
    for case_id in ("acme-1", "acme-12"):
        await Recorder(store).commit_entry(entry(case_id))
    assert [row.case_id for row in await Queries(store).find("acme-1")] == ["acme-1"]


async def test_lists_use_their_indexes(sqlite_store: Store) -> None:
    statement = "SELECT * FROM cases WHERE status = 'open' ORDER BY list_order, case_id LIMIT 50"
    explained = await sqlite_store.read(lambda c: c.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all())
    assert "USING INDEX ix_cases_status_list_order_case_id" in str(explained)
    assert "TEMP B-TREE" not in str(explained)


async def test_nothing_is_known_of_an_unknown_case(store: Store) -> None:
    queries = Queries(store)
    assert await queries.case("nobody") is None
    for question in (queries.facts, queries.messages, queries.promises, queries.alerts, queries.texts):
        assert await question("nobody") == []
    summary = await queries.summary()
    assert (summary.total, summary.sla_percent, summary.feedback.nps, summary.promises.made) == (0, None, None, 0)


async def _with_figures(store: Store) -> Queries:
    recorder = Recorder(store)
    answers: list[tuple[str, dict[str, Any]]] = [
        ("a", {"csat": 5, "nps": 10, "clocks_met": 3, "status": CaseStatus.CLOSED}),
        ("b", {"csat": 2, "nps": 3, "clocks_breached": 1, "status": CaseStatus.RESOLVED}),
        ("c", {"csat": 4, "kind": CaseKind.DISPUTE}),
        ("d", {}),
        ("shadow", {"csat": 1, "clocks_breached": 9, "shadow": True}),
    ]
    for case_id, changes in answers:
        await recorder.commit_entry(entry(case_id, ended_promises=[ended(1, PromiseEnd.LATE, 60)], open_promise=promise(2), **changes))
        asked = plan(f"ask-{case_id}", case_id, kind=MessageKind.FEEDBACK_REQUEST)
        await recorder.open_message(entry(case_id, **changes), asked, MONDAY)
        outcome = MessageOutcome.REFUSED if case_id == "c" else MessageOutcome.ACCEPTED
        await recorder.finish_message(f"ask-{case_id}", result(outcome), MONDAY)
    return Queries(store)


async def test_the_figures(store: Store) -> None:
    summary = await (await _with_figures(store)).summary()
    assert summary.cases == {"refund": {"closed": 1, "resolved": 1, "open": 1}, "dispute": {"open": 1}}
    assert (summary.total, summary.open, summary.resolved, summary.closed) == (4, 2, 1, 1)
    assert (summary.clocks_met, summary.clocks_breached, summary.sla_percent) == (3, 1, 75.0)
    assert (summary.promises.made, summary.promises.late, summary.promises.open) == (8, 4, 4)
    assert (summary.promises.median_late_s, summary.promises.max_late_s) == (60, 60)
    feedback = summary.feedback
    assert (feedback.csat_n, feedback.csat_percent, feedback.nps_n, feedback.nps) == (3, 66.7, 2, 0.0)
    assert (feedback.asked, feedback.answered, feedback.answer_percent) == (3, 2, 66.7)
    assert summary.messages == {"feedback_request": {"accepted": 3, "refused": 1}}


async def test_the_figures_of_some_cases(store: Store) -> None:
    queries = await _with_figures(store)
    some = await queries.summary(["a", "shadow"])
    assert (some.total, some.promises.made, some.sla_percent, some.messages) == (
        1,
        2,
        100.0,
        {"feedback_request": {"accepted": 1}},
    )
    assert (await queries.summary(["a", "shadow"], include_shadow=True)).total == 2
    assert (await queries.summary([])).total == 0
