"""POST /webhooks/stripe: refunds and disputes that Stripe reports.

Owns which events are taken, and their reduction to readings: nothing else of an event is kept. Must never answer 2xx before the inbox
has them: Stripe sends again for three days.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from policies.case.plans import Reading
from policies.providers.stripe_objects import known_word, reading_of
from starter.web.parts import WebParts
from starter.web.webhooks.bodies import read_body
from starter.web.webhooks.configuration import WebhookSecrets
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.refusals import FORGED, closed, unreadable
from starter.web.webhooks.signatures import stripe_signed
from starter.web.webhooks.stripe_accounts import addressed
from starter.web.webhooks.telling import READING
from store.inbox import Inbox, InboxEvent

_log = logging.getLogger("makegood.web.webhooks")

_LARGEST = 512 * 1024  # bytes; a dispute with all its evidence has less than 100 KB
_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated", "charge.refunded"})
_DISPUTES = "charge.dispute."
_MOST_REFUNDS = 50  # in a charge; Stripe lists 10 there
_LONGEST_ID = 255
_SECONDS = range(946_684_800, 7_258_118_400)  # the years 2000 to 2199: what lies outside is no date of an event


def stripe_router(parts: WebParts, secrets: WebhookSecrets, drain: InboxDrain) -> APIRouter:
    router = APIRouter()

    @router.post("/webhooks/stripe")
    async def stripe(request: Request) -> Response:
        accounts = [account for account in secrets.stripe if account.secrets]
        if not accounts:
            raise closed("STRIPE_WEBHOOK_SECRETS")
        body = await read_body(request, _LARGEST)
        now = parts.clock()
        header = request.headers.get("stripe-signature")
        verified = [account for account in accounts if stripe_signed(header, body, account.secrets, now)]
        if not verified:
            raise HTTPException(403, FORGED)
        event = _event(body)
        # The cases of the provider whose secret fits, and of no other: two accounts may well have told us of the same reference.
        rows = [row for account in addressed(verified, event.get("account")) for row in _rows(event, now, account.provider)]
        if rows and await Inbox(parts.backends.store()).put_all(rows, now):
            drain.wake()
        return Response(status_code=200)

    return router


def _event(body: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise unreadable("a Stripe event in JSON") from None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str) or not 0 < len(event["id"]) <= _LONGEST_ID:
        raise unreadable("a Stripe event with its id (a snapshot event, no thin one)")
    return event


def _rows(event: Mapping[str, Any], now: datetime, provider: str) -> list[InboxEvent]:
    """One row for each refund or dispute in the event; none for events that are not ours to take."""
    kind = event.get("type")
    if not isinstance(kind, str) or not (kind in _REFUNDS or kind.startswith(_DISPUTES)):
        return []
    data = event.get("data")
    object_ = data.get("object") if isinstance(data, dict) else None
    if not isinstance(object_, dict):
        return []
    occurred_at = _moment(event.get("created"))
    if object_.get("object") != "charge":
        return _row(object_, event["id"], now, occurred_at, provider)
    # A charge lists its refunds in older API versions only; in newer ones the refund's own events say the same.
    listed = object_.get("refunds")
    refunds = listed.get("data") if isinstance(listed, dict) else None
    found = [refund for refund in refunds if isinstance(refund, dict)] if isinstance(refunds, list) else []
    return [
        row for refund in found[:_MOST_REFUNDS] for row in _row(refund, f"{event['id']}/{refund.get('id')}", now, occurred_at, provider)
    ]


def _row(object_: Mapping[str, Any], event_id: str, now: datetime, occurred_at: datetime | None, provider: str) -> list[InboxEvent]:
    reading: Reading | None = reading_of(object_, now, occurred_at=occurred_at, event_id=event_id, provider=provider)
    if reading is None:
        return []
    if not known_word(object_):
        _log.warning("stripe: a %s has a status that this version does not know; it is read as still in progress", reading.type.value)
    return [
        InboxEvent(
            provider=provider,
            event_key=event_id,
            kind=READING,
            reference=reading.reference,
            payload=reading.model_dump(mode="json", exclude_none=True),
        )
    ]


def _moment(seconds: object) -> datetime | None:
    known = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds in _SECONDS
    return datetime.fromtimestamp(seconds, UTC) if known else None  # type: ignore[arg-type]
