"""Keys of backend services: what each may do, until when, for whom; never the secret itself.

Owns the rows of `api_keys`: making, checking, rotating and revoking. Must never keep, log or give back a secret after the call that
made it. Called by the web process (who asks?) and by `makegood keys`.

A key reads `mg_<id>_<secret>`. The id finds the row and is no secret. The secret is 256 random bits, so that a plain SHA-256 of it can
be kept: nobody tries 2^256 of them, and each request would pay for a slow hash.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, RowMapping, bindparam, insert, or_, select, update

from policies.case.request import Slug
from policies.contract import Contract, Instant, Strict
from store.engine import Store, StoreRefused
from store.tables import api_keys

PREFIX = "mg"
PER_MINUTE = 600  # requests, unless the key says otherwise: a shop's nightly import at ten a second
USED_EVERY = timedelta(minutes=1)  # a key's last use is written at most so often: a read should not cost a write
_KEY = re.compile(r"mg_([0-9a-f]{12})_([0-9a-f]{64})")
_NOBODY = hashlib.sha256(b"no such key").hexdigest()


class Scope(StrEnum):
    """What a key may do. `lead` is meant for few: it changes what the customer gets."""

    OPEN = "open"  # open cases
    READ = "read"  # cases, policies, schemas, figures
    ACT = "act"  # hold, resume, escalate, reply, note, report ... as an agent
    LEAD = "lead"  # all of `act` as a lead, and resolve, extend, reassign, withdraw
    METRICS = "metrics"  # /metrics and nothing else


_INCLUDES: dict[Scope, frozenset[Scope]] = {Scope.LEAD: frozenset({Scope.ACT}), Scope.READ: frozenset({Scope.METRICS})}


class KeyStanding(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class NewKey(Strict):
    """What a key is made of. `lifetime` None: it never expires."""

    name: Slug
    scopes: list[Scope] = Field(min_length=1)
    merchant: Slug | None = None
    per_minute: int = Field(default=PER_MINUTE, ge=1, le=1_000_000)
    lifetime: timedelta | None = Field(default=timedelta(days=365), gt=timedelta(0), le=timedelta(days=3660))


class ApiKey(Contract):
    """A key as everybody may see it."""

    key_id: str
    name: str
    scopes: list[Scope]
    merchant: str | None = None
    per_minute: int
    created_at: Instant
    created_by: str
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None
    replaced_by: str | None = None

    @property
    def public_id(self) -> str:
        """The beginning of the key, which is no secret: `mg_` and the id."""
        return f"{PREFIX}_{self.key_id}"

    def standing(self, at: datetime) -> KeyStanding:
        if self.revoked_at is not None:
            return KeyStanding.REVOKED
        return KeyStanding.EXPIRED if self.expires_at is not None and self.expires_at <= at else KeyStanding.ACTIVE

    def may(self, scope: Scope) -> bool:
        return any(scope is own or scope in _INCLUDES.get(own, ()) for own in self.scopes)

    def sees(self, merchant: str) -> bool:
        """Whether this merchant's cases exist for the key."""
        return self.merchant is None or self.merchant == merchant


def id_of(text: str) -> str:
    """The id in what a person has in hand: the id, with or without its prefix, or the whole key."""
    whole = _KEY.fullmatch(text.strip())
    return whole[1] if whole else text.strip().removeprefix(f"{PREFIX}_")


_columns = api_keys.c
_ONE = select(api_keys).where(_columns.key_id == bindparam("this"))
_ONE_TO_CHANGE = _ONE.with_for_update()  # PostgreSQL; SQLite has one writer
_ALL = select(api_keys).order_by(_columns.created_at.desc(), _columns.key_id)
_CHANGE = update(api_keys).where(_columns.key_id == bindparam("this"))
_USED = _CHANGE.where(or_(_columns.last_used_at.is_(None), _columns.last_used_at <= bindparam("before"))).values(
    last_used_at=bindparam("moment")
)


