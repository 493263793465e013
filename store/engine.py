"""The open store: one engine and its transactions.

Owns connections, locking and the pool. Must never know a table. Called by worker.py and starter, which hand the
`Store` to the recorder, the queries, the desk books and the outbox.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store import sqlite_file
from store.address import Address
from store.errors import StoreError, StoreRefused, StoreUnavailable, translated
from store.sqlite_threads import SqliteThreads

__all__ = ["Store", "StoreError", "StoreRefused", "StoreUnavailable", "open_store", "upgrade"]

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10  # a server that does not answer by then is not there


class Store:
    """The books, open. Use it in one event loop, close it at the end."""

    def __init__(self, address: Address) -> None:
        self._where = str(address)
        self._engine = _engine(address)
        self._writer: asyncio.Lock | None = None
        if address.file:
            sqlite_file.install(self._engine.sync_engine)
            # SQLite has one writer at a time. Inside this process the tasks queue here, fairly and without sleeping;
            # its busy timeout (which polls) is left for other processes.
            self._writer = asyncio.Lock()
            self._reading = self._engine.execution_options(**{sqlite_file.READS: True})
            self._threads: SqliteThreads | None = SqliteThreads(address)
        else:
            self._threads = None
            # Several queries of one view see the same moment, as they do in SQLite.
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def engine(self) -> AsyncEngine:
        return self._engine

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that writes: committed at the end, rolled back by any exception.

        The books are written as plain functions of a connection and handed over whole: one switch between the event loop's
        and the driver's world per transaction instead of one per statement.
        """
        if self._threads is not None:
            with translated(self._where):
                return await self._threads.write(work)
        async with self.begin() as connection:
            return await connection.run_sync(work)

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """`read` for a few rows by their keys: with SQLite it is done on the spot, so it must be short."""
        if self._threads is not None:
            with translated(self._where):
                return await self._threads.look_up(work)
        return await self.read(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that only reads, sees one moment, and never waits for a writer."""
        if self._threads is not None:
            with translated(self._where):
                return await self._threads.read(work)
        async with self.begin_reading() as connection:
            return await connection.run_sync(work)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with self._turn():
            with translated(self._where):
                async with self._engine.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def begin_reading(self) -> AsyncIterator[AsyncConnection]:
        with translated(self._where):
            async with self._reading.begin() as connection:
                yield connection

    async def close(self) -> None:
        if self._threads is not None:
            await self._threads.close()
        await self._engine.dispose()

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._writer or nullcontext()


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


def _engine(address: Address) -> AsyncEngine:
    # hide_parameters: contact data must not reach logs or, through a failed activity, Temporal's history.
    if address.file:
        return create_async_engine(address.for_async, hide_parameters=True)
    return create_async_engine(
        address.for_async,
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,  # a server that was restarted costs no failed activity
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )
