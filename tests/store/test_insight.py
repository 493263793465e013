"""The figures of insight, each computed by hand below, on both engines."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from policies.case.facts import Fact
from policies.case.state import Resolution
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, FactType, MessageKind, PromiseEnd
from store.engine import Store
from store.insight import insight
from store.insight_views import Figures, Grouping, Wanted
from store.recorder import Recorder
from tests.store.samples import ADMIN, MONDAY, ended, entry, fact, hours, plan, promise, result

PERIOD = Wanted(since=MONDAY - timedelta(days=1), until=hours(24 * 13))
WEEK_2 = 7 * 24


def _opened(policy: str, **changes: Any) -> Fact:
    return fact(1, FactType.OPENED, detail={"policy": policy}, **changes)


def _resolution(outcome: str, at: float) -> Resolution:
    return Resolution(outcome=outcome, by=ADMIN, decided_at=hours(at))


def _resolved(seq: int, at: float) -> Fact:
    return fact(seq, FactType.RESOLVED, occurred_at=hours(at), learned_at=hours(at))


async def _case(store: Store, case_id: str, told: tuple[Channel, str] | None = None, **entry_of: Any) -> None:
    """A case with what its timeline says; `told`: by which message, in which version, its resolution was told."""
    recorder = Recorder(store)
    await recorder.commit_entry(entry(case_id, **entry_of))
    if told is None:
        return
    channel, version = told
    row = {name: value for name, value in entry_of.items() if name not in ("facts", "ended_promises", "open_promise")}
    for seq, kind in enumerate((MessageKind.ACKNOWLEDGEMENT, MessageKind.RESOLUTION), 1):
        message_id = f"{case_id}.{kind.value}"
        of_cycle = row.get("cycle", 1) if kind is MessageKind.RESOLUTION else 1
        this = plan(message_id, case_id, kind=kind, seq=seq, cycle=of_cycle)
        await recorder.open_message(entry(case_id, **row), this, MONDAY)
        await recorder.finish_message(message_id, result(channel=channel), MONDAY)
        words = f"UPDATE messages SET template_id = 'refund.{kind.value}', template_version = '{version}' WHERE message_id = '{message_id}'"
        await store.write(lambda connection, words=words: connection.execute(text(words)).close())  # type: ignore[misc]


def _made_by(number: int, maker: str, end: PromiseEnd, late_s: int = 0) -> Any:
    return ended(number, end, late_s).model_copy(update={"made_by": maker})


@pytest.fixture
async def books(store: Store) -> Store:
    done: dict[str, Any] = {"status": CaseStatus.RESOLVED, "next_at": None}
    # Resolved after 24 h at first contact: the customer's thanks came afterwards.
    await _case(
        store,
        "a",
        (Channel.EMAIL, "v1"),
        facts=[_opened("retail.refund"), _resolved(2, 24), fact(3, FactType.CUSTOMER_REPLIED)],
        ended_promises=[_made_by(1, "a.acknowledgement", PromiseEnd.KEPT), _made_by(2, "lena.lead", PromiseEnd.KEPT)],
        resolution=_resolution("refunded", 24),
        clocks_met=2,
        csat=5,
        nps=10,
        **done,
    )
    # After 48 h, and the customer had to write before.
    await _case(
        store,
        "b",
        (Channel.SMS, "v2"),
        opened_at=hours(1),
        facts=[_opened("retail.refund"), fact(2, FactType.CUSTOMER_REPLIED), _resolved(3, 49)],
        ended_promises=[_made_by(1, "b.acknowledgement", PromiseEnd.LATE, 600), ended(2, PromiseEnd.SUPERSEDED)],
        resolution=_resolution("refunded", 49),
        clocks_met=1,
        clocks_breached=1,
        csat=2,
        nps=6,
        **done,
    )
    # Came back and was resolved again after 96 h; ruled by another policy than at its opening.
    changed = fact(2, FactType.POLICY_CHANGED, detail={"before": "retail.dispute", "after": "retail.dispute.card"})
    await _case(
        store,
        "c",
        (Channel.EMAIL, "v2"),
        kind=CaseKind.DISPUTE,
        merchant="beta",
        cycle=2,
        opened_at=hours(WEEK_2),
        facts=[_opened("retail.dispute"), changed, _resolved(3, WEEK_2 + 10), fact(4, FactType.REOPENED), _resolved(5, WEEK_2 + 96)],
        ended_promises=[_made_by(1, "c.acknowledgement", PromiseEnd.BROKEN), _made_by(2, "c.acknowledgement", PromiseEnd.KEPT)],
        resolution=_resolution("won", WEEK_2 + 96),
        clocks_met=1,
        csat=4,
        **done,
    )
    # A lead had to write.
    await _case(
        store,
        "d",
        opened_at=hours(WEEK_2),
        facts=[_opened("retail.refund"), fact(2, FactType.LEAD_REPLIED), _resolved(3, WEEK_2 + 30)],
        resolution=_resolution("refunded", WEEK_2 + 30),
        nps=8,
        **done,
    )
    # Open: what it has been through counts, but no resolution.
    await _case(
        store,
        "e",
        kind=CaseKind.DELAY,
        opened_at=hours(WEEK_2 + 1),
        facts=[_opened("retail.delay"), fact(2, FactType.PHONE_CONTACT)],
        open_promise=promise(1),
        clocks_breached=1,
    )
    # Withdrawn: neither open nor resolved.
    await _case(
        store, "f", opened_at=hours(2), facts=[_opened("retail.refund"), _resolved(2, 3)], resolution=_resolution("withdrawn", 3), **done
    )
    # None of these counts: shadow, too early, too late.
    lost: dict[str, Any] = {"clocks_breached": 9, "csat": 1, "nps": 0, "ended_promises": [ended(1, PromiseEnd.BROKEN)]}
    await _case(store, "shadow", shadow=True, facts=[_opened("retail.refund")], **lost)
    await _case(store, "early", opened_at=hours(-25), facts=[_opened("retail.refund")], **lost)
    await _case(store, "late", opened_at=PERIOD.until, facts=[_opened("retail.refund")], **lost)
    return store


async def _groups(store: Store, by: Grouping, **changes: Any) -> dict[str | None, Figures]:
    answer = await insight(store, PERIOD.model_copy(update={"by": by, **changes}))
    return {group.name: group.figures for group in answer.groups}


H = 3600
TOTAL = Figures(
    cases=6,
    resolved=4,  # a, b, c, d
    open=1,  # e
    promises_kept=3,
    promises_late=1,
    promises_broken=1,
    clocks_met=4,
    clocks_breached=2,
    resolution_median_s=39 * H,  # of 24, 30, 48 and 96 h: between 30 and 48
    resolution_p90_s=96 * H,  # the fourth of four
    first_contact=1,  # a
    csat_n=3,
    csat_sum=11,
    csat_satisfied=2,
    nps_n=3,
    nps_promoters=1,
    nps_detractors=1,
)


async def test_the_whole(books: Store) -> None:
    for by in Grouping:
        assert (await insight(books, PERIOD.model_copy(update={"by": by}))).total == TOTAL, by
    assert (TOTAL.kept_percent, TOTAL.late_percent, TOTAL.broken_percent, TOTAL.promises_n) == (60.0, 20.0, 20.0, 5)
    assert (TOTAL.sla_percent, TOTAL.clocks_n, TOTAL.first_contact_percent) == (66.7, 6, 25.0)
    assert (TOTAL.csat_mean, TOTAL.csat_percent, TOTAL.nps) == (3.67, 66.7, 0.0)


async def test_weeks_have_no_gaps_and_begin_on_mondays(books: Store) -> None:
    weeks = await _groups(books, Grouping.WEEK)
    assert list(weeks) == ["2026-03-02", "2026-03-09"]
    first, second = weeks.values()
    assert (first.cases, first.resolved, first.open, first.resolution_median_s, first.resolution_p90_s) == (3, 2, 0, 36 * H, 48 * H)
    assert (first.promises_kept, first.promises_late, first.sla_percent, first.nps) == (2, 1, 75.0, 0.0)
    assert (second.cases, second.resolved, second.open, second.promises_broken, second.csat_mean) == (3, 2, 1, 1, 4.0)
    longer = await _groups(books, Grouping.WEEK, until=hours(24 * 40), since=hours(-24 * 30))
    assert list(longer) == ["2026-02-23", *weeks]  # "early" is of Sunday; "late" of the second week
    await _case(books, "sunday", opened_at=hours(WEEK_2 * 5 - 10))  # Sunday 23:00 of the fifth week
    gaps = await _groups(books, Grouping.WEEK, until=hours(24 * 40))
    assert list(gaps) == ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]
    assert gaps["2026-03-16"] == Figures()
    assert gaps["2026-03-30"].cases == 1


async def test_kinds_and_policies(books: Store) -> None:
    kinds = await _groups(books, Grouping.KIND)
    assert {name: figures.cases for name, figures in kinds.items()} == {"refund": 4, "delay": 1, "dispute": 1}
    assert next(iter(kinds)) == "refund"
    assert (kinds["dispute"].kept_percent, kinds["dispute"].first_contact_percent, kinds["delay"].sla_percent) == (50.0, 0.0, 0.0)
    policies = await _groups(books, Grouping.POLICY)
    assert {name: figures.cases for name, figures in policies.items()} == {"retail.refund": 4, "retail.delay": 1, "retail.dispute.card": 1}
    assert policies["retail.dispute.card"].promises_broken == 1


async def test_a_promise_belongs_to_the_message_that_made_it_a_case_to_the_one_that_told_its_resolution(books: Store) -> None:
    channels = await _groups(books, Grouping.CHANNEL)
    email, sms, none = channels["email"], channels["sms"], channels[None]
    assert (email.cases, email.csat_mean, email.promises_kept, email.promises_broken, email.promises_late) == (2, 4.5, 2, 1, 0)
    assert (sms.cases, sms.csat_mean, sms.promises_late, sms.sla_percent) == (1, 2.0, 1, 50.0)
    assert (none.cases, none.promises_kept) == (3, 1)  # d, e and f; the word that a lead gave
    templates = await _groups(books, Grouping.TEMPLATE)
    assert {name: (figures.cases, figures.promises_n) for name, figures in templates.items()} == {
        "refund.resolution v1": (1, 0),
        "refund.resolution v2": (2, 0),
        "refund.acknowledgement v1": (0, 1),
        "refund.acknowledgement v2": (0, 3),
        None: (3, 1),
    }


async def test_filters(books: Store) -> None:
    async def cases(**changes: Any) -> int:
        return (await insight(books, PERIOD.model_copy(update=changes))).total.cases

    assert await cases(kind=CaseKind.REFUND) == 4
    assert await cases(merchant="beta") == 1
    assert await cases(merchants=["beta", "gamma"]) == 1
    assert await cases(merchant="acme", merchants=["beta"]) == 0
    assert await cases(include_shadow=True) == 7
    empty = await insight(books, PERIOD.model_copy(update={"merchant": "nobody"}))
    assert (empty.total, empty.groups) == (Figures(), [])
    assert (empty.total.kept_percent, empty.total.nps, empty.total.csat_mean) == (None, None, None)


async def test_the_number_of_statements_does_not_depend_on_the_number_of_cases(books: Store) -> None:
    for by in Grouping:
        statements: list[str] = []

        def listen(_connection: Any, _cursor: Any, statement: str, *_more: Any, kept: list[str] = statements) -> None:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                kept.append(statement)

        event.listen(Engine, "before_cursor_execute", listen)
        try:
            await insight(books, PERIOD.model_copy(update={"by": by}))
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
        assert len(statements) == 2, by


async def test_the_few_facts_come_from_their_index(sqlite_store: Store) -> None:
    plans: list[str] = []

    def listen(connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("WITH") and not plans:
            plans.append(str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        await insight(sqlite_store, PERIOD)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    assert "facts USING COVERING INDEX ix_facts_of_insight" in plans[0]
    assert "ix_cases_shadow_opened_at_case_id" in plans[0]
