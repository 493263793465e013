"""The console over SQLite; what differs between engines is tested with the store."""

import pytest

from store.engine import Store
from tests.starter.web.console.harness import Scene, usual_scene


@pytest.fixture
def scene(sqlite_store: Store) -> Scene:
    return usual_scene(sqlite_store)
