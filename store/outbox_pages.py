"""The outbox as people read it: the newest first, page by page, of the merchants that somebody may see.

Owns these questions, and who is named in what was written. Must never change a post. Called by the console.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from policies.case.vocabulary import MessageKind
from policies.contract import Contract, Instant
from store.contacts import Contact, as_contact
from store.engine import Store
from store.outbox import Posted
from store.tables import cases, contacts, messages, outbox

PAGE = 50  # rows
_BEGINNING = 1600  # characters: the longest SMS that Twilio takes is whole


class Listed(Contract):
    """A post in a list. `text`: its beginning; `kind`: of the message, None for an alert."""

    id: int
    case_id: str
    channel: str
    address: str
    subject: str | None = None
    text: str
    put_at: Instant
    kind: MessageKind | None = None


class Letter(Posted):
    """A post, whole."""

    kind: MessageKind | None = None


class OutboxPages:
    """`merchants` empty: every merchant's cases. All raise StoreUnavailable."""

    def __init__(self, store: Store, merchants: Collection[str] = ()) -> None:
        self._store = store
        self._merchants = list(merchants)

    async def page(
        self, *, case_id: str | None = None, channel: str | None = None, before: int | None = None, limit: int = PAGE
    ) -> list[Listed]:
        """`before`: the last id of the page before."""
        columns = [outbox.c[name] for name in Listed.model_fields if name in outbox.c and name != "text"]
        statement = select(*columns, func.substr(outbox.c.text, 1, _BEGINNING).label("text"))
        conditions: list[ColumnElement[bool]] = []
        if case_id is not None:
            conditions.append(outbox.c.case_id == case_id)
        if channel is not None:
            conditions.append(outbox.c.channel == channel)
        if before is not None:
            conditions.append(outbox.c.id < before)
        asked = self._seen(statement).where(*conditions).order_by(outbox.c.id.desc()).limit(limit)
        rows = await self._store.read(lambda connection: connection.execute(asked).mappings().all())
        return [Listed.model_validate(dict(row)) for row in rows]

    async def letter(self, post_id: int) -> Letter | None:
        asked = self._seen(select(outbox)).where(outbox.c.id == post_id)
        row = await self._store.read(lambda connection: connection.execute(asked).mappings().first())
        return Letter.model_validate(dict(row)) if row is not None else None

    async def people(self, case_ids: Collection[str]) -> dict[str, list[Contact]]:
        """Whom the letters of these cases may name: every address that the case has used, so that an old letter is known, too."""
        asked = select(contacts).where(contacts.c.case_id.in_(case_ids), contacts.c.erased_at.is_(None))
        rows = await self._store.read(lambda connection: connection.execute(asked).mappings().all()) if case_ids else []
        found: dict[str, list[Contact]] = {}
        for row in rows:
            found.setdefault(row["case_id"], []).append(as_contact(row))
        return found

    def _seen(self, statement: Select[Any]) -> Select[Any]:
        """With the kind of the message; what the person may not see is not there."""
        joined = statement.add_columns(messages.c.kind).outerjoin_from(outbox, messages, messages.c.message_id == outbox.c.message_id)
        if not self._merchants:
            return joined
        return joined.where(exists().where(cases.c.case_id == outbox.c.case_id, cases.c.merchant.in_(self._merchants)))
