"""A form from Twilio, verified.

Owns the address over which its signature is checked: the public one of the settings with the query as it came, never the Host header,
which a stranger writes. Called by the two Twilio endpoints.
"""

from fastapi import HTTPException, Request

from starter.web.parts import WebParts
from starter.web.webhooks.bodies import form_of, read_body
from starter.web.webhooks.configuration import WebhookSecrets
from starter.web.webhooks.refusals import FORGED, closed
from starter.web.webhooks.signatures import twilio_signed

_LARGEST = 64 * 1024  # bytes; a text of ten segments with all its fields has less than 8 KB
_SIGNATURE = "x-twilio-signature"


async def twilio_form(request: Request, path: str, parts: WebParts, secrets: WebhookSecrets) -> dict[str, str]:
    """The fields; of a repeated one the last. Raises HTTPException 503, 413, 403."""
    if not secrets.twilio:
        raise closed("TWILIO_AUTH_TOKENS")
    body = await read_body(request, _LARGEST)
    query = request.scope["query_string"].decode("latin-1")
    url = f"{parts.public_url}{path}" + (f"?{query}" if query else "")
    try:
        fields = form_of(body)
    except ValueError:
        raise HTTPException(403, FORGED) from None
    if not twilio_signed(request.headers.get(_SIGNATURE), url, fields, secrets.twilio):
        raise HTTPException(403, FORGED)
    return dict(fields)
