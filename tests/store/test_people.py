"""People of the console in the books: made, locked, changed, disabled; never without an admin."""

import asyncio

import pytest
from pydantic import ValidationError

from store.engine import Store, StoreRefused
from store.people import NewPerson, People, PersonRole, PersonStanding
from tests.store.samples import MONDAY, hours

LENA = NewPerson(name="lena.lead", shown_name="Lena Lead", role=PersonRole.LEAD, merchants=["northwind"])
ADMIN = NewPerson(name="ann", shown_name="Ann", role=PersonRole.ADMIN)


async def create(store: Store, new: NewPerson = LENA) -> str:
    return (await People(store).create(new, "hash", hours(72), "ann", MONDAY)).person_id


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


async def test_a_right_password_is_noted_and_may_be_hashed_anew(store: Store) -> None:
    await create(store)
    people = People(store)
    tried = await people.to_try("lena.lead")
    assert tried is not None
    assert tried.password == "hash"
    assert await people.proved(tried, hours(1), "hash-of-today")
    again = await people.to_try("lena.lead")
    assert again is not None
    assert (again.password, again.person.last_sign_in_at) == ("hash-of-today", hours(1))


async def test_what_was_changed_while_a_password_was_checked_stays_changed(store: Store) -> None:
    await create(store)
    people = People(store)
    tried = await people.to_try("lena.lead")
    assert tried is not None
    await people.reset("lena.lead", "by-the-admin", hours(5))
    assert not await people.proved(tried, hours(1), "the-old-one-hashed-anew")
    now = await people.to_try("lena.lead")
    assert now is not None
    assert (now.password, now.person.must_change, now.person.last_sign_in_at) == ("by-the-admin", True, None)
    await people.disable("lena.lead", MONDAY)
    assert not await people.proved(now, hours(1))


async def test_nobody_tries_the_password_of_who_is_not_there_or_disabled(store: Store) -> None:
    await create(store)
    assert await People(store).to_try("nobody") is None
    await People(store).disable("lena.lead", MONDAY)
    assert await People(store).to_try("lena.lead") is None
    await People(store).enable("lena.lead")
    assert await People(store).to_try("lena.lead") is not None


async def test_a_password_of_ones_own_ends_the_one_time_one_and_a_reset_brings_another(store: Store) -> None:
    person_id = await create(store)
    people = People(store)
    await people.choose_password(person_id, "own")
    own = await people.to_try("lena.lead")
    assert own is not None
    assert (own.person.must_change, own.person.one_time_until, own.password) == (False, None, "own")
    reset = await people.reset("lena.lead", "another", hours(5))
    assert (reset.must_change, reset.one_time_until, reset.standing(MONDAY)) == (True, hours(5), "one_time")
    another = await people.to_try("lena.lead")
    assert another is not None
    assert another.password == "another"


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
