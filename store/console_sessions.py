"""Sessions of the console: whose a cookie is, and until when.

Owns the rows of `console_sessions`. Must never keep what a cookie holds, only its hash: who reads the books cannot sign in with them.
Called by the console (starter/web/console/session.py), which decides how long a session lives.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from policies.contract import Contract, Instant
from store.engine import Store
from store.people import Person
from store.tables import console_sessions, people

SEEN_EVERY = timedelta(minutes=1)  # the last use is written at most so often: a look should not cost a write


class ConsoleSession(Contract):
    """`digest` names the session within the house; it opens nothing."""

    digest: str
    began_at: Instant
    seen_at: Instant
    ends_at: Instant
    person: Person


_c = console_sessions.c
_OF_SESSION = ("began_at", "seen_at", "ends_at")
_FIND = (
    select(_c.digest, *(_c[name] for name in _OF_SESSION), people)
    .join(people, people.c.person_id == _c.person_id)
    .where(_c.digest == bindparam("this"), people.c.disabled_at.is_(None))
)
_SEEN = update(console_sessions).where(_c.digest == bindparam("this"))
# Locked, so that whoever sets another one meanwhile ends this session, too.
_PASSWORD = select(people.c.password).where(people.c.person_id == bindparam("whose")).with_for_update()
_END = delete(console_sessions).where(_c.digest == bindparam("this"))
_OVER = delete(console_sessions).where(or_(_c.ends_at <= bindparam("moment"), _c.seen_at <= bindparam("idle_since")))
_OTHERS = delete(console_sessions).where(_c.person_id == bindparam("whose"), _c.digest != bindparam("but"))


class ConsoleSessions:
    """`at` is the present moment (UTC). All raise StoreUnavailable."""

    def __init__(self, store: Store, idle: timedelta, longest: timedelta) -> None:
        """`idle`: how long without use; `longest`: however busy."""
        self._store = store
        self._idle = idle
        self._longest = longest

    async def begin(self, person_id: str, at: datetime) -> str:
        """A new session; what its cookie holds (256 random bits) is known nowhere else."""
        return await self._store.write(lambda connection: self._begin(connection, person_id, at))

    async def begin_after(self, person_id: str, password: str, at: datetime, instead_of: str | None = None) -> str | None:
        """A new session for whoever has just proved that password (hashed). `instead_of`: the token that ends with it. None: it is the
        person's no more, another one was set in this moment; whoever set it has ended every session, and none begins behind his back.
        """

        def work(connection: Connection) -> str | None:
            if connection.scalar(_PASSWORD, {"whose": person_id}) != password:
                return None
            if instead_of is not None:
                connection.execute(_END, {"this": digest_of(instead_of)}).close()
            return self._begin(connection, person_id, at)

        return await self._store.write(work)

    def _begin(self, connection: Connection, person_id: str, at: datetime) -> str:
        token = secrets.token_urlsafe(32)
        row = {"digest": digest_of(token), "person_id": person_id, "began_at": at, "seen_at": at, "ends_at": at + self._longest}
        # Nobody else sweeps them, and signing in is rare.
        connection.execute(_OVER, {"moment": at, "idle_since": at - self._idle}).close()
        connection.execute(insert(console_sessions).values(**row)).close()
        return token

    async def find(self, token: str, at: datetime) -> ConsoleSession | None:
        """The session of this cookie with its person as he is now; None if it has ended or he may not come in. One statement."""
        row = await self._store.look_up(lambda connection: connection.execute(_FIND, {"this": digest_of(token)}).mappings().first())
        if row is None or at >= row["ends_at"] or at - row["seen_at"] > self._idle:
            return None
        return ConsoleSession(digest=row["digest"], **{name: row[name] for name in _OF_SESSION}, person=Person.model_validate(dict(row)))

    async def seen(self, session: ConsoleSession, at: datetime) -> None:
        """Somebody used it; noted if the last noted use is a while ago."""
        if at - session.seen_at >= SEEN_EVERY:
            await self._store.write(lambda connection: connection.execute(_SEEN.values(seen_at=at), {"this": session.digest}).close())

    async def end(self, token: str) -> None:
        await self._store.write(lambda connection: connection.execute(_END, {"this": digest_of(token)}).close())

    async def end_others(self, session: ConsoleSession) -> int:
        """Every other session of the same person; how many there were."""
        values = {"whose": session.person.person_id, "but": session.digest}
        return await self._store.write(lambda connection: connection.execute(_OTHERS, values).rowcount)


def digest_of(token: str) -> str:
    """Plain SHA-256 will do: nobody tries 2^256 of them."""
    return hashlib.sha256(token.encode()).hexdigest()
