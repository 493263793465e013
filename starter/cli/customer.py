"""What the customer says, entered by people: an answer to the survey, a reply, wishes and addresses.

Owns the words of these commands. Must never print an address. Part of the command line.
"""

from typing import Annotated, Any

import typer
from pydantic import ValidationError

from policies.case.vocabulary import Channel, MessageClass
from starter.cli.acts import Text, TextFile, done, text_of
from starter.cli.options import ActingRole, As, CaseArgument, InRole, Json, Key, Why, actor
from starter.cli.second_look import at_supplied
from starter.cli.session import Office
from starter.desk import PreferenceChanges
from starter.plain_errors import lines

_NONE = "none"


def register(app: typer.Typer) -> None:
    app.command()(feedback)
    app.command("customer-reply")(customer_reply)
    app.command()(preferences)


def feedback(
    case: CaseArgument,
    csat: Annotated[int | None, typer.Option(help="1 to 5.")] = None,
    nps: Annotated[int | None, typer.Option(help="0 to 10.")] = None,
    comment: Annotated[str | None, typer.Option(help="In the customer's words.")] = None,
    as_: As = None,
    role: InRole = ActingRole.CUSTOMER,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Give the customer's answer to the survey; a later one replaces it."""
    by = actor(as_, role, why)
    done(lambda desk: desk.feedback(case, by, csat=csat, nps=nps, comment=comment, key=key), json)


def customer_reply(
    case: CaseArgument,
    text: Text = None,
    file: TextFile = None,
    not_solved: Annotated[
        bool, typer.Option("--not-solved", help="The customer says that it is not solved: a resolved case reopens.")
    ] = False,
    supplied: Annotated[bool, typer.Option("--supplied", help="The customer supplied what was asked for.")] = False,
    as_: As = None,
    role: InRole = ActingRole.CUSTOMER,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Enter what the customer wrote; a person must answer it."""
    body = text_of(text, file) if text is not None or file is not None or not (not_solved or supplied) else None
    by = actor(as_, role, why)

    async def look(office: Office) -> None:
        if supplied and key is None:  # the same command again has its answer already, and the waiting is over
            await at_supplied(office, case)

    done(lambda desk: desk.customer_reply(case, by, body, not_solved=not_solved, supplied=supplied, key=key), json, look)


def preferences(
    case: CaseArgument,
    channel: Annotated[list[Channel] | None, typer.Option(help="In the order of preference; give it again for the next one.")] = None,
    cadence: Annotated[str | None, typer.Option(help='How often an update is wished, for example 48h; "none": as the policy says.')] = None,
    stop: Annotated[list[MessageClass] | None, typer.Option(help="Stop status (with surveys) or survey messages.")] = None,
    resume_all: Annotated[bool, typer.Option("--stop-nothing", help="Take every opt-out back.")] = False,
    quiet: Annotated[str | None, typer.Option(help='Quiet hours 21:00-08:00; "none": as the policy says.')] = None,
    quiet_email: Annotated[bool | None, typer.Option("--quiet-email/--no-quiet-email", help="Whether they bind e-mail too.")] = None,
    email: Annotated[str | None, typer.Option(help='New e-mail address; "none" takes it away.')] = None,
    phone: Annotated[str | None, typer.Option(help='New number in E.164; "none" takes it away.')] = None,
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    locale: Annotated[str | None, typer.Option(help="en, de-DE ...")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone, Europe/Berlin ...")] = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Change how and where the customer is written to, from the next message on."""
    given: dict[str, Any] = {
        "channels": [item.value for item in channel] if channel else None,
        "opted_out": [] if resume_all else [item.value for item in stop] if stop else None,
        "quiet_email": quiet_email,
        "cadence": cadence,
        "email": email,
        "phone": phone,
        "name": name,
        "locale": locale,
        "zone": zone,
        **_quiet(quiet),
    }
    said = {field: None if value == _NONE else value for field, value in given.items() if value is not None}
    try:
        changes = PreferenceChanges.model_validate(said)
    except ValidationError as error:
        raise typer.BadParameter("; ".join(lines(error, PreferenceChanges, values=False))) from None
    by = actor(as_, role, why)
    done(lambda desk: desk.change_preferences(case, by, changes, key=key), json)


def _quiet(text: str | None) -> dict[str, str | None]:
    if text is None:
        return {}
    if text == _NONE:
        return {"quiet_from": _NONE, "quiet_until": _NONE}
    start, dash, end = text.partition("-")
    if not dash:
        raise typer.BadParameter(f"--quiet {text}: right would be for example 21:00-08:00")
    return {"quiet_from": start.strip(), "quiet_until": end.strip()}
