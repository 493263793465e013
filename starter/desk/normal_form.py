"""The normal form of a request, and what makes two requests the same.

Owns sameness: digests per field over the normal form, so that order, spelling of addresses and later optional fields do not matter.
Must never let a value out: digests only. Called by the desk and by the file readers.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from policies.case.request import CaseRequest, Party
from starter.desk.identity import FINGERPRINT, Identity

_PARTIES = ("customer", "recipient", "payer", "delegate")
# Who brought the case and in which form does not make it another case.
_NOT_CONTENT = frozenset({"origin", "schema_version"})
_OPENED_AT = "opened_at"


class UnusableRequest(ValueError):
    """Addresses that can reach nobody. Reasons name fields, never values."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


def normalised(request: CaseRequest) -> CaseRequest:
    """The same request with addresses in normal form and lists in order. Raises UnusableRequest."""
    reasons: list[str] = []
    changes: dict[str, Any] = {}
    for role in _PARTIES:
        party = getattr(request, role)
        if party is not None:
            changes[role] = _normal_party(role, party, reasons)
    if reasons:
        raise UnusableRequest(reasons)
    changes["tags"] = sorted(set(request.tags))
    changes["siblings"] = sorted(set(request.siblings))
    changes["payments"] = sorted(request.payments, key=lambda payment: (payment.provider, payment.reference))
    changes["parcels"] = sorted(request.parcels, key=lambda parcel: (parcel.carrier, parcel.tracking))
    return request.model_copy(update=changes)


def normal_email(text: str) -> str | None:
    """The address with its domain in lower case; None if nothing can be delivered there."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def possible_phone(e164: str) -> bool:
    """Whether such a number can exist (its length fits its country)."""
    try:
        reason = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(e164, None))
    except phonenumbers.NumberParseException:
        return False
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE  # not one that only works within its town


def digests_of(request: CaseRequest, identity: Identity) -> dict[str, str]:
    """Field -> digest of what it says; what is left out or empty has none, so that a later optional field changes nothing.

    Beside them stands under which key they were made.
    """
    content = _pruned(request.model_dump(mode="json", exclude_defaults=True))
    named = {name: value for name, value in sorted(content.items()) if name not in _NOT_CONTENT}
    digests = {name: identity.digest("field", name, _canonical(value), length=12) for name, value in named.items()}
    return {**digests, FINGERPRINT: identity.fingerprint}


def differing(known: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    """The fields that say something else. A moment of opening counts only where both requests name one.

    Digests under another key say nothing of each other: then it is the key that differs.
    """
    if known.get(FINGERPRINT) != given.get(FINGERPRINT):
        return [FINGERPRINT]
    names = set(known) | set(given)
    if not (_OPENED_AT in known and _OPENED_AT in given):
        names.discard(_OPENED_AT)
    return sorted(name for name in names if known.get(name) != given.get(name))


def contact_ref(case_id: str, content: Mapping[str, Any], identity: Identity) -> str:
    """The key of contact data: another content never overwrites it."""
    return "c-" + identity.digest("contact", case_id, _canonical(dict(content)), length=24)


def _normal_party(role: str, party: Party, reasons: list[str]) -> Party:
    email = party.email
    if email is not None:
        email = normal_email(email)
        if email is None:
            reasons.append(f"{role}.email: nothing can be delivered there; right would be an address such as name@example.com")
    if party.phone is not None and not possible_phone(party.phone):
        reasons.append(f"{role}.phone: no such number can exist; right would be E.164, for example +4930123456")
    return party.model_copy(update={"email": email})


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        pruned = {name: _pruned(part) for name, part in value.items()}
        return {name: part for name, part in pruned.items() if part not in (None, [], {})}
    return [_pruned(part) for part in value] if isinstance(value, list) else value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
