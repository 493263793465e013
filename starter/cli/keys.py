"""`makegood keys`: who may use the API, for what, until when.

Owns these words. Must never print a secret but once, at the moment it is made. Part of the command line.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from starter.cli.on_record import on_record
from starter.cli.options import ActingRole, As, Json, actor
from starter.cli.printing import put_json, remark, say, table, when
from starter.cli.session import open_books, run
from starter.plain_errors import lines
from store.api_keys import PER_MINUTE, ApiKey, ApiKeys, NewKey, Scope, id_of

_NEVER = "never"
_KEY_ID = re.compile(r"[0-9a-f]{12}")  # as store.api_keys makes them
_SPAN = re.compile(r"([0-9]{1,4})([dh])")
_ONCE = "This is shown once and kept nowhere: put it where your service keeps its secrets."

group = typer.Typer(no_args_is_help=True, help="API keys: make, list, rotate, revoke.")
KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `makegood keys list` shows it.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="keys", rich_help_panel="Access")


@group.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for: the service that uses it.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; give it again for another. lead includes act.")],
    merchant: Annotated[str | None, typer.Option(help="Only this merchant's cases exist for it.")] = None,
    expires: Annotated[str, typer.Option(help='In how many days or hours it ends (365d, 12h), or "never".')] = "365d",
    per_minute: Annotated[int, typer.Option(help="How many requests a minute it may make.")] = PER_MINUTE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a key. Its secret is shown now and never again."""
    lifetime = _span(expires, "--expires") if expires != _NEVER else None
    given = {"name": name, "scopes": scope, "merchant": merchant, "per_minute": per_minute, "lifetime": lifetime}
    try:
        new = NewKey.model_validate(given)
    except ValidationError as error:
        raise typer.BadParameter("; ".join(lines(error, NewKey, values=False))) from None
    by = actor(as_, ActingRole.ADMIN, None)
    noted = {"name": new.name, "scopes": " ".join(scope.value for scope in new.scopes), "merchant": new.merchant}

    async def work() -> None:
        async with open_books() as books, on_record(books, "keys.create", by, **noted):
            key, text = await ApiKeys(books.store).create(new, by.who, datetime.now(UTC))
        if json:
            put_json({**_as_json(key), "key": text})
            return
        say(_described(key))
        say(text)
        remark(_ONCE)

    run(work())


@group.command("list")
def list_keys(all_keys: Annotated[bool, typer.Option("--all", help="Expired and revoked ones too.")] = False, json: Json = False) -> None:
    """The keys, the newest first; never a secret."""

    async def work() -> None:
        now = datetime.now(UTC)
        async with open_books() as books:
            every = await ApiKeys(books.store).all()
        keys = [key for key in every if all_keys or key.standing(now) == "active"]
        if json:
            put_json([_as_json(key) for key in keys])
        elif not keys:
            say("No keys." if not every else "No active keys; --all shows those that have ended.")
        else:
            columns = ("id", "name", "scopes", "merchant", "a minute", "ends", "last used", "standing")
            table(columns, (_row(key, now) for key in keys))

    run(work())


@group.command()
def rotate(
    key: KeyArgument,
    overlap: Annotated[str, typer.Option(help="How long the old key lives on, in days or hours; 0h: it ends now.")] = "7d",
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a successor that may do the same; the old key lives on for a while, so that the service can change over."""
    kept = _span(overlap, "--overlap")
    by = actor(as_, ActingRole.ADMIN, None)

    async def work() -> None:
        async with open_books() as books, on_record(books, "keys.rotate", by, key=_noted(key)):
            old, successor, text = await ApiKeys(books.store).rotate(id_of(key), kept, by.who, datetime.now(UTC))
        if json:
            put_json({"old": _as_json(old), **_as_json(successor), "key": text})
            return
        say(_described(successor))
        say(text)
        remark(f"The old key {old.key_id} ends {when(old.expires_at)}. {_ONCE}")

    run(work())


@group.command()
def revoke(key: KeyArgument, as_: As = None, json: Json = False) -> None:
    """End a key at once: its next request is refused."""
    by = actor(as_, ActingRole.ADMIN, None)

    async def work() -> None:
        async with open_books() as books, on_record(books, "keys.revoke", by, key=_noted(key)):
            ended = await ApiKeys(books.store).revoke(id_of(key), datetime.now(UTC))
        if json:
            put_json(_as_json(ended))
            return
        say(f"Key {ended.key_id} for {ended.name}: revoked {when(ended.revoked_at)}")
        if ended.replaced_by is not None:
            remark(f"Its successor {ended.replaced_by} is not: `makegood keys revoke {ended.replaced_by}` ends that too.")

    run(work())


def _noted(text: str) -> str | None:
    """What is no id may be anything, a secret too."""
    key_id = id_of(text)
    return key_id if _KEY_ID.fullmatch(key_id) else None


def _span(text: str, option: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{option} {text[:20]}: right would be a number of days or hours, for example 90d or 12h")
    return timedelta(days=int(match[1])) if match[2] == "d" else timedelta(hours=int(match[1]))


def _as_json(key: ApiKey) -> dict[str, Any]:
    return {**key.model_dump(mode="json"), "standing": key.standing(datetime.now(UTC)).value}


def _row(key: ApiKey, now: datetime) -> tuple[str, ...]:
    standing = key.standing(now).value + (f", successor {key.replaced_by}" if key.replaced_by else "")
    ends = when(key.revoked_at or key.expires_at) if key.revoked_at or key.expires_at else _NEVER
    used = when(key.last_used_at) if key.last_used_at else _NEVER
    return (key.key_id, key.name, _scopes(key), key.merchant or "all", str(key.per_minute), ends, used, standing)


def _scopes(key: ApiKey) -> str:
    return " ".join(scope.value for scope in key.scopes)


def _described(key: ApiKey) -> str:
    ends = f"ends {when(key.expires_at)}" if key.expires_at else "never ends"
    return f"Key {key.key_id} for {key.name}: {_scopes(key)}, {key.merchant or 'every merchant'}, {ends}"
