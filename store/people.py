"""People who sign in to the console: who they are, what they may be, against what their password is checked.

Owns the rows of `people`: making, changing, disabling. Must never see a password, only what the hashing made of it (starter/passwords.py),
and never give that out but to whoever checks one. Wrong ones are counted beside (sign_in_tries.py). Called by the console and by
`makegood people`.
"""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import Connection, RowMapping, bindparam, func, literal, select, update

from policies.case.request import Slug
from policies.contract import Contract, Instant, Strict
from store.engine import Store, StoreRefused
from store.insertion import insert_or_ignore, wrote
from store.sign_in_tries import forget_strangers, of_person
from store.tables import console_sessions, people, sign_in_tries

PersonName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,39}$")]
"""What a person types to sign in, and what stands on timelines: no e-mail address."""
ShownName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f<>@]+$")]


class PersonRole(StrEnum):
    """Each may what the one before may, and more (starter/web/console/roles.py)."""

    VIEWER = "viewer"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class NewPerson(Strict):
    """`merchants` empty: every merchant's cases."""

    name: PersonName
    shown_name: ShownName
    role: PersonRole
    merchants: list[Slug] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _admins_see_all(self) -> "NewPerson":
        refuse_bounded_admin(self.role, self.merchants)
        return self


def refuse_bounded_admin(role: PersonRole, merchants: list[str]) -> None:
    """ValueError: an admin makes people and keys for every merchant, so that a bound would be none."""
    if role is PersonRole.ADMIN and merchants:
        raise ValueError("an admin is for every merchant; right would be no merchants, or another role")


class PersonStanding(StrEnum):
    ACTIVE = "active"
    ONE_TIME = "one_time"  # has a one-time password that was not used yet
    LOCKED = "locked"
    DISABLED = "disabled"


class Person(Contract):
    """A person as colleagues may see him. `name`: at signing in and on timelines."""

    person_id: str
    name: str
    shown_name: str
    role: PersonRole
    merchants: list[str] = Field(default_factory=list)
    must_change: bool = False
    one_time_until: Instant | None = None
    locked_until: Instant | None = None
    created_at: Instant
    created_by: str
    disabled_at: Instant | None = None
    last_sign_in_at: Instant | None = None

    def sees(self, merchant: str) -> bool:
        """Whether this merchant's cases exist for the person."""
        return not self.merchants or merchant in self.merchants

    def standing(self, at: datetime) -> PersonStanding:
        if self.disabled_at is not None:
            return PersonStanding.DISABLED
        if self.locked_until is not None and self.locked_until > at:
            return PersonStanding.LOCKED
        return PersonStanding.ONE_TIME if self.must_change else PersonStanding.ACTIVE


class Tried(Contract):
    """Against what a password is checked."""

    person: Person
    password: str  # as it was hashed


_columns = people.c
_BY_NAME = select(people).where(_columns.name == bindparam("this"))
# With the lock that strangers have brought upon a name: colleagues are told of it.
_SHOWN = select(*(column for column in _columns if column.name != "locked_until"), sign_in_tries.c.locked_until).outerjoin_from(
    people, sign_in_tries, sign_in_tries.c.counted == literal(of_person("")) + _columns.person_id
)
_SHOWN_BY_NAME = _SHOWN.where(_columns.name == bindparam("this"))
_ALL = _SHOWN.order_by(_columns.name)
_CHANGE = update(people).where(_columns.person_id == bindparam("this"))
_END_SESSIONS = console_sessions.delete().where(console_sessions.c.person_id == bindparam("this"))
# Before one of them is changed: of two who disable each other at once the second must see what the first did.
_LOCK_ADMINS = select(_columns.person_id).where(_columns.role == PersonRole.ADMIN.value).order_by(_columns.person_id).with_for_update()
_ADMINS = select(func.count()).where(_columns.role == PersonRole.ADMIN.value, _columns.disabled_at.is_(None))


