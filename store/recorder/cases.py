"""Entries: the case row, its facts and its promises in one transaction.

Owns their idempotence: facts by (case, seq), promises by (case, number), the row by its newest fact. Called by every
activity that commits before it acts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.case.facts import Fact
from policies.case.plans import BooksEntry, CaseRow
from policies.case.state import EndedPromise, PromiseState
from policies.case.vocabulary import CaseStatus
from store.case_rows import as_columns
from store.contacts import Contact, read_contact
from store.insertion import insert_into
from store.recorder.books import Books
from store.tables import case_tags, cases, facts, promises, texts

_DONE = (CaseStatus.RESOLVED.value, CaseStatus.CLOSED.value)
_COLUMNS = tuple(column.name for column in cases.columns if column.name != "case_id")


class CaseBooks(Books):
    """Entries, and what a message needs to know of the case's people."""

    async def commit_entry(self, entry: BooksEntry) -> None:
        async with self._store.begin() as connection:
            await write_entry(connection, entry)

    async def contact(self, contact_ref: str) -> Contact | None:
        async with self._store.read() as connection:
            return await read_contact(connection, contact_ref)

    async def texts(self, refs: Sequence[str]) -> list[str]:
        """The texts in the order of `refs`; a reference that nobody knows is left out."""
        if not refs:
            return []
        async with self._store.read() as connection:
            rows = await connection.execute(select(texts.c.text_ref, texts.c.body).where(texts.c.text_ref.in_(refs)))
            bodies = {row.text_ref: row.body for row in rows}
        return [bodies[ref] for ref in refs if ref in bodies]

    async def other_open_case(self, customer_key: str, case_id: str) -> bool:
        """Whether the customer has another case that is not resolved. Shadow cases are not the customer's."""
        if not customer_key:
            return False
        found = exists().where(
            cases.c.customer_key == customer_key,
            cases.c.case_id != case_id,
            cases.c.status.not_in(_DONE),
            cases.c.shadow.is_(False),
        )
        async with self._store.read() as connection:
            return bool(await connection.scalar(select(found)))


async def write_entry(connection: AsyncConnection, entry: BooksEntry) -> None:
    """Write `entry` within the caller's transaction."""
    case_id = entry.row.case_id
    # The row first: it locks the case, so that two entries of one case never wait for each other in a circle.
    await _write_row(connection, entry.row)
    if entry.facts:
        statement = insert_into(connection, facts).on_conflict_do_nothing(index_elements=["case_id", "seq"])
        await connection.execute(statement, [_fact(case_id, fact) for fact in entry.facts])
    if entry.ended_promises:
        await _write_ended(connection, case_id, entry.ended_promises)
    if entry.open_promise:
        await add_promise(connection, case_id, entry.open_promise)


async def add_promise(connection: AsyncConnection, case_id: str, promise: PromiseState) -> None:
    statement = insert_into(connection, promises).on_conflict_do_nothing(index_elements=["case_id", "number"])
    await connection.execute(statement, _promise(case_id, promise))


async def _write_row(connection: AsyncConnection, row: CaseRow) -> None:
    insert = insert_into(connection, cases)
    statement = insert.on_conflict_do_update(
        index_elements=["case_id"],
        set_={name: insert.excluded[name] for name in _COLUMNS},
        where=insert.excluded.as_of_seq >= cases.c.as_of_seq,
    )
    written = await connection.execute(statement, as_columns(row))
    if written.rowcount == 0:
        return  # older than what stands there
    await connection.execute(delete(case_tags).where(case_tags.c.case_id == row.case_id, case_tags.c.tag.not_in(row.tags)))
    if row.tags:
        tag = insert_into(connection, case_tags).on_conflict_do_nothing(index_elements=["tag", "case_id"])
        await connection.execute(tag, [{"case_id": row.case_id, "tag": name} for name in row.tags])


async def _write_ended(connection: AsyncConnection, case_id: str, ended: Sequence[EndedPromise]) -> None:
    insert = insert_into(connection, promises)
    statement = insert.on_conflict_do_update(
        index_elements=["case_id", "number"],
        set_={name: insert.excluded[name] for name in ("ended_as", "ended_at", "late_s")},
        where=promises.c.ended_as.is_(None),
    )
    await connection.execute(statement, [_promise(case_id, promise) for promise in ended])


def _fact(case_id: str, fact: Fact) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "seq": fact.seq,
        "cycle": fact.cycle,
        "type": fact.type.value,
        "occurred_at": fact.occurred_at,
        "learned_at": fact.learned_at,
        "actor": fact.by.model_dump(mode="json") if fact.by else None,
        "detail": fact.detail,
    }


def _promise(case_id: str, promise: PromiseState) -> dict[str, Any]:
    ended = promise if isinstance(promise, EndedPromise) else None
    return {
        "case_id": case_id,
        "number": promise.number,
        "cycle": promise.cycle,
        "made_at": promise.made_at,
        "due_at": promise.due_at,
        "made_by": promise.made_by,
        "ended_as": ended.end.value if ended else None,
        "ended_at": ended.ended_at if ended else None,
        "late_s": ended.late_s if ended else 0,
    }
