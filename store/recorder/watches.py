"""Checks: when a provider was asked about a reference and when it last answered, so that a message can say so honestly.

Owns one row per case and reference. Must never judge what a status means. Called by the watch activity.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, case, func

from policies.contract import Contract
from store.insertion import insert_for
from store.recorder.books import Books
from store.standing import CheckStanding
from store.tables import watches
from store.watch_rows import check_of


class Check(Contract):
    """One question to a provider about one reference, and whether it answered."""

    provider: str
    reference: str
    answered: bool
    status: str | None = None


class WatchBooks(Books):
    async def note_checks(self, case_id: str, generation: int, at: datetime, checks: Sequence[Check]) -> list[CheckStanding]:
        """Note the checks of one moment together. The same check again (not later than the last one noted) changes nothing."""

        def work(connection: Connection) -> list[CheckStanding]:
            upsert = _check_upsert(connection.dialect.name)
            return [_note(connection, upsert, case_id, generation, at, check) for check in checks]

        return await self._store.write(work)


def _note(connection: Connection, upsert: Any, case_id: str, generation: int, at: datetime, check: Check) -> CheckStanding:
    values = {
        "case_id": case_id,
        "provider": check.provider,
        "reference": check.reference,
        "generation": generation,
        "status": check.status,
        "last_checked_at": at,
        "last_answered_at": at if check.answered else None,
        "failing_since": None if check.answered else at,
        "checks": 1,
        "checks_in_generation": 1,
    }
    row = connection.execute(upsert, values).mappings().first()
    if row is None:  # an older check, or this one once more
        return check_of(connection, case_id, check.provider, check.reference)
    return CheckStanding.model_validate(dict(row))


@cache
def _check_upsert(dialect: str) -> Any:
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
    ).returning(*watches.columns)
