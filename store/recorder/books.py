"""What all parts of the recorder have: an open store."""

from store.engine import Store


class Books:
    def __init__(self, store: Store) -> None:
        self._store = store
