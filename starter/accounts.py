"""People are made and helped in again, with a password that is good once.

Owns the life of a one-time password and the audit of these acts. Must never keep or log one: it is given to whoever asked, to be handed
on. Called by the console's admin pages, `makegood people` and the embedded stack.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from starter.auditing import Value, audited
from starter.passwords import Passwords, one_time_password
from store.audit import Audit
from store.engine import Store
from store.people import NewPerson, People, Person, PersonRole

# ASVS 5.0, 6.4.1: initial passwords expire after a short time. Over a weekend, so that a lead may make one on Friday.
ONE_TIME_LIFE = timedelta(hours=72)
FIRST_ADMIN = "admin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")  # as store.people has it


class Accounts:
    """`by`: who does it, with his role; `via`: where, if he had not signed in. All raise StoreRefused, StoreUnavailable, TooBusy."""

    def __init__(self, store: Store, passwords: Passwords, clock: Callable[[], datetime], via: str | None = None) -> None:
        self._people = People(store)
        self._audit = Audit(store)
        self._passwords = passwords
        self._clock = clock
        self._via = via

    async def create(self, new: NewPerson, by: str, role: str = PersonRole.ADMIN) -> tuple[Person, str]:
        """The person, and the one-time password that nobody else knows."""
        password, now = one_time_password(), self._clock()
        hashed = await self._passwords.hashed(password)
        async with self._audited("create", new.name, by, role, {"as": new.role.value, "merchants": len(new.merchants)}):
            return await self._people.create(new, hashed, now + ONE_TIME_LIFE, by, now), password

    async def reset(self, name: str, by: str, role: str = PersonRole.ADMIN) -> tuple[Person, str]:
        password = one_time_password()
        hashed = await self._passwords.hashed(password)
        async with self._audited("reset", name, by, role):
            return await self._people.reset(name, hashed, self._clock() + ONE_TIME_LIFE), password

    async def set_role(self, name: str, to: PersonRole, merchants: list[str] | None, by: str, role: str = PersonRole.ADMIN) -> Person:
        """`merchants` None: as before; empty: every merchant's cases."""
        bound = len(merchants) if merchants is not None else None
        async with self._audited("role", name, by, role, {"as": to.value, "merchants": bound}):
            return await self._people.set_role(name, to, merchants)

    async def disable(self, name: str, by: str, role: str = PersonRole.ADMIN) -> Person:
        async with self._audited("disable", name, by, role):
            return await self._people.disable(name, self._clock())

    async def enable(self, name: str, by: str, role: str = PersonRole.ADMIN) -> Person:
        async with self._audited("enable", name, by, role):
            return await self._people.enable(name)

    async def first_admin(self, by: str) -> tuple[Person, str] | None:
        """Somebody must be the first. None if there is anybody already."""
        if not await self._people.are_none():
            return None
        return await self.create(NewPerson(name=FIRST_ADMIN, shown_name="Admin", role=PersonRole.ADMIN), by)

    def _audited(
        self, act: str, whom: str, by: str, role: str, more: Mapping[str, Value] | None = None
    ) -> AbstractAsyncContextManager[None]:
        detail = {"whom": whom if _NAME.fullmatch(whom) else None, **(more or {}), "via": self._via}  # what is no name may be anything
        return audited(self._audit, self._clock, f"people.{act}", person=by, role=role, detail=detail)
