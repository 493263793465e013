"""STOP, START and HELP by text message: taken once, in force at once.

Owns the transaction that takes the word into the inbox and changes the suppression with it. Must never keep what was written. Called by
the web process.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from policies.case.vocabulary import Channel
from policies.contract import Contract
from store.correspondents import Correspondent, case_of_newest_message
from store.engine import Store
from store.inbox import InboxEvent, InboxState, put
from store.suppressions import Covers, SuppressionReason, lift, standing, suppress


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


class KeywordTaken(Contract):
    """`new`: not taken before. `changed`: the number was written to until now, or may be from now on. `case`: in whose name we speak."""

    new: bool
    changed: bool = False
    case: Correspondent | None = None


class KeywordBooks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def stopped(self, number: str) -> bool:
        """Whether STOP stands for this number. ValueError: no number."""
        return await self._store.read(lambda connection: _stopped(connection, number))

    async def take(self, provider: str, event_key: str, keyword: Keyword, number: str, at: datetime) -> KeywordTaken:
        """Take the word once. ValueError: `number` is none."""

        def work(connection: Connection) -> KeywordTaken:
            case = case_of_newest_message(connection, number)
            event = InboxEvent(provider=provider, event_key=event_key, kind=keyword.value, case_id=case.case_id if case else None)
            if not put(connection, event, at, InboxState.DONE):
                return KeywordTaken(new=False, case=case)
            changed = False
            if keyword is Keyword.STOP:
                source = f"{provider}:{event_key}"
                changed = suppress(connection, Channel.SMS, number, SuppressionReason.STOP, Covers.ALL, at, source)
            elif keyword is Keyword.START:
                changed = lift(connection, Channel.SMS, number, [SuppressionReason.STOP], at)
            return KeywordTaken(new=True, changed=changed, case=case)

        return await self._store.write(work)


def _stopped(connection: Connection, number: str) -> bool:
    return any(one.reason is SuppressionReason.STOP for one in standing(connection, Channel.SMS, number))
