"""What a file holds before it is judged: one candidate per case, with the lines it stands on.

Owns this shape and the judgement of a candidate. Must never put a value of the file into a reason: it may be personal. Called by
the readers and by `makegood open`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers
from pydantic import ValidationError

from policies.case.request import CaseRequest
from starter.desk.normal_form import UnusableRequest, normalised
from starter.plain_errors import lines, place

_PARTIES = ("customer", "recipient", "payer", "delegate")
_MOMENTS = ("_at", "due_by")


class FileUnusable(ValueError):
    """The file as a whole cannot be read; the message says what would be right."""


@dataclass(slots=True)
class Candidate:
    """One case of a file. `raw` is what it says, `problems` what is wrong already; `lines` count from 1.

    `remarks`: what is odd about it and no problem by itself; told first if it is rejected.
    """

    lines: list[int]
    raw: Any
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.lines[0]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that is no case, with its reasons."""

    candidate: Candidate
    reasons: list[str]


def judged(candidate: Candidate, now: datetime | None = None) -> CaseRequest | Rejected:
    """The request, strictly validated, or why it is none. With `now` (aware) also against the clock, as the desk does at the opening."""
    if candidate.problems:
        return Rejected(candidate, candidate.problems)
    if not isinstance(candidate.raw, dict):
        return Rejected(candidate, ["case: is no table of names and values"])
    raw = _with_plain_phones(candidate.raw)
    reasons = [f"{where}: is a number; right would be an ISO 8601 time with its offset" for where in _numbers_for_moments(raw)]
    try:
        request = CaseRequest.model_validate(raw)
    except ValidationError as error:
        said = {reason.split(":")[0] for reason in reasons}  # one reason a field: the number, not the year that it was read as
        others = [line for line in lines(error, CaseRequest, values=False) if line.split(":")[0] not in said]
        return Rejected(candidate, [*reasons, *others])
    if not reasons and now is not None and (ahead := request.lies_ahead(now)) is not None:
        reasons = [ahead]
    try:
        return Rejected(candidate, reasons) if reasons else normalised(request)
    except UnusableRequest as error:
        return Rejected(candidate, error.reasons)


def _with_plain_phones(raw: dict[str, Any]) -> dict[str, Any]:
    """Phone numbers as people write them (+49 30 231-25) in E.164; a national one is read by the party's country."""
    changed = dict(raw)
    for role in _PARTIES:
        party = raw.get(role)
        if isinstance(party, dict) and isinstance(party.get("phone"), str):
            country = party.get("country")
            changed[role] = {**party, "phone": _e164(party["phone"], country if isinstance(country, str) else None)}
    return changed


def _e164(text: str, country: str | None) -> str:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return text  # the request refuses it, in its own words
    # What is written without its country was made international by us: then it must be a number that is given out, not only have a
    # length that exists. Who writes E.164 is believed: new ranges come into use before we learn of them.
    if not text.lstrip().startswith("+") and not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _numbers_for_moments(raw: Any, at: tuple[str | int, ...] = ()) -> Iterator[str]:
    """A bare number would be read as seconds since 1970: 20260302 is a day in August 1970."""
    if isinstance(raw, dict):
        for name, value in raw.items():
            is_moment = str(name).endswith(_MOMENTS) or (at == ("facts",))
            if is_moment and (isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "", 1).isdigit())):
                yield place((*at, str(name)))
            else:
                yield from _numbers_for_moments(value, (*at, str(name)))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _numbers_for_moments(value, (*at, index))
