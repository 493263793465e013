"""`makegood web`: the web process on its own.

Owns its start from the command line. Must never hold a route. Part of the command line.
"""

from typing import Annotated

import typer

from starter.cli.session import failed, settings
from starter.policy_books import BookError
from starter.settings import SettingsError


def register(app: typer.Typer) -> None:
    app.command()(web)


def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: MAKEGOOD_WEB_HOST or 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0: a free one (default: MAKEGOOD_WEB_PORT or 8400).", min=0, max=65535)] = None,
) -> None:
    """Run the web process: signed links, webhooks, health. `makegood up` starts one by itself."""
    # A web framework takes half a second to import, and the command line starts often.
    from starter.web.serving import run  # noqa: PLC0415

    try:
        run(settings(web_host=host, web_port=port))
    except (SettingsError, BookError, OSError) as error:
        raise failed(error) from None
