"""What a command needs of the world: settings, the books, the engine; and what its failures look like.

Owns opening and closing these, and the exit codes: 0 done, 1 refused or failed, 2 usage. Called by every group of commands.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from temporalio.client import Client

from policies.book import PolicyBook
from starter.cli.printing import complain, in_local_time
from starter.connection import EngineUnavailable, connect
from starter.desk import Desk, DeskError, UnusableRequest
from starter.embedded.errors import StackError, StackInterrupted
from starter.identity_key import identity_of
from starter.intake.candidates import FileUnusable
from starter.policy_books import BookError, load_books
from starter.policy_choice import NoPolicy
from starter.settings import Settings, SettingsError, load_settings
from store.address import Address
from store.desk_books import DeskBooks
from store.engine import Store, StoreError, StoreUnavailable, open_store
from store.outbox import Outbox
from store.queries import Queries

# What may go wrong without being a fault of the program.
expected = (DeskError, UnusableRequest, EngineUnavailable, StoreError, BookError, NoPolicy, SettingsError, StackError, FileUnusable)
_INTERRUPTED = 130  # what shells report for Ctrl-C

_overrides: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Books:
    """The store, open."""

    store: Store
    queries: Queries
    outbox: Outbox


@dataclass(frozen=True, slots=True)
class Office:
    """The store and the engine, open."""

    books: Books
    desk: Desk
    client: Client
    policy_books: list[PolicyBook]

    @property
    def queries(self) -> Queries:
        return self.books.queries


def override(**values: Any) -> None:
    """Options of the program itself, in force for this run."""
    _overrides.clear()
    _overrides.update({name: value for name, value in values.items() if value is not None})


def settings(**values: Any) -> Settings:
    """Raises SettingsError."""
    return load_settings(**{**_overrides, **{name: value for name, value in values.items() if value is not None}})


def policy_books(files: list[Path] | None = None) -> list[PolicyBook]:
    """The books in force, or those of the given files. Raises BookError, SettingsError."""
    return load_books(files or settings().policy_book_files)


@asynccontextmanager
async def open_books() -> AsyncIterator[Books]:
    url = settings().database_url
    file = Address.parse(url).file
    if file is not None and not Path(file).exists():  # opening would make an empty one
        raise StoreUnavailable(f"there are no books at {file} yet; `makegood up` or `makegood setup` makes them")
    store = await open_store(url)
    try:
        yield Books(store, Queries(store), Outbox(store))
    finally:
        await store.close()


@asynccontextmanager
async def open_office() -> AsyncIterator[Office]:
    loaded = policy_books()
    client = await connect(settings())
    async with open_books() as books:
        desk = Desk(client, DeskBooks(books.store), books.queries, loaded, identity_of(settings()))
        yield Office(books, desk, client, loaded)


def run(work: Coroutine[Any, Any, int | None]) -> None:
    """Do it; what was to be expected becomes "error: ..." and exit code 1."""
    try:
        code = asyncio.run(work)
    except (KeyboardInterrupt, StackInterrupted):
        raise typer.Exit(_INTERRUPTED) from None
    except expected as error:
        raise failed(error) from None
    if code:
        raise typer.Exit(code)


def failed(error: Exception) -> typer.Exit:
    """Say what went wrong; the exit to raise."""
    text = in_local_time(str(error)) if isinstance(error, DeskError) else str(error)
    if isinstance(error, StoreError) and "tables are missing" in text:
        text += " (`makegood setup` does it)"
    complain(text)
    return typer.Exit(1)
