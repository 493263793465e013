"""The engine's time inside an activity, and signs of life.

Owns the only clock that activities read: the moment at which the engine started the attempt. The machine's own clock is days off
under time skipping; the moment the attempt was *scheduled* would call a message that waited in a queue for hours on time (ADR 0002).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from temporalio import activity

# The workflow finds a dead attempt after 3 s without a heartbeat; an attempt shorter than this sends none (each costs an action).
_FIRST_BEAT_S = 1.5


def engine_now() -> datetime:
    """When the engine started this attempt (UTC)."""
    return activity.info().started_time.astimezone(UTC)


@asynccontextmanager
async def alive() -> AsyncIterator[None]:
    """Send heartbeats while the block runs, from the second second on."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(_FIRST_BEAT_S)
            activity.heartbeat()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
