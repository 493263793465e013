"""The program `makegood`: its groups of commands put together.

Owns the entry point and the program's own options. Must never hold a command. Started by the console script.
"""

import importlib
import importlib.util
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from starter.cli import (
    acts,
    books,
    calls,
    channels,
    customer,
    erasing,
    insight,
    keys,
    listing,
    opening,
    operating,
    people,
    policies,
    schema,
    showing,
    templates,
    web,
)
from starter.cli.examples import EXAMPLES
from starter.cli.printing import complain, remark
from starter.cli.session import failed, override
from starter.settings import SettingsError

_DEMO = "starter.cli.demo"
# Heading of the help -> what stands under it.
_PANELS = {
    "Processes": (operating, web, channels),
    "Opening and looking": (opening, listing, showing, books, insight),
    "Acting on a case": (acts, calls),
    "What the customer says": (customer,),
    "Forgetting people": (erasing,),
    "Access": (keys, people),
    "Rules and forms": (policies, templates, schema),
}


def build() -> typer.Typer:
    """The program with all its commands."""
    app = typer.Typer(
        name="makegood",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a traceback with local variables could show personal data
        help="Keeps a retailer's word after a sale goes wrong.",
    )
    app.callback()(_program)
    if importlib.util.find_spec(_DEMO) is not None:
        app.command("demo", rich_help_panel="Processes")(importlib.import_module(_DEMO).demo)
    for panel, parts in _PANELS.items():
        known = len(app.registered_commands)
        for part in parts:
            part.register(app)
        for command in app.registered_commands[known:]:
            command.rich_help_panel = panel
    _with_examples(app)
    _with_examples(policies.group, "policies ")
    _with_examples(keys.group, "keys ")
    _with_examples(people.group, "people ")
    _with_examples(channels.group, "channels ")
    _with_examples(calls.group, "calls ")
    _with_examples(templates.group, "templates ")
    return app


def _with_examples(group: typer.Typer, prefix: str = "") -> None:
    for command in group.registered_commands:
        name = command.name or str(getattr(command.callback, "__name__", ""))
        example = EXAMPLES.get(prefix + name)
        if example is not None:
            command.epilog = f"Example: {example}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program on `arguments`, else on the command line's. Usage errors in the words of all others: "error: ...", exit code 2."""
    try:
        code = build()(args=arguments, standalone_mode=False)
    except TyperException as error:
        if isinstance(error, typer.BadParameter) or error.message.strip():
            complain(_plainly(error))
            remark("`makegood COMMAND --help` shows what is right.")
        raise SystemExit(error.exit_code) from None
    except typer.Abort:
        raise SystemExit(1) from None
    except SettingsError as error:
        raise SystemExit(failed(error).exit_code) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _plainly(error: TyperException) -> str:
    """Our own usage errors name what they are about; the library's are told with the option that it knows."""
    return error.format_message().removeprefix("Invalid value: ").replace(": Value error, ", ": ")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("makegood"))
        raise typer.Exit


def _program(
    state_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded stack (default: MAKEGOOD_STATE_DIR or var).")] = None,
    _version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    override(state_dir=state_dir)
