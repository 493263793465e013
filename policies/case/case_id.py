"""Case and workflow ids: readable, stable, free of personal data.

Owns the one rule that makes an id from merchant, kind and business reference, and its inverse for workflow ids. Called by the desk.
"""

import hashlib
import re

from policies.case.vocabulary import CaseKind

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE = re.compile(r"^\+?[\d\s()./-]{7,}$")


def looks_personal(reference: str) -> bool:
    """True if a business reference looks like an e-mail address or a phone number.

    A phone number is what begins with + or 00, or holds the usual separators between 9 and 15 digits; a plain run of digits is an
    order number in most shops and stays readable.
    """
    if _EMAIL.search(reference):
        return True
    text = reference.strip()
    if not _PHONE.match(text):
        return False
    digits = re.sub(r"\D", "", text)
    if not 7 <= len(digits) <= 15:
        return False
    return text.startswith(("+", "00", "(", "0")) or (bool(re.search(r"[\s()./]", text)) and len(digits) >= 9)


def _slug(text: str, limit: int) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-") or "x"


def case_id(merchant: str, kind: CaseKind, reference: str) -> str:
    """`<merchant<=12>-<reference<=20>-<8 characters of SHA-256>`; the middle part is left out where it looks personal."""
    digest = hashlib.sha256("\x1f".join((merchant, kind.value, reference)).encode()).hexdigest()[:8]
    if looks_personal(reference):
        return f"{_slug(merchant, 12)}-{digest}"
    return f"{_slug(merchant, 12)}-{_slug(reference, 20)}-{digest}"


def workflow_id(kind: CaseKind, case: str) -> str:
    """`<kind>-<case_id>`."""
    return f"{kind.value}-{case}"


def parse_workflow_id(text: str) -> tuple[CaseKind, str]:
    """The inverse of `workflow_id`; ValueError if it is none of ours."""
    kind, _, rest = text.partition("-")
    if not rest:
        raise ValueError(f'"{text}" is no workflow id of a case; right would be <kind>-<case id>')
    return CaseKind(kind), rest
