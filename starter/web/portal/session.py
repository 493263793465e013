"""The short session that a signed link is exchanged for: whose case, for which purposes, and until when.

Owns the cookie: its name, form, signature and life of 30 minutes, renewed by use. Must never hold anything personal (the browser keeps
it), and never be taken for another case than the link's. Nothing of it is stored with us: a link that is withdrawn is withdrawn at once,
since every page looks the link up again. Called by the routes of the portal.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from policies.links import LinkPurpose

IDLE_S = 30 * 60  # the figure; a link opens the next one
# However busy: a stolen cookie that somebody keeps warm ends too. A working day, as the forms' tokens (csrf_token.py).
LONGEST_S = 12 * 3600
_LONGEST_COOKIE = 1000  # characters; ours have about 250
_NAME = "makegood-case"

# What a link is for is all that it opens: a forwarded survey shows nobody the case.
ACTS: dict[LinkPurpose, frozenset[str]] = {
    LinkPurpose.STATUS: frozenset({"view", "reply", "feedback", "not_solved", "settings"}),
    LinkPurpose.FEEDBACK: frozenset({"feedback"}),
    LinkPurpose.NOT_SOLVED: frozenset({"not_solved"}),
    LinkPurpose.REPLY: frozenset({"reply"}),
}


@dataclass(frozen=True, slots=True)
class Session:
    """`number` is random: the tokens in forms are bound to it. `said` is shown once, on the next page."""

    link_id: str
    purposes: frozenset[LinkPurpose]
    number: str
    began: int  # POSIX seconds
    language: str | None = None  # chosen on the page; None: the case's
    said: str | None = None

    def may(self, act: str) -> bool:
        return any(act in ACTS.get(purpose, ()) for purpose in self.purposes)


class Sessions:
    """`keys`: newest first, the link keys will do: another purpose makes another key of them. `clock`: POSIX seconds."""

    def __init__(self, keys: Sequence[str], *, https: bool, clock: Callable[[], float]) -> None:
        # The prefix binds the cookie to this host: no subdomain and no plain http can plant one. It needs Secure, hence https.
        self.cookie = f"__Host-{_NAME}" if https else _NAME
        self._https = https
        self._clock = clock
        self._serializer = URLSafeSerializer(
            list(keys)[::-1],  # the library signs with the last one
            salt="makegood-portal-session-v1",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def opened(self, link_id: str, purpose: LinkPurpose, present: Session | None) -> Session:
        """For a link that was clicked. Another link to the same contact adds its purpose; one to another case ends the present session."""
        if present is not None and present.link_id == link_id:
            return replace(present, purposes=present.purposes | {purpose}, said=None)
        return Session(link_id, frozenset({purpose}), secrets.token_urlsafe(16), int(self._clock()))

    def read(self, request: Request) -> Session | None:
        """The session of this request; None if there is none, or its time is over."""
        text = request.cookies.get(self.cookie, "")
        if not text or len(text) > _LONGEST_COOKIE:
            return None
        try:
            content = self._serializer.loads(text)
            seen, session = int(content["seen"]), _session(content)
        except (BadData, ValueError, TypeError, KeyError):
            return None
        now = self._clock()
        return session if 0 <= now - seen <= IDLE_S and 0 <= now - session.began <= LONGEST_S else None

    def keep(self, response: Response, session: Session) -> Response:
        """The cookie, with its time beginning anew."""
        content = {
            "link": session.link_id,
            "for": sorted(session.purposes),
            "number": session.number,
            "began": session.began,
            "seen": int(self._clock()),
            "language": session.language,
            "said": session.said,
        }
        signed = self._serializer.dumps(content)
        text = signed if isinstance(signed, str) else signed.decode("ascii")
        # Lax: a link in a web mailer must find the cookie on the page that it is redirected to; forms of other sites never carry it.
        response.set_cookie(self.cookie, text, max_age=IDLE_S, path="/", httponly=True, secure=self._https, samesite="lax")
        return response

    def end(self, response: Response) -> Response:
        response.delete_cookie(self.cookie, path="/", httponly=True, secure=self._https, samesite="lax")
        return response


def _session(content: dict[str, object]) -> Session:
    purposes, language, said = content["for"], content.get("language"), content.get("said")
    return Session(
        link_id=str(content["link"]),
        purposes=frozenset(LinkPurpose(one) for one in purposes) if isinstance(purposes, list) else frozenset(),
        number=str(content["number"]),
        began=int(str(content["began"])),
        language=language if isinstance(language, str) else None,
        said=said if isinstance(said, str) else None,
    )
