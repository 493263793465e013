"""How long the books remember people: closed cases of long ago lose what is personal and keep their figures.

Owns which cases are old enough. Must never touch a case that is not closed. Called by `makegood retention`.
"""

from datetime import datetime

from sqlalchemy import Connection, Select, func, select

from policies.case.vocabulary import CaseStatus
from store.case_rows import CLOSED, microseconds
from store.engine import Store
from store.erasure import PersonalContent, counted, left_in
from store.tables import cases


class Retention:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def content(self, closed_before: datetime) -> tuple[int, PersonalContent]:
        """How many cases closed before that moment still hold personal content, and how much."""
        chosen = _closed(closed_before)

        def work(connection: Connection) -> tuple[int, PersonalContent]:
            holding = chosen.where(left_in(cases.c.case_id)).subquery()
            return connection.scalar(select(func.count()).select_from(holding)) or 0, counted(connection, chosen)

        return await self._store.read(work)

    async def next_cases(self, closed_before: datetime, limit: int = 500, after: str = "") -> list[str]:
        """Ids of such cases, in their order from the one after `after` on."""
        statement = _closed(closed_before).where(left_in(cases.c.case_id), cases.c.case_id > after).order_by(cases.c.case_id).limit(limit)
        return await self._store.read(lambda connection: list(connection.scalars(statement)))


def _closed(before: datetime) -> Select[tuple[str]]:
    # The lists' one number holds when a case was closed (case_rows.py) and is indexed; the date itself is not.
    old = cases.c.list_order > CLOSED - microseconds(before)
    return select(cases.c.case_id).where(cases.c.status == CaseStatus.CLOSED.value, cases.c.closed_at < before, old)
