"""Which case is meant, and whether it exists for the caller.

Owns the lookup by case id: the books, and the engine while the books lack the case. Must never take anything but a whole id: the
beginning of one, or an order, could be another merchant's. Called by everything under /v1/cases/{case_id}, and
by the console.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from policies.case.commands import Snapshot
from policies.case.vocabulary import CaseKind
from starter.desk import CaseKey, CaseNotFound
from starter.web.api.caller import no_such_case
from starter.web.api.fields import CASE_ID
from starter.web.deadline import in_time
from starter.web.parts import WebParts
from store.queries import Queries
from store.views import CaseView

_CASE_ID = re.compile(CASE_ID)
_NOBODYS = "-0"  # no case id ends so: the last part of one has eight digits


@dataclass(frozen=True, slots=True)
class Found:
    """A case that the caller may see: the books' row, or what the engine says while there is none."""

    key: CaseKey
    row: CaseView | None = None
    snapshot: Snapshot | None = None


class Sees(Protocol):
    """Somebody for whom not every merchant's cases exist: a caller with his key, a person of the console."""

    def sees(self, merchant: str) -> bool: ...


async def find(parts: WebParts, caller: Sees, case_id: str, field: str | None = None) -> Found:
    """Raises Problem not_found; Away, StoreUnavailable, EngineUnavailable, Unanswered. `field`: where the id stood, if not in the path."""
    if _CASE_ID.fullmatch(case_id) is None:
        raise no_such_case(field)
    row = await Queries(parts.backends.store()).case(case_id)
    if row is not None and caller.sees(row.merchant):
        return Found(CaseKey(row.case_id, row.kind), row=row)
    # Another merchant's case goes the way of a case that nobody knows: as many questions to the engine, and unanswered while it is away.
    # A case id can be worked out from a merchant's reference, so that the quicker "no" would tell who has which case.
    snapshot = await _of_engine(parts, caller, case_id if row is None else f"{case_id}{_NOBODYS}")
    if snapshot is None:
        raise no_such_case(field)
    return Found(CaseKey(case_id, CaseKind(snapshot.kind)), snapshot=snapshot)


async def _of_engine(parts: WebParts, caller: Sees, case_id: str) -> Snapshot | None:
    """A case id does not say its kind; the engine knows workflows by both. None: no such case exists for the caller."""
    desk = parts.backends.desk()
    for kind in CaseKind:
        try:
            async with in_time():
                snapshot = await desk.snapshot(CaseKey(case_id, kind))
        except CaseNotFound:
            continue
        if caller.sees(snapshot.merchant):
            return snapshot
    return None
