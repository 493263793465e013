"""The token in a form: proof that the page it stands in was made for this session.

Owns making and checking. Must never be the only lock (origin_check.py is the other), and never be put into an address. Called by the
pages that have a session.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

from itsdangerous import BadData, URLSafeSerializer

FIELD = "csrf_token"  # name of the form's field
HEADER = "x-csrf-token"  # for requests by script
# A form left open over a working day can still be sent; the session behind it ends by its own rules.
_LIFETIME_S = 12 * 3600


class CsrfTokens:
    """`keys`: newest first, the link keys will do: another purpose makes another key of them."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._serializer = URLSafeSerializer(
            list(keys)[::-1], salt="makegood-csrf-v1", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )
        self._clock = clock

    def issue(self, session_id: str) -> str:
        """A token for a form of this session."""
        return str(self._serializer.dumps([_digest(session_id), int(self._clock())]))

    def accepts(self, session_id: str, token: str) -> bool:
        """Whether the token was made for this session, not too long ago."""
        try:
            digest, issued = self._serializer.loads(token[:500])
        except (BadData, ValueError, TypeError):
            return False
        fresh = isinstance(issued, int) and 0 <= self._clock() - issued <= _LIFETIME_S
        return fresh and isinstance(digest, str) and hmac.compare_digest(digest, _digest(session_id))


def _digest(session_id: str) -> str:
    """The session's id itself stays in its cookie."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]
