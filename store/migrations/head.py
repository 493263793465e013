"""Brings a store to the newest revision, alone.

Owns the lock under which revisions run: one transaction for all of them, so that a store is at one revision or at the
other and a second process waits. Must never be called on the event loop. Called by the engine, in a thread.
"""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from store import sqlite_file
from store.address import Address
from store.errors import translated

_ADVISORY_LOCK = 0x6D616B65676F6F64  # "makegood" in ASCII: one number for this purpose in the whole database
_WAIT_S = 60  # a migration by another process; longer than that and something is wrong with it
_CONNECT_TIMEOUT_S = 10

# Alembic keeps its context in module globals: two threads of one process would run in each other's.
_one_at_a_time = threading.Lock()


def bring_to_head(address: Address) -> None:
    """Idempotent. StoreUnavailable if the store cannot be reached or written."""
    with _one_at_a_time:
        if address.file:
            sqlite_file.make_file(address.file)
            engine = create_engine(address.for_driver, poolclass=NullPool, hide_parameters=True)
            sqlite_file.install(engine, busy_ms=_WAIT_S * 1000)  # its BEGIN IMMEDIATE is the lock
        else:
            engine = create_engine(
                address.for_driver,
                poolclass=NullPool,
                hide_parameters=True,
                connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
            )
        with translated(str(address)), engine.begin() as connection:
            if not address.file:
                connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_S}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration without an alembic.ini."""
    config = Config()
    # A % would be read as interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
