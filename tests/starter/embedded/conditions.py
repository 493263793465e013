"""Waiting for a condition instead of for a time."""

import asyncio
import os
import time
from collections.abc import Callable

import psutil


async def until(condition: Callable[[], bool], within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.02)


def until_now(condition: Callable[[], bool], within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """A process whose parent has not fetched its end yet does not run."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def children(pid: int | None = None) -> list[int]:
    return [child.pid for child in psutil.Process(pid or os.getpid()).children(recursive=True)]


def listening_on(port: int) -> set[str]:
    """The addresses on which our processes listen on this port."""
    ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
    every = [connection for process in ours for connection in process.net_connections(kind="tcp")]
    return {connection.laddr.ip for connection in every if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port}