class ApiKeys:
    """`at` is the present moment (UTC). All raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, new: NewKey, by: str, at: datetime) -> tuple[ApiKey, str]:
        """The key and what its owner must keep: it is known nowhere else from now on. `by`: who made it."""
        return await self._store.write(lambda connection: _add(connection, new, by, at))

    async def check(self, presented: str) -> ApiKey | None:
        """Whose key this is, whatever its standing; None if it is nobody's. One statement."""
        match = _KEY.fullmatch(presented)
        if match is None:
            return None
        row = await self._store.read(lambda connection: connection.execute(_ONE, {"this": match[1]}).mappings().first())
        known = row["digest"] if row is not None else _NOBODY
        right = hmac.compare_digest(_digest(match[2]), known)  # also for an id that is not there: it takes as long
        return _as_key(row) if right and row is not None else None

    async def used(self, key: ApiKey, at: datetime) -> None:
        """Note the use, if the last noted one is a while ago."""
        if key.last_used_at is not None and at - key.last_used_at < USED_EVERY:
            return
        values = {"this": key.key_id, "moment": at, "before": at - USED_EVERY}
        await self._store.write(lambda connection: connection.execute(_USED, values).close())

    async def all(self) -> list[ApiKey]:
        """The newest first."""
        return [_as_key(row) for row in await self._store.read(lambda connection: connection.execute(_ALL).mappings().all())]

    async def revoke(self, key_id: str, at: datetime) -> ApiKey:
        """From now on the key opens nothing. Said again it is no news. Raises StoreRefused if there is no such key."""

        def work(connection: Connection) -> ApiKey:
            key = _known(connection, key_id)
            if key.revoked_at is not None:
                return key
            connection.execute(_CHANGE.values(revoked_at=at), {"this": key_id}).close()
            return key.model_copy(update={"revoked_at": at})

        return await self._store.write(work)

    async def rotate(self, key_id: str, overlap: timedelta, by: str, at: datetime) -> tuple[ApiKey, ApiKey, str]:
        """The old key, which lives on for `overlap` at most; its successor, alike but for its age; the successor's secret.

        Raises StoreRefused if the key is unknown, has ended or was rotated before: of two who rotate at once one gets the successor.
        """

        def work(connection: Connection) -> tuple[ApiKey, ApiKey, str]:
            old = _known(connection, key_id)
            standing = old.standing(at)
            if standing is not KeyStanding.ACTIVE:
                raise StoreRefused(f"key {key_id} is {standing.value}; make a new one")
            if old.replaced_by is not None:
                raise StoreRefused(f"key {key_id} was rotated already; its successor is {old.replaced_by}")
            lifetime = old.expires_at - old.created_at if old.expires_at is not None else None
            # Not validated anew: what was right for the old key is right for its successor.
            new = NewKey.model_construct(
                name=old.name, scopes=old.scopes, merchant=old.merchant, per_minute=old.per_minute, lifetime=lifetime
            )
            successor, text = _add(connection, new, by, at)
            ends = at + overlap if old.expires_at is None else min(old.expires_at, at + overlap)
            connection.execute(_CHANGE.values(expires_at=ends, replaced_by=successor.key_id), {"this": key_id}).close()
            return old.model_copy(update={"expires_at": ends, "replaced_by": successor.key_id}), successor, text

        return await self._store.write(work)


def _add(connection: Connection, new: NewKey, by: str, at: datetime) -> tuple[ApiKey, str]:
    secret = secrets.token_hex(32)
    key = ApiKey(
        key_id=secrets.token_hex(6),
        name=new.name,
        scopes=_in_order(new.scopes),
        merchant=new.merchant,
        per_minute=new.per_minute,
        created_at=at,
        created_by=by,
        expires_at=at + new.lifetime if new.lifetime is not None else None,
    )
    values: dict[str, Any] = key.model_dump() | {"scopes": [scope.value for scope in key.scopes], "digest": _digest(secret)}
    connection.execute(insert(api_keys).values(**values)).close()
    return key, f"{PREFIX}_{key.key_id}_{secret}"


def _known(connection: Connection, key_id: str) -> ApiKey:
    row = connection.execute(_ONE_TO_CHANGE, {"this": key_id}).mappings().first()
    if row is None:
        raise StoreRefused("no such key; `makegood keys list` shows their ids")  # not what was given: it may be a secret
    return _as_key(row)


def _as_key(row: RowMapping) -> ApiKey:
    # A scope of a newer version grants nothing here.
    known = [scope for scope in row["scopes"] if scope in list(Scope)]
    return ApiKey.model_validate({**row, "scopes": known})


def _in_order(scopes: Collection[Scope]) -> list[Scope]:
    return [scope for scope in Scope if scope in scopes]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
