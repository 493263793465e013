"""POST /webhooks/sendgrid: what became of e-mails, as SendGrid's signed event webhook tells it.

Owns the way from the raw batch to the books. Must never answer 2xx before they have it: SendGrid sends again for 24 hours.
"""

import json

from fastapi import APIRouter, HTTPException, Request, Response

from starter.web.parts import WebParts
from starter.web.webhooks.bodies import read_body
from starter.web.webhooks.configuration import WebhookSecrets
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.refusals import FORGED, closed, unreadable
from starter.web.webhooks.sendgrid_words import report_of
from starter.web.webhooks.signatures import SENDGRID_EVENTS_WINDOW, sendgrid_signed
from store.delivery_reports import DeliveryReports

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_LARGEST = 2 * 1024 * 1024  # bytes; SendGrid sends a batch before it reaches 768 KB


def sendgrid_events_router(parts: WebParts, secrets: WebhookSecrets, drain: InboxDrain) -> APIRouter:
    router = APIRouter()

    @router.post("/webhooks/sendgrid")
    async def sendgrid(request: Request) -> Response:
        if not secrets.sendgrid_events:
            raise closed("SENDGRID_EVENT_KEYS")
        body = await read_body(request, _LARGEST)
        now = parts.clock()
        signature, timestamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP)
        if not sendgrid_signed(signature, timestamp, body, secrets.sendgrid_events, now, SENDGRID_EVENTS_WINDOW):
            raise HTTPException(403, FORGED)
        reports = [report for event in _batch(body) if (report := report_of(event, now)) is not None]
        if reports and (await DeliveryReports(parts.backends.store()).take(reports, now)).to_tell:
            drain.wake()
        return Response(status_code=200)

    return router


def _batch(body: bytes) -> list[object]:
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        raise unreadable("a JSON array of events") from None
    if not isinstance(events, list):
        raise unreadable("a JSON array of events")
    return events
