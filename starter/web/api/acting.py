"""The way of every act: the case, the caller's role, the version he looked at, the key against a repetition, the answer.

Owns these five. Must never know what an act means: acts.py names them, the desk does them, the case decides. Part of the API.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Response

from policies.case.commands import Receipt
from policies.case.facts import Actor
from starter.desk import CaseKey, Desk, DeskError, EngineUnavailable, MovedOn, Refused
from starter.web.api.bodies import ActBody
from starter.web.api.caller import ByCaller, Caller
from starter.web.api.finding import find
from starter.web.api.refusals import not_as_expected, refused
from starter.web.deadline import in_time
from starter.web.parts import WebParts
from starter.web.problems import Problem

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
_MOST_TOLD = 20  # facts of those that happened meanwhile: the newest

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key is the same act: it is done once, and answered alike; with another body it is refused (409). "
        "1 to 128 letters, digits and . _ : -",
        json_schema_extra={"pattern": f'^"?{_KEY.pattern}"?$'},
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The version the act was decided on (`ETag` of the case); refused if it has moved on.",
        json_schema_extra={"pattern": rf"^(\*|{_VERSION.pattern})$"},
    ),
]

Doing = Callable[[Desk, CaseKey, Actor, str | None], Awaitable[Receipt]]


class Acting:
    """What an act needs of its request beside the body."""

    def __init__(self, caller: Caller, response: Response, idempotency_key: str | None, if_match: str | None) -> None:
        self.caller = caller
        self._response = response
        self._key = idempotency_key
        self._if_match = if_match

    async def do(self, parts: WebParts, case_id: str, name: str, body: ActBody, act: Doing) -> Receipt:
        """Raises Problem, Unanswered, Away, StoreUnavailable, EngineUnavailable."""
        # With the act's name: a key that a program uses for two acts by mistake must not answer the second with the first's receipt.
        update_id = f"{name}:{_usable(self._key)}" if self._key is not None else None
        expected = _version(self._if_match)
        found = await find(parts, self.caller, case_id)
        desk = parts.backends.desk()
        by = Actor(who=body.by.who, role=self.caller.role, why=body.by.why, api_key=self.caller.key_used)
        try:
            async with in_time():
                receipt = await act(desk.as_of(found.key, expected), found.key, by, update_id)
        except MovedOn as error:
            raise await _moved_on(desk, found.key, error, expected or 0) from None
        except Refused as error:
            raise refused(error, body) from None
        self._response.headers["etag"] = f'"{receipt.seq}"'
        return receipt


def _acting(caller: ByCaller, response: Response, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> Acting:
    return Acting(caller, response, idempotency_key, if_match)


Act = Annotated[Acting, Depends(_acting)]


def _usable(key: str) -> str:
    text = key.strip().strip('"')  # the draft of the IETF puts it in quotes, most programs do not
    if _KEY.fullmatch(text) is None:
        raise Problem(
            "invalid",
            "Idempotency-Key: right would be 1 to 128 letters, digits and . _ : - for example a UUID",
            field="Idempotency-Key",
        )
    return text


def _version(text: str | None) -> int | None:
    if text is None or text.strip() == "*":
        return None
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise Problem("invalid", 'If-Match: right would be the ETag of the case, for example "7"', field="If-Match")
    return int(match[1])


async def _moved_on(desk: Desk, key: CaseKey, error: MovedOn, expected: int) -> Problem:
    """What happened since, to the caller who did not know of it; that nothing was done is certain, whether that can be told or not."""
    try:
        async with in_time():
            since = [fact for fact in await desk.timeline(key) if fact.seq > expected][-_MOST_TOLD:]
    except (DeskError, EngineUnavailable):
        since = []
    return not_as_expected(error.version, [fact.model_dump(mode="json") for fact in since])
