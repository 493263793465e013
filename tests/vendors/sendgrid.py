"""SendGrid on loopback: POST /v3/mail/send, as strict about the request as the real one, and its signed event webhook."""

import base64
import contextlib
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, serving

_FIELDS = frozenset(
    {
        "personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id", "headers",
        "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name", "mail_settings", "tracking_settings",
    }
)  # fmt: skip
_PERSONALIZATION_FIELDS = frozenset(
    {"from", "to", "cc", "bcc", "subject", "headers", "substitutions", "dynamic_template_data", "custom_args", "send_at"}
)
_RESERVED_HEADERS = frozenset(
    {
        "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from", "subject",
        "reply-to", "cc", "bcc",
    }
)  # fmt: skip
_MAILBOX = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_MOST_RECIPIENTS = 1000
_CUSTOM_ARGS_BYTES = 10_000
_REQUEST_BYTES = 30 * 1024 * 1024


@dataclass(frozen=True)
class Mail:
    """One request that was taken."""

    message_id: str  # X-Message-Id
    body: dict[str, Any]

    @property
    def to(self) -> str:
        return str(self.body["personalizations"][0]["to"][0]["email"])

    @property
    def notification_id(self) -> str | None:
        found = self.body["personalizations"][0].get("custom_args", {}).get("notification_id")
        return str(found) if found is not None else None


class _Refused(Exception):
    def __init__(self, status: int, message: str, field: str | None) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"errors": [{"message": message, "field": field, "help": None}]})


class SendGridServer(Loopback):
    def __init__(self, api_key: str = "SG.loopback.key") -> None:
        super().__init__()
        self.api_key = api_key
        self.accepted: list[Mail] = []
        self.verified_senders: set[str] | None = None  # None: every sender is
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Reply:
        limits = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "599", "X-RateLimit-Reset": str(int(time.time()) + 60)}
        try:
            said = self._take(request)
        except _Refused as refused:
            said = refused.reply
        return Reply(said.status, said.body, {**limits, "Date": format_datetime(datetime.now(UTC), usegmt=True), **said.headers})

    def _take(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/v3/mail/send"):
            raise _Refused(404, "not found", None)
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            raise _Refused(401, "The provided authorization grant is invalid, expired, or revoked", None)
        if request.headers.get("Content-Type") != "application/json":
            raise _Refused(415, "Content-Type should be application/json.", None)
        if len(request.body) > _REQUEST_BYTES:
            raise _Refused(413, "The request is too large.", None)
        try:
            body = json.loads(request.body)
        except ValueError:
            raise _Refused(400, "Bad Request", None) from None
        _check(body)
        if self.verified_senders is not None and body["from"]["email"] not in self.verified_senders:
            raise _Refused(403, "The from address does not match a verified Sender Identity.", "from")
        if body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return Reply(200)
        mail = Mail(f"msg{next(self._numbers):019d}", body)
        self.accepted.append(mail)
        return Reply(202, None, {"X-Message-Id": mail.message_id})

    def event(self, mail: Mail, event: str, at: datetime | None = None, **more: Any) -> dict[str, Any]:
        """An event about `mail` as the webhook brings it: custom_args stand among the fields. `event`: delivered, bounce, dropped ..."""
        found = {
            "email": mail.to,
            "timestamp": int((at or datetime.now(UTC)).timestamp()),
            "event": event,
            "sg_event_id": f"evt{next(self._numbers):019d}",
            "sg_message_id": f"{mail.message_id}.recvd-7f5c-1-65E0-2.0",
        }
        if mail.notification_id is not None:
            found["notification_id"] = mail.notification_id
        return {**found, **more}

    async def post_events(
        self, url: str, events: Sequence[dict[str, Any]], private_key: ec.EllipticCurvePrivateKey, timestamp: int | None = None
    ) -> httpx2.Response:
        """POST the events, signed, as the webhook does. `timestamp`: Unix seconds of the signature, now if not given."""
        body, headers = signed_events(events, private_key, timestamp)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            return await client.post(url, content=body, headers=headers)


def signed_events(
    events: Sequence[dict[str, Any]], private_key: ec.EllipticCurvePrivateKey, timestamp: int | None = None
) -> tuple[bytes, dict[str, str]]:
    """The body (a JSON array, one event a line as SendGrid writes it) and the headers with its signature."""
    body = ("[" + ",\r\n".join(json.dumps(event) for event in events) + "]\r\n").encode()
    moment = str(int(time.time()) if timestamp is None else timestamp)
    signature = private_key.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "SendGrid Event API",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": moment,
    }


