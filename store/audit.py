"""The audit log: who did what to which case, and when; only ever added to.

Owns the rows of `audit`. Must never change or delete one (triggers of the database refuse it too), and never hold a customer's name,
address or text: codes and figures only. Called by the console and by what is done at the command
line to people, keys, channels and what is kept of customers; read by admins.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from policies.contract import Contract, Instant
from store.engine import Store
from store.tables import audit

_ACT = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST = 120  # characters of a value: a code, a key's id, a channel; what is longer is a text
PAGE = 50  # rows


class AuditRow(Contract):
    id: int
    at: Instant
    person: str | None = None
    role: str | None = None
    act: str
    case_id: str | None = None
    detail: dict[str, Any]


class Audit:
    """All raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def note(
        self,
        at: datetime,
        act: str,
        *,
        person: str | None = None,
        role: str | None = None,
        case_id: str | None = None,
        detail: Mapping[str, str | int | bool | None] | None = None,
    ) -> None:
        """`act` is a code, `detail` codes and figures by their names. ValueError: something else."""
        told = {name: value for name, value in (detail or {}).items() if value is not None}
        if _ACT.fullmatch(act) is None:
            raise ValueError('act: right would be a code, for example "sign_in" or "people.create"')
        for name, value in told.items():
            if _FIELD.fullmatch(name) is None or (isinstance(value, str) and (len(value) > _LONGEST or not value.isprintable())):
                raise ValueError(f"detail: right would be codes and figures of at most {_LONGEST} characters")
        values = {"at": at, "person": person, "role": role, "act": act, "case_id": case_id, "detail": told}
        await self._store.write(lambda connection: connection.execute(insert(audit).values(**values)).close())

    async def page(
        self,
        *,
        person: str | None = None,
        act: str | None = None,
        case_id: str | None = None,
        before: int | None = None,
        limit: int = PAGE,
    ) -> list[AuditRow]:
        """The newest first. `act`: the code, or its beginning up to the point; `before`: the last id of the page before."""
        query = select(audit).order_by(audit.c.id.desc()).limit(bindparam("most"))
        values: dict[str, Any] = {"most": limit}
        if person:
            query, values["person"] = query.where(audit.c.person == bindparam("person")), person
        if case_id:
            query, values["case"] = query.where(audit.c.case_id == bindparam("case")), case_id
        if act:
            query, values["act"] = (
                query.where((audit.c.act == bindparam("act")) | (audit.c.act.startswith(f"{act}.", autoescape=True))),
                act,
            )
        if before is not None:
            query, values["before"] = query.where(audit.c.id < bindparam("before")), before
        rows = await self._store.read(lambda connection: connection.execute(query, values).mappings().all())
        return [AuditRow.model_validate(dict(row)) for row in rows]
