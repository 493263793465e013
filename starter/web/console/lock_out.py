"""How often a password may be wrong: by name, and by address.

Owns the figures. A lock ends by itself and is said in minutes: a colleague who mistyped must not need an admin, and whoever tries the
names of others cannot lock them out for long. Called by the sign-in.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

# Four may be wrong. Then a minute, doubling up to a quarter of an hour: about a hundred tries a day against one name, of a password of
# which nobody guesses one in a million (NIST SP 800-63B-4, 3.2.2: at most 100 in a row; OWASP's authentication sheet: grow, and end).
_FREE = 4
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(minutes=15)
# By address, as with wrong links (starter/web/portal/face.py), in each process: an office behind one address mistypes now and then.
TRIES_OF_ADDRESS, WINDOW_S = 20, 600.0
_REMEMBERED = 10_000  # names that nobody has, about 1 MB


def locked_for(failures: int) -> timedelta:
    """How long after so many wrong ones in a row."""
    beyond = failures - _FREE
    return min(_FIRST * 2 ** min(beyond - 1, 10), _LONGEST) if beyond > 0 else timedelta(0)


class UnknownNames:
    """The same count for names that nobody has: else a lock would tell which names are somebody's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()  # name -> (wrong ones, locked until)

    def begin_try(self, name: str) -> float:
        """Seconds to wait; 0.0: the try counts."""
        now = self._clock()
        failures, until = self._tries.pop(name, (0, 0.0))
        if until > now:
            self._tries[name] = (failures, until)
            return until - now
        pause = locked_for(failures + 1)
        self._tries[name] = (failures + 1, now + pause.total_seconds() if pause else 0.0)
        while len(self._tries) > _REMEMBERED:
            self._tries.popitem(last=False)
        return 0.0
