"""Requests as a backend service hands them in; a test names only what it is about."""

from typing import Any

from policies.case.request import CaseRequest
from starter.desk import Identity

IDENTITY = Identity(b"0123456789abcdef0123456789abcdef")
CUSTOMER = {
    "id": "C-1",
    "name": "Ada Brook",
    "email": "ada.brook@example.com",
    "phone": "+447700900117",
    "locale": "en",
    "zone": "Europe/London",
}
PAYMENT = {"amount_minor": 4990, "currency": "EUR", "provider": "simpay", "reference": "SP-1"}


def refund(**changes: Any) -> CaseRequest:
    values: dict[str, Any] = {
        "merchant": "northwind",
        "kind": "refund",
        "reference": "R-1",
        "order": "NW-1",
        "payments": [PAYMENT],
        "customer": CUSTOMER,
    }
    return CaseRequest.model_validate({**values, **changes})


def dispute(**changes: Any) -> CaseRequest:
    return refund(kind="dispute", reference="D-1", dispute={"provider": "simpay", "reference": "DP-1"}, **changes)


def delay(**changes: Any) -> CaseRequest:
    given = {"promised_at": "2026-03-06T18:00:00+01:00"}
    return refund(kind="delay", reference="V-1", payments=[], delay=given, parcels=[{"carrier": "simship", "tracking": "T-1"}], **changes)
