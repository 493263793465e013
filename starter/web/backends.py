"""The store and the engine as the web process has them: opened in the background, tried again for ever, away in the meantime.

Owns opening, closing and the bounded checks. Must never make a request wait for something that is away: `Away` at once is better than a
browser that hangs. Called by app.py's lifespan and, through `Backends`, by every route.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from temporalio.client import Client
from temporalio.service import RPCError

from starter.connection import EngineUnavailable, connect
from starter.desk import Desk
from starter.identity_key import identity_of
from starter.policy_books import load_books
from starter.settings import Settings
from starter.web.parts import Away
from store.address import Address
from store.desk_books import DeskBooks
from store.engine import Store, StoreError, StoreUnavailable, open_store
from store.queries import Queries
from store.schema_version import SchemaVersion, schema_version

T = TypeVar("T")

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0  # between tries to open what is away
_AT_START_S = 3.0  # the first requests find everything open if it answers at all; nothing waits longer for it
_CHECK_S = 2.0  # one check of readiness; probes give up after a few seconds
_CHECK_AGAIN_S = 1.0  # readiness is open to everybody: it is asked of the parts at most once a second
_log = logging.getLogger("makegood.web")


class Opening(Generic[T]):
    """One thing that may be away: tried until it is open."""

    def __init__(self, part: str, open_it: Callable[[], Awaitable[T]], expected: tuple[type[Exception], ...]) -> None:
        self._part = part
        self._open_it = open_it
        self._expected = expected
        self._value: T | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._until_open(), name=f"open {self._part}")
        return self._task

    def get(self) -> T:
        """Raises Away."""
        if self._value is None:
            raise Away(self._part, max(1.0, self._pause_s))
        return self._value

    async def end(self) -> T | None:
        """Stop trying; what was opened, for its closing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        value, self._value = self._value, None
        return value

    async def _until_open(self) -> None:
        told = False
        while True:
            try:
                self._value = await self._open_it()
            except Exception as error:  # whatever it is, a web process that has stopped trying would be away for good
                if not told:
                    _log.warning("%s is away: %s", self._part, error if isinstance(error, self._expected) else type(error).__name__)
                    told = True
            else:
                _log.info("%s is open", self._part)
                return
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)


class LiveBackends:
    """`Backends` on the real store and engine. `async with` it; leaving closes what was opened."""

    def __init__(self, settings: Settings) -> None:
        """Reads the policy books and the identity key: raises BookError, SettingsError at once and not at the first request."""
        self._settings = settings
        self._books = load_books(settings.policy_book_files)
        self._identity = identity_of(settings)
        self._store: Opening[Store] = Opening("store", self._open_store, (StoreError, OSError))
        self._client: Opening[Client] = Opening("engine", lambda: connect(settings), (EngineUnavailable,))
        self._desk: Desk | None = None
        self._checked: tuple[float, dict[str, str]] | None = None
        self._checking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await asyncio.wait([self._store.begin(), self._client.begin()], timeout=_AT_START_S)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._desk = None
        await self._client.end()  # the SDK's client has nothing to close
        store = await self._store.end()
        if store is not None:
            await store.close()

    def store(self) -> Store:
        return self._store.get()

    def client(self) -> Client:
        return self._client.get()

    def desk(self) -> Desk:
        if self._desk is None:
            store, client = self.store(), self.client()
            self._desk = Desk(client, DeskBooks(store), Queries(store), self._books, self._identity)
        return self._desk

    async def check(self) -> dict[str, str]:
        async with self._checking:  # many probes at once are one check
            now = time.monotonic()
            if self._checked is None or now - self._checked[0] > _CHECK_AGAIN_S:
                store, engine = await asyncio.gather(_bounded(self._check_store()), _bounded(self._check_engine()))
                self._checked = (time.monotonic(), {"store": store, "engine": engine})
            return dict(self._checked[1])

    async def _open_store(self) -> Store:
        file = Address.parse(self._settings.database_url).file
        if file is not None and not Path(file).exists():  # opening would make an empty one
            raise StoreUnavailable("there are no books yet; `makegood up`, `makegood setup` or a worker makes them")
        return await open_store(self._settings.database_url)

    async def _check_store(self) -> str:
        with contextlib.suppress(Away, StoreError):
            version = await schema_version(self._store.get())
            return "ok" if version in (SchemaVersion.CURRENT, SchemaVersion.NEWER) else f"tables_{version.value}"
        return "unreachable"

    async def _check_engine(self) -> str:
        with contextlib.suppress(Away, RPCError):
            answers = await self._client.get().service_client.check_health(timeout=timedelta(seconds=_CHECK_S))
            return "ok" if answers else "not_serving"
        return "unreachable"


async def _bounded(check: Awaitable[str]) -> str:
    try:
        return await asyncio.wait_for(check, _CHECK_S)
    except TimeoutError:
        return "too_slow"
