"""One e-mail as SendGrid's Inbound Parse posts it.

Owns its fields, their charsets, and whether a person wrote it. Must never believe who it says it is from: only the token in the address
that it was sent to says whose it is. Called by the endpoint. Source: twilio.com/docs/sendgrid/for-developers/parsing-email.
"""

import hashlib
import json
import re
from email.parser import HeaderParser

from starter.web.webhooks.bodies import MultipartForm

_LONGEST = 1_000_000  # bytes of a text that are looked at; a person's is a thousandth of it
_MOST_ADDRESSES = 50
_LONGEST_LIST = 20_000  # characters
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[^\s<>,;:\"()\[\]]{1,255}")
# Words of headers by which programs say that nobody wrote this (RFC 3834, and what is in use beside it).
_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_MACHINES = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+-].*)?@", re.IGNORECASE)


class ParsedMail:
    """ValueError if the form is no parsed mail (the setting "post the raw, full MIME message" is on, or it is something else)."""

    def __init__(self, form: MultipartForm) -> None:
        if "headers" not in form.fields or not ({"envelope", "to"} & set(form.fields)):
            raise ValueError("no parsed mail")
        self._fields = form.fields
        self._charsets = _object(form.fields.get("charsets"))
        self._headers = HeaderParser().parsestr(self._text("headers"))
        self._envelope = _object(form.fields.get("envelope"))
        self.files = form.files

    @property
    def recipients(self) -> list[str]:
        """Whom the mail was handed in for, then whom it names."""
        to = self._envelope.get("to")
        handed_in = [one for one in to if isinstance(one, str)] if isinstance(to, list) else []
        named = _addresses(f"{self._text('to')} {self._text('cc')}")
        return list(dict.fromkeys([*handed_in, *named]))[:_MOST_ADDRESSES]

    @property
    def key(self) -> str:
        """The same for the same mail, however often it is posted."""
        identity = self._headers.get("Message-ID") or f"{self._headers.get('Date')}|{self._text('from')}|{self._text('text')}"
        handed_in = "|".join(sorted(self.recipients))
        return hashlib.sha256(f"{identity}|{handed_in}".encode("utf-8", "replace")).hexdigest()[:40]

    @property
    def by_machine(self) -> bool:
        """An answer of a machine, or a bounce: out of office, a ticket system's receipt, a mailer's report."""
        submitted = str(self._headers.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
        precedence = str(self._headers.get("Precedence", "")).strip().lower()
        marked = submitted != "no" or precedence in _BULK
        reply = any(name in self._headers for name in ("X-Autoreply", "X-Autorespond", "X-Failed-Recipients", "List-Id"))
        report = str(self._headers.get("Content-Type", "")).lower().startswith("multipart/report")
        sender = self._envelope.get("from")
        nobody = isinstance(sender, str) and sender.strip() in ("", "<>")  # RFC 5321: only reports are sent by nobody
        return marked or reply or report or nobody or any(_MACHINES.match(address) for address in _addresses(self._text("from")))

    @property
    def text(self) -> str | None:
        return self._text("text") or None

    @property
    def html(self) -> str | None:
        return self._text("html") or None

    def _text(self, name: str) -> str:
        """The field in the charset that the mail had; SendGrid posts its bytes as they were and names it in `charsets`."""
        raw = self._fields.get(name, b"")[:_LONGEST]
        charset = self._charsets.get(name)
        try:
            return raw.decode(charset if isinstance(charset, str) else "utf-8", "replace")
        except (LookupError, ValueError):
            return raw.decode("utf-8", "replace")


def _addresses(text: str) -> list[str]:
    """Whatever looks like an address: the library's reader differs between versions in what it makes of odd ones."""
    return _ADDRESS.findall(text[:_LONGEST_LIST])


def _object(raw: bytes | None) -> dict[str, object]:
    try:
        found = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
