"""`makegood up`, `makegood worker`, `makegood setup`: the processes themselves.

Owns their start from the command line. Must never touch a case. Part of the command line.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from starter.cli.configured import told
from starter.cli.first_admin import tell_first_admin
from starter.cli.options import Json
from starter.cli.printing import put_json, remark, say
from starter.cli.program import typed
from starter.cli.session import run, settings
from starter.connection import RETENTION, connect, ensure_namespace, ensure_search_attributes
from starter.desk import IdentityKeyChanged
from starter.embedded.stack import Stack
from starter.identity_key import FILE_NAME, identity_of
from starter.settings import ROOT, Settings, load_settings
from store.engine import open_store, upgrade
from store.queries import Queries

StateDir = Annotated[Path | None, typer.Option(help="Folder of the databases and logs (default: var).")]
TEMPORAL_PORT, UI_PORT = 7233, 8233  # where people and tools look for Temporal


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(worker)
    app.command()(setup)


def up(
    state_dir: StateDir = None,
    temporal_port: Annotated[int, typer.Option(help="Port of Temporal; 0: a free one.")] = TEMPORAL_PORT,
    ui_port: Annotated[int, typer.Option(help="Port of its web UI; 0: a free one.")] = UI_PORT,
    web_port: Annotated[int | None, typer.Option(help="Port of our own web process; 0: a free one (default: MAKEGOOD_WEB_PORT).")] = None,
    simulator: Annotated[bool, typer.Option("--simulator", help="With the demo's payment provider and carrier.")] = False,
) -> None:
    """The whole stack on this machine until Ctrl-C: Temporal with its web UI, the store, the worker, the web process. Cases survive."""

    async def work() -> None:
        chosen = settings(state_dir=state_dir)
        stack = Stack(
            chosen,
            state_dir=chosen.state_dir,
            temporal_port=temporal_port or None,
            ui_port=ui_port or None,
            simulator=simulator,
            web=True,
            web_port=(chosen.web_port if web_port is None else web_port) or None,
            on_event=remark,
        )
        async with stack:
            say(f"Web: {stack.web_url} (links in messages begin with {chosen.public_url or stack.web_url})")
            say(f"Console: {stack.web_url}/console")
            await tell_first_admin(chosen.database_url)
            say(f"Temporal's web UI: {stack.ui_url}")
            say(f"Temporal: {stack.address}, books: {chosen.database_url}")
            for line in told(chosen, simulator=simulator):
                say(line)
            say(_how_to_go_on(chosen))
            await stack.wait()
        say(f"Stopped; cases are kept in {chosen.state_dir}.")

    run(work())


def _how_to_go_on(chosen: Settings) -> str:
    elsewhere = chosen.state_dir if chosen.state_dir != load_settings().state_dir else None
    # What a shell starts in the background ignores SIGINT, and we leave it so: Ctrl-C is then meant for others.
    stop = f"`kill {os.getpid()}`" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"
    return f"Open cases with `{typed(elsewhere)} open FILE`; {stop} stops everything, cases stay."


def worker() -> None:
    """Run a worker (the same as `python -m worker`), set by MAKEGOOD_* and TEMPORAL_*."""
    chosen = settings()
    environment = {**os.environ, **chosen.environment()}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "worker"], environment)


def setup(
    retention_days: Annotated[int, typer.Option(help="How long the engine keeps closed cases.", min=1)] = RETENTION.days,
    json: Json = False,
) -> None:
    """Prepare a Temporal of your own and the store: namespace, search attributes, tables. Safe to repeat."""

    async def work() -> None:
        chosen = settings()
        await upgrade(chosen.database_url)
        client = await connect(chosen)
        await ensure_namespace(client, timedelta(days=retention_days))
        added = await ensure_search_attributes(client)
        if not json:
            say("Store: the tables are at their newest version.")
            say(f"Namespace {client.namespace}: there, closed cases are kept for {retention_days} days.")
            say(f"Search attributes: {', '.join(added) + ' added' if added else 'all there'}.")
        fingerprint = await _identity_key(chosen)  # last: without it everything else is done all the same
        if json:
            put_json(
                {
                    "namespace": client.namespace,
                    "retention_days": retention_days,
                    "search_attributes_added": added,
                    "identity_key": fingerprint,
                }
            )
        else:
            kept = f", in {chosen.state_dir / FILE_NAME}" if chosen.identity_key is None and chosen.identity_key_file is None else ""
            say(f"Identity key: there{kept} (fingerprint {fingerprint}). Keep a copy of it with the backup of the books.")

    run(work())


async def _identity_key(chosen: Settings) -> str:
    """The fingerprint of the key. Raises SettingsError if there is none, IdentityKeyChanged if the books' cases are another key's."""
    identity = identity_of(chosen)
    store = await open_store(chosen.database_url)
    try:
        strangers = identity.strangers(await Queries(store).identity_keys())
    finally:
        await store.close()
    if strangers:
        raise IdentityKeyChanged(strangers, identity.fingerprint)
    return identity.fingerprint
