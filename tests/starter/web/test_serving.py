"""The listening socket of the web process: what it is made of shows in every answer."""

import asyncio
import socket

from starter.web.serving import _listener


async def test_no_answer_waits_for_the_acknowledgement_of_its_beginning() -> None:
    """Nagle's algorithm and a delayed acknowledgement together hold back the end of an answer for 40 ms."""
    undelayed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        undelayed.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = _listener("127.0.0.1", 0)
    async with await asyncio.start_server(accept, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await undelayed
        writer.close()
