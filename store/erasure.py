"""Forgetting a person: what the books hold of somebody's name, addresses and words, taken out case by case.

Owns which columns are personal and that figures, promises and the timeline stay. Must never touch a suppression (the person would be
written to again) nor a row's keys. Called by `makegood erase` and, through retention.py, by `makegood retention`.
"""

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, Text, cast, delete, exists, func, literal, or_, select, update

from policies.case.facts import Actor
from policies.contract import Contract
from store.case_rows import microseconds
from store.column_types import UtcInstant
from store.engine import Store
from store.inbox import InboxState
from store.outbox import ALERT
from store.tables import call_tasks, case_references, cases, contacts, messages, outbox, texts, webhook_inbox

RECORD = "erasure"  # the kind of text that says who erased what, when and why; it holds nothing personal and stays
ERASED = "erased"  # the end of a call that was still to be made
_ATTACHMENT = "attachment:"  # before the hash of a file, in the words of a reply (starter/web/webhooks/attachments.py)
_DIGEST = re.compile(rf"{_ATTACHMENT}([0-9a-f]{{64}})")
CaseIds = Select[tuple[str]] | Collection[str]


class PersonalContent(Contract):
    """How much there is, in rows."""

    contacts: int = 0
    texts: int = 0  # replies, notes, comments, what customers wrote
    messages: int = 0  # with their words
    posts: int = 0  # of the embedded channels, with address and words
    calls: int = 0  # what people were to say on the phone
    events: int = 0  # webhooks that were given up and kept for a person to look at
    attachments: int = 0  # files that customers sent, named in their words; they lie beside the books

    def __bool__(self) -> bool:
        return any(self.model_dump().values())


class Orphan(Contract):
    """A contact that no case uses, as far as the books know; the engine may know more."""

    contact_ref: str
    case_id: str
    saved_at: datetime


def _personal(table: Table) -> ColumnElement[bool]:
    """The rows of this table that still hold something."""
    columns = table.c
    if table is contacts:
        return columns.erased_at.is_(None)
    if table is texts:
        return (columns.kind != RECORD) & (columns.body != "")
    if table is messages:
        return or_(columns.subject.is_not(None), columns.text.is_not(None), columns.html.is_not(None))
    if table is outbox:
        return (columns.channel != ALERT) & (columns.address != "")  # alerts go to our own people
    if table is call_tasks:
        return columns.script.is_not(None)
    # What waits for its case is still needed, and is emptied once it is told.
    return columns.state == InboxState.FAILED.value


_TABLES = {"contacts": contacts, "texts": texts, "messages": messages, "posts": outbox, "calls": call_tasks, "events": webhook_inbox}
_NOTHING: dict[str, dict[str, object]] = {
    "contacts": {"name": None, "email": None, "email_normal": None, "phone": None, "roles": []},
    "texts": {"body": ""},
    "messages": {"subject": None, "text": None, "html": None},
    "posts": {"address": "", "subject": None, "text": "", "html": None, "headers": {}},
    "calls": {"script": None},
    "events": {"payload": {}, "state": InboxState.IGNORED.value, "problem": "erased"},
}


