"""The store under test, migrated and open, on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.engine import Store, open_store
from tests.store_fixtures import ready_sqlite, ready_store_url, sqlite_store_url, store_url

__all__ = ["ready_store_url", "sqlite_store", "sqlite_store_url", "store", "store_url"]


@pytest.fixture
async def store(ready_store_url: str) -> AsyncIterator[Store]:
    store = await open_store(ready_store_url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(ready_sqlite(tmp_path / "books" / "makegood.sqlite"))
    yield store
    await store.close()
