"""How much a request may send, for how long it may take, and by when it should have answered by itself.

Owns these limits. Must never cut off an answer that has begun: streams live as long as they like. Middleware, put in place by app.py.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from starter.web.deadline import to_be_answered_within
from starter.web.parts import DEFAULT_BODY_LIMIT, Face
from starter.web.problems import Problem, answer


class BodyTooLarge(HTTPException):
    """An HTTPException, since the framework turns any other exception while it reads a body into "400 cannot be parsed"."""

    def __init__(self) -> None:
        super().__init__(413)


class Limits:
    def __init__(self, app: ASGIApp, *, faces: tuple[Face, ...], timeout_s: float, answer_within_s: float) -> None:
        self._app = app
        self._faces = faces
        self._timeout_s = timeout_s
        self._answer_within_s = answer_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            await self._say("too_large", scope, receive, send)
            return
        taken, answering = 0, False

        async def bounded_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:  # sent in chunks, without saying how much
                raise BodyTooLarge
            return message

        async def noted_send(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                deadline.met()
                if not clock.expired():  # else the answer comes all the same, from somebody who would not be cancelled
                    clock.reschedule(None)
            await send(message)

        try:
            with to_be_answered_within(self._answer_within_s) as deadline:
                async with asyncio.timeout(self._timeout_s) as clock:
                    await self._app(scope, bounded_receive, noted_send)
        except TimeoutError:
            if not clock.expired() or answering:
                raise
            await self._say("timed_out", scope, receive, send)

    def _limit_of(self, path: str) -> int:
        return next((face.body_limit for face in self._faces if path.startswith(face.prefixes)), DEFAULT_BODY_LIMIT)

    async def _say(self, code: str, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"connection": "close"}  # what is still on its way is not read
        if code == "timed_out":
            headers["retry-after"] = "5"
        response = answer(Problem(code, headers=headers), Request(scope), self._faces)
        await response(scope, receive, send)
