"""A store on each engine, migrated and open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.engine import Store, open_store, upgrade
from tests.store_fixtures import postgres_server, sqlite_store_url, store_url

__all__ = ["postgres_server", "sqlite_store", "sqlite_store_url", "store", "store_url"]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env and no state folder of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)


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
