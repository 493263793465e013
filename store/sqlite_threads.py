"""SQLite transactions handed over whole: one trip to a thread and back for each, instead of several per statement.

Owns the one writing thread, the reading threads and their connections. Must never know a table. Called by the engine: through an
asynchronous driver the same transaction costs a worker three times the CPU (`make bench`, worker CPU per case).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine

from store import sqlite_file
from store.address import Address

T = TypeVar("T")

_READERS = 4  # lists and timelines of a console beside the activities; more would only wait for the disk


class SqliteThreads:
    def __init__(self, address: Address) -> None:
        # Connections move between the threads of a pool, one thread at a time.
        self._engine = create_engine(address.for_migrations, hide_parameters=True, connect_args={"check_same_thread": False})
        sqlite_file.install(self._engine)
        self._reading = self._engine.execution_options(**{sqlite_file.READS: True})
        # SQLite has one writer at a time. Inside this process the tasks queue here, fairly and without sleeping;
        # its busy timeout (which polls) is left for other processes.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="books-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="books-read")

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, _whole, self._engine, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, _whole, self._reading, work)

    async def close(self) -> None:
        """What has begun is finished."""
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()


def _whole(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)
