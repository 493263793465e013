"""What cases of a list are about, beside their rows: the sum and the article, as their first facts tell, and whether news can come.

Owns these two statements for a whole page. Must never be asked case by case. A case from before its first fact told has neither sum nor
article. Called by the console's lists.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from policies.contract import Contract, Instant
from store.column_types import UtcInstant
from store.engine import Store
from store.tables import alerts, facts, watches

_OPENED = 1  # the fact that a case begins with
_FIRST = select(facts.c.case_id, facts.c.detail).where(facts.c.case_id.in_(bindparam("ids", expanding=True)), facts.c.seq == _OPENED)
# A person was told that the provider cannot be asked or does not answer, and it has not answered since.
_SILENT_SINCE = (
    select(alerts.c.case_id, func.max(alerts.c.opened_at, type_=UtcInstant()).label("since"))
    .where(alerts.c.case_id.in_(bindparam("ids", expanding=True)), alerts.c.reason.in_(("watch_failed", "provider_unreachable")))
    .where(
        ~select(watches.c.case_id).where(watches.c.case_id == alerts.c.case_id, watches.c.last_answered_at > alerts.c.opened_at).exists()
    )
    .group_by(alerts.c.case_id)
)


class Matter(Contract):
    amounts: str | None = None  # "49.90 EUR"
    item: str | None = None
    silent_since: Instant | None = None  # no news comes from its provider or carrier, and a person was told


async def matters_of(store: Store, case_ids: Collection[str]) -> dict[str, Matter]:
    """By case id. Raises StoreUnavailable."""
    wanted = sorted(set(case_ids))

    def work(connection: Connection) -> dict[str, Matter]:
        rows = connection.execute(_FIRST, {"ids": wanted})
        told = {row.case_id: row.detail for row in rows}
        silent: dict[str, datetime] = {row.case_id: row.since for row in connection.execute(_SILENT_SINCE, {"ids": wanted})}
        found = {}
        for case_id in {*told, *silent}:
            detail = told.get(case_id, {})
            found[case_id] = Matter(amounts=detail.get("amounts"), item=detail.get("item"), silent_since=silent.get(case_id))
        return found

    return await store.read(work) if wanted else {}
