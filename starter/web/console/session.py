"""The console's session as a browser has it: its cookie and how long it lives.

Owns both. Must never hold anything but random bits in the cookie: whose it is, is known in the books only, so that it ends there at once.
Called by the guard and the sign-in.
"""

import re
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

# NIST SP 800-63B-3 (4.2.3, AAL2): prove yourself again after 30 minutes without use, and after 12 hours in any case; its fourth edition
# allows more. OWASP's session sheet names 15 to 30 minutes, and a working day. Pages that load themselves anew do not count as use.
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_NAME = "makegood-console"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class ConsoleCookie:
    def __init__(self, *, https: bool) -> None:
        # The prefix binds the cookie to this host: no subdomain and no plain http can plant one. It needs Secure, hence https.
        self.name = f"__Host-{_NAME}" if https else _NAME
        self._https = https

    def read(self, request: Request) -> str | None:
        text = request.cookies.get(self.name, "")
        return text if _TOKEN.match(text) else None

    def put(self, response: Response, token: str) -> Response:
        # No max_age: it ends with the browser, too. Lax: a link in an alert's mail must find it; forms of other sites never carry it.
        response.set_cookie(self.name, token, path="/", httponly=True, secure=self._https, samesite="lax")
        return response

    def drop(self, response: Response) -> Response:
        response.delete_cookie(self.name, path="/", httponly=True, secure=self._https, samesite="lax")
        return response
