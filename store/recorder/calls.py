"""Calls for a person to make: the task is in the books before anybody is told of it.

Owns nothing of its own: the rows are those of store/call_tasks.py. Called by the message activity; an alert's task is opened with its row.
"""

from datetime import datetime

from sqlalchemy import Connection

from store.call_tasks import NewCall, call_opened_at, open_call
from store.recorder.books import Books


class CallBooks(Books):
    async def open_call(self, call: NewCall, at: datetime) -> datetime:
        """Open the task; opened before, it stays as it is. Returns when it was opened."""

        def work(connection: Connection) -> datetime:
            return at if open_call(connection, call, at) else call_opened_at(connection, call.task_id) or at

        return await self._store.write(work)

    async def call_opened_at(self, task_id: str) -> datetime | None:
        """When the task was opened; None if it was not."""
        return await self._store.look_up(lambda connection: call_opened_at(connection, task_id))
