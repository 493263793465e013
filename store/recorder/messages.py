"""The message ledger: a message is in the books before its provider hears of it.

Owns the message's row from `sending` to its outcome, the promise that an accepted message makes and the one that it keeps. Must never
decide whether to send. Called by the message activity.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from policies.case.plans import BooksEntry, MessagePlan, MessageResult
from policies.case.state import PromiseState
from policies.case.vocabulary import MessageOutcome
from store.errors import StoreRefused
from store.insertion import insert_or_ignore, wrote
from store.ledger import as_result, deliveries_of
from store.recorder.books import Books
from store.recorder.cases import add_promise, count_promises, end_kept, write_entry
from store.standing import MessageStanding, MessageState
from store.tables import messages

_UNFINISHED = (MessageState.SENDING.value, MessageState.PARKED.value)

_THIS = messages.c.message_id == bindparam("this")
# FOR UPDATE: PostgreSQL locks the row; SQLite, which has one writer, leaves the words out.
_LOCKED = select(messages).where(_THIS).with_for_update()
_END = (
    update(messages)
    .where(_THIS, messages.c.state.in_(_UNFINISHED))
    .returning(messages.c.case_id, messages.c.cycle, messages.c.keeps, messages.c.kept_until, messages.c.makes, messages.c.next_word_at)
)
_REOPEN = update(messages).where(_THIS, messages.c.state == MessageState.PARKED.value)
_RENDER = update(messages).where(_THIS, messages.c.state != MessageState.ACCEPTED.value)


class MessageBooks(Books):
    async def open_message(self, entry: BooksEntry, plan: MessagePlan, at: datetime) -> MessageStanding:
        """Commit the entry and the ledger row together; tell what is known of the message if it was opened before."""
        standing, _ = await self._store.write(lambda connection: opened(connection, entry, plan, at))
        return standing

    async def reopen_message(self, message_id: str) -> None:
        """A parked message is tried again under the same id. Any other stays as it is."""
        values = {
            "this": message_id,
            "state": MessageState.SENDING.value,
            "channel": None,
            "reason": None,
            "retry_at": None,
            "ended_at": None,
        }
        await self._store.write(lambda connection: connection.execute(_REOPEN, values).close())

    async def finish_message(self, message_id: str, result: MessageResult, at: datetime) -> MessageResult:
        """Write the outcome and, if accepted, the promise it keeps and the one it makes. Returns what stands: the first outcome."""

        return await self._store.write(lambda connection: finished(connection, message_id, result, at))


def opened(
    connection: Connection, entry: BooksEntry, plan: MessagePlan, at: datetime, words: dict[str, Any] | None = None
) -> tuple[MessageStanding, bool]:
    """`open_message` within the caller's transaction, with the words of a message that is new; and whether it is."""
    write_entry(connection, entry)
    values = _columns(entry.row.case_id, plan, at) | (words or {})
    if wrote(connection, insert_or_ignore(connection, messages), values):
        return MessageStanding(message_id=plan.message_id, state=MessageState.SENDING), True
    row = _locked(connection, plan.message_id)
    if row is None:
        key = f"({entry.row.case_id}, {plan.cycle}, {plan.kind}, {plan.seq})"
        raise StoreRefused(f"another message already stands for {key}")
    tries = deliveries_of(connection, [plan.message_id])[plan.message_id]
    return MessageStanding(message_id=plan.message_id, state=row["state"], result=as_result(row), deliveries=tries), False


def keep_words(connection: Connection, message_id: str, words: dict[str, Any]) -> None:
    """Keep what is about to be sent. What an accepted message said is never rewritten."""
    connection.execute(_RENDER, {"this": message_id, **words}).close()


def finished(connection: Connection, message_id: str, result: MessageResult, at: datetime) -> MessageResult:
    """`finish_message` within the caller's transaction."""
    row = connection.execute(_END, _outcome(message_id, result, at)).mappings().first()
    if row is None:
        known = _locked(connection, message_id)
        if known is None:
            raise StoreRefused(f"there is no message {message_id}")
        return as_result(known) or result
    if result.outcome is MessageOutcome.ACCEPTED:
        _promises(connection, message_id, row, result.at)
    return result


def _promises(connection: Connection, message_id: str, row: RowMapping, at: datetime) -> None:
    """The case itself says so with its next entry, which may be a day away: the figures would be behind until then."""
    keeps = row["keeps"] is not None and row["kept_until"] is not None
    makes = row["makes"] is not None and row["next_word_at"] is not None
    if keeps:
        end_kept(connection, row["case_id"], row["keeps"], at, row["kept_until"])
    if makes:
        promise = PromiseState(
            number=row["makes"],
            made_at=at,
            due_at=row["next_word_at"],
            made_by=message_id,
            cycle=row["cycle"],
        )
        add_promise(connection, row["case_id"], promise)
    if keeps or makes:
        count_promises(connection, row["case_id"])


def _locked(connection: Connection, message_id: str) -> RowMapping | None:
    return connection.execute(_LOCKED, {"this": message_id}).mappings().first()


def _outcome(message_id: str, result: MessageResult, at: datetime) -> dict[str, Any]:
    return {
        "this": message_id,
        "state": MessageState(result.outcome.value).value,
        "ended_at": result.at,
        "recorded_at": at,
        "channel": result.channel.value if result.channel else None,
        "reason": result.reason,
        "retry_at": result.retry_at,
    }


def _columns(case_id: str, plan: MessagePlan, at: datetime) -> dict[str, Any]:
    return {
        "message_id": plan.message_id,
        "case_id": case_id,
        "cycle": plan.cycle,
        "kind": plan.kind.value,
        "seq": plan.seq,
        "also": [kind.value for kind in plan.also],
        "message_class": plan.message_class.value,
        "contact_ref": plan.contact_ref,
        "must_arrive": plan.must_arrive,
        "shadow": plan.shadow,
        "keeps": plan.keeps,
        "kept_until": plan.kept_until,
        "makes": plan.makes,
        "next_word_at": plan.next_word_at,
        "state": MessageState.SENDING.value,
        "opened_at": at,
        "locale": plan.context.locale,
        "brand": plan.context.brand,
    }
