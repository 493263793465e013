"""Wrong passwords in the books: counted at once, forgiven with time, bounded, lifted by who may."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from store.engine import Store
from store.people import NewPerson, People, PersonRole, PersonStanding
from store.sign_in_tries import LockRule, SignInTries, of_person
from store.tables import sign_in_tries
from tests.store.samples import MONDAY, hours


def minutes_after_two(failures: int) -> timedelta:
    return timedelta(minutes=failures) if failures > 2 else timedelta(0)


def tries_of(store: Store) -> SignInTries:
    return SignInTries(store, LockRule(minutes_after_two, forgiven_every=timedelta(minutes=30)))


async def waits(store: Store, *at_hours: float, counted: str = "name:a") -> list[float]:
    return [await tries_of(store).begin(counted, hours(hour)) for hour in at_hours]


async def rows(store: Store) -> int:
    return await store.read(lambda connection: connection.scalar(select(func.count()).select_from(sign_in_tries)) or 0)


async def test_a_try_counts_before_it_is_known_so_that_many_at_once_are_many(store: Store) -> None:
    found = await asyncio.gather(*(tries_of(store).begin("name:a", MONDAY) for _ in range(10)))
    assert sorted(found) == [0.0] * 3 + [180.0] * 7
    assert await waits(store, 0, counted="name:b") == [0.0]


async def test_a_lock_ends_by_itself_and_a_right_password_forgets_the_wrong_ones(store: Store) -> None:
    assert await waits(store, 0, 0, 0, 0.04) == [0, 0, 0, 36]
    assert await waits(store, 0.06, 0.06) == [0, 240]  # the fourth: four minutes
    await tries_of(store).forget("name:a")
    assert await waits(store, 0.06, 0.06) == [0, 0]


async def test_wrong_ones_are_forgiven_one_by_one(store: Store) -> None:
    assert await waits(store, 0, 0, 0, 0.5, 0.5) == [0, 0, 0, 0, 180]  # the fourth is the third again
    assert await waits(store, 1.6, 1.6, 1.6, 1.6) == [0, 0, 180, 180]  # two are forgiven, of three
    assert await waits(store, 24, 24, 24, 24) == [0, 0, 0, 180]


async def test_what_is_forgiven_and_what_is_beyond_the_bound_is_swept(store: Store) -> None:
    tries = tries_of(store)
    await tries.begin("name:old", MONDAY)
    for number in range(5):
        for _ in range(3 if number == 2 else 1):
            await tries.begin(f"name:{number}", hours(1))
    assert await rows(store) == 6
    await tries.sweep(hours(1))
    assert await rows(store) == 5
    await tries.sweep(hours(1), most=2)
    assert await rows(store) == 2
    assert await waits(store, 1, counted="name:2") == [180]  # the one that is locked stays longest


async def test_colleagues_see_a_lock_and_a_new_password_lifts_it(store: Store) -> None:
    people, new = People(store), NewPerson(name="lena", shown_name="Lena", role=PersonRole.LEAD)
    counted = of_person((await people.create(new, "hash", hours(72), "ann", MONDAY)).person_id)

    async def standings() -> list[PersonStanding]:
        named = await people.named("lena")
        assert named is not None
        return [person.standing(MONDAY) for person in [named, *await people.all()]]

    for lifted in (
        lambda: people.reset("lena", "another", hours(72)),
        lambda: people.enable("lena"),
        lambda: people.choose_password(counted.removeprefix("person:"), "own"),
    ):
        await waits(store, 0, 0, 0, counted=counted)
        assert await standings() == [PersonStanding.LOCKED] * 2
        await lifted()
        assert PersonStanding.LOCKED not in await standings()
        assert await waits(store, 0, counted=counted) == [0]
        await tries_of(store).forget(counted)