def left_in(case_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the case of that id (a column of an outer query) still has personal content."""
    return or_(*(exists().where(table.c.case_id == case_id, _personal(table)) for table in _TABLES.values()))


def counted(connection: Connection, case_ids: CaseIds) -> PersonalContent:
    """What these cases hold."""
    found = {
        name: connection.scalar(select(func.count()).select_from(table).where(table.c.case_id.in_(case_ids), _personal(table)))
        for name, table in _TABLES.items()
    }
    return PersonalContent.model_validate(found | {"attachments": len(named_files(connection, case_ids))})


def named_files(connection: Connection, case_ids: CaseIds) -> set[str]:
    """The hashes of the attachments that the words of these cases name."""
    words = connection.scalars(select(texts.c.body).where(texts.c.case_id.in_(case_ids), texts.c.body.contains(_ATTACHMENT)))
    given_up = select(webhook_inbox.c.payload).where(webhook_inbox.c.case_id.in_(case_ids), _personal(webhook_inbox))
    payloads = [json.dumps(payload) for payload in connection.scalars(given_up)]
    return {digest for text in [*words, *payloads] for digest in _DIGEST.findall(text)}


def own_files(connection: Connection, case_id: str) -> list[str]:
    """Of these those that no other case names: the same content is kept once."""
    return sorted(digest for digest in named_files(connection, [case_id]) if not _named_elsewhere(connection, case_id, digest))


def _named_elsewhere(connection: Connection, case_id: str, digest: str) -> bool:
    address = f"{_ATTACHMENT}{digest}"
    held = webhook_inbox.c.state.in_([InboxState.NEW.value, InboxState.WAITING.value, InboxState.FAILED.value])
    theirs = or_(webhook_inbox.c.case_id.is_(None), webhook_inbox.c.case_id != case_id)  # not told yet: nobody knows whose it is
    in_words = exists().where(texts.c.case_id != case_id, texts.c.body.contains(address))
    in_inbox = exists().where(held, theirs, cast(webhook_inbox.c.payload, Text).contains(address))
    return bool(connection.scalar(select(or_(in_words, in_inbox))))


def erased(connection: Connection, case_id: str, by: Actor, at: datetime, files: int = 0) -> PersonalContent:
    """Take it out, and keep on record that it was done. `files`: how many attachments were deleted with it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON").close()  # else the words stay readable in free pages of the file
    done = {}
    for name, table in _TABLES.items():
        values = dict(_NOTHING[name])
        if table is contacts:
            values |= {"updated_at": at, "erased_at": at}
        if table is call_tasks:  # nobody is left to call
            standing, moment = table.c, literal(at, UtcInstant())
            values |= {
                "ended_at": func.coalesce(standing.ended_at, moment),
                "ended_by": func.coalesce(standing.ended_by, by.who),
                "result": func.coalesce(standing.result, ERASED),
            }
        done[name] = connection.execute(update(table).where(table.c.case_id == case_id, _personal(table)).values(**values)).rowcount
    done["attachments"] = files
    content = PersonalContent.model_validate(done)
    if content:
        rows = ", ".join(f"{number} {name}" for name, number in done.items() if number)
        values = {
            "text_ref": f"e-{case_id}-{microseconds(at)}",
            "case_id": case_id,
            "kind": RECORD,
            "body": f"personal content erased: {rows}",
            "actor": by.model_dump(mode="json"),
            "written_at": at,
        }
        connection.execute(texts.insert().values(**values))
    return content


class Erasure:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def content(self, case_ids: Collection[str]) -> PersonalContent:
        """What would be erased."""
        return await self._store.read(lambda connection: counted(connection, list(case_ids)))

    async def files(self, case_id: str) -> list[str]:
        """Hashes of the attachments that only this case names. They are deleted before `erase`, which forgets their names."""
        return await self._store.read(lambda connection: own_files(connection, case_id))

    async def erase(self, case_id: str, by: Actor, at: datetime, files: int = 0) -> PersonalContent:
        """Erase one case's personal content in one transaction; what was erased. A second time there is nothing left to erase.

        `files`: how many attachments were deleted with it.
        The contact rows stay, empty, so that a repeated request does not bring the data back.
        """
        return await self._store.write_many(lambda connection: erased(connection, case_id, by, at, files))

    async def orphans(self, older_than: datetime, limit: int = 10_000) -> list[Orphan]:
        """Contacts saved before `older_than` that no case uses: its case never began, or refused them, and nothing was sent with them."""
        statement = select(contacts.c.contact_ref, contacts.c.case_id, contacts.c.saved_at).where(_orphaned(older_than))
        ordered = statement.order_by(contacts.c.saved_at, contacts.c.contact_ref).limit(limit)

        def work(connection: Connection) -> list[Orphan]:
            return [Orphan.model_validate(dict(row)) for row in connection.execute(ordered).mappings()]

        return await self._store.read(work)

    async def delete_orphans(self, refs: Sequence[str], older_than: datetime) -> int:
        """Delete those of them that still are orphans, and what was to be watched for cases that never began; returns how many contacts."""
        still = contacts.c.contact_ref.in_(refs) & _orphaned(older_than)
        began = exists().where(cases.c.case_id == case_references.c.case_id)
        theirs = case_references.c.case_id.in_(select(contacts.c.case_id).where(still))
        never_watched = delete(case_references).where(theirs, case_references.c.saved_at < older_than, ~began)

        def work(connection: Connection) -> int:
            connection.execute(never_watched).close()  # first: the contacts say which
            return int(connection.execute(delete(contacts).where(still)).rowcount)

        return await self._store.write_many(work)


def _orphaned(older_than: datetime) -> ColumnElement[bool]:
    in_use = exists().where(cases.c.case_id == contacts.c.case_id, cases.c.contact_ref == contacts.c.contact_ref)
    # A message carries a link that is made for the contact it went to: such a one must go on working.
    written_to = exists().where(messages.c.case_id == contacts.c.case_id, messages.c.contact_ref == contacts.c.contact_ref)
    return (contacts.c.saved_at < older_than) & contacts.c.erased_at.is_(None) & ~in_use & ~written_to
