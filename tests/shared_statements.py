"""One compilation of a statement for all stores that a test process opens.

Owns how long SQLAlchemy remembers what it compiled. It keeps that by engine and by dialect, each store has engines of its own, and
nearly each test a store: the same statements were compiled thousands of times, a fifth of the tests of books and pages. These dialects
are the ones that we use, with nothing changed but that two of a kind are equal. Must never be used outside tests: what is remembered is
never forgotten. Called by conftest.py.
"""

from typing import Any

from sqlalchemy import URL, Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: dict[Any, Any] = {}


class _Shared:
    """What makes a dialect share; before the dialect among its bases."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


class Sqlite(_Shared, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class Postgres(_Shared, PGDialect_psycopg):
    supports_statement_cache = True

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type["AsyncPostgres"]:
        return AsyncPostgres


class AsyncPostgres(_Shared, PGDialectAsync_psycopg):
    supports_statement_cache = True


def share_statements() -> None:
    """For every engine that is made from now on."""
    registry.register("sqlite.pysqlite", __name__, "Sqlite")
    registry.register("postgresql.psycopg", __name__, "Postgres")
