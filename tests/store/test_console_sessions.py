"""Sessions of the console in the books: found by their token only, over when they are over."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from store.console_sessions import ConsoleSession, ConsoleSessions
from store.engine import Store
from store.people import NewPerson, People, PersonRole
from store.tables import console_sessions
from tests.store.samples import MONDAY, hours

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)


@pytest.fixture
async def person_id(store: Store) -> str:
    new = NewPerson(name="lena", shown_name="Lena", role=PersonRole.LEAD)
    return (await People(store).create(new, "hash", hours(72), "ann", MONDAY)).person_id


async def rows(store: Store) -> list[str]:
    return await store.read(lambda connection: list(connection.scalars(select(console_sessions.c.digest))))


async def test_a_session_is_found_by_its_token_with_its_person_as_he_is_now(store: Store, person_id: str) -> None:
    sessions = ConsoleSessions(store, IDLE, LONGEST)
    token = await sessions.begin(person_id, MONDAY)
    found = await sessions.find(token, MONDAY)
    assert found is not None
    assert (found.person.name, found.person.role, found.ends_at) == ("lena", "lead", hours(12))
    assert await rows(store) == [found.digest]
    assert token not in found.model_dump_json()
    for wrong in ("", token[:-1], found.digest, token + "x"):
        assert await sessions.find(wrong, MONDAY) is None
    await People(store).set_role("lena", PersonRole.VIEWER)
    again = await sessions.find(token, MONDAY)
    assert again is not None
    assert again.person.role == "viewer"


async def test_it_ends_without_use_and_in_any_case(store: Store, person_id: str) -> None:
    sessions = ConsoleSessions(store, IDLE, LONGEST)
    token = await sessions.begin(person_id, MONDAY)
    assert await sessions.find(token, hours(0.5)) is not None
    assert await sessions.find(token, hours(0.51)) is None
    for step in range(1, 48):
        found = await sessions.find(token, hours(step / 4))
        assert isinstance(found, ConsoleSession), step
        await sessions.seen(found, hours(step / 4))
    assert await sessions.find(token, hours(12)) is None


async def test_a_use_is_noted_once_a_minute(store: Store, person_id: str) -> None:
    sessions = ConsoleSessions(store, IDLE, LONGEST)
    token = await sessions.begin(person_id, MONDAY)
    seen = []
    for seconds in (30, 59, 60, 90):
        found = await sessions.find(token, MONDAY + timedelta(seconds=seconds))
        assert found is not None
        await sessions.seen(found, MONDAY + timedelta(seconds=seconds))
        after = await sessions.find(token, MONDAY + timedelta(seconds=seconds))
        assert after is not None
        seen.append((after.seen_at - MONDAY).total_seconds())
    assert seen == [0, 0, 60, 60]


async def test_it_is_ended_by_leaving_by_another_one_by_disabling_and_by_a_new_password(store: Store, person_id: str) -> None:
    sessions, people = ConsoleSessions(store, IDLE, LONGEST), People(store)
    left = await sessions.begin(person_id, MONDAY)
    await sessions.end(left)
    replaced = await sessions.begin(person_id, MONDAY)
    kept = await sessions.begin_after(person_id, "hash", MONDAY, instead_of=replaced)
    other = await sessions.begin(person_id, MONDAY)
    assert kept is not None
    present = await sessions.find(kept, MONDAY)
    assert present is not None
    assert await sessions.end_others(present) == 1
    assert [await sessions.find(token, MONDAY) is not None for token in (left, replaced, other, kept)] == [False, False, False, True]
    await people.create(NewPerson(name="ann", shown_name="Ann", role=PersonRole.ADMIN), "hash", MONDAY, "x", MONDAY)
    await people.disable("lena", MONDAY)
    await people.enable("lena")
    assert await sessions.find(kept, MONDAY) is None  # enabled again, but signed out
    for end in (people.choose_password(person_id, "own"), people.reset("lena", "another", MONDAY)):
        token = await sessions.begin(person_id, MONDAY)
        await end
        assert await sessions.find(token, MONDAY) is None


async def test_what_is_over_is_swept_when_somebody_signs_in(store: Store, person_id: str) -> None:
    sessions = ConsoleSessions(store, IDLE, LONGEST)
    for _ in range(3):
        await sessions.begin(person_id, MONDAY)
    await sessions.begin(person_id, hours(0.4))
    await sessions.begin(person_id, hours(0.6))
    assert len(await rows(store)) == 2


async def test_no_session_begins_with_a_password_that_was_changed_since_it_was_proved(store: Store, person_id: str) -> None:
    sessions, people = ConsoleSessions(store, IDLE, LONGEST), People(store)
    before = await sessions.begin(person_id, MONDAY)
    await people.reset("lena", "another", hours(72))
    assert await sessions.begin_after(person_id, "hash", MONDAY, instead_of=before) is None
    assert await sessions.begin_after("p-nobody", "hash", MONDAY) is None
    assert await rows(store) == []
    assert await sessions.begin_after(person_id, "another", MONDAY) is not None
