"""Signed links: a contact's opaque link id, signed for one purpose and dated; and the short form for a reply address.

Owns making and reading of tokens under a list of rotating keys. Must never put anything but the link id into a token, and never log one.
It stands beside the books because both sides need it: activities make links for messages, the web process reads them. Writes no row.
"""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from policies.links import LIFETIME, PATH, LinkPurpose

SHORTEST_KEY = 32  # characters: as hexadecimal digits 128 bits
_CLOCKS_APART = timedelta(minutes=5)  # a token made by a worker whose clock is a little ahead of ours is no forgery
_LONGEST_TOKEN = 200  # ours have about 85 characters; more is not worth a hash
_LINK_ID = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")

# The short form: 16 bytes of id and 10 of HMAC are 42 characters of base32, which survives systems that change the case of letters.
# 80 bits cannot be guessed through a mail server; a mailbox name of up to 21 characters fits before them (RFC 5321: 64 in all).
_ID_BYTES, _MAC_BYTES, _SHORT_LENGTH = 16, 10, 42
_LOCAL_PART = 64


class LinkInvalid(Exception):
    """Not a token of ours for this purpose."""


class LinkExpired(Exception):
    """A token of ours whose time is over."""


class LinkSigner:
    """Signs under the first key, reads under all. Rotate: put the new key in front, drop the old one after the longest lifetime."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        """`keys`: newest first, each at least 32 characters; `clock`: POSIX seconds. ValueError if they cannot be used."""
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise ValueError(f"link keys: right would be one or more of at least {SHORTEST_KEY} characters each")
        self._keys = list(keys)
        self._clock = clock

    def sign(self, purpose: LinkPurpose, link_id: str, at: datetime | None = None) -> str:
        """A token. `at`: the moment it counts from (aware; default now): the same moment gives the same token."""
        seconds = self._clock() if at is None else at.timestamp()
        token = self._serializer(purpose, seconds).dumps(_checked(link_id))
        return token if isinstance(token, str) else token.decode("ascii")

    def read(self, purpose: LinkPurpose, token: str) -> str:
        """The link id. Raises LinkInvalid, LinkExpired. The signature is checked before anything else is believed."""
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise LinkInvalid
        now = self._clock()
        try:
            link_id, signed_at = self._serializer(purpose, now).loads(token, return_timestamp=True)
        except (BadData, ValueError, OverflowError, OSError):
            raise LinkInvalid from None
        if not isinstance(link_id, str) or not _LINK_ID.match(link_id):
            raise LinkInvalid
        age_s = now - signed_at.timestamp()
        if not -_CLOCKS_APART.total_seconds() <= age_s <= LIFETIME[purpose].total_seconds():
            raise LinkExpired
        return link_id

    def short(self, link_id: str) -> str:
        """42 lower-case letters and digits that stand for the link id in a mail address.

        Without a date: one address for the whole case keeps a mail thread together, an answer after a year still finds a person, and
        a new link id revokes it. ValueError if the id is not 16 bytes in URL-safe base64.
        """
        raw = _raw(link_id)
        return base64.b32encode(raw + _mac(self._keys[0], raw)).decode("ascii").rstrip("=").lower()

    def read_short(self, text: str) -> str:
        """The link id, however the letters were written. Raises LinkInvalid."""
        if len(text) != _SHORT_LENGTH or not text.isascii():
            raise LinkInvalid
        try:
            both = base64.b32decode(text.upper() + "=" * (-_SHORT_LENGTH % 8))
        except binascii.Error:
            raise LinkInvalid from None
        raw, mac = both[:_ID_BYTES], both[_ID_BYTES:]
        # All keys are tried even after a match: the time taken tells nothing.
        if sum(hmac.compare_digest(mac, _mac(key, raw)) for key in self._keys) == 0:
            raise LinkInvalid
        return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")

    def _serializer(self, purpose: LinkPurpose, seconds: float) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._keys[::-1],  # the library signs with the last one
            salt=f"makegood-link-v1.{purpose.value}",
            signer=_DatedSigner,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256, "seconds": int(seconds)},
        )


class LinkUrls:
    """The links of one contact, as a message needs them (LinksPort)."""

    def __init__(self, public_url: str, signer: LinkSigner) -> None:
        """`public_url`: where customers reach the web process, without a path's end ("https://care.example.com")."""
        self._public_url = public_url.rstrip("/")
        self._signer = signer

    def url(self, purpose: LinkPurpose, link_id: str, at: datetime | None = None) -> str:
        return f"{self._public_url}{PATH[purpose]}{self._signer.sign(purpose, link_id, at)}"

    def urls(self, link_id: str, at: datetime | None = None) -> dict[str, str]:
        """One link for each purpose. `at`: give the engine's time, so that a repeated attempt writes the same message."""
        return {purpose.value: self.url(purpose, link_id, at) for purpose in LinkPurpose}

    def reply_address(self, mailbox: str, link_id: str) -> str:
        """`mailbox` with the short form after a plus sign; ValueError if that is no longer an address a mail system must take."""
        name, _, domain = mailbox.rpartition("@")
        local = f"{name}+{self._signer.short(link_id)}"
        if not name or not domain or "+" in name or len(local) > _LOCAL_PART:
            longest = _LOCAL_PART - _SHORT_LENGTH - 1
            raise ValueError(
                f"the reply mailbox has not the right form; right would be name@domain, the name without + and at most {longest}"
            )
        return f"{local}@{domain}"


def link_in_address(signer: LinkSigner, address: str) -> str | None:
    """The link id behind the plus sign of an address that mail was sent to; None if there is none of ours."""
    local = address.rpartition("@")[0]
    try:
        return signer.read_short(local.rpartition("+")[2])
    except LinkInvalid:
        return None


class _DatedSigner(TimestampSigner):
    """The library's, with the moment given from outside."""

    def __init__(self, *arguments: Any, seconds: int, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._seconds = seconds

    def get_timestamp(self) -> int:
        return self._seconds


def _checked(link_id: str) -> str:
    if not _LINK_ID.match(link_id):
        raise ValueError("no link id; right would be 16 to 64 letters, digits, - and _")
    return link_id


def _raw(link_id: str) -> bytes:
    raw = base64.urlsafe_b64decode(link_id + "=" * (-len(link_id) % 4)) if _LINK_ID.match(link_id) else b""
    if len(raw) != _ID_BYTES or base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=") != link_id:
        raise ValueError(f"a reply address needs a link id of {_ID_BYTES} bytes in URL-safe base64")
    return raw


def _mac(key: str, raw: bytes) -> bytes:
    derived = hmac.new(key.encode(), b"makegood-link-v1.reply-address", hashlib.sha256).digest()
    return hmac.new(derived, raw, hashlib.sha256).digest()[:_MAC_BYTES]
