"""How often a password was wrong, by who is counted: a name as strangers try it, a device that its owner has signed in from.

Owns the rows of `sign_in_tries`, their forgetting and their bound. Must never hold what was typed as a name (it may be a password): callers
hand in a keyed hash. Must never know whether a name is somebody's: the same rows, the same work, in every process. Called by the sign-in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from store.engine import Store
from store.insertion import insert_or_ignore
from store.tables import sign_in_tries

# About 10 MB. The ones that would be forgotten soonest give way: to push out one that is locked, as many others must be tried first, each
# of them for the price of a password's hash.
MOST = 50_000
_OF_PERSON = "person:"


@dataclass(frozen=True, slots=True)
class LockRule:
    """`locked_for`: how long after so many wrong ones. `forgiven_every`: each such span takes one wrong one back."""

    locked_for: Callable[[int], timedelta]
    forgiven_every: timedelta


_c = sign_in_tries.c
_ONE = select(sign_in_tries).where(_c.counted == bindparam("this")).with_for_update()
_SET = update(sign_in_tries).where(_c.counted == bindparam("this"))
_FORGET = delete(sign_in_tries).where(_c.counted == bindparam("this"))
# What a try holds at this moment is left to the next sweep: nobody waits for anybody.
_OVER = select(_c.counted).where(_c.forget_at <= bindparam("moment")).with_for_update(skip_locked=True)
_BEYOND = select(_c.counted).order_by(_c.forget_at.desc()).offset(bindparam("most")).with_for_update(skip_locked=True)


class SignInTries:
    """`at` is the present moment (UTC). All raise StoreUnavailable."""

    def __init__(self, store: Store, rule: LockRule) -> None:
        self._store = store
        self._rule = rule

    async def begin(self, counted: str, at: datetime) -> float:
        """Somebody tries a password: it counts as wrong from now on, so that many at once are many. 0.0: it may be tried; else the
        seconds to wait, and nothing was counted.
        """

        def work(connection: Connection) -> float:
            fresh = {"counted": counted, "failures": 0, "failed_at": at, "locked_until": None, "forget_at": at}
            connection.execute(insert_or_ignore(connection, sign_in_tries), fresh).close()
            row = connection.execute(_ONE, {"this": counted}).mappings().one()
            if row["locked_until"] is not None and row["locked_until"] > at:
                return float((row["locked_until"] - at).total_seconds())
            failures = max(row["failures"] - (at - row["failed_at"]) // self._rule.forgiven_every, 0) + 1
            pause = self._rule.locked_for(failures)
            values = {
                "failures": failures,
                "failed_at": at,
                "locked_until": at + pause if pause else None,
                "forget_at": at + max(pause, failures * self._rule.forgiven_every),
            }
            connection.execute(_SET.values(**values), {"this": counted}).close()
            return 0.0

        return await self._store.write(work)

    async def forget(self, counted: str) -> None:
        """The password was right."""
        await self._store.write(lambda connection: connection.execute(_FORGET, {"this": counted}).close())

    async def sweep(self, at: datetime, most: int = MOST) -> None:
        """Take away what is forgiven, and what is beyond the bound."""

        def work(connection: Connection) -> None:
            connection.execute(delete(sign_in_tries).where(_c.counted.in_(_OVER)), {"moment": at}).close()
            connection.execute(delete(sign_in_tries).where(_c.counted.in_(_BEYOND)), {"most": most}).close()

        await self._store.write(work)


def of_person(person_id: str) -> str:
    """Under what strangers who try a person's name are counted."""
    return f"{_OF_PERSON}{person_id}"


def forget_strangers(connection: Connection, person_id: str) -> None:
    """Within a transaction that changes the person's password: a lock by strangers is lifted."""
    connection.execute(_FORGET, {"this": of_person(person_id)}).close()
