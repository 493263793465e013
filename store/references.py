"""Which cases a provider's reference belongs to, known from the moment a case is asked for.

Owns the rows of `case_references`. Must never say what a reference's status is. Written by the desk, with the contact and before the
workflow starts, so that a webhook finds its case at once; read by the web process.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from policies.case.vocabulary import CaseKind
from policies.contract import Contract
from policies.providers.statuses import TargetType
from store.engine import Store
from store.insertion import insert_or_ignore
from store.tables import case_references

KIND_OF = {TargetType.REFUND: CaseKind.REFUND, TargetType.DISPUTE: CaseKind.DISPUTE, TargetType.DELIVERY: CaseKind.DELAY}
"""A case watches references of one type only, which therefore tells its kind (and with it the workflow's id)."""

_CASES = (
    select(case_references.c.case_id, case_references.c.type)
    .where(case_references.c.provider == bindparam("by"), case_references.c.reference == bindparam("ref"))
    .order_by(case_references.c.saved_at, case_references.c.case_id)
)


class CaseReference(Contract):
    """A refund, a dispute or a parcel at its provider."""

    type: TargetType
    provider: str
    reference: str


class ReferredCase(Contract):
    case_id: str
    kind: CaseKind


def save_references(connection: Connection, case_id: str, references: Iterable[CaseReference], at: datetime) -> None:
    """Remember that these references are this case's matter. What is known stays as it is."""
    rows = [
        {
            "case_id": case_id,
            "provider": reference.provider,
            "reference": reference.reference,
            "type": reference.type.value,
            "saved_at": at,
        }
        for reference in references
    ]
    if rows:
        connection.execute(insert_or_ignore(connection, case_references), rows)


def cases_of(connection: Connection, provider: str, reference: str) -> list[ReferredCase]:
    """The cases that this reference belongs to, the oldest first; usually one, empty if nobody asked about it yet."""
    rows = connection.execute(_CASES, {"by": provider, "ref": reference}).all()
    return [ReferredCase(case_id=row.case_id, kind=KIND_OF[TargetType(row.type)]) for row in rows]


class References:
    """The same for the web process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def cases_of(self, provider: str, reference: str) -> list[ReferredCase]:
        return await self._store.read(lambda connection: cases_of(connection, provider, reference))
