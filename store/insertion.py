"""INSERT with ON CONFLICT for the engine at hand: what makes every write of the books idempotent.

Owns the choice of dialect. Must never choose a conflict rule: callers do. Called by everything that writes.
"""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insertion = sqlite.Insert | postgresql.Insert
_KEEP_COUNT = {"preserve_rowcount": True}  # else the number of inserted rows is not read from PostgreSQL's driver


def insert_for(dialect: str, table: Table) -> Insertion:
    """Both dialects offer the same `on_conflict_do_nothing`, `on_conflict_do_update` and `excluded`."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def insert_or_ignore(connection: Connection, table: Table) -> Insertion:
    """An INSERT that leaves alone what already stands under the same key, whichever key that is."""
    return _insert_or_ignore(connection.dialect.name, table)


def wrote(connection: Connection, statement: Insertion, values: dict[str, Any]) -> bool:
    """Execute an insertion of one row; False if what stood there was left alone."""
    return connection.execute(statement, values, execution_options=_KEEP_COUNT).rowcount > 0


# Building a statement costs more than running it: each is built once.
@cache
def _insert_or_ignore(dialect: str, table: Table) -> Insertion:
    return insert_for(dialect, table).on_conflict_do_nothing()
