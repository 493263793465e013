"""`makegood people`: who may sign in to the console, as what.

Owns these words. Must never print a password but a one-time one, once, at the moment it is made. Part of the command line.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from starter.accounts import ONE_TIME_LIFE, Accounts
from starter.cli.on_record import VIA
from starter.cli.options import ActingRole, As, Json, actor
from starter.cli.printing import put_json, remark, say, table, when
from starter.cli.session import Books, open_books, run
from starter.passwords import Passwords
from starter.plain_errors import lines
from store.people import NewPerson, People, Person, PersonRole, PersonStanding

_ONCE = (
    f"This password is shown once and is good for {ONE_TIME_LIFE.total_seconds() / 3600:.0f} hours. "
    "Whoever signs in with it must choose another."
)

group = typer.Typer(no_args_is_help=True, help="People of the console: make, list, change, help in again, disable.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name at signing in, as `makegood people list` shows it.")]
Merchants = Annotated[list[str] | None, typer.Option("--merchant", help="Only this merchant's cases exist; again for another.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="people", rich_help_panel="Access")


@group.command()
def create(
    name: NameArgument,
    role: Annotated[PersonRole, typer.Option(help="What the person may do; each may what the one before may.")],
    shown_name: Annotated[str | None, typer.Option(help="As colleagues see it (default: NAME).")] = None,
    merchant: Merchants = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a person. The one-time password is shown now and never again."""
    new = _new({"name": name, "shown_name": shown_name or name, "role": role, "merchants": merchant or []})
    by = actor(as_, ActingRole.ADMIN, None).who

    async def work() -> None:
        async with open_books() as books:
            person, password = await _accounts(books).create(new, by)
        _tell(person, password, json)

    run(work())


@group.command("list")
def list_people(
    everybody: Annotated[bool, typer.Option("--all", help="Disabled ones too.")] = False,
    json: Json = False,
) -> None:
    """Who may sign in, by name."""

    async def work() -> None:
        now = datetime.now(UTC)
        async with open_books() as books:
            every = await People(books.store).all()
        shown = [person for person in every if everybody or person.disabled_at is None]
        if json:
            put_json([_as_json(person, now) for person in shown])
        elif not shown:
            say("Nobody yet; `makegood people create NAME --role admin` makes the first." if not every else "All are disabled; see --all.")
        else:
            table(("name", "shown as", "role", "merchants", "last signed in", "standing"), (_row(person, now) for person in shown))

    run(work())


@group.command()
def role(
    name: NameArgument,
    to: Annotated[PersonRole, typer.Argument(metavar="ROLE", help="viewer, agent, lead or admin.")],
    merchant: Merchants = None,
    every_merchant: Annotated[bool, typer.Option("--every-merchant", help="Every merchant's cases exist.")] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Change what a person may do, and whose cases exist for him; in force with the next click."""
    if merchant and every_merchant:
        raise typer.BadParameter("--merchant and --every-merchant exclude each other")
    if merchant:
        _new({"name": "xx", "shown_name": "x", "role": to, "merchants": merchant})
    merchants = [] if every_merchant else merchant or None
    _change(lambda accounts, by: accounts.set_role(name, to, merchants, by), as_, json)


@group.command()
def reset(name: NameArgument, as_: As = None, json: Json = False) -> None:
    """A new one-time password, shown once; a lock is lifted and every session ends."""
    by = actor(as_, ActingRole.ADMIN, None).who

    async def work() -> None:
        async with open_books() as books:
            person, password = await _accounts(books).reset(name, by)
        _tell(person, password, json)

    run(work())


@group.command()
def disable(
    name: NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="May sign in again, with the password as it was.")] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """End every session of a person, who cannot sign in any more. The name stays taken: it stands on timelines."""
    _change(lambda accounts, by: accounts.enable(name, by) if undo else accounts.disable(name, by), as_, json)


def _change(change: Any, as_: str | None, json: bool) -> None:
    by = actor(as_, ActingRole.ADMIN, None).who

    async def work() -> None:
        now = datetime.now(UTC)
        async with open_books() as books:
            person = await change(_accounts(books), by)
        if json:
            put_json(_as_json(person, now))
        else:
            say(_described(person, now))

    run(work())


def _new(given: dict[str, Any]) -> NewPerson:
    try:
        return NewPerson.model_validate(given)
    except ValidationError as error:
        raise typer.BadParameter("; ".join(lines(error, NewPerson, values=False))) from None


def _accounts(books: Books) -> Accounts:
    return Accounts(books.store, Passwords(), lambda: datetime.now(UTC), via=VIA)


def _tell(person: Person, password: str, json: bool) -> None:
    now = datetime.now(UTC)
    if json:
        put_json({**_as_json(person, now), "one_time_password": password})
        return
    say(_described(person, now))
    say(password)
    remark(_ONCE)


def _as_json(person: Person, now: datetime) -> dict[str, Any]:
    return {**person.model_dump(mode="json"), "standing": person.standing(now).value}


def _row(person: Person, now: datetime) -> tuple[str, ...]:
    seen = when(person.last_sign_in_at) if person.last_sign_in_at else "never"
    return (person.name, person.shown_name, person.role.value, _whose(person), seen, _standing(person, now))


def _described(person: Person, now: datetime) -> str:
    return f"{person.name} ({person.shown_name}): {person.role.value}, {_whose(person)}, {_standing(person, now)}"


def _whose(person: Person) -> str:
    return ", ".join(person.merchants) or "every merchant"


def _standing(person: Person, now: datetime) -> str:
    standing = person.standing(now)
    if standing is PersonStanding.LOCKED:
        return f"locked until {when(person.locked_until)}, but for browsers signed in from before"
    return {"one_time": "one-time password"}.get(standing.value, standing.value)
