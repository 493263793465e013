"""A vendor on loopback that plays every failure: a Starlette app under uvicorn, and one that resets connections."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

TWO_MIB = 2 * 1024 * 1024


class Vendor:
    """What it was asked, and what it says next."""

    paths: list[bytes]
    headers: list[dict[str, str]]
    answer: Response
    delay_s: float

    def __init__(self) -> None:
        self.url = ""
        self.forget()

    def forget(self) -> None:
        self.paths, self.headers, self.answer, self.delay_s = [], [], JSONResponse({}), 0.0

    async def asked(self, request: Request) -> Response:
        self.paths.append(request.scope["raw_path"])
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.delay_s)
        return self.answer


def status(code: int, **headers: str) -> Response:
    return PlainTextResponse("no", status_code=code, headers=headers)


def in_two_minutes_by_a_clock_that_is_a_day_off() -> Response:
    now = datetime.now(UTC) - timedelta(days=1)
    headers = {"date": format_datetime(now, usegmt=True)}
    return status(429, **{"retry-after": format_datetime(now + timedelta(minutes=2), usegmt=True)}, **headers)


def garbage() -> Response:
    return PlainTextResponse("<html>sign in</html>")


def redirect() -> Response:
    return RedirectResponse("https://elsewhere.example/")


def huge() -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"state": "'
        for _ in range(TWO_MIB // 65536):
            yield b"x" * 65536
        yield b'"}'

    return StreamingResponse(chunks(), media_type="application/json")


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    app = Starlette(routes=[Route("/{path:path}", vendor.asked)])
    config = uvicorn.Config(app, log_level="error", date_header=False, lifespan="off", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    vendor.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield vendor
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def resetting() -> AsyncIterator[str]:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def refused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
