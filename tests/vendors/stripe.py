"""Stripe on loopback: GET /v1/refunds/{id} and /v1/disputes/{id} as API 2026-10-28 answers them, and webhook events, signed.

Strict about the path, the key and the version, as Stripe is: a wrong key is a 401, an unknown path a 404 without a code, an unknown
object a 404 with `resource_missing`, no version header a 400 (Stripe would take the account's default; ours must always say one).
"""

import contextlib
import copy
import itertools
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import stripe

from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, serving

API_KEY = "rk_test_" + "0" * 24
WEBHOOK_SECRET = "whsec_" + "0" * 32
_OBJECT = re.compile(r"^/v1/(refunds|disputes)/([A-Za-z0-9_]+)$")
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
_KINDS = {"refunds": "refund", "disputes": "dispute"}


class StripeServer(Loopback):
    """`objects` by id; change them as Stripe would, `hidden` ones belong to another account."""

    def __init__(self, api_key: str = API_KEY, webhook_secret: str = WEBHOOK_SECRET) -> None:
        super().__init__()
        self.api_key = api_key
        self.webhook_secret = webhook_secret
        self.forbidden = False  # a restricted key that may not read this
        self.objects: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def refund(self, status: str = "pending", **changes: Any) -> dict[str, Any]:
        """A new refund of 49.90 EUR to a card, kept; `changes` replace its fields."""
        number = next(self._numbers)
        refund = {
            "id": f"re_{number:024d}",
            "object": "refund",
            "amount": 4990,
            "balance_transaction": None,
            "charge": f"ch_{number:024d}",
            "created": 1772442000,
            "currency": "eur",
            "destination_details": {
                "card": {"reference": None, "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
                "type": "card",
            },
            "metadata": {},
            "payment_intent": None,
            "reason": "requested_by_customer",
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": status,
            "transfer_reversal": None,
        }
        return self._kept({**refund, **changes})

    def dispute(self, status: str = "needs_response", **changes: Any) -> dict[str, Any]:
        """A new dispute about 49.90 EUR, with evidence of the kind that must not travel on; kept."""
        number = next(self._numbers)
        dispute = {
            "id": f"du_{number:024d}",
            "object": "dispute",
            "amount": 4990,
            "balance_transactions": [],
            "charge": f"ch_{number:024d}",
            "created": 1772442000,
            "currency": "eur",
            "enhanced_eligibility_types": [],
            "evidence": {"customer_name": "Ada Ring", "customer_email_address": "ada@example.org", "billing_address": "Hidden Street 1"},
            "evidence_details": {"due_by": 1773100799, "has_evidence": False, "past_due": False, "submission_count": 0},
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": None,
            "reason": "product_not_received",
            "status": status,
        }
        return self._kept({**dispute, **changes})

    def answer(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _error(401, "invalid_request_error", message=f"Invalid API Key provided: {request.headers.get('Authorization', '')}")
        if not _VERSION.match(request.headers.get("Stripe-Version", "")):
            return _error(400, "invalid_request_error", message="Which version?")
        if self.forbidden:
            return _error(403, "invalid_request_error", message="The provided key does not have the required permissions.")
        place = _OBJECT.match(request.path)
        if place is None or request.method != "GET":
            return _error(404, "invalid_request_error", message=f"Unrecognized request URL ({request.method}: {request.path}).")
        kind, object_id = _KINDS[place[1]], place[2]
        found = self.objects.get(object_id)
        if found is None or found["object"] != kind:
            return _error(404, "invalid_request_error", code="resource_missing", param="id", message=f"No such {kind}: '{object_id}'")
        return Reply(200, found, {"Request-Id": "req_loopback", "Stripe-Version": request.headers["Stripe-Version"]})

    def event(self, type_: str, object_: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """An event about an object as it is now."""
        event = {
            "id": f"evt_{next(self._numbers):024d}",
            "object": "event",
            "api_version": stripe.api_version,
            "created": int(time.time()),
            "data": {"object": copy.deepcopy(object_)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type_,
        }
        return {**event, **changes}

    async def post_event(
        self, url: str, event: dict[str, Any], *, secret: str | None = None, timestamp: int | None = None
    ) -> httpx2.Response:
        """POST the event to a webhook endpoint, signed as Stripe signs it (every attempt anew)."""
        body, headers = signed_event(event, secret or self.webhook_secret, timestamp)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            return await client.post(url, content=body, headers=headers)

    def _kept(self, object_: dict[str, Any]) -> dict[str, Any]:
        self.objects[object_["id"]] = object_
        return object_


def signed_event(event: dict[str, Any], secret: str = WEBHOOK_SECRET, timestamp: int | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a webhook; the signature is the package's own. `timestamp`: seconds since 1970 (default: now)."""
    body = json.dumps(event, indent=2)
    signature = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=timestamp)
    return body.encode(), {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signature,
    }


def _error(status: int, type_: str, **more: str) -> Reply:
    return Reply(status, {"error": {"type": type_, **more}}, {"Request-Id": "req_loopback"})


@contextlib.asynccontextmanager
async def stripe_server(api_key: str = API_KEY, webhook_secret: str = WEBHOOK_SECRET) -> AsyncIterator[StripeServer]:
    async with serving(StripeServer(api_key, webhook_secret)) as server:
        yield server
