"""SQLite transactions handed over whole: on the spot while nobody is in the way, else in a thread that waits.

Owns the connections of both ways, the one writing thread and the reading threads. Must never know a table. Called by the engine: through
an asynchronous driver the same transaction costs a worker three times the CPU, and in a thread of its own up to twice, because
every statement then hands Python's lock to and fro (`make bench`, worker CPU per case).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, RootTransaction, create_engine
from sqlalchemy.exc import OperationalError

from store import sqlite_file
from store.address import Address

T = TypeVar("T")

_READERS = 4  # lists and timelines of a console beside the activities; more would only wait for the disk


class SqliteThreads:
    def __init__(self, address: Address) -> None:
        # Connections move between the threads of a pool, one thread at a time.
        self._engine = _engine(address, sqlite_file.BUSY_MS)
        self._reading = self._engine.execution_options(**{sqlite_file.READS: True})
        # The event loop's own: it never waits for another process, it is told at once that somebody is in the way.
        self._at_once = _engine(address, 0)
        self._looking_up = self._at_once.execution_options(**{sqlite_file.READS: True})
        # SQLite has one writer at a time. Inside this process the tasks queue here, fairly and without sleeping;
        # its busy timeout (which polls) is left for other processes.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="books-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="books-read")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """On the spot if the file's one place for a writer is free (a fifth of a millisecond), else in the thread that waits for it."""
        with self._at_once.connect() as connection:
            begun = _begun(connection)
            if begun is not None:
                with begun:
                    return work(connection)
        return await asyncio.get_running_loop().run_in_executor(self._writer, _whole, self._engine, work)

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """A few rows by their keys: on the spot. Readers of a file in write-ahead mode wait for nobody but its recovery."""
        try:
            return _whole(self._looking_up, work)
        except OperationalError as error:
            if not _in_the_way(error):
                raise
        return await self.read(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """In a thread: it may take long."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, _whole, self._reading, work)

    async def close(self) -> None:
        """What has begun is finished."""
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()
        self._at_once.dispose()


def _engine(address: Address, busy_ms: int) -> Engine:
    engine = create_engine(address.for_migrations, hide_parameters=True, connect_args={"check_same_thread": False})
    sqlite_file.install(engine, busy_ms)
    return engine


def _whole(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _begun(connection: Connection) -> RootTransaction | None:
    """The transaction that writes, or None: another one has the file. Once it has begun nobody can be in its way."""
    try:
        return connection.begin()
    except OperationalError as error:
        if not _in_the_way(error):
            raise
        return None


def _in_the_way(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY  # the extended codes share the lowest byte
