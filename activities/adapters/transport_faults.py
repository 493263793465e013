"""How far a call came that ended without an answer, in the words of the outcome tables.

Owns the reading of exceptions of urllib and requests. What certainly never left us: refused, dns, tls (the certificate), connect_timeout,
unreachable, not_started. What may have arrived: timeout, reset, closed, cut_off, unreadable, lost. In doubt it is the second kind.
Called by the channel adapters.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3.exceptions


def before_connected(error: BaseException) -> str:
    """The word for a connection that never stood; whatever the reason, nothing was sent."""
    for cause in _chain(error):
        if isinstance(cause, ConnectionRefusedError):
            return "refused"
        if isinstance(cause, socket.gaierror):
            return "dns"
        if isinstance(cause, ssl.SSLError):
            return "tls"
        if isinstance(cause, TimeoutError):
            return "connect_timeout"
    return "unreachable"


def after_connected(error: BaseException) -> str:
    """The word for a request that was under way."""
    for cause in _chain(error):
        if isinstance(cause, http.client.RemoteDisconnected):  # is a ConnectionResetError, too
            return "closed"
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return "reset"
        if isinstance(cause, http.client.IncompleteRead):
            return "cut_off"
        if isinstance(cause, TimeoutError):
            return "timeout"
    return "lost"


def of_requests(error: requests.RequestException) -> str:
    """The word for what `requests` raised (under Twilio's SDK)."""
    if isinstance(error, requests.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.ReadTimeout):
        return "timeout"
    for cause in _chain(error):
        # A certificate is looked at before the request is written; other TLS errors may come later.
        if isinstance(cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ProxyError | ssl.SSLCertVerificationError):
            return before_connected(error)
        if isinstance(cause, urllib3.exceptions.IncompleteRead | urllib3.exceptions.InvalidChunkLength):
            return "cut_off"
        if isinstance(cause, urllib3.exceptions.ReadTimeoutError):
            return "timeout"
    return after_connected(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it wraps: urllib keeps its cause in `reason`, urllib3 in `args`, Python in `__cause__`."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]
        waiting += [cause for cause in wrapped if isinstance(cause, BaseException)]
