"""Rows of watched references as models.

Owns this one reading. Must never write. Called by the recorder and the queries.
"""

from sqlalchemy import Connection, bindparam, select

from store.standing import CheckStanding
from store.tables import watches

_OF_CASE = select(watches).where(watches.c.case_id == bindparam("id")).order_by(watches.c.provider, watches.c.reference)
_ONE = select(watches).where(
    watches.c.case_id == bindparam("id"),
    watches.c.provider == bindparam("by"),
    watches.c.reference == bindparam("ref"),
)


def check_of(connection: Connection, case_id: str, provider: str, reference: str) -> CheckStanding:
    row = connection.execute(_ONE, {"id": case_id, "by": provider, "ref": reference}).mappings().one()
    return CheckStanding.model_validate(dict(row))


def checks_of(connection: Connection, case_id: str) -> list[CheckStanding]:
    rows = connection.execute(_OF_CASE, {"id": case_id}).mappings()
    return [CheckStanding.model_validate(dict(row)) for row in rows]
