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

_WITHIN_S = 60  # three channels, each bounded to 12 s by its file, and the start of Python

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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and the keys, say what would be sent.")] = False,
    json: Json = False,
) -> None:
    """Send one message over each channel that reaches these addresses, and say exactly what failed. Nothing of it is in the books."""
    file = settings().channels_file
    if file is None:
        complain(
            f"{PREFIX}CHANNELS_FILE is not set: every message ends in the outbox (`makegood outbox`). Begin with examples/channels.toml."
        )
        raise typer.Exit(1)
    asked: dict[str, Any] = {"voice": voice, "sender": sender, "send": not dry_run}
    for address in to:
        asked |= _recognised(address)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    done = subprocess.run(
        [sys.executable, "-m", "activities.adapters.trying", str(file)],
        input=json_text.dumps(asked),
        capture_output=True,
        text=True,
        env=environment,
        timeout=_WITHIN_S,
        check=False,
    )
    answers = [json_text.loads(line) for line in done.stdout.splitlines()]
    if done.returncode not in (0, 1) or (not answers and done.stderr):
        complain(done.stderr.strip() or "the trial ended without an answer")
        raise typer.Exit(1)
    if json:
        put_json(answers)
    else:
        for answer in answers:
            say(_sentence(answer))
        if not answers:
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


def _sentence(answer: dict[str, Any]) -> str:
    name = f"{answer['channel']} by {answer['adapter']}"
    if "would_send" in answer:
        if answer["adapter"] == "outbox":
            return f"{name}: stays in the outbox"
        return f"{name}: ready{'; would be sent' if answer['would_send'] else '; no address for it was given'}"
    if answer["ok"]:
        return f"{name}: taken ({answer['provider_id'] or 'no id'}), look for {answer['token']}"
    return f"{name}: FAILED, {answer['reason']} ({answer['outcome']}): {answer['means']}"
