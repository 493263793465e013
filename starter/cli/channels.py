"""`makegood channels`: how they stand (channel_standing.py), and `test`: one message over each configured channel, to an address of the
operator's own.

Owns the question and how its answer reads. Must never import an adapter: the trial runs in a process of its own
(activities/adapters/trying.py). Part of the command line.
"""

import json as json_text
import os
import subprocess
import sys
from typing import Annotated, Any

import phonenumbers
import typer
from email_validator import EmailNotValidError, validate_email

from starter.cli import channel_standing
from starter.cli.options import Json
from starter.cli.printing import complain, put_json, remark, say
from starter.cli.session import settings
from starter.settings import PREFIX, ROOT

_WITHIN_S = 90  # three channels, each bounded to 12 s by its file, the alerts to 10 s at once, and the start of Python

group = typer.Typer(no_args_is_help=True, help="E-mail, SMS and voice as they are configured.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="channels")


channel_standing.register(group)


@group.callback()
def _channels() -> None:
    """E-mail, SMS and voice as they are configured (MAKEGOOD_CHANNELS_FILE)."""


@group.command("test")
def try_out(
    to: Annotated[list[str], typer.Option("--to", help="An e-mail address or phone number of your own; may be repeated.")],
    sender: Annotated[str, typer.Option("--from", help="Sender, where channels.toml leaves it to the brands.")] = "",
    voice: Annotated[bool, typer.Option("--voice", help="Call the phone number, too.")] = False,
    alerts: Annotated[bool, typer.Option("--alerts/--no-alerts", help="A test alert to every address of the alerts.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and the keys, say what would be sent.")] = False,
    json: Json = False,
) -> None:
    """Send one message over each channel that reaches these addresses, and a test alert to each address of the alerts; say exactly what
    failed and what to do. Nothing of it is in the books."""
    chosen = settings()
    file = chosen.channels_file
    if file is None:
        complain(
            f"{PREFIX}CHANNELS_FILE is not set: every message ends in the outbox (`makegood outbox`). Begin with examples/channels.toml."
        )
        raise typer.Exit(1)
    asked: dict[str, Any] = {
        "voice": voice,
        "sender": sender,
        "send": not dry_run,
        "alerts": alerts,
        # As a worker has them.
        "brands": str(chosen.brands),
        "public_url": chosen.public_url,
    }
    for address in to:
        asked |= _recognised(address)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "activities.adapters.trying", str(file)],
            input=json_text.dumps(asked),
            capture_output=True,
            text=True,
            env=environment,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        complain(f"the trial did not end within {_WITHIN_S} s; try one address after the other")
        raise typer.Exit(1) from None
    answers = [json_text.loads(line) for line in done.stdout.splitlines()]
    if done.returncode not in (0, 1) or (not answers and done.stderr):
        complain(done.stderr.strip() or "the trial ended without an answer")
        raise typer.Exit(1)
    if json:
        put_json(answers)
    else:
        for answer in answers:
            for line in _lines(answer):
                say(line)
        if all(answer["channel"] == "alert" for answer in answers):
            remark("No configured channel reaches these addresses.")
    raise typer.Exit(done.returncode)


def _recognised(address: str) -> dict[str, str]:
    """By its form: an e-mail address, or a phone number in international form."""
    if "@" in address:
        try:
            return {"email": validate_email(address, check_deliverability=False).normalized}
        except EmailNotValidError:
            raise typer.BadParameter("--to is no e-mail address; right would be name@example.com") from None
    try:
        number = phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        raise typer.BadParameter("--to is neither an e-mail address nor a phone number; right would be +4930123456") from None
    return {"phone": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}


def _lines(answer: dict[str, Any]) -> list[str]:
    name = _name(answer)
    if "would_send" in answer:
        if answer["adapter"] == "outbox":
            return [f"{name}: stays in the outbox"]
        otherwise = "not asked for" if answer["channel"] == "alert" else "no address for it was given"
        return [f"{name}: ready; {'would be sent' if answer['would_send'] else otherwise}"]
    if answer["ok"]:
        return [f"{name}: taken{_under(answer)}, look for {answer['token']}"]
    lines = [f"{name}: FAILED, {answer['reason']} ({answer['outcome']}): {answer['means']}"]
    if answer["hint"]:
        lines.append(f"  why: {answer['hint']}")
    if answer["says"]:
        lines.append(f"  {answer['adapter']} says: {answer['says']}")
    return [*lines, f"  do: {answer['do']}"]


def _name(answer: dict[str, Any]) -> str:
    if answer["channel"] == "alert" and "role" in answer:
        return f"alert to {answer['role']}, address {answer['place']} ({answer['kind']})"
    return f"{answer['channel']} by {answer['adapter']}"


def _under(answer: dict[str, Any]) -> str:
    return f" ({answer['provider_id'] or 'no id'})" if "provider_id" in answer else ""
