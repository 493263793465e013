"""How fast a key may ask: a token bucket for each, in this process.

Owns the buckets. Must never wait. Each process counts for itself: behind several, a key may do its rate with each (docs/api.md). Called
by guard.py.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 10_000  # keys, of which no house has as many; the one that was quiet longest is forgotten first, with a full bucket


class Rates:
    """A bucket holds what a minute allows and fills evenly: a burst of that size, then one request every 60 / n seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key id -> (tokens, as of)

    def wait_s(self, key_id: str, per_minute: int) -> float:
        """Take a token: 0.0. Without one: seconds until there is one; nothing is taken."""
        now, each_s = self._clock(), 60 / per_minute
        tokens, as_of = self._buckets.pop(key_id, (float(per_minute), now))
        tokens = min(float(per_minute), tokens + (now - as_of) / each_s)
        taken = tokens >= 1
        self._buckets[key_id] = (tokens - 1 if taken else tokens, now)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - tokens) * each_s
