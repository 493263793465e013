"""Checks: when a provider was asked about a reference and when it last answered, so that a message can say so honestly.

Owns one row per case and reference. Must never judge what a status means. Called by the watch activity.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import Connection, case, func

from store.insertion import Insertion, insert_for
from store.recorder.books import Books
from store.standing import CheckStanding
from store.tables import watches
from store.watch_rows import check_of, checks_of


class WatchBooks(Books):
    async def note_check(
        self,
        case_id: str,
        provider: str,
        reference: str,
        generation: int,
        at: datetime,
        answered: bool,
        status: str | None = None,
    ) -> CheckStanding:
        """Note one check. The same check again (not later than the last one noted) changes nothing."""
        values = {
            "case_id": case_id,
            "provider": provider,
            "reference": reference,
            "generation": generation,
            "status": status,
            "last_checked_at": at,
            "last_answered_at": at if answered else None,
            "failing_since": None if answered else at,
            "checks": 1,
            "checks_in_generation": 1,
        }

        def work(connection: Connection) -> CheckStanding:
            connection.execute(_check_upsert(connection.dialect.name), values)
            return check_of(connection, case_id, provider, reference)

        return await self._store.write(work)

    async def standing(self, case_id: str) -> list[CheckStanding]:
        return await self._store.read(lambda connection: checks_of(connection, case_id))


@cache
def _check_upsert(dialect: str) -> Insertion:
    insert = insert_for(dialect, watches)
    new, old = insert.excluded, watches.c
    return insert.on_conflict_do_update(
        index_elements=["case_id", "provider", "reference"],
        set_={
            "generation": case((new.generation > old.generation, new.generation), else_=old.generation),
            "status": func.coalesce(new.status, old.status),
            "last_checked_at": new.last_checked_at,
            "last_answered_at": func.coalesce(new.last_answered_at, old.last_answered_at),
            "failing_since": case((new.last_answered_at.is_not(None), None), else_=func.coalesce(old.failing_since, new.failing_since)),
            "checks": old.checks + 1,
            "checks_in_generation": case(
                (new.generation > old.generation, 1),
                (new.generation == old.generation, old.checks_in_generation + 1),
                else_=old.checks_in_generation,  # a late check of an older generation
            ),
        },
        where=new.last_checked_at > old.last_checked_at,
    )
