"""The part that all vendors on loopback share: an HTTP server in threads, a script of answers, and power over the connection.

In threads and on plain sockets, since an answer that is reset or cut off half way is nothing an ASGI server can be asked for.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from tests.vendors.answers import Answer, Reply, Wire


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Message  # names in any case
    body: bytes

    def form(self) -> dict[str, str]:
        """The body as a form; of a name given twice the last."""
        return dict(self.form_list())

    def form_list(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)


class Loopback:
    """A vendor. A subclass says in `answer` what it does with a request."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self._script: list[Answer] = []
        self._released = threading.Event()
        self._lock = threading.Lock()

    def script(self, answers: Sequence[Answer]) -> None:
        """The next answers, one per request."""
        self._script = list(answers)

    def release(self) -> None:
        """End all silences: their connections are closed without an answer."""
        self._released.set()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def asked(self, request: Request) -> tuple[Reply | None, Wire]:
        """Called by the server's threads; one request after the other."""
        with self._lock:
            self.requests.append(request)
            scripted = self._script.pop(0) if self._script else Answer(takes=True)
            said = self.answer(request) if scripted.takes else None
            return scripted.instead or said, scripted.wire

    def wait_for_release(self, seconds: float | None = None) -> bool:
        """True once it is released."""
        return self._released.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendor: Loopback

    def do_POST(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def do_CONNECT(self) -> None:
        """A proxy that reaches nobody."""
        self._send(Reply(502))

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: tests look at what was logged."""

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qsl(parts.query, keep_blank_values=True)
        said, wire = self.vendor.asked(Request(self.command, parts.path, query, self.headers, body))
        self.close_connection = True
        if wire is Wire.WITHHELD:
            self.vendor.wait_for_release()
        elif wire is Wire.NONSENSE:
            self.wfile.write(b"220 mail.example ESMTP\r\n")
        elif wire is Wire.DRIPPING:
            self._drip()
        elif wire is Wire.RESET:
            # Closed with unsent linger: the peer sees a reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif wire is Wire.CUT_OFF:
            self._send(Reply(said.status if said else 200, b"{", said.headers if said else {}), announced=1000)
        elif wire is Wire.SENT and said is not None:
            self._send(said)

    def _drip(self) -> None:
        with contextlib.suppress(ConnectionError):
            while not self.vendor.wait_for_release(0.02):
                self.wfile.write(b"H")

    def _send(self, said: Reply, announced: int | None = None) -> None:
        content = said.content()
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if announced is None else announced))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # 5 by default: connections that come all at once would be reset

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left, or a connection that was reset on purpose."""


Vendor = TypeVar("Vendor", bound=Loopback)


@contextlib.asynccontextmanager
async def serving(vendor: Vendor, tls: ssl.SSLContext | None = None) -> AsyncIterator[Vendor]:
    """`vendor` on a free port of 127.0.0.1 until the end of the `async with`."""
    handler = type("Handler", (_Handler,), {"vendor": vendor})
    server = _Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    vendor.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        vendor.release()
        await asyncio.to_thread(server.shutdown)
        server.server_close()


def refused_url() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def full_url() -> Iterator[str]:
    """An address whose queue of connections is full: a connection is neither taken nor refused."""
    with contextlib.ExitStack() as open_:
        listener = open_.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
