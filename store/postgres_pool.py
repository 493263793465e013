"""Transactions on a PostgreSQL server, through its asynchronous driver.

Owns the pool and its limits. Must never know a table. Called by the engine.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from store.address import Address

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10  # a server that does not answer by then is not there


class PostgresPool:
    def __init__(self, address: Address) -> None:
        self._engine = create_async_engine(
            address.for_driver,
            hide_parameters=True,  # contact data must not reach logs or, through a failed activity, Temporal's history
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,  # a server that was restarted costs no failed activity
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
        # Several queries of one view see the same moment, as they do in SQLite.
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def write(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    write_many = write

    async def read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.begin() as connection:
            return await connection.run_sync(work)

    look_up = read

    async def close(self) -> None:
        await self._engine.dispose()
