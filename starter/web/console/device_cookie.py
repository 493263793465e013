"""A browser that a person has signed in from before: its cookie, signed, for this person alone.

Owns making, reading and the lifetime. It opens nothing: it only says that this browser's wrong passwords are counted by themselves, so that
strangers who try the name lock strangers only (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Must never be taken for a
session, and never hold a name. Called by the sign-in.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

_NAME = "makegood-device"
_ID = re.compile(r"[0-9a-f]{32}\Z")
_LONGEST = 500  # characters; ours has about 140
# Renewed at each signing in. Half a year: longer than a long leave; whoever was away for more is a stranger, who can sign in as such.
LIFETIME = timedelta(days=180)


class DeviceCookie:
    """`keys`: newest first, the link keys: another purpose makes another key of them."""

    def __init__(self, keys: Sequence[str], *, https: bool) -> None:
        self.name = f"__Host-{_NAME}" if https else _NAME  # as the session's (session.py)
        self._https = https
        self._serializer = URLSafeSerializer(
            list(keys)[::-1], salt="makegood-device-v1", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def read(self, request: Request, name: str, at: datetime) -> str | None:
        """The id of the device, if the person of this name has signed in from it; None for everybody else's browser."""
        try:
            device_id, whose, issued = self._serializer.loads(request.cookies.get(self.name, "")[:_LONGEST])
        except (BadData, ValueError, TypeError):
            return None
        fresh = isinstance(issued, int) and 0 <= at.timestamp() - issued <= LIFETIME.total_seconds()
        known = isinstance(device_id, str) and _ID.match(device_id) and isinstance(whose, str) and hmac.compare_digest(whose, _digest(name))
        return device_id if fresh and known else None

    def put(self, response: Response, name: str, at: datetime, device_id: str | None = None) -> Response:
        """After a right password. `device_id`: as it was read; None: a new one. It outlives the session, that is what it is for."""
        value = self._serializer.dumps([device_id or secrets.token_hex(16), _digest(name), int(at.timestamp())])
        age = int(LIFETIME.total_seconds())
        # Strict: only our own sign-in page sends a password.
        response.set_cookie(self.name, str(value), max_age=age, path="/", httponly=True, secure=self._https, samesite="strict")
        return response


def _digest(name: str) -> str:
    """Whoever opens the browser's store need not read who works here."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]
