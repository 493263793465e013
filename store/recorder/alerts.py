"""Alerts: people told about a case, once each.

Owns the alert's row. Must never resolve a role to people. Called by the alert activity.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from policies.case.plans import AlertPlan, BooksEntry
from store.insertion import insert_or_ignore, wrote
from store.recorder.books import Books
from store.recorder.cases import write_entry
from store.tables import alerts

_SENDING = "sending"
_SENT = "sent"
_THIS = alerts.c.alert_id == bindparam("this")
_STATE = select(alerts.c.state).where(_THIS)
_FINISH = update(alerts).where(_THIS, alerts.c.state != _SENT)


class AlertBooks(Books):
    async def open_alert(self, entry: BooksEntry | None, plan: AlertPlan, at: datetime) -> bool:
        """Commit the entry and the alert's row; False if this alert was sent already."""

        def work(connection: Connection) -> bool:
            if entry:
                write_entry(connection, entry)
            if wrote(connection, insert_or_ignore(connection, alerts), _columns(plan, at)):
                return True
            return bool(connection.scalar(_STATE, {"this": plan.alert_id}) != _SENT)

        return await self._store.write(work)

    async def finish_alert(self, alert_id: str, people: Sequence[str], at: datetime, title: str, body: str) -> None:
        """Write who was told what. The first time stands."""
        values = {
            "this": alert_id,
            "state": _SENT,
            "people": list(people),
            "sent_at": at,
            "title": title,
            "body": body,
        }
        await self._store.write(lambda connection: connection.execute(_FINISH, values).close())


def _columns(plan: AlertPlan, at: datetime) -> dict[str, Any]:
    return {
        "alert_id": plan.alert_id,
        "case_id": plan.case_id,
        "kind": plan.kind.value,
        "merchant": plan.merchant,
        "role": plan.alert.to,
        "level": plan.alert.level,
        "reason": plan.alert.reason,
        "clock": plan.alert.clock,
        "due_at": plan.alert.due_at,
        "since": plan.alert.since,
        "shadow": plan.shadow,
        "state": _SENDING,
        "opened_at": at,
        "people": [],
    }
