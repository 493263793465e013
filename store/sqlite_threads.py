"""SQLite transactions handed over whole: on the spot while nobody is in the way, else in a thread that waits.

Owns the connections of both ways, the one writing thread and the reading threads. Must never know a table. Called by the engine: through
an asynchronous driver the same transaction costs a worker three times the CPU, and in a thread of its own up to twice, because
every statement then hands Python's lock to and fro (`make bench`, worker CPU per case; ADR 13).
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction, create_engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from store import sqlite_file
from store.address import Address
from store.errors import StoreUnavailable

T = TypeVar("T")

_READERS = 4  # lists and timelines of a console beside the activities; more would only wait for the disk
# On-the-spot transactions until the log is written back, in the writing thread: SQLite itself would do it, disk and all, inside the commit
# that makes 1,000 pages full. A transaction of ours fills five to ten.
_WRITTEN_BACK_EVERY = 200


class SqliteThreads:
    def __init__(self, address: Address) -> None:
        # Connections move between the threads of a pool, one thread at a time.
        self._engine = _engine(address, sqlite_file.BUSY_MS)
        self._reading = self._engine.execution_options(**{sqlite_file.READS: True})
        # The event loop's own: it never waits for another process, it is told at once that somebody is in the way.
        self._at_once = _engine(address, 0, writes_back=False)
        self._looking_up = self._at_once.execution_options(**{sqlite_file.READS: True})
        # SQLite has one writer at a time. What has to wait for it queues here in order; its busy timeout (which polls) is left for
        # other processes.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="books-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="books-read")
        self._waiting = 0  # writes in the queue: nobody overtakes them
        self._unwritten = 0  # on-the-spot transactions since the log was written back
        self._closed = False

    async def write(self, work: Callable[[Connection], T]) -> T:
        """On the spot if the file's one place for a writer is free (a fifth of a millisecond), else in the thread that waits for it.

        Cancelling changes nothing: what has begun is committed.
        """
        begun = self._free_place() if not self._waiting else None
        if begun is None:
            return await self.write_many(work)
        with begun.connection, begun:
            done = work(begun.connection)
        self._unwritten += 1
        if self._unwritten >= _WRITTEN_BACK_EVERY:
            self._unwritten = 0
            self._queue(_write_back, self._engine)  # what is written meanwhile waits for it: else the log would never be free
        return done

    async def write_many(self, work: Callable[[Connection], T]) -> T:
        """In the thread: it may take long. Cancelled while it waits it still happens, as after `write`."""
        self._open()
        return await self._queue(_whole, self._engine, work)

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """A few rows by their keys: on the spot. Readers of a file in write-ahead mode wait for nobody but its recovery."""
        self._open()
        try:
            return _whole(self._looking_up, work)
        except OperationalError as error:
            if not _in_the_way(error):
                raise
        return await self.read(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """In a thread: it may take long."""
        self._open()
        return await asyncio.get_running_loop().run_in_executor(self._readers, _whole, self._reading, work)

    async def close(self) -> None:
        """What has begun is finished."""
        self._closed = True
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()
        self._at_once.dispose()

    def _free_place(self) -> RootTransaction | None:
        """A transaction that has the file for writing, or None: another one has it. Once it has begun nobody can be in its way."""
        self._open()
        connection: Connection | None = None
        try:
            connection = self._at_once.connect()  # a file that is being recovered refuses even the pragmas
            return connection.begin()
        except OperationalError as error:
            if connection is not None:
                connection.close()
            if not _in_the_way(error):
                raise
            return None

    def _queue(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        self._waiting += 1
        task = asyncio.get_running_loop().run_in_executor(self._writer, work, *arguments)
        task.add_done_callback(self._had_its_turn)
        return task

    def _had_its_turn(self, task: asyncio.Future[Any]) -> None:
        del task
        self._waiting -= 1

    def _open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")


def _engine(address: Address, busy_ms: int, *, writes_back: bool = True) -> Engine:
    engine = create_engine(address.for_driver, hide_parameters=True, connect_args={"check_same_thread": False})
    sqlite_file.install(engine, busy_ms, writes_back=writes_back)
    return engine


def _whole(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _write_back(engine: Engine) -> None:
    """The log into the file, so that the next writer begins it anew. What a reader holds back comes the next time."""
    with contextlib.suppress(sqlite3.Error, SQLAlchemyError):
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()


def _in_the_way(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY  # the extended codes share the lowest byte
