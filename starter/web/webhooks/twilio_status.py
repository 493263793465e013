"""POST /webhooks/twilio/status: what became of text messages and calls, as Twilio's status callbacks tell it.

Owns the way from the callback to the books. Must never move a message backwards: reports are kept as they come, and their rank decides.
"""

from fastapi import APIRouter, Request, Response

from starter.web.parts import WebParts
from starter.web.webhooks.configuration import WebhookSecrets
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.twilio_forms import twilio_form
from starter.web.webhooks.twilio_words import OUR_ID, report_of
from store.delivery_reports import DeliveryReports

PATH = "/webhooks/twilio/status"


def twilio_status_router(parts: WebParts, secrets: WebhookSecrets, drain: InboxDrain) -> APIRouter:
    router = APIRouter()

    @router.post(PATH)
    async def status(request: Request) -> Response:
        params = await twilio_form(request, PATH, parts, secrets)
        now = parts.clock()
        report = report_of(params, request.query_params.get(OUR_ID), now)
        if report is not None and (await DeliveryReports(parts.backends.store()).take([report], now)).to_tell:
            drain.wake()
        return Response(status_code=204)

    return router
