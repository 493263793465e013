"""A store on SQLite, migrated and open; the books themselves are tested on both engines in tests/store."""

from tests.starter.web.conftest import bare, sqlite_store
from tests.store_fixtures import sqlite_store_url

__all__ = ["bare", "sqlite_store", "sqlite_store_url"]
