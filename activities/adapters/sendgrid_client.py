"""SendGrid's SDK with a time-out, without redirects, and with one more thing to tell: whether the connection ever stood.

Owns how python_http_client reaches the network. The SDK follows redirects (it would carry the API key to wherever it is sent, and take
the page it finds there for an answer) and cannot tell "never connected" from "lost while sending". Must never log. Used by sendgrid_email.
"""

import ssl
from functools import cache
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from python_http_client import Client
from sendgrid import SendGridAPIClient

from activities.adapters.quiet_loggers import pin

# At DEBUG it writes the payload (addresses, texts) and the headers (the API key).
pin("python_http_client.client")


class NotConnected(OSError):
    """Name, connection, proxy or TLS handshake failed: no byte of the request was sent. The cause says which."""


class _Connection(HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise NotConnected from error


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise NotConnected from error


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _Https(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_TlsConnection, req, context=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificate authorities; reading them costs more than the rest of a call."""
    return ssl.create_default_context()


def _opener() -> OpenerDirector:
    """As urllib would build it, without the handler that follows redirects: a 3xx is then an error like any other."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), UnknownHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor(), _Http(), _Https(context=_trusted())):
        opener.add_handler(handler)
    return opener


class _OneRequest(Client):  # type: ignore[misc]  # the package carries no types
    """The SDK's HTTP client; its parts of the path are clients of the same kind."""

    def _build_client(self, name: str | None = None) -> "_OneRequest":
        path = [*self._url_path, name] if name else self._url_path
        return _OneRequest(
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=path,
            append_slash=self.append_slash,
            timeout=self.timeout,
        )

    def _make_request(self, opener: OpenerDirector, request: Request, timeout: float | None = None) -> Any:
        del opener  # the SDK's own would follow redirects
        return super()._make_request(_opener(), request, timeout=timeout)


def sendgrid_client(api_key: str, host: str, timeout_s: float) -> SendGridAPIClient:
    """The SDK's client for `host`; `timeout_s` bounds each step on the socket (connect, write, each read)."""
    sdk = SendGridAPIClient(api_key, host=host)
    sdk.client = _OneRequest(host=host, request_headers=sdk.client.request_headers, version=3, timeout=timeout_s)
    return sdk
