"""Desk books: what starter may write. Contact data and texts, which never enter a workflow, and whose matter a reference is.

Owns contacts and texts; the form of references is that of references.py. Must never write a case's own rows (that is the
recorder's) nor forget a person (erasure.py). Called by the desk, before it starts or signals a workflow.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from policies.case.facts import Actor
from store.contacts import Contact
from store.correspondents import new_link_id
from store.engine import Store
from store.insertion import insert_or_ignore, wrote
from store.normal import normal_email
from store.references import CaseReference, save_references
from store.tables import cases, contacts, texts


class DeskBooks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def save_contact(
        self,
        contact_ref: str,
        case_id: str,
        merchant: str,
        contact: Contact,
        at: datetime,
        references: Iterable[CaseReference] = (),
    ) -> bool:
        """Keep the contact data of a case; False if the reference is known (what stands there stays, also once it was erased).

        It is never changed: new data stand under a reference of their own, which the case takes (desk/preferences.py).
        `references`: the refunds, dispute or parcels that the case is about. They are kept with it, before the workflow starts, so
        that a webhook finds its case at once.
        """
        values = contact.model_dump() | {
            "contact_ref": contact_ref,
            "case_id": case_id,
            "merchant": merchant,
            "saved_at": at,
            "updated_at": at,
            "link_id": new_link_id(),
            "email_normal": normal_email(contact.email),
        }
        known = list(references)

        def work(connection: Connection) -> bool:
            save_references(connection, case_id, known, at)
            return wrote(connection, insert_or_ignore(connection, contacts), values)

        return await self._store.write(work)

    async def save_references(self, case_id: str, references: Iterable[CaseReference], at: datetime) -> None:
        """Further references of a known case: a payment that takes another's place (report_fact payment_replaced)."""
        known = list(references)
        await self._store.write(lambda connection: save_references(connection, case_id, known, at))

    async def save_text(self, text_ref: str, case_id: str, kind: str, body: str, by: Actor, at: datetime) -> bool:
        """Keep a reply, note or comment; False if the reference is known (what stands there stays)."""
        values = {
            "text_ref": text_ref,
            "case_id": case_id,
            "kind": kind,
            "body": body,
            "actor": by.model_dump(mode="json"),
            "written_at": at,
        }
        return await self._add(texts, values)

    async def intake_digests(self, case_id: str) -> dict[str, str] | None:
        """Digests of the request that opened a known case, so that the same key is the same case a year later."""
        known = select(cases.c.digests).where(cases.c.case_id == case_id)
        digests = await self._store.read(lambda connection: connection.scalar(known))
        return dict(digests) if digests is not None else None

    async def _add(self, table: Table, values: dict[str, Any]) -> bool:
        return await self._store.write(lambda c: wrote(c, insert_or_ignore(c, table), values))
