"""How often one case may be acted on from its page: counted in this process, with bounded memory.

Owns the counts, by the opaque id of a link. Must never keep anything that names a person. It bounds what one opened link can do; what one
address can try is the other limit (starter/web/attempts.py). Called by the routes of the portal.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 10_000  # links, about 1 MB; the one that was quiet longest is forgotten first


class Pace:
    """At most `limit` acts per key and window of `window_s` seconds."""

    def __init__(self, limit: int, window_s: float, *, remembered: int = _REMEMBERED, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._window_s = window_s
        self._remembered = remembered
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # key -> (end of its window, acts in it)

    def too_fast(self, key: str) -> bool:
        """Count an act; True if it is one too many."""
        now = self._clock()
        ends, count = self._counts.pop(key, (0.0, 0))
        if now >= ends:
            ends, count = now + self._window_s, 0
        self._counts[key] = (ends, count + 1)
        while len(self._counts) > self._remembered:
            self._counts.popitem(last=False)
        return count + 1 > self._limit
