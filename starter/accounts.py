"""People are made and helped in again, with a password that is good once.

Owns the life of a one-time password and the audit of these acts. Must never keep or log one: it is given to whoever asked, to be handed
on. Called by the console's admin pages, `makegood people` and the embedded stack.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from starter.passwords import Passwords, one_time_password
from store.audit import Audit
from store.engine import Store
from store.people import NewPerson, People, Person, PersonRole

# ASVS 5.0, 6.4.1: initial passwords expire after a short time. Over a weekend, so that a lead may make one on Friday.
ONE_TIME_LIFE = timedelta(hours=72)
FIRST_ADMIN = "admin"


class Accounts:
    """`by`: who does it, with his role. All raise StoreRefused, StoreUnavailable, TooBusy."""

    def __init__(self, store: Store, passwords: Passwords, clock: Callable[[], datetime]) -> None:
        self._people = People(store)
        self._audit = Audit(store)
        self._passwords = passwords
        self._clock = clock

    async def create(self, new: NewPerson, by: str, role: str = PersonRole.ADMIN) -> tuple[Person, str]:
        """The person, and the one-time password that nobody else knows."""
        password, now = one_time_password(), self._clock()
        person = await self._people.create(new, await self._passwords.hashed(password), now + ONE_TIME_LIFE, by, now)
        detail = {"whom": person.name, "as": person.role.value, "merchants": len(person.merchants)}
        await self._audit.note(now, "people.create", person=by, role=role, detail=detail)
        return person, password

    async def reset(self, name: str, by: str, role: str = PersonRole.ADMIN) -> tuple[Person, str]:
        password, now = one_time_password(), self._clock()
        person = await self._people.reset(name, await self._passwords.hashed(password), now + ONE_TIME_LIFE)
        await self._audit.note(now, "people.reset", person=by, role=role, detail={"whom": name})
        return person, password

    async def set_role(self, name: str, to: PersonRole, merchants: list[str] | None, by: str, role: str = PersonRole.ADMIN) -> Person:
        """`merchants` None: as before; empty: every merchant's cases."""
        person = await self._people.set_role(name, to, merchants)
        detail = {"whom": name, "as": to.value, "merchants": len(person.merchants)}
        await self._audit.note(self._clock(), "people.role", person=by, role=role, detail=detail)
        return person

    async def disable(self, name: str, by: str, role: str = PersonRole.ADMIN) -> Person:
        person = await self._people.disable(name, self._clock())
        await self._audit.note(self._clock(), "people.disable", person=by, role=role, detail={"whom": name})
        return person

    async def enable(self, name: str, by: str, role: str = PersonRole.ADMIN) -> Person:
        person = await self._people.enable(name)
        await self._audit.note(self._clock(), "people.enable", person=by, role=role, detail={"whom": name})
        return person

    async def first_admin(self, by: str) -> tuple[Person, str] | None:
        """Somebody must be the first. None if there is anybody already."""
        if not await self._people.are_none():
            return None
        return await self.create(NewPerson(name=FIRST_ADMIN, shown_name="Admin", role=PersonRole.ADMIN), by)
