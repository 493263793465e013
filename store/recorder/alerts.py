"""Alerts: people told about a case, once each.

Owns the alert's row. Must never resolve a role to people. Called by the alert activity.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from policies.case.plans import AlertPlan, BooksEntry
from store.insertion import insert_into
from store.recorder.books import Books
from store.recorder.cases import write_entry
from store.tables import alerts

_SENDING = "sending"
_SENT = "sent"


class AlertBooks(Books):
    async def open_alert(self, entry: BooksEntry | None, plan: AlertPlan, at: datetime) -> bool:
        """Commit the entry and the alert's row; False if this alert was sent already."""
        async with self._store.begin() as connection:
            if entry:
                await write_entry(connection, entry)
            values: dict[str, Any] = {
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
            insert = insert_into(connection, alerts).on_conflict_do_nothing(index_elements=["alert_id"])
            await connection.execute(insert, values)
            state = await connection.scalar(select(alerts.c.state).where(alerts.c.alert_id == plan.alert_id))
            return bool(state != _SENT)

    async def finish_alert(self, alert_id: str, people: Sequence[str], at: datetime, title: str, body: str) -> None:
        """Write who was told what. The first time stands."""
        async with self._store.begin() as connection:
            await connection.execute(
                update(alerts)
                .where(alerts.c.alert_id == alert_id, alerts.c.state != _SENT)
                .values(state=_SENT, people=list(people), sent_at=at, title=title, body=body)
            )
