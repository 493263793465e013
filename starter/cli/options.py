"""Options that many commands share, written once.

Owns their names, help and meaning. Called by the groups of commands.
"""

import getpass
from enum import StrEnum
from typing import Annotated

import typer

from policies.case.facts import Actor
from policies.case.vocabulary import Role


class ActingRole(StrEnum):
    """The roles in which a person may act at the command line."""

    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"
    CUSTOMER = "customer"


CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Case id, its beginning, business reference, order or workflow id.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else.")]
As = Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who acts (default: the name of the OS user).")]
InRole = Annotated[ActingRole, typer.Option("--role", help="In which role.")]
Why = Annotated[str | None, typer.Option("--why", help="Why; it stands on the timeline.")]
Reason = Annotated[str | None, typer.Option("--why", help="Why; it stands on the timeline (required).")]
Key = Annotated[str | None, typer.Option("--key", help="Idempotency key: the same key is the same command.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def actor(name: str | None, role: ActingRole, why: str | None) -> Actor:
    return Actor(who=name or _os_user(), role=Role(role.value), why=why)


def answerable(name: str | None, role: ActingRole, why: str | None) -> Actor:
    """Who acts where the act changes what the customer gets: not without a reason."""
    if why is None or not why.strip():
        raise typer.BadParameter('--why is missing: say why, for whoever reads the timeline later; for example --why "two weeks late"')
    return actor(name, role, why)


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "cli"
