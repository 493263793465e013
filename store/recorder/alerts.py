"""Alerts: people told about a case, once each.

Owns the alert's row. Must never resolve a role to people. Called by the alert activity.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from policies.case.plans import AlertPlan, BooksEntry
from store.alert_rows import SENT, alert_columns
from store.call_tasks import NewCall, open_call
from store.insertion import insert_or_ignore, wrote
from store.recorder.books import Books
from store.recorder.cases import write_entry
from store.tables import alerts

_THIS = alerts.c.alert_id == bindparam("this")
_STATE = select(alerts.c.state).where(_THIS)
FINISH = update(alerts).where(_THIS, alerts.c.state != SENT)
# An alert that was opened before its policy's digest was known of.
_GATHER = update(alerts).where(_THIS, alerts.c.state != SENT, alerts.c.gathered_by.is_(None))


class AlertBooks(Books):
    async def open_alert(
        self, entry: BooksEntry | None, plan: AlertPlan, at: datetime, gathered_by: str | None = None, call: NewCall | None = None
    ) -> bool:
        """Commit the entry, the alert's row and the call that it asks for; False if this alert was sent already. `gathered_by`: the digest
        that will tell it.
        """

        def work(connection: Connection) -> bool:
            if entry:
                write_entry(connection, entry)
            if call is not None:
                open_call(connection, call, at)
            if wrote(connection, insert_or_ignore(connection, alerts), alert_columns(plan, at, gathered_by)):
                return True
            if gathered_by is not None:
                connection.execute(_GATHER, {"this": plan.alert_id, "gathered_by": gathered_by}).close()
            return bool(connection.scalar(_STATE, {"this": plan.alert_id}) != SENT)

        return await self._store.write(work)

    async def finish_alert(self, alert_id: str, people: Sequence[str], at: datetime, title: str, body: str) -> None:
        """Write who was told what. The first time stands."""
        values = finishing(alert_id, people, at, title, body)
        await self._store.write(lambda connection: connection.execute(FINISH, values).close())


def finishing(alert_id: str, people: Sequence[str], at: datetime, title: str, body: str) -> dict[str, Any]:
    """The values of FINISH."""
    return {"this": alert_id, "state": SENT, "people": list(people), "sent_at": at, "title": title, "body": body}
