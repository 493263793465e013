"""INSERT with ON CONFLICT for the engine at hand: what makes every write of the books idempotent.

Owns the choice of dialect. Must never choose a conflict rule: callers do. Called by everything that writes.
"""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insertion = sqlite.Insert | postgresql.Insert


def insert_into(connection: AsyncConnection, table: Table) -> Insertion:
    """Both dialects offer the same `on_conflict_do_nothing`, `on_conflict_do_update` and `excluded`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
