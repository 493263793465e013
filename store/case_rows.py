"""The case row between its model and its table, and the one number by which lists are sorted.

Owns both directions of the mapping. Must never query. Called by the recorder and the queries.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping

from policies.case.plans import CaseRow
from policies.case.vocabulary import CaseStatus
from store.views import CaseView

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Microseconds since 1970 end at about 2.5e17 (year 9999); both bounds lie beyond, within a signed 64-bit number.
NOTHING_DUE = 1 << 61
CLOSED = 1 << 62


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def list_order(row: CaseRow) -> int:
    """What is due first; then what has nothing due; then closed cases, the latest first."""
    if row.status is CaseStatus.CLOSED:
        return CLOSED - (microseconds(row.closed_at) if row.closed_at else 0)
    return microseconds(row.next_at) if row.next_at else NOTHING_DUE


def breach_at(row: CaseRow) -> datetime | None:
    """When the case was breached or will be if nobody does anything: one moment to find both by. None: nothing runs out."""
    if row.status is CaseStatus.CLOSED:
        return None
    return row.breached_at or (row.resolve_by if row.status is CaseStatus.OPEN else None)  # on hold its date stands still


def as_columns(row: CaseRow) -> dict[str, Any]:
    values = row.model_dump(exclude={"order", "resolution", "kind", "status"})
    values["order_ref"] = row.order
    values["kind"] = row.kind.value
    values["status"] = row.status.value
    values["resolution"] = row.resolution.model_dump(mode="json") if row.resolution else None
    values["list_order"] = list_order(row)
    values["breach_at"] = breach_at(row)
    return values


def as_view(columns: RowMapping) -> CaseView:
    return CaseView.model_validate({**columns, "order": columns["order_ref"]})
