"""The audit log: only ever added to, by code and by database; nothing personal; found by person, case and act."""

import asyncio

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from store import sqlite_file
from store.address import Address
from store.audit import Audit
from store.engine import Store, StoreRefused, open_store
from store.migrations.head import alembic_config, bring_to_head
from tests.store.samples import CASE, MONDAY, hours


async def test_rows_are_found_by_person_case_and_act_in_pages(store: Store) -> None:
    audit = Audit(store)
    await audit.note(MONDAY, "sign_in", person="lena", role="lead")
    await audit.note(MONDAY, "sign_in.failed")
    for number in range(5):
        detail: dict[str, str | int | None] = {"reason": "goodwill", "n": number, "left_out": None}
        await audit.note(hours(number), "resolve", person="lena", role="lead", case_id=CASE, detail=detail)
    every = await audit.page()
    assert [row.act for row in every] == ["resolve"] * 5 + ["sign_in.failed", "sign_in"]
    assert (every[0].at, every[0].person, every[0].role, every[0].case_id) == (hours(4), "lena", "lead", CASE)
    assert every[0].detail == {"reason": "goodwill", "n": 4}
    assert (every[5].person, every[5].role, every[5].detail) == (None, None, {})
    assert [row.act for row in await audit.page(act="sign_in")] == ["sign_in.failed", "sign_in"]
    assert [row.act for row in await audit.page(person="lena", act="sign_in")] == ["sign_in"]
    assert await audit.page(person="ann") == []
    first = await audit.page(case_id=CASE, limit=3)
    second = await audit.page(case_id=CASE, limit=3, before=first[-1].id)
    assert [row.detail["n"] for row in [*first, *second]] == [4, 3, 2, 1, 0]


async def test_what_anybody_can_cause_is_told_in_sums_that_are_exact(store: Store) -> None:
    audit = Audit(store)
    for _ in range(100):
        await audit.note_of_many(MONDAY, "sign_in.failed", person="lena", role="lead")
    await audit.note_of_many(MONDAY, "sign_in.failed")
    rows = (await audit.page(person="lena"))[::-1]
    assert [row.detail.get("times", 1) for row in rows] == [1, 1, 1, 1, 1, 3, 8, 16, 32]  # at 1 to 5, 8, 16, 32 and 64
    assert [(row.person, row.detail) for row in await audit.page(limit=1)] == [(None, {})]  # others are counted by themselves
    await audit.note_of_many(hours(0.99), "sign_in.failed", person="lena", role="lead")
    assert len(await audit.page(person="lena")) == len(rows)
    await audit.note_of_many(hours(1), "sign_in.failed", person="lena", role="lead")
    told = (await audit.page(person="lena"))[::-1]
    assert told[-1].detail == {"times": 38}
    assert sum(int(row.detail.get("times", 1)) for row in told) == 102
    with pytest.raises(ValueError, match="right would be"):
        await audit.note_of_many(MONDAY, "Sign in")


async def test_many_at_once_lose_no_count(store: Store) -> None:
    await asyncio.gather(*(Audit(store).note_of_many(MONDAY, "sign_in.failed") for _ in range(16)))
    assert sum(int(row.detail.get("times", 1)) for row in await Audit(store).page()) == 16


_OVER = "INTO audit (id, at, person, act, detail) VALUES (1, '2026-03-02 09:00:00', 'nobody', 'sign_in', '{}')"
_DOORS = [
    "UPDATE audit SET person = 'nobody'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1",
    f"INSERT {_OVER} ON CONFLICT (id) DO UPDATE SET person = 'nobody'",
]
_SIDE_DOORS = {
    "sqlite": [f"INSERT OR REPLACE {_OVER}", f"REPLACE {_OVER}", "UPDATE OR REPLACE audit SET id = id"],
    "postgresql": ["TRUNCATE audit", "TRUNCATE people, audit RESTART IDENTITY CASCADE"],
}


async def test_no_row_is_changed_or_deleted_whoever_asks_the_database(store: Store) -> None:
    audit = Audit(store)
    for act in ("sign_in", "sign_out"):
        await audit.note(MONDAY, act, person="lena", role="lead")
    before = await audit.page()

    async def run(statement: str) -> None:
        await store.write(lambda connection: connection.execute(text(statement)).close())

    for statement in _DOORS + _SIDE_DOORS[await store.read(lambda connection: connection.dialect.name)]:
        with pytest.raises(StoreRefused):
            await run(statement)
        assert await audit.page() == before, statement
    await audit.note(MONDAY, "sign_in", person="lena", role="lead")  # and it goes on
    assert [row.id for row in await audit.page()] == [3, 2, 1]


@pytest.mark.parametrize(
    ("act", "detail"),
    [
        ("Sign in", {}),
        ("", {}),
        ("a.b.c", {}),
        ("reply", {"text": "x" * 121}),
        ("reply", {"text": "two\nlines"}),
        ("reply", {"A field": "x"}),
    ],
)
async def test_what_is_no_code_is_not_taken(sqlite_store: Store, act: str, detail: dict[str, str]) -> None:
    audit = Audit(sqlite_store)
    with pytest.raises(ValueError, match="right would be"):
        await audit.note(MONDAY, act, detail=detail)
    assert await audit.page() == []


def _back_and_forth(address: Address) -> None:
    bring_to_head(address)
    engine = create_engine(address.for_driver, poolclass=NullPool)
    if address.file:
        sqlite_file.install(engine)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0005")
    bring_to_head(address)


async def test_the_log_can_be_taken_away_and_made_again_with_its_triggers(store_url: str) -> None:
    await asyncio.to_thread(_back_and_forth, Address.parse(store_url))
    store = await open_store(store_url)
    try:
        await Audit(store).note(MONDAY, "sign_in")
        with pytest.raises(StoreRefused):
            await store.write(lambda connection: connection.execute(text("DELETE FROM audit")).close())
    finally:
        await store.close()
