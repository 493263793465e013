"""Case and workflow ids: readable, stable, free of personal data.

Owns the one rule that makes an id from merchant, kind and business reference, and its inverse for workflow ids. Called by the desk.
"""

import hashlib
import hmac
import re

from policies.case.vocabulary import CaseKind

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE = re.compile(r"^\+?[\d\s()./-]{7,}$")
# Within a longer text: digits with the separators of a phone number, and what stands before them.
_WITHIN = re.compile(r"(?P<before>^|.)(?P<number>(?:[+(]\s?\(?)?\d[\d\s()./-]*\d)", re.DOTALL)


def looks_personal(reference: str) -> bool:
    """True if a business reference looks like an e-mail address or a phone number, or has one in it.

    A phone number is what begins with + or 00, or holds the usual separators between 9 and 15 digits; a plain run of digits is an
    order number in most shops and stays readable, and so does the short padded number of a code ("RMA-0012345", "INV/2026/000123").
    In doubt it is one: what is lost is a readable id, what is kept is a person's number.
    """
    if _EMAIL.search(reference):
        return True
    text = reference.strip()
    if _PHONE.match(text) and _is_phone(text):
        return True
    return any(_is_phone(found["number"], of_a_code=_continues(found["before"])) for found in _WITHIN.finditer(text))


def _is_phone(text: str, *, of_a_code: bool = False) -> bool:
    number = text.strip()
    digits = re.sub(r"\D", "", number)
    if not 7 <= len(digits) <= 15:
        return False
    if number.startswith(("+", "(")) or (number.startswith("0") and not of_a_code):
        return True
    if of_a_code and len(digits) >= 10 and re.match(r"00?[1-9]", digits):
        return True
    return bool(re.search(r"[\s().]" if of_a_code else r"[\s()./]", number)) and len(digits) >= 9


def _continues(before: str) -> bool:
    """True if what stands before a number makes it a part of a code: a letter, a dash, a slash."""
    return before != "" and (before.isalnum() or before in "-_#/")


def _slug(text: str, limit: int) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-") or "x"


def case_id(merchant: str, kind: CaseKind, reference: str, key: bytes = b"") -> str:
    """`<merchant<=12>-<reference<=20>-<8 characters of SHA-256>`; the middle part is left out where it looks personal.

    Of a personal reference the hash is keyed (HMAC-SHA256): there are so few phone numbers that a plain one is guessed by trying all.
    """
    named = "\x1f".join((merchant, kind.value, reference)).encode()
    if looks_personal(reference):
        keyed = hmac.new(key, named, hashlib.sha256) if key else hashlib.sha256(named)
        return f"{_slug(merchant, 12)}-{keyed.hexdigest()[:8]}"
    return f"{_slug(merchant, 12)}-{_slug(reference, 20)}-{hashlib.sha256(named).hexdigest()[:8]}"


def workflow_id(kind: CaseKind, case: str) -> str:
    """`<kind>-<case_id>`."""
    return f"{kind.value}-{case}"


def parse_workflow_id(text: str) -> tuple[CaseKind, str]:
    """The inverse of `workflow_id`; ValueError if it is none of ours."""
    kind, _, rest = text.partition("-")
    if not rest:
        raise ValueError(f'"{text}" is no workflow id of a case; right would be <kind>-<case id>')
    return CaseKind(kind), rest
