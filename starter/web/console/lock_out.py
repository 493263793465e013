"""How often a password may be wrong: by name for strangers, by device for who has been in before, and by address.

Owns the figures, and under what a try is counted. A lock ends by itself and is said in minutes. Strangers can keep a name locked for
strangers as long as they go on; they cannot lock out a browser that its person has signed in from (device_cookie.py), nor a one-time
password, which an admin can always make (docs/adr/0016). Called by the sign-in.
"""

import hashlib
import hmac
from datetime import timedelta

from store.sign_in_tries import LockRule

# Four may be wrong. Then a minute, doubling up to a quarter of an hour, in which one is forgiven: about a hundred tries a day against one
# name however they are spread, of a password of which nobody guesses one in a million (NIST SP 800-63B-4, 3.2.2: at most 100 in a row;
# OWASP's authentication sheet: grow, and end).
_FREE = 4
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(minutes=15)
# By address, as with wrong links (starter/web/portal/face.py), in each process: an office behind one address mistypes now and then.
TRIES_OF_ADDRESS, WINDOW_S = 20, 600.0
SWEPT_EVERY = timedelta(minutes=1)
_PURPOSE = b"makegood-tried-names-v1"


def locked_for(failures: int) -> timedelta:
    """How long after so many wrong ones."""
    beyond = failures - _FREE
    return min(_FIRST * 2 ** min(beyond - 1, 10), _LONGEST) if beyond > 0 else timedelta(0)


RULE = LockRule(locked_for, forgiven_every=_LONGEST)


def of_device(device_id: str) -> str:
    """Under what the tries of a known device are counted."""
    return f"device:{device_id}"


def of_nobody(name: str, key: str) -> str:
    """Under what the tries of a name that nobody has are counted: it may be a password, typed into the wrong field."""
    derived = hmac.digest(key.encode(), _PURPOSE, hashlib.sha256)
    return f"name:{hmac.new(derived, name.encode(), hashlib.sha256).hexdigest()[:32]}"
