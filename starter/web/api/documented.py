"""The words of the OpenAPI document: what each operation may answer, and examples that run.

Owns them; tests send every example to a running house. Must never promise an answer that an operation does not give. Called where
operations are declared.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from fastapi import Security
from fastapi.security import HTTPBearer

from store.api_keys import Scope

PROBLEM = "application/problem+json"
# For the document only: the guard has looked at the header long before (guard.py).
BEARER = Security(HTTPBearer(scheme_name="ApiKey", bearerFormat="mg_<id>_<secret>", auto_error=False))
_BY = {"who": "ana.agent", "why": "the customer called"}
_ANSWERS = {
    400: "The body cannot be read as what its content type says.",
    401: "No key, or one that is unknown, expired or revoked.",
    403: "The key has not the scope that is needed (`scope`), or is for another merchant.",
    404: "No such case exists for this key.",
    409: "The case says no, in its own words; what happened meanwhile is in them. Nothing was done.",
    412: "If-Match: the case has moved on; `since` tells what happened. Nothing was done.",
    413: "The body is larger than is accepted here.",
    415: "The body is not of the content type that is needed.",
    422: "A field is missing, unknown or wrong: `field` names it, `detail` says what would be right.",
    429: "The key, or the address, asks too often; Retry-After says in how many seconds again.",
    503: "The store or the engine is away, or it took too long; Retry-After says in how many seconds again. Nothing is lost.",
    504: "No worker answered in time. It may still be carried out: repeat it with the same Idempotency-Key, or look at the case.",
}
_ALWAYS = (401, 403, 422, 429, 503)
_WITH_BODY = (400, 413, 415)


def answers(*more: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The error answers of an operation."""
    statuses = sorted({*_ALWAYS, *more, *(_WITH_BODY if body else ())})
    schema = {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"description": _ANSWERS[status], "content": {PROBLEM: schema}}
        if status in (429, 503):
            found[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
        if status == 401:
            found[status]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found


def operation(scope: Scope, examples: dict[str, Any] | None = None, media: str = "application/json") -> dict[str, Any]:
    """What the document says beyond the signature: the scope, and examples of the body by their title."""
    extra: dict[str, Any] = {"x-scope": scope.value}
    if examples is not None:
        shown = {f"example{number}": {"summary": title, "value": value} for number, (title, value) in enumerate(examples.items(), 1)}
        extra["requestBody"] = {"required": True, "content": {media: {"examples": shown}}}
    return extra


# Where a case that was opened goes on, for programs that read the document.
LINKS = {
    f"then_{name}": {"operationId": name, "parameters": {"case_id": "$response.body#/case_id"}}
    for name in (
        "get_case",
        "get_timeline",
        "notes",
        "replies",
        "hold",
        "resume",
        "facts",
        "escalate",
        "extend",
        "resolve",
        "withdraw",
        "feedback",
    )
}

_CUSTOMER = {"id": "C-17", "name": "Ada Brook", "email": "ada.brook@example.com", "phone": "+44 7700 900117", "zone": "Europe/London"}
REFUND = {
    "merchant": "northwind",
    "kind": "refund",
    "reference": "R-2001",
    "order": "NW-50111",
    "item": "Rain jacket",
    "reason": "returned",
    "payments": [{"amount_minor": 8990, "currency": "EUR", "provider": "simpay", "reference": "SP-2001"}],
    "customer": _CUSTOMER,
    "tags": ["web"],
}
DISPUTE = {
    "merchant": "northwind",
    "kind": "dispute",
    "reference": "D-2001",
    "order": "NW-50112",
    "reason": "not_received",
    "payments": [{"amount_minor": 4990, "currency": "EUR", "provider": "simpay", "reference": "SP-2002"}],
    "dispute": {"provider": "simpay", "reference": "DP-2001", "stage": "chargeback"},
    "customer": _CUSTOMER,
}
DELAY = {
    "merchant": "northwind",
    "kind": "delay",
    "reference": "V-2001",
    "order": "NW-50113",
    "delay": {"promised_at": "2026-11-20T18:00:00+01:00"},
    "parcels": [{"carrier": "simship", "tracking": "TR-2001"}],
    "customer": _CUSTOMER,
}
OPENINGS = {"A refund": REFUND, "A dispute": DISPUTE, "A late delivery": DELAY}
_IN_A_BATCH = ({**DISPUTE, "reference": "D-2002"}, {**DELAY, "reference": "V-2002"}, {"merchant": "northwind", "kind": "refund"})
BATCH = {"Two cases, and a line that is none": "".join(json.dumps(line) + "\n" for line in _IN_A_BATCH)}


def act_examples(now: datetime) -> dict[str, dict[str, Any]]:
    """A body for each act that a case takes; moments lie a little ahead of `now`, as they must."""
    day = now.replace(minute=0, second=0, microsecond=0)
    return {
        "resolve": {"A goodwill instead": {"by": _BY, "outcome": "goodwill", "amounts": [{"amount_minor": 1500, "currency": "EUR"}]}},
        "hold": {
            "Waiting for the warehouse": {"by": _BY, "reason": "warehouse"},
            "Until a day": {"by": _BY, "reason": "warehouse", "until": (day + timedelta(days=3)).isoformat()},
        },
        "resume": {"Go on": {"by": _BY}},
        "escalate": {"One level up": {"by": _BY}, "To a role": {"by": _BY, "to": "head"}},
        "extend": {"Four weeks more": {"by": _BY, "until": (day + timedelta(days=28)).isoformat()}},
        "reassign": {"Another owner": {"by": _BY, "owner": "ana.agent"}},
        "replies": {"An answer": {"by": _BY, "text": "Your bank has the money since Monday."}},
        "notes": {"A note": {"by": _BY, "text": "Spoke with the warehouse."}},
        "facts": {
            "The goods are back": {"by": _BY, "name": "goods_received", "occurred_at": (day - timedelta(hours=1)).isoformat()},
            "The refund was issued again": {
                "by": _BY,
                "name": "payment_replaced",
                "old_reference": "SP-2001",
                "new_reference": "SP-2001-B",
            },
        },
        "links": {"The dispute about the same order": {"by": _BY, "case_id": "northwind-d-2001-4bcfcbeb"}},
        "withdraw": {"It arrived": {"by": _BY}},
        "feedback": {"A satisfied customer": {"by": _BY, "csat": 5, "nps": 10, "comment": "Quick."}},
    }
