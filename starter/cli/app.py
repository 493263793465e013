"""The program `makegood`: its groups of commands put together.

Owns the entry point and the program's own options. Must never hold a command. Started by the console script.
"""

import importlib
import importlib.util
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from starter.cli import acts, books, customer, listing, opening, operating, policies, schema, showing
from starter.cli.printing import complain, remark
from starter.cli.session import failed, override
from starter.settings import SettingsError

_DEMO = "starter.cli.demo"


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
        app.command("demo")(importlib.import_module(_DEMO).demo)
    for part in (operating, opening, listing, showing, acts, customer, policies, books, schema):
        part.register(app)
    return app


def main() -> None:
    """Run the program. Usage errors in the words of all others: "error: ..." and exit code 2."""
    try:
        code = build()(standalone_mode=False)
    except TyperException as error:
        if isinstance(error, typer.BadParameter) or error.message.strip():
            complain(error.format_message())
            remark("`makegood COMMAND --help` shows what is right.")
        raise SystemExit(error.exit_code) from None
    except typer.Abort:
        raise SystemExit(1) from None
    except SettingsError as error:
        raise SystemExit(failed(error).exit_code) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("makegood"))
        raise typer.Exit


def _program(
    state_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded stack (default: MAKEGOOD_STATE_DIR or var).")] = None,
    _version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    override(state_dir=state_dir)
