"""The open store: one address and its transactions.

Owns the choice between SQLite and PostgreSQL, and opening. Must never know a table. Called by worker.py and starter, which hand the
`Store` to the recorder, the queries, the desk books and the outbox.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection, text

from store import sqlite_file
from store.address import Address
from store.errors import StoreError, StoreRefused, StoreUnavailable, translated
from store.sqlite_threads import SqliteThreads

__all__ = ["Store", "StoreError", "StoreRefused", "StoreUnavailable", "open_store", "upgrade"]

T = TypeVar("T")


class Transactions(Protocol):
    """Whole transactions on one kind of database; what `Store` says of each holds for both."""

    async def write(self, work: Callable[[Connection], T]) -> T: ...

    async def write_many(self, work: Callable[[Connection], T]) -> T: ...

    async def look_up(self, work: Callable[[Connection], T]) -> T: ...

    async def read(self, work: Callable[[Connection], T]) -> T: ...

    async def close(self) -> None: ...


class Store:
    """The books, open. Use it in one event loop, close it at the end.

    The books are written as plain functions of a connection and handed over whole: one switch between the event loop's and the driver's
    world per transaction instead of one per statement. All raise StoreUnavailable or StoreRefused (store/errors.py).
    """

    def __init__(self, address: Address) -> None:
        self._where = str(address)
        self._books: Transactions = SqliteThreads(address) if address.file else _postgres(address)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that writes: committed at the end, rolled back by any exception. With SQLite a short one runs
        in the event loop.
        """
        with translated(self._where):
            return await self._books.write(work)

    async def write_many(self, work: Callable[[Connection], T]) -> T:
        """`write` for hundreds of rows: never in the event loop."""
        with translated(self._where):
            return await self._books.write_many(work)

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """`read` for a few rows by their keys: with SQLite it is done in the event loop, so it must be short."""
        with translated(self._where):
            return await self._books.look_up(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that only reads, sees one moment, and never waits for a writer."""
        with translated(self._where):
            return await self._books.read(work)

    async def close(self) -> None:
        await self._books.close()


def _postgres(address: Address) -> Transactions:
    # SQLAlchemy's asynchronous side brings its whole mapper along, a tenth of a process's start: only for those who use it.
    from store.postgres_pool import PostgresPool  # noqa: PLC0415

    return PostgresPool(address)


async def open_store(url: str) -> Store:
    """Open the store at "sqlite:///path" or "postgresql://..."; StoreUnavailable if that is not possible."""
    address = Address.parse(url)
    if address.file:
        await asyncio.to_thread(sqlite_file.make_file, address.file)
    store = Store(address)
    try:
        await store.read(lambda connection: connection.execute(text("SELECT 1")).close())
    except BaseException:
        await store.close()
        raise
    return store


async def upgrade(url: str) -> None:
    """Bring the tables to the newest version. Safe when several processes do so at once."""
    # Alembic takes a tenth of a second to import, and the command line starts often.
    from store.migrations.head import bring_to_head  # noqa: PLC0415

    await asyncio.to_thread(bring_to_head, Address.parse(url))
