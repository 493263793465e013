"""People of the console in the books: made, locked, changed, disabled; never without an admin."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import ValidationError

from store.engine import Store, StoreRefused
from store.people import NewPerson, People, PersonRole, PersonStanding, Tried
from tests.store.samples import MONDAY, hours

LENA = NewPerson(name="lena.lead", shown_name="Lena Lead", role=PersonRole.LEAD, merchants=["northwind"])
ADMIN = NewPerson(name="ann", shown_name="Ann", role=PersonRole.ADMIN)


def minutes_after_two(failures: int) -> timedelta:
    return timedelta(minutes=failures) if failures > 2 else timedelta(0)


async def create(store: Store, new: NewPerson = LENA) -> str:
    return (await People(store).create(new, "hash", hours(72), "ann", MONDAY)).person_id


async def attempt(store: Store, hour: float = 0, name: str = "lena.lead") -> Tried | None:
    return await People(store).begin_try(name, minutes_after_two, hours(hour))


async def test_a_person_is_made_once_and_names_are_never_given_twice(store: Store) -> None:
    await create(store)
    with pytest.raises(StoreRefused, match=r"there is a person lena\.lead already"):
        await create(store)
    (lena,) = await People(store).all()
    assert (lena.role, lena.merchants, lena.must_change, lena.standing(MONDAY)) == ("lead", ["northwind"], True, PersonStanding.ONE_TIME)
    assert (lena.sees("northwind"), lena.sees("acme")) == (True, False)
    await People(store).disable("lena.lead", MONDAY)
    with pytest.raises(StoreRefused, match="already"):
        await create(store)


async def test_a_try_counts_before_it_is_known_so_that_many_at_once_are_many(store: Store) -> None:
    await create(store)
    tries = await asyncio.gather(*(attempt(store) for _ in range(10)))
    free = [one for one in tries if one is not None and one.locked_for_s == 0]
    assert len(free) == 3
    assert {one.locked_for_s for one in tries if one not in free and one is not None} == {180.0}


async def test_a_lock_ends_by_itself_and_a_right_password_forgets_the_wrong_ones(store: Store) -> None:
    person_id = await create(store)
    for _ in range(3):
        await attempt(store)
    still = await attempt(store, 0.04)
    assert still is not None
    assert still.locked_for_s > 0
    again = await attempt(store, 0.06)
    assert again is not None
    assert (again.locked_for_s, again.password) == (0, "hash")
    locked = await attempt(store, 0.061)
    assert locked is not None
    assert locked.locked_for_s == pytest.approx(236.4)  # the fourth: four minutes
    await People(store).proved(person_id, hours(1), "hash-of-today")
    first = await attempt(store, 1)
    assert first is not None
    assert (first.locked_for_s, first.password, first.person.last_sign_in_at) == (0, "hash-of-today", hours(1))


async def test_nobody_tries_the_password_of_who_is_not_there_or_disabled(store: Store) -> None:
    await create(store)
    assert await attempt(store, name="nobody") is None
    await People(store).disable("lena.lead", MONDAY)
    assert await attempt(store) is None
    await People(store).enable("lena.lead")
    assert await attempt(store) is not None


async def test_a_password_of_ones_own_ends_the_one_time_one_and_a_reset_brings_another(store: Store) -> None:
    person_id = await create(store)
    people = People(store)
    await people.choose_password(person_id, "own")
    (lena,) = await people.all()
    assert (lena.must_change, lena.one_time_until, await people.password_of(person_id)) == (False, None, "own")
    for _ in range(3):
        await attempt(store)
    reset = await people.reset("lena.lead", "another", hours(5))
    assert (reset.must_change, reset.one_time_until, reset.locked_until, reset.standing(MONDAY)) == (True, hours(5), None, "one_time")
    assert await people.password_of(person_id) == "another"
    assert await people.password_of("p-nobody") is None


async def test_there_is_always_an_admin(store: Store) -> None:
    people = People(store)
    assert await people.are_none()
    await create(store, ADMIN)
    for refused in (people.disable("ann", MONDAY), people.set_role("ann", PersonRole.LEAD)):
        with pytest.raises(StoreRefused, match="ann is the last admin"):
            await refused
    await create(store)
    await people.set_role("lena.lead", PersonRole.ADMIN)
    await people.disable("ann", MONDAY)
    ann, lena = await people.all()
    assert (ann.disabled_at, ann.standing(MONDAY), lena.role, lena.merchants) == (MONDAY, "disabled", "admin", [])


async def test_of_two_admins_who_disable_each_other_at_once_one_stays(store: Store) -> None:
    people = People(store)
    await create(store, ADMIN)
    await create(store, NewPerson(name="bob", shown_name="Bob", role=PersonRole.ADMIN))
    ends = await asyncio.gather(people.disable("ann", MONDAY), people.disable("bob", MONDAY), return_exceptions=True)
    assert sum(isinstance(end, StoreRefused) for end in ends) == 1


async def test_who_is_changed_must_be_there(store: Store) -> None:
    people = People(store)
    for change in (people.reset("nobody", "x", MONDAY), people.disable("nobody", MONDAY), people.set_role("nobody", PersonRole.LEAD)):
        with pytest.raises(StoreRefused, match="no such person"):
            await change


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "ada@example.com"},
        {"name": "x"},
        {"name": "Lena"},
        {"role": "owner"},
        {"shown_name": ""},
        {"shown_name": "<b>"},
        {"role": "admin", "merchants": ["northwind"]},
        {"merchants": ["a@b"]},
        {"more": 1},
    ],
)
def test_a_person_that_makes_no_sense_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewPerson.model_validate({"name": "lena", "shown_name": "Lena", "role": "lead", **wrong})
