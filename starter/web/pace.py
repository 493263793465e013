"""How often something may happen under one key: counted in this process in windows of time, with bounded memory.

Owns the counts. Must never be given a key that names a person, nor keep one longer than it is remembered. Past one process the limit
belongs to the proxy in front (docs/web.md): each process counts for itself. Called by the customer's page (acts by link) and by
attempts.py (failures by address).
"""

import time
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED = 10_000  # keys, 1 to 2 MB; the one that was quiet longest is forgotten first


class Pace:
    """At most `limit` times per key and window of `window_s` seconds."""

    def __init__(self, limit: int, window_s: float, *, remembered: int = REMEMBERED, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._window_s = window_s
        self._remembered = remembered
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # key -> (end of its window, times in it)

    def wait_s(self, key: str) -> float | None:
        """Count once more. Seconds until it may happen again if this is one too many; None while it may."""
        now = self._clock()
        ends, count = self._counts.pop(key, (0.0, 0))
        if now >= ends:
            ends, count = now + self._window_s, 0
        self._counts[key] = (ends, count + 1)
        while len(self._counts) > self._remembered:
            self._counts.popitem(last=False)
        return ends - now if count + 1 > self._limit else None

    def too_fast(self, key: str) -> bool:
        """Count once more; True if it is one too many."""
        return self.wait_s(key) is not None

    def took_back(self, key: str) -> None:
        """Count once less: it has not happened after all."""
        ends, count = self._counts.get(key, (0.0, 0))
        if count:
            self._counts[key] = (ends, count - 1)
