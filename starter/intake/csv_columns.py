"""The columns of a case file and where each goes in a request.

Owns the flat names. Must never read a file. Called by csv_rows.py.
"""

from typing import Any

# Column -> place in the request. Payments and parcels are one per row and stand apart.
_PLACES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("merchant", "brand", "kind", "reference", "order", "item", "reason", "owner", "opened_at", "origin")},
    **{f"customer_{name}": ("customer", name) for name in ("id", "name", "email", "phone")},
    **{name: ("customer", name) for name in ("locale", "zone", "segment", "country")},
    **{name: ("customer", "preferences", name) for name in ("channels", "cadence", "opted_out", "quiet_from", "quiet_until")},
    **{f"dispute_{name}": ("dispute", name) for name in ("provider", "reference", "stage", "due_by")},
    **{f"delay_{name}": ("delay", name) for name in ("promised_at", "revised_at")},
    "tags": ("tags",),
    "siblings": ("siblings",),
    "shadow": ("shadow",),
}
_LISTS = frozenset({"tags", "siblings", "channels", "opted_out"})  # separated by |
_PAYMENT = {name: name for name in ("amount_minor", "currency", "method", "provider")} | {"provider_reference": "reference"}
_PARCEL = {"carrier": "carrier", "tracking": "tracking"}

FACT = "fact_"
KEY = ("merchant", "kind", "reference")
KNOWN = (*_PLACES, *_PAYMENT, *_PARCEL)
PER_ROW = frozenset({*_PAYMENT, *_PARCEL})


def column_of(where: str) -> str:
    """The column that a place of the request came from, for messages: customer.email -> customer_email."""
    parts = tuple(part.split("[")[0] for part in where.split("."))
    if parts[0] == "payments":
        return next((column for column, name in _PAYMENT.items() if name == parts[-1]), where)
    if parts[0] == "parcels":
        return next((column for column, name in _PARCEL.items() if name == parts[-1]), where)
    if parts[0] == "facts" and len(parts) > 1:
        return FACT + parts[1]
    return next((column for column, place in _PLACES.items() if place == parts), where)


def nested(cells: dict[str, str]) -> dict[str, Any]:
    """One row's cells, empty ones left out, as a request with at most one payment and one parcel."""
    request: dict[str, Any] = {}
    for column, text in cells.items():
        if column.startswith(FACT):
            request.setdefault("facts", {})[column.removeprefix(FACT)] = text
        elif column in _PLACES:
            *path, last = _PLACES[column]
            table = request
            for name in path:
                table = table.setdefault(name, {})
            table[last] = [part.strip() for part in text.split("|") if part.strip()] if column in _LISTS else text
    for name, columns in (("payments", _PAYMENT), ("parcels", _PARCEL)):
        part = {field: cells[column] for column, field in columns.items() if column in cells}
        if part:
            request[name] = [part]
    return request
