"""`makegood demo`: a shop's bad week in about two minutes, on the real engine.

Owns the options. Part of the command line.
"""

import asyncio
from typing import Annotated

import typer

from starter.cli.printing import console, say
from starter.cli.session import expected, failed, settings
from starter.demo.run import play
from starter.demo.script import ScriptInvalid
from starter.embedded.errors import StackInterrupted


def demo(
    temporal_port: Annotated[int | None, typer.Option(help="Port of Temporal (default: a free one).")] = None,
    ui_port: Annotated[int | None, typer.Option(help="Port of Temporal's web UI (default: a free one).")] = None,
    exit_at_end: Annotated[bool, typer.Option("--exit", help="End when every case is closed, on a terminal too.")] = False,
) -> None:
    """Open the example cases against a simulated payment provider and carrier, and watch them live until all are closed."""
    screen = console()
    keep = screen.is_terminal and not exit_at_end
    try:
        code = asyncio.run(play(settings(), screen, temporal_port=temporal_port, ui_port=ui_port, keep=keep, say=say))
    except StackInterrupted:
        raise typer.Exit(130) from None
    except (*expected, ScriptInvalid) as error:
        raise failed(error) from None
    if code:
        raise typer.Exit(code)
