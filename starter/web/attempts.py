"""How often one address may be wrong: counted in this process, with bounded memory.

Owns the counts and what counts as one address. Must never log or keep an address longer than its window. Past one process the limit
belongs to the proxy in front (docs/web.md): each process counts for itself. Called by routes that take secrets.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

_REMEMBERED = 10_000  # addresses, about 2 MB; the one that was quiet longest is forgotten first


class Attempts:
    """At most `limit` failures per address and window of `window_s` seconds."""

    def __init__(self, limit: int, window_s: float, *, remembered: int = _REMEMBERED, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._window_s = window_s
        self._remembered = remembered
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # address -> (end of its window, failures in it)

    def failed(self, request: Request) -> float | None:
        """Count a failure. Seconds until the address may fail again; None while it may."""
        address, now = address_of(request), self._clock()
        ends, count = self._counts.pop(address, (0.0, 0))
        if now >= ends:
            ends, count = now + self._window_s, 0
        self._counts[address] = (ends, count + 1)
        while len(self._counts) > self._remembered:
            self._counts.popitem(last=False)
        return ends - now if count + 1 > self._limit else None

    def took_back(self, request: Request) -> None:
        """It was no failure after all: for what is counted before it is known, so that many at once are many."""
        ends, count = self._counts.get(address_of(request), (0.0, 0))
        if count:
            self._counts[address_of(request)] = (ends, count - 1)


def address_of(request: Request) -> str:
    """The client, as one network: whoever has an IPv6 address has 2^64 of them."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
