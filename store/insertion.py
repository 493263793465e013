"""INSERT with ON CONFLICT for the engine at hand: what makes every write of the books idempotent.

Owns the choice of dialect. Must never choose a conflict rule: callers do. Called by everything that writes.
"""

from functools import cache

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insertion = sqlite.Insert | postgresql.Insert


def insert_for(dialect: str, table: Table) -> Insertion:
    """Both dialects offer the same `on_conflict_do_nothing`, `on_conflict_do_update` and `excluded`."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def insert_or_ignore(connection: Connection, table: Table) -> Insertion:
    """An INSERT that leaves alone what already stands under the same key, whichever key that is."""
    return _insert_or_ignore(connection.dialect.name, table)


# Building a statement costs more than running it: each is built once.
@cache
def _insert_or_ignore(dialect: str, table: Table) -> Insertion:
    return insert_for(dialect, table).on_conflict_do_nothing()
