"""Whether a vendor sent this: Stripe's HMAC, SendGrid's ECDSA, Twilio's HMAC over the public address.

Owns the checks, over the raw bytes, in constant time, and how old a signature may be. Must never raise for what a stranger sends, and
never log it. A few lines each, since vendors' SDKs stay in adapters; the tests hold them against the SDKs' own signers.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

# Stripe signs every attempt anew; 300 s is its SDK's tolerance (stripe.Webhook.DEFAULT_TOLERANCE).
STRIPE_TOLERANCE = timedelta(seconds=300)
# SendGrid sends an event again for 24 h after a failure. Nobody documents that the timestamp is taken anew each time (another vendor's
# retries were seen to keep the first one, which made receivers with a window of five minutes lose every retry, STOPs among them): the
# window covers the whole time of retries and an hour for queues. What a replay inside it could do is nothing: events are taken once.
SENDGRID_EVENTS_WINDOW = timedelta(hours=25)
SENDGRID_INBOUND_WINDOW = timedelta(hours=73)  # the same; a mail is sent again for three days
_CLOCKS_APART = timedelta(minutes=5)

_LONGEST_HEADER = 4096  # characters; Stripe's has about 150, with two secrets active 220
_MOST_SIGNATURES = 10


class SendGridKey:
    """One public key, as SendGrid shows it: base64 of a P-256 key in DER. ValueError if it is none."""

    def __init__(self, text: str) -> None:
        try:
            key = load_der_public_key(base64.b64decode(text, validate=True))
        except (binascii.Error, UnsupportedAlgorithm, ValueError):
            raise ValueError("no public key in base64") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("no P-256 key")
        self._key = key

    def signed(self, message: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def stripe_signed(header: str | None, body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether `Stripe-Signature` ("t=...,v1=...,v1=...") fits the body under one of the active secrets, and is fresh."""
    if not header or len(header) > _LONGEST_HEADER:
        return False
    parts = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"][:_MOST_SIGNATURES]
    if len(moments) != 1 or not given or not _fresh(moments[0], now, STRIPE_TOLERANCE):
        return False
    message = moments[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() for secret in secrets]
    # Every pair is compared, so that the time taken tells nothing.
    return sum(_same(one, other) for one in expected for other in given) > 0


def sendgrid_signed(
    signature: str | None, timestamp: str | None, body: bytes, keys: Sequence[SendGridKey], now: datetime, window: timedelta
) -> bool:
    """Whether the two headers fit the body under one of the keys. The timestamp is signed with it, so that its age means something."""
    if not signature or not timestamp or len(signature) > _LONGEST_HEADER or not _fresh(timestamp, now, window):
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    message = timestamp.encode() + body
    return any(key.signed(message, raw) for key in keys)


def twilio_signed(signature: str | None, url: str, params: Sequence[tuple[str, str]], tokens: Sequence[str]) -> bool:
    """Whether `X-Twilio-Signature` fits the public address (with its query) and the form under one of the tokens.

    There is no timestamp in it: what is sent twice is recognised by its id. The address is tried with and without its default port,
    because Twilio signs either (its own SDK does the same).
    """
    if not signature or len(signature) > _LONGEST_HEADER:
        return False
    form = "".join(name + value for name, value in sorted(set(params)))
    expected = [
        base64.b64encode(hmac.new(token.encode(), (address + form).encode(), hashlib.sha1).digest()).decode()
        for token in tokens
        for address in _with_and_without_port(url)
    ]
    return sum(_same(one, signature) for one in expected) > 0


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "surrogatepass"))


def _fresh(seconds: str, now: datetime, window: timedelta) -> bool:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return False
    age = now.timestamp() - int(seconds)
    return -min(window, _CLOCKS_APART).total_seconds() <= age <= window.total_seconds()


def _with_and_without_port(url: str) -> set[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {url, parts._replace(netloc=named).geturl(), parts._replace(netloc=f"{named}:{port}").geturl()}
