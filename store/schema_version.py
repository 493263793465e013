"""Whether the books' tables are at the version that this program knows.

Owns that one question. Must never change a table (migrations/head.py does). Called by the web process's readiness.
"""

import asyncio
from enum import StrEnum
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from store.engine import Store


class SchemaVersion(StrEnum):
    CURRENT = "current"
    NEWER = "newer"  # a newer program has brought them on; what we need is still there (columns are only added)
    OLDER = "older"  # `makegood setup`, or the start of a worker, brings them on
    ABSENT = "absent"


async def schema_version(store: Store) -> SchemaVersion:
    """Raises StoreUnavailable."""
    known = await asyncio.to_thread(_known_revisions)
    found = await store.read(_revision)
    if found is None:
        return SchemaVersion.ABSENT
    if found == known[0]:
        return SchemaVersion.CURRENT
    return SchemaVersion.OLDER if found in known else SchemaVersion.NEWER


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


@cache
def _known_revisions() -> list[str]:
    """The newest first. Alembic takes a tenth of a second to import and is needed for nothing else here."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return [script.revision for script in scripts.walk_revisions()]
