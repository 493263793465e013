"""What goes wrong with the books, in errors that other rooms can name without knowing a database driver.

Owns the translation of driver errors. Must never let a value of a row into a message: errors reach logs and Temporal's
histories. Called by the engine around every transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StoreError(Exception):
    """`reason` is written for a person and holds neither passwords nor personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreUnavailable(StoreError):
    """The books cannot be reached or written now; the same call may succeed later."""


class StoreRefused(StoreError):
    """The books say no to this call, and will say so again."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn driver errors into ours. `where` is the address without its password."""
    try:
        yield
    except PoolTimeout:
        raise StoreUnavailable(f"{where}: every connection is busy") from None
    except DBAPIError as error:
        # `from None`: the driver's own text may quote the row that it refused.
        raise _ours(where, error) from None


def _ours(where: str, error: DBAPIError) -> StoreError:
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    said = str(error.orig).strip()
    if code == "42P01" or "no such table" in said:
        return StoreUnavailable(f"{where}: the tables are missing; bring the store to its newest version first")
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return StoreUnavailable(f"{where}: {said or type(error.orig).__name__}")
    statement = " ".join((error.statement or "").split())[:120]
    return StoreRefused(f"{where}: {type(error.orig).__name__} {code or ''} in: {statement}")
