"""One customer's cases together, with how we kept our word to this customer.

Owns these figures: counted from the rows, in three statements. Must never hold who the customer is: the key says nothing of the person.
Called by the console.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, case, func, literal_column, select, tuple_

from policies.case.vocabulary import CaseStatus, PromiseEnd
from policies.contract import Contract, Instant
from store.case_rows import EPOCH, as_view, microseconds
from store.engine import Store
from store.queries import bound_to
from store.tables import cases, promises
from store.views import CaseView


class CustomerCases(Contract):
    """`cases`: one page, the newest first. Everything else is about all of them."""

    cases: list[CaseView]
    after: str | None = None
    total: int = 0
    open: int = 0  # not resolved
    resolved: int = 0  # told; feedback and tail still run
    first_opened_at: Instant | None = None
    lowest_csat: int | None = None
    promises: dict[str, int] = Field(default_factory=dict)  # how they ended -> number; "open": not ended

    def ended(self, end: PromiseEnd) -> int:
        return self.promises.get(end.value, 0)


_c = cases.c
_DONE = (CaseStatus.RESOLVED.value, CaseStatus.CLOSED.value)


class CustomerBooks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, customer_key: str, merchants: Sequence[str], *, limit: int, after: str | None = None) -> CustomerCases | None:
        """None: no case of such a customer exists for somebody who sees these merchants (empty: all of them). Shadow cases, of which the
        customer knows nothing, are none of hers. ValueError: `after` is no place in the list. Raises StoreUnavailable.
        """
        place = _read(after) if after is not None else None
        hers: list[ColumnElement[bool]] = [_c.customer_key == customer_key, literal_column("NOT cases.shadow"), *bound_to(merchants)]

        def work(connection: Connection) -> CustomerCases | None:
            figures = connection.execute(
                select(
                    func.count().label("total"),
                    func.count(case((_c.status.not_in(_DONE), 1))).label("open"),
                    func.count(case((_c.status == CaseStatus.RESOLVED.value, 1))).label("resolved"),
                    func.min(_c.opened_at).label("first_opened_at"),
                    func.min(_c.csat).label("lowest_csat"),
                ).where(*hers)
            )
            row = figures.mappings().one()
            if not row["total"]:
                return None
            own = select(_c.case_id).where(*hers)
            ends = connection.execute(
                select(promises.c.ended_as, func.count()).where(promises.c.case_id.in_(own)).group_by(promises.c.ended_as)
            )
            before = [tuple_(_c.opened_at, _c.case_id) < tuple_(*place)] if place is not None else []
            newest = select(cases).where(*hers, *before).order_by(_c.opened_at.desc(), _c.case_id.desc()).limit(limit + 1)
            found = [as_view(each) for each in connection.execute(newest).mappings()]
            page = found[:limit]
            return CustomerCases(
                **row,
                promises={end or "open": number for end, number in ends},
                cases=page,
                after=f"{microseconds(page[-1].opened_at)}.{page[-1].case_id}" if len(found) > limit else None,
            )

        return await self._store.read(work)


def _read(after: str) -> tuple[datetime, str]:
    number, dot, case_id = after.partition(".")
    if not dot or not case_id or not (number.isascii() and number.isdecimal()) or len(number) > 17:
        raise ValueError("no place in a list; right would be the `after` of the page before")
    return EPOCH + timedelta(microseconds=int(number)), case_id
