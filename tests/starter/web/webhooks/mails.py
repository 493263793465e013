"""A mail as SendGrid's Inbound Parse posts it: a multipart form, signed over its raw bytes.

Owns the form. The fields are those of twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook.
"""

import base64
import json
from collections.abc import Mapping, Sequence

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.starter.web.webhooks.harness import Hooks

BOUNDARY = "xYzZY"
HEADERS = "Received: by mx.sendgrid.net\nFrom: Ada <ada@example.org>\nMessage-ID: <m1@example.org>\nContent-Type: text/plain"


def mail(
    to: str,
    text: str | bytes | None = "Where is my money?",
    *,
    headers: str = HEADERS,
    sender: str = "ada@example.org",
    files: Sequence[tuple[str, bytes]] = (),
    **fields: str | bytes,
) -> list[tuple[str, str | None, bytes]]:
    """The parts: name, content type of a file or None, content. `files`: content type and content."""
    named: Mapping[str, str | bytes | None] = {
        "headers": headers,
        "dkim": "{@example.org : pass}",
        "to": to,
        "from": f"Ada Example <{sender}>",
        "text": text,
        "sender_ip": "203.0.113.9",
        "envelope": json.dumps({"to": [to], "from": sender}),
        "subject": "Re: Your refund",
        "attachments": str(len(files)),
        "charsets": json.dumps({"to": "UTF-8", "text": "utf-8"}),
        "SPF": "pass",
        **fields,
    }
    parts: list[tuple[str, str | None, bytes]] = [
        (name, None, value.encode() if isinstance(value, str) else value) for name, value in named.items() if value is not None
    ]
    parts.extend((f"attachment{number}", type_, content) for number, (type_, content) in enumerate(files, start=1))
    return parts


def body_of(parts: Sequence[tuple[str, str | None, bytes]]) -> bytes:
    lines: list[bytes] = []
    for name, type_, content in parts:
        file = f'; filename="Ada Example.jpg"\r\nContent-Type: {type_}' if type_ is not None else ""
        lines.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n")
    return b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])


async def post(
    h: Hooks, body: bytes, *, key: ec.EllipticCurvePrivateKey | None = None, age_s: int = 0, content_type: str | None = None
) -> httpx2.Response:
    moment = str(h.seconds() - age_s)
    signature = (key or h.inbound_key).sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "Content-Type": content_type or f"multipart/form-data; boundary={BOUNDARY}",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": moment,
    }
    return await h.client.post("/webhooks/sendgrid/inbound", content=body, headers=headers)
