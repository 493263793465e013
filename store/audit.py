"""The audit log: who did what to which case, and when; only ever added to.

Owns the rows of `audit`. Must never change or delete one (triggers of the database refuse it too), and never hold a customer's name,
address or text: codes and figures only. Called by the console and by what is done at the command
line to people, keys, channels and what is kept of customers; read by admins.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from policies.contract import Contract, Instant
from store.engine import Store
from store.insertion import insert_or_ignore
from store.tables import audit, audit_sums

_ACT = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST = 120  # characters of a value: a code, a key's id, a channel; what is longer is a text
PAGE = 50  # rows
# Of what a stranger can do as often as he likes: the first few in an hour have rows of their own (somebody who mistypes), then every
# doubling (an attack, and how large): a million tries make 22 rows.
_SPAN = timedelta(hours=1)
_SINGLY = 5


class AuditRow(Contract):
    id: int
    at: Instant
    person: str | None = None
    role: str | None = None
    act: str
    case_id: str | None = None
    detail: dict[str, Any]


_SUM = select(audit_sums).where(audit_sums.c.what == bindparam("this")).with_for_update()
_SUM_NOW = update(audit_sums).where(audit_sums.c.what == bindparam("this"))


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

    async def note_of_many(self, at: datetime, act: str, *, person: str | None = None, role: str | None = None) -> None:
        """A row for what anybody may cause at will, so that the log does not grow with his patience. `times` of a row: how many since the
        row before, of this act and person, this one included; without it one. The sums are exact, the last few are told with the next.
        """
        what = f"{act}:{person or ''}"

        def work(connection: Connection) -> None:
            fresh = {"what": what, "began_at": at, "times": 0, "untold": 0}
            connection.execute(insert_or_ignore(connection, audit_sums), fresh).close()
            row = connection.execute(_SUM, {"this": what}).mappings().one()
            over = at - row["began_at"] >= _SPAN
            times, untold = (1 if over else row["times"] + 1), row["untold"] + 1
            if times <= _SINGLY or times & (times - 1) == 0:
                told = {"times": untold} if untold > 1 else {}
                values = {"at": at, "person": person, "role": role, "act": act, "case_id": None, "detail": told}
                connection.execute(insert(audit).values(**values)).close()
                untold = 0
            counts = {"began_at": at if over else row["began_at"], "times": times, "untold": untold}
            connection.execute(_SUM_NOW.values(**counts), {"this": what}).close()

        if _ACT.fullmatch(act) is None:
            raise ValueError('act: right would be a code, for example "sign_in.failed"')
        await self._store.write(work)

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
