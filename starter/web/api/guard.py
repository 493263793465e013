"""Nobody gets past without a key: who asks, whether he may, how fast.

Owns the order: key, rate, scope, form of the body, only then the operation; and the Bearer challenge. Must never log a key (its id is no
secret and stands in the log), and never read a body of somebody who is not known. Put around every operation as its route class.
"""

import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from starter.web.api.caller import Caller
from starter.web.api.rates import Rates
from starter.web.attempts import Attempts
from starter.web.parts import WebParts
from starter.web.problems import REQUEST_ID, Problem
from store.api_keys import ApiKey, ApiKeys, KeyStanding, Scope
from store.engine import StoreUnavailable

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Operation = TypeVar("Operation", bound=Callable[..., Any])

JSON = ("application/json",)
JSON_LINES = ("application/jsonl", "application/x-ndjson", "application/x-jsonlines")
_BAD_KEYS, _WINDOW_S = 60, 60.0  # wrong keys from one address: each costs a look into the books. A right key is taken at any time.
_SCOPE, _MEDIA = "makegood_scope", "makegood_media"
_log = logging.getLogger("makegood.web.api")


def needs(scope: Scope, media: tuple[str, ...] = JSON) -> Callable[[Operation], Operation]:
    """The scope of an operation, and the types of body it reads. Without it an operation cannot be built."""

    def marked(operation: Operation) -> Operation:
        setattr(operation, _SCOPE, scope)
        setattr(operation, _MEDIA, media)
        return operation

    return marked


class Guard:
    """One for each face: failures and rates are counted here."""

    def __init__(self, parts: WebParts, rates: Rates | None = None) -> None:
        self._parts = parts
        self._rates = rates or Rates()
        self._attempts = Attempts(_BAD_KEYS, _WINDOW_S)

    async def admit(self, request: Request, scope: Scope) -> Caller:
        """Raises Problem unauthorized (401), too_many (429), forbidden (403); Away, StoreUnavailable."""
        key = await self._key(request)
        wait_s = self._rates.wait_s(key.key_id, key.per_minute)
        if wait_s > 0:
            detail = f"This key may ask {key.per_minute} times a minute."
            raise Problem("too_many", detail, headers={"retry-after": str(math.ceil(wait_s))})
        if not key.may(scope):
            raise Problem("forbidden", f'This key has not the scope "{scope.value}", which is needed here.', more={"scope": scope.value})
        await self._note_use(key)
        return Caller(key)

    def route_class(self) -> type[APIRoute]:
        """Routes that are asked for a key before anything of the request is read."""
        guard = self

        class GuardedRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handle = super().get_route_handler()
                scope: Scope = getattr(self.endpoint, _SCOPE)
                media: tuple[str, ...] = getattr(self.endpoint, _MEDIA)

                async def guarded(request: Request) -> Response:
                    caller = request.state.caller = await guard.admit(request, scope)
                    _log.info("key=%s %s %s id=%s", caller.key.key_id, request.method, self.path, request.scope.get(REQUEST_ID))
                    if request.method == "POST":
                        _must_be(request, media)
                    return await handle(request)

                return guarded

        return GuardedRoute

    async def _key(self, request: Request) -> ApiKey:
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise _unknown("Send the API key as `Authorization: Bearer mg_...`.", "Bearer")
        key = await ApiKeys(self._parts.backends.store()).check(presented.strip())
        standing = key.standing(self._parts.clock()) if key is not None else None
        if key is None or standing is not KeyStanding.ACTIVE:
            wait_s = self._attempts.failed(request)
            if wait_s is not None:
                raise Problem("too_many", "Too many wrong keys.", headers={"retry-after": str(math.ceil(wait_s))})
            said = f"This key is {standing.value}." if standing is not None else "This is no key of ours."
            raise _unknown(f"{said} `makegood keys` makes and lists them.", 'Bearer error="invalid_token"')
        return key

    async def _note_use(self, key: ApiKey) -> None:
        try:
            await ApiKeys(self._parts.backends.store()).used(key, self._parts.clock())
        except StoreUnavailable:  # reading must go on where writing cannot; an operation that writes will say so itself
            _log.warning("the use of key %s could not be noted", key.key_id)


def _unknown(detail: str, challenge: str) -> Problem:
    return Problem("unauthorized", detail, headers={"www-authenticate": challenge})


def _must_be(request: Request, media: tuple[str, ...]) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in media:
        raise Problem(
            "unsupported_media_type", f"The content type must be {' or '.join(media)}.", headers={"accept-post": ", ".join(media)}
        )
