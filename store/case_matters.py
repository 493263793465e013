"""What cases of a list are about, beside their rows: the sum and the article, as their first facts tell.

Owns this one statement for a whole page. Must never be asked case by case. A case from before its first fact told has neither. Called by
the console's lists.
"""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select

from policies.contract import Contract
from store.engine import Store
from store.tables import facts

_OPENED = 1  # the fact that a case begins with
_FIRST = select(facts.c.case_id, facts.c.detail).where(facts.c.case_id.in_(bindparam("ids", expanding=True)), facts.c.seq == _OPENED)


class Matter(Contract):
    amounts: str | None = None  # "49.90 EUR"
    item: str | None = None


async def matters_of(store: Store, case_ids: Collection[str]) -> dict[str, Matter]:
    """By case id. Raises StoreUnavailable."""
    wanted = sorted(set(case_ids))

    def work(connection: Connection) -> dict[str, Matter]:
        rows = connection.execute(_FIRST, {"ids": wanted})
        return {row.case_id: Matter(amounts=row.detail.get("amounts"), item=row.detail.get("item")) for row in rows}

    return await store.read(work) if wanted else {}
