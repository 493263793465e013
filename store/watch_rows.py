"""Rows of watched references as models.

Owns this one reading. Must never write. Called by the recorder and the queries.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.standing import CheckStanding
from store.tables import watches


async def check_of(connection: AsyncConnection, case_id: str, provider: str, reference: str) -> CheckStanding:
    statement = select(watches).where(watches.c.case_id == case_id, watches.c.provider == provider, watches.c.reference == reference)
    return CheckStanding.model_validate(dict((await connection.execute(statement)).mappings().one()))


async def checks_of(connection: AsyncConnection, case_id: str) -> list[CheckStanding]:
    statement = select(watches).where(watches.c.case_id == case_id).order_by(watches.c.provider, watches.c.reference)
    return [CheckStanding.model_validate(dict(row)) for row in (await connection.execute(statement)).mappings()]