def event_keys() -> tuple[ec.EllipticCurvePrivateKey, str]:
    """A private key, and the public one as SendGrid's console shows it (base64 of its DER form)."""
    private = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private, base64.b64encode(private.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


@contextlib.asynccontextmanager
async def sendgrid_server(api_key: str = "SG.loopback.key") -> AsyncIterator[SendGridServer]:
    async with serving(SendGridServer(api_key)) as server:
        yield server


def _check(body: Any) -> None:
    if not isinstance(body, dict):
        raise _Refused(400, "Bad Request", None)
    for name in body:
        if name not in _FIELDS:
            raise _Refused(400, "Additional property is not allowed", name)
    _check_recipients(body.get("personalizations"))
    _check_mailbox(body.get("from"), "from")
    if "reply_to" in body:
        _check_mailbox(body["reply_to"], "reply_to")
    if not isinstance(body.get("subject"), str) or not body["subject"]:
        raise _Refused(400, "The subject is required.", "subject")
    _check_content(body.get("content"))
    for name, value in body.get("headers", {}).items():
        if name.lower() in _RESERVED_HEADERS:
            raise _Refused(400, "This header may not be used.", f"headers.{name}")
        if not isinstance(value, str):
            raise _Refused(400, "Headers are strings.", f"headers.{name}")


def _check_recipients(personalizations: Any) -> None:
    if not isinstance(personalizations, list) or not personalizations:
        raise _Refused(400, "At least one personalization is required.", "personalizations")
    recipients = 0
    for place, one in enumerate(personalizations):
        field = f"personalizations.{place}"
        for name in one:
            if name not in _PERSONALIZATION_FIELDS:
                raise _Refused(400, "Additional property is not allowed", f"{field}.{name}")
        if not one.get("to"):
            raise _Refused(400, "The to array is required and must hold at least one address.", f"{field}.to")
        for number, mailbox in enumerate(one["to"]):
            _check_mailbox(mailbox, f"{field}.to.{number}")
        recipients += len(one["to"])
        custom = one.get("custom_args", {})
        if any(not isinstance(value, str) for value in custom.values()):
            raise _Refused(400, "Custom arguments are strings.", f"{field}.custom_args")
        if len(json.dumps(custom).encode()) > _CUSTOM_ARGS_BYTES:
            raise _Refused(400, "Custom arguments are larger than 10,000 bytes.", f"{field}.custom_args")
    if recipients > _MOST_RECIPIENTS:
        raise _Refused(400, "More than 1000 recipients.", "personalizations")


def _check_mailbox(mailbox: Any, field: str) -> None:
    if not isinstance(mailbox, dict) or not _MAILBOX.match(str(mailbox.get("email", ""))):
        raise _Refused(400, "Does not contain a valid address.", f"{field}.email")


def _check_content(content: Any) -> None:
    if not isinstance(content, list) or not content:
        raise _Refused(400, "At least one content block is required.", "content")
    kinds = [part.get("type") for part in content]
    for place, part in enumerate(content):
        if not isinstance(part.get("value"), str) or not part["value"]:
            raise _Refused(400, "The content value must be a string of at least one character.", f"content.{place}.value")
    if len(set(kinds)) != len(kinds):
        raise _Refused(400, "Each content type may be given once.", "content")
    expected = [kind for kind in ("text/plain", "text/html") if kind in kinds]
    if [kind for kind in kinds if kind in expected] != expected or kinds[: len(expected)] != expected:
        raise _Refused(400, "text/plain must be first, followed by text/html, followed by any other content.", "content")
