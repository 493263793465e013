"""The store under test, migrated and open, on both engines."""

from collections.abc import AsyncIterator

import pytest

from store.engine import Store, open_store, upgrade
from tests.store_fixtures import postgres_server, sqlite_store_url, store_url

__all__ = ["postgres_server", "sqlite_store", "sqlite_store_url", "store", "store_url"]


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    await upgrade(store_url)
    store = await open_store(store_url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_store_url: str) -> AsyncIterator[Store]:
    await upgrade(sqlite_store_url)
    store = await open_store(sqlite_store_url)
    yield store
    await store.close()
