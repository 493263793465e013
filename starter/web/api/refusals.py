"""What only this API says no with, in the problem types of the house.

Owns types beyond those of problems.py and the way of the desk's own errors to them. Must never repeat what was sent, but for what the
case's rules say in their own words. Called by the operations.
"""

import re
from collections.abc import Sequence

from pydantic import BaseModel

from policies.case.request import CaseRequest
from starter.desk import IdentityKeyChanged, Opened, Refused, UnusableRequest
from starter.desk.identity import FINGERPRINT
from starter.policy_choice import NoPolicy
from starter.web.problems import TYPE, Problem

_PLACE = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,99}\Z")  # what is not a field's name may be an address in the wrong place
_MOST = 20  # reasons of one request; the first ones are enough to mend it
_SET_RIGHT_S = 60  # an operator has to do something


def of_reasons(reasons: Sequence[str]) -> Problem:
    """422 from "field: what is wrong; what would be right"."""
    errors = [{"in": "body", "field": where, "problem": words} for where, words in map(_parted, reasons[:_MOST])]
    first = errors[0]
    return Problem("invalid", f"{first['field']}: {first['problem']}", field=first["field"], errors=errors)


def _parted(reason: str) -> tuple[str, str]:
    """Field and words. What is wrong with a request as a whole names its field itself ("case: payments: a refund needs ...")."""
    where, _, words = reason.partition(": ")
    if where != "case":
        return (where if _PLACE.match(where) else "(a name)"), words
    inner, _, rest = words.partition(": ")
    named = inner.split(", ")
    return (named[0], rest) if rest and set(named) <= set(CaseRequest.model_fields) else ("body", words)


def not_openable(error: UnusableRequest | NoPolicy | IdentityKeyChanged) -> Problem:
    if isinstance(error, UnusableRequest):
        return of_reasons(error.reasons)
    if isinstance(error, NoPolicy):
        return Problem("invalid", str(error), more={"type": TYPE + "no_policy", "title": "No policy rules such a case"})
    detail = "This process holds another identity key than the one of the books; its operator must set it right."
    return Problem("away", detail, headers={"retry-after": str(_SET_RIGHT_S)}, more={"part": "identity_key"})


def different(opened: Opened) -> Problem:
    """409: the same merchant, kind and reference with other content."""
    if FINGERPRINT in opened.differing:
        detail = "The case is known from the time of another identity key; whether this says the same cannot be told."
    else:
        detail = f"The case is known with other content; different: {', '.join(opened.differing)}. Nothing was changed."
    more = {"type": TYPE + "different", "title": "The case is known with other content", "differing": opened.differing}
    return Problem("refused", detail, more={**more, "case_id": opened.case_id, "workflow_id": opened.workflow_id})


def refused(error: Refused, body: BaseModel) -> Problem:
    """The case's own sentence. One that begins with a field is about the request (422), any other about the case (409)."""
    word = error.reason.partition(" ")[0].rstrip(":")
    if word.partition(".")[0] in type(body).model_fields:
        return Problem("refused", error.reason, field=word, status=422)
    return Problem("refused", error.reason)


def not_as_expected(version: int, since: list[dict[str, object]]) -> Problem:
    """412: the case has moved on since the caller looked."""
    detail = f"The case has moved on: its version is {version}. Look at what happened and decide anew. Nothing was done."
    more = {"type": TYPE + "moved_on", "title": "The case has moved on", "version": version, "since": since}
    return Problem("refused", detail, field="If-Match", headers={"etag": f'"{version}"'}, more=more, status=412)
