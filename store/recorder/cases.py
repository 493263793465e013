"""Entries: the case row, its facts and its promises in one transaction.

Owns their idempotence: facts by (case, seq), promises by (case, number), the row by its newest fact. Called by every
activity that commits before it acts.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select, update

from policies.case.facts import Fact
from policies.case.plans import BooksEntry, CaseRow
from policies.case.state import EndedPromise, PromiseState
from policies.case.vocabulary import CaseStatus, PromiseEnd
from store.case_rows import as_columns
from store.insertion import Insertion, insert_for, insert_or_ignore, wrote
from store.recorder.books import Books
from store.tables import case_tags, cases, facts, promises, texts

_DONE = (CaseStatus.RESOLVED.value, CaseStatus.CLOSED.value)
_OTHER_OPEN = select(
    exists().where(
        cases.c.customer_key == bindparam("customer"),
        cases.c.case_id != bindparam("this"),
        cases.c.status.not_in(_DONE),
        cases.c.shadow.is_(False),
    )
)
_THIS_PROMISE = (promises.c.case_id == bindparam("this_case"), promises.c.number == bindparam("this_number"))
_KEPT = update(promises).where(*_THIS_PROMISE, promises.c.ended_as.is_(None)).returning(promises.c.due_at)
_LATE = update(promises).where(*_THIS_PROMISE)
_ENDS = select(promises.c.ended_as, func.count()).where(promises.c.case_id == bindparam("this_case")).group_by(promises.c.ended_as)
_OPEN_UNTIL = select(func.min(promises.c.due_at)).where(promises.c.case_id == cases.c.case_id, promises.c.ended_as.is_(None))
_TALLY = update(cases).where(cases.c.case_id == bindparam("this_case")).values(next_word_at=_OPEN_UNTIL.scalar_subquery())
_TEXTS = select(texts.c.text_ref, texts.c.body).where(texts.c.text_ref.in_(bindparam("refs", expanding=True)))


class CaseBooks(Books):
    """Entries, and what a message needs to know of the case's people."""

    async def commit_entry(self, entry: BooksEntry) -> None:
        await self._store.write(lambda connection: write_entry(connection, entry))


def read_texts(connection: Connection, refs: Sequence[str]) -> list[str]:
    """The texts in the order of `refs`; a reference that nobody knows is left out."""
    if not refs:
        return []
    bodies = {row.text_ref: row.body for row in connection.execute(_TEXTS, {"refs": list(refs)})}
    return [bodies[ref] for ref in refs if ref in bodies]


def has_other_open_case(connection: Connection, customer_key: str, case_id: str) -> bool:
    """Whether the customer has another case that is not resolved. Shadow cases are not the customer's."""
    return bool(customer_key) and bool(connection.scalar(_OTHER_OPEN, {"customer": customer_key, "this": case_id}))


def write_entry(connection: Connection, entry: BooksEntry) -> None:
    """Write `entry` within the caller's transaction."""
    case_id = entry.row.case_id
    # The row first: it locks the case, so that two entries of one case never wait for each other in a circle.
    _write_row(connection, entry.row)
    if entry.facts:
        connection.execute(insert_or_ignore(connection, facts), [_fact(case_id, fact) for fact in entry.facts])
    if entry.ended_promises:
        ended = [_promise(case_id, promise) for promise in entry.ended_promises]
        connection.execute(_ended_upsert(connection.dialect.name), ended)
    if entry.open_promise:
        add_promise(connection, case_id, entry.open_promise)


def add_promise(connection: Connection, case_id: str, promise: PromiseState) -> None:
    connection.execute(insert_or_ignore(connection, promises), _promise(case_id, promise))


def end_kept(connection: Connection, case_id: str, number: int, at: datetime, kept_until: datetime) -> None:
    """A message was accepted that keeps an open promise. What the case says of that promise later is written over it."""
    this = {"this_case": case_id, "this_number": number}
    end = PromiseEnd.KEPT if at <= kept_until else PromiseEnd.LATE
    ended = connection.execute(_KEPT, {**this, "ended_as": end.value, "ended_at": at}).first()
    if ended is not None and end is PromiseEnd.LATE:
        late_s = max(0, round((at - ended.due_at).total_seconds()))
        connection.execute(_LATE, {**this, "late_s": late_s}).close()


def count_promises(connection: Connection, case_id: str) -> None:
    """The case's own tally, from its promises, and when the next word is due: the date of the one that is open."""
    ends = {row[0]: row[1] for row in connection.execute(_ENDS, {"this_case": case_id})}
    tally = {end.value: ends.get(end.value, 0) for end in PromiseEnd}
    counted = {"made": sum(ends.values()), "open": ends.get(None, 0), **tally}
    connection.execute(_TALLY, {"this_case": case_id, "promises": counted}).close()


def _write_row(connection: Connection, row: CaseRow) -> None:
    written = wrote(connection, _row_upsert(connection.dialect.name), as_columns(row))
    # Tags are given at the start and nothing takes one away, so none is ever deleted here.
    if written and row.tags:
        tags = [{"case_id": row.case_id, "tag": tag} for tag in row.tags]
        connection.execute(insert_or_ignore(connection, case_tags), tags)


@cache
def _row_upsert(dialect: str) -> Insertion:
    """Insert, or replace a row that is not newer."""
    insert = insert_for(dialect, cases)
    return insert.on_conflict_do_update(
        index_elements=["case_id"],
        set_={column.name: insert.excluded[column.name] for column in cases.columns if not column.primary_key},
        where=insert.excluded.as_of_seq >= cases.c.as_of_seq,
    )


@cache
def _ended_upsert(dialect: str) -> Insertion:
    """Insert as ended, or end what is open. The case's word counts before that of a message (`end_kept`), and does not change."""
    insert = insert_for(dialect, promises)
    return insert.on_conflict_do_update(
        index_elements=["case_id", "number"],
        set_={name: insert.excluded[name] for name in ("ended_as", "ended_at", "late_s")},
    )


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
