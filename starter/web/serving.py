"""Runs the web process: settings -> backends -> faces -> application -> uvicorn, until a signal; then requests end and connections close.

Owns the composition of the web process and the server's limits. Must never trust a proxy that was not named. Called by `makegood web`,
`python -m starter.web` and, through that, the embedded stack.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn

from starter.channels_file import channel_warnings
from starter.link_keys import signer_of
from starter.log_lines import start_logging
from starter.settings import PREFIX, Settings, SettingsError
from starter.web.app import build_app
from starter.web.backends import LiveBackends
from starter.web.faces import faces_of
from starter.web.parts import WebParts

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Requests under way get this long (the longest wait of the desk is 20 s, but nobody loses more than an answer); container platforms
# kill after 10 s unless told otherwise, and the stack after its own limit.
GRACE_S = 8
_KEEP_ALIVE_S = 15  # longer than the pause of a browser that loads a page with its parts; proxies keep their own connections
_MOST_AT_ONCE = 500  # connections; beyond, 503 at once: a queue that nobody sees the end of helps nobody
_LARGEST_HEADERS = 32 * 1024  # bytes of request line and headers

_log = logging.getLogger("makegood.web")


def public_url_of(settings: Settings) -> str:
    """The configured address, or this machine's own while nobody else can reach the process. Raises SettingsError."""
    if settings.public_url is not None:
        return settings.public_url
    if settings.web_host not in _LOOPBACK:
        raise SettingsError(
            f"{PREFIX}PUBLIC_URL is not set. It is the address under which customers and providers reach this process, "
            "for example https://care.example.com"
        )
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    return f"http://{host}:{settings.web_port}"


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises SettingsError, BookError, OSError (the port)."""
    listener = _listener(settings.web_host, settings.web_port)
    if settings.web_port == 0:
        settings = settings.model_copy(update={"web_port": listener.getsockname()[1]})
    try:
        backends = LiveBackends(settings)
        parts = WebParts(settings=settings, backends=backends, links=signer_of(settings), public_url=public_url_of(settings))
        app = build_app(parts, faces_of(parts), opens=lambda: backends)
    except BaseException:
        listener.close()
        raise
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,  # our own lines (log_lines.py)
            access_log=False,  # frame.py writes it, without what a path may hold
            proxy_headers=False,  # the library trusts 127.0.0.1 by default; app.py trusts whom the settings name
            server_header=False,
            lifespan="on",
            ws="none",
            limit_concurrency=_MOST_AT_ONCE,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=_LARGEST_HEADERS,
        )
    )
    for line in channel_warnings(settings):
        _log.warning("%s", line)
    _log.info("serving %s on %s port %s", parts.public_url, settings.web_host, settings.web_port)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends by a signal with exit code 0, as the worker does; the library would send itself the signal once more and die of it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
        for number in numbers:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def run(settings: Settings) -> None:
    """`serve` with its log, in a new event loop."""
    start_logging(settings)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(serve(settings))


def _listener(host: str, port: int) -> socket.socket:
    """Raises OSError in words: address and reason."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: asyncio turns Nagle's waiting off (40 ms for the end of an answer) only where it reads TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"{host} port {port}: {error.strerror}; stop what listens there, or choose another with --port") from None
    return listener