class People:
    """`at` is the present moment (UTC). All raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, new: NewPerson, password: str, one_time_until: datetime, by: str, at: datetime) -> Person:
        """With a one-time password (hashed). Raises StoreRefused if the name is taken: names on timelines are never given twice."""
        person = Person(
            person_id=f"p-{secrets.token_hex(8)}",
            **new.model_dump(),
            must_change=True,
            one_time_until=one_time_until,
            created_at=at,
            created_by=by,
        )

        def work(connection: Connection) -> Person:
            values: dict[str, Any] = person.model_dump() | {"role": person.role.value, "password": password, "failures": 0}
            if not wrote(connection, insert_or_ignore(connection, people), values):
                raise StoreRefused(f"name: there is a person {new.name} already; right would be another name")
            return person

        return await self._store.write(work)

    async def all(self) -> list[Person]:
        """By name."""
        return [_as_person(row) for row in await self._store.read(lambda connection: connection.execute(_ALL).mappings().all())]

    async def named(self, name: str) -> Person | None:
        row = await self._store.look_up(lambda connection: connection.execute(_SHOWN_BY_NAME, {"this": name}).mappings().first())
        return _as_person(row) if row is not None else None

    async def are_none(self) -> bool:
        return await self._store.read(lambda connection: connection.execute(_ALL.limit(1)).first()) is None

    async def to_try(self, name: str) -> Tried | None:
        """Who signs in with this name. None: nobody has it, or he is disabled."""
        row = await self._store.look_up(lambda connection: connection.execute(_BY_NAME, {"this": name}).mappings().first())
        if row is None or row["disabled_at"] is not None:
            return None
        return Tried(person=_as_person({**row, "locked_until": None}), password=row["password"])

    async def proved(self, tried: Tried, at: datetime, rehashed: str | None = None) -> bool:
        """The password that was tried is right. `rehashed`: the same under today's parameters. False: it is the person's no more, an
        admin or the person has set another one in this moment, or he was disabled; nothing was written.
        """
        values: dict[str, Any] = {"last_sign_in_at": at} | ({"password": rehashed} if rehashed is not None else {})
        still = _CHANGE.where(_columns.password == bindparam("tried"), _columns.disabled_at.is_(None)).values(**values)
        return await self._store.write(
            lambda connection: connection.execute(still, {"this": tried.person.person_id, "tried": tried.password}).rowcount > 0
        )

    async def choose_password(self, person_id: str, password: str) -> None:
        """The person's own, hashed. Every session ends, the one that asks too: whoever asks begins another one."""
        values = {"password": password, "must_change": False, "one_time_until": None}

        def work(connection: Connection) -> None:
            forget_strangers(connection, person_id)
            connection.execute(_CHANGE.values(**values), {"this": person_id}).close()
            connection.execute(_END_SESSIONS, {"this": person_id}).close()

        await self._store.write(work)

    async def reset(self, name: str, password: str, one_time_until: datetime) -> Person:
        """A one-time password (hashed) in place of whatever there was; sessions end, a lock is lifted. Raises StoreRefused."""
        values = {"password": password, "must_change": True, "one_time_until": one_time_until}
        return await self._changed(name, values, lifts_lock=True)

    async def set_role(self, name: str, role: PersonRole, merchants: list[str] | None = None) -> Person:
        """In force with the person's next click. `merchants` None: as before. Raises StoreRefused: no such person, the last admin."""
        values: dict[str, Any] = {"role": role.value}
        if merchants is not None:
            values["merchants"] = merchants
        elif role is PersonRole.ADMIN:
            values["merchants"] = []
        try:
            refuse_bounded_admin(role, values.get("merchants", []))
        except ValueError as error:
            raise StoreRefused(f"merchants: {error}") from None
        return await self._changed(name, values, ends_sessions=False)

    async def disable(self, name: str, at: datetime) -> Person:
        """From now on the person cannot sign in, and every session has ended. Raises StoreRefused: no such person, the last admin."""
        return await self._changed(name, {"disabled_at": at})

    async def enable(self, name: str) -> Person:
        """May sign in again, with the password as it was. Raises StoreRefused."""
        return await self._changed(name, {"disabled_at": None}, lifts_lock=True)

    async def _changed(self, name: str, values: dict[str, Any], *, ends_sessions: bool = True, lifts_lock: bool = False) -> Person:
        def work(connection: Connection) -> Person:
            connection.execute(_LOCK_ADMINS).all()
            row = connection.execute(_BY_NAME.with_for_update(), {"this": name}).mappings().first()
            if row is None:
                raise StoreRefused("no such person; `makegood people list` shows their names")
            connection.execute(_CHANGE.values(**values), {"this": row["person_id"]}).close()
            was_admin = row["role"] == PersonRole.ADMIN and row["disabled_at"] is None
            if was_admin and not connection.scalar(_ADMINS):
                raise StoreRefused(f"{name} is the last admin; make another one first")
            if ends_sessions:
                connection.execute(_END_SESSIONS, {"this": row["person_id"]}).close()
            if lifts_lock:
                forget_strangers(connection, row["person_id"])
            return _as_person(connection.execute(_SHOWN_BY_NAME, {"this": name}).mappings().one())

        return await self._store.write(work)


def _as_person(row: RowMapping | dict[str, Any]) -> Person:
    # A role of a newer version is the least here.
    role = row["role"] if row["role"] in list(PersonRole) else PersonRole.VIEWER
    return Person.model_validate({**row, "role": role})
