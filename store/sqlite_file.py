"""SQLite as the books need it: a file in write-ahead mode, and transactions that take their lock at the start.

Owns the pragmas and who waits for whom. Must never be called for a server. Called by the engine and the migrations.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from store.errors import StoreUnavailable

BUSY_MS = 10_000  # how long a writer waits for another process
READS = "makegood_reads"  # execution option of connections that only read
_WAL_TRIES = 100  # x 50 ms: another process may be switching the mode, and SQLite does not wait for that itself


def make_file(path: Path) -> None:
    """Create the folder and the file in write-ahead mode; StoreUnavailable says what is in the way."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error}") from None
    try:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _switch_to_wal(connection)
        # A file that can be read but not written is found here and not at the first promise.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path} cannot be written: {error}") from None
    finally:
        connection.close()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    for attempt in range(_WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == _WAL_TRIES - 1:
                raise
            time.sleep(0.05)
        else:
            return


def install(engine: Engine, busy_ms: int = BUSY_MS, *, writes_back: bool = True) -> None:
    """Set the pragmas on every new connection and begin transactions ourselves.

    The driver's own BEGIN is deferred: two processes that read first and write later would both hold the read lock,
    and one would die with "database is locked" without waiting. BEGIN IMMEDIATE waits its turn at the door instead.
    `writes_back`: a commit that finds the log long writes it back into the file (SQLite's default).
    """

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_ms}")
        cursor.execute("PRAGMA synchronous=NORMAL")  # safe with WAL; a power cut may lose the last commits, never the file
        cursor.execute("PRAGMA foreign_keys=ON")
        if not writes_back:
            cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
