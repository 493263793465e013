"""How often one address may be wrong: counted in this process, with bounded memory.

Owns what counts as one address. Must never log or keep an address longer than its window. Called by routes that take secrets.
"""

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from starter.web.pace import REMEMBERED, Pace


class Attempts:
    """At most `limit` failures per address and window of `window_s` seconds."""

    def __init__(self, limit: int, window_s: float, *, remembered: int = REMEMBERED, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace(limit, window_s, remembered=remembered, clock=clock)

    def failed(self, request: Request) -> float | None:
        """Count a failure. Seconds until the address may fail again; None while it may."""
        return self._pace.wait_s(address_of(request))

    def took_back(self, request: Request) -> None:
        """It was no failure after all: for what is counted before it is known, so that many at once are many."""
        self._pace.took_back(address_of(request))


def address_of(request: Request) -> str:
    """The client, as one network: whoever has an IPv6 address has 2^64 of them."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
