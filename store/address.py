"""Where the books are: the URL that people write, and the one that SQLAlchemy needs.

Owns which databases and drivers are possible. Must never show a password. Called by the engine and the migrations.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from store.errors import StoreUnavailable

_ADVICE = "right would be sqlite:///var/makegood.sqlite or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed store URL."""

    url: URL

    @classmethod
    def parse(cls, text: str) -> "Address":
        """StoreUnavailable says what would be right. The driver part may be left out."""
        try:
            url = make_url(text)
        except ArgumentError:
            raise StoreUnavailable(f"the store's URL cannot be read; {_ADVICE}") from None
        family = url.drivername.partition("+")[0]
        if family == "sqlite":
            if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
                raise StoreUnavailable(f"the store needs a file of its own; {_ADVICE}")
            return cls(url.set(drivername="sqlite"))
        if family in ("postgresql", "postgres"):
            return cls(url.set(drivername="postgresql"))
        raise StoreUnavailable(f'"{family}" is no database of the store; {_ADVICE}')

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a server."""
        return Path(self.url.database or "") if self.url.drivername == "sqlite" else None

    @property
    def for_driver(self) -> URL:
        return self.url.set(drivername="sqlite+pysqlite" if self.file else "postgresql+psycopg")

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)
