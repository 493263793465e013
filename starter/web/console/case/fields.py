"""Fields that several acts ask for: moments, amounts, scores, lines.

Owns how they are read and what is said of a wrong one. Must never guess. Called by the modules of the forms.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from policies.money import Money, exponent
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.parts import parts_of
from starter.web.console.forms import Form

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?\Z")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_MOST_LINES = 20


def moment(form: Form, name: str) -> datetime | None:
    """UTC, as the field says; or with an offset, for who pastes one."""
    text = form.get(name).strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        if _LOCAL.match(text):
            return at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    form.refuse(name, "Right would be a date and a time in UTC, for example 2026-03-20T17:00.")
    return None


def code(text: str) -> str | None:
    """For the audit log, which takes codes only; anything else that was typed is the case's to refuse."""
    return text if _CODE.match(text) else None


def amounts(form: Form, currencies: Sequence[str]) -> list[Money]:
    """One field for each currency, in its own units: 49.90"""
    found = []
    for currency in currencies:
        name = f"amount_{currency}"
        text = form.get(name).strip().replace(" ", "")
        if not text:
            continue
        digits = exponent(currency)
        text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
        try:
            minor = Decimal(text).scaleb(digits)
        except InvalidOperation:
            minor = Decimal("-1")
        if not minor.is_finite() or minor <= 0 or minor != minor.to_integral_value() or minor > 10**12:
            example = f"49.{'9' * digits}" if digits else "4990"
            form.refuse(name, f"Right would be an amount in {currency} with at most {digits} decimals, for example {example}.")
            continue
        found.append(Money(amount_minor=int(minor), currency=currency))
    return found


def lines(form: Form, name: str) -> list[str]:
    found = [line.strip() for line in form.get(name).splitlines() if line.strip()]
    if len(found) > _MOST_LINES:
        form.refuse(name, f"Right would be at most {_MOST_LINES} lines.")
    return found


def score(form: Form, name: str, lowest: int, highest: int) -> int | None:
    text = form.get(name).strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 2 and lowest <= int(text) <= highest:
        return int(text)
    form.refuse(name, f"Right would be {lowest} to {highest}.")
    return None


def currencies_of(case: CaseSeen) -> list[str]:
    """Those that the case's payments are in."""
    return list(dict.fromkeys(part.currency for part in parts_of(case) if part.currency))
