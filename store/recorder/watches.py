"""Checks: when a provider was asked about a reference and when it last answered, so that a message can say so honestly.

Owns one row per case and reference. Must never judge what a status means. Called by the watch activity.
"""

from datetime import datetime

from sqlalchemy import case, func

from store.insertion import insert_into
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
        async with self._store.begin() as connection:
            insert = insert_into(connection, watches)
            new = insert.excluded
            statement = insert.on_conflict_do_update(
                index_elements=["case_id", "provider", "reference"],
                set_={
                    "generation": case((new.generation > watches.c.generation, new.generation), else_=watches.c.generation),
                    "status": func.coalesce(new.status, watches.c.status),
                    "last_checked_at": new.last_checked_at,
                    "last_answered_at": func.coalesce(new.last_answered_at, watches.c.last_answered_at),
                    "failing_since": case(
                        (new.last_answered_at.is_not(None), None),
                        else_=func.coalesce(watches.c.failing_since, new.failing_since),
                    ),
                    "checks": watches.c.checks + 1,
                    "checks_in_generation": case(
                        (new.generation > watches.c.generation, 1),
                        (new.generation == watches.c.generation, watches.c.checks_in_generation + 1),
                        else_=watches.c.checks_in_generation,  # a late check of an older generation
                    ),
                },
                where=new.last_checked_at > watches.c.last_checked_at,
            )
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
            await connection.execute(statement, values)
            return await check_of(connection, case_id, provider, reference)

    async def standing(self, case_id: str) -> list[CheckStanding]:
        async with self._store.read() as connection:
            return await checks_of(connection, case_id)
