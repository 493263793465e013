"""The embedded channels' own provider: what they "sent" is kept here and shown in the terminal.

Owns the outbox rows, the one place beside contacts that holds addresses. A real provider never writes here. Must
never change what was put. Called by the embedded channel adapters (put, find) and by starter (rows).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection, Select, select

from policies.contract import Contract, Instant
from store.engine import Store
from store.insertion import insert_or_ignore
from store.tables import outbox

ALERT = "alert"  # the channel of alerts to people


class Post(Contract):
    """What is put: the fields of an outgoing message. For an alert, `delivery_id` is its id and `channel` is ALERT."""

    delivery_id: str
    message_id: str | None = None
    case_id: str
    channel: str
    address: str
    sender: str = "makegood"
    subject: str | None = None
    text: str
    html: str | None = None
    locale: str = "en"
    headers: dict[str, str] = Field(default_factory=dict)


class Posted(Post):
    """A post as it stands in the outbox; `id` grows."""

    id: int
    provider_id: str
    put_at: Instant


class Outbox:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, post: Post | Mapping[str, object], at: datetime) -> str:
        """Returns the provider's id. A second put of the same delivery adds nothing and returns the first one's."""
        kept = post if isinstance(post, Post) else Post.model_validate(post)
        # Made from the delivery, so that the first put and every later one give the same id.
        provider_id = f"out_{hashlib.sha256(kept.delivery_id.encode()).hexdigest()[:24]}"
        values = kept.model_dump(include=set(Post.model_fields)) | {"provider_id": provider_id, "put_at": at}
        await self._store.write(lambda c: c.execute(insert_or_ignore(c, outbox), values).close())
        return provider_id

    async def find(self, delivery_id: str) -> Posted | None:
        found = await self._rows(select(outbox).where(outbox.c.delivery_id == delivery_id))
        return found[0] if found else None

    async def rows(self, case_id: str | None = None, limit: int = 100, after_id: int | None = None) -> list[Posted]:
        """In the order in which they were put; `after_id` goes on where the last rows ended."""
        statement = select(outbox).order_by(outbox.c.id).limit(limit)
        if case_id is not None:
            statement = statement.where(outbox.c.case_id == case_id)
        if after_id is not None:
            statement = statement.where(outbox.c.id > after_id)
        return await self._rows(statement)

    async def _rows(self, statement: Select[*tuple[object, ...]]) -> list[Posted]:
        def work(connection: Connection) -> list[Posted]:
            return [Posted.model_validate(dict(row)) for row in connection.execute(statement).mappings()]

        return await self._store.read(work)
