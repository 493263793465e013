"""Workers inside the benchmark's own process, and workers as child processes.

Owns starting and ending them. Must never measure. Called by the parts.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from temporalio.worker import Worker

from bench.children import Child


@asynccontextmanager
async def polling(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """The workers poll while the block runs."""
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        yield


def worker_child(name: str, address: str, folder: Path) -> Child:
    """bench/worker_process.py: ours with simulated effects, or a baseline."""
    ready = folder / f"{name}.ready"
    command = [sys.executable, "-m", "bench.worker_process", name, "--address", address, "--folder", str(folder), "--ready", str(ready)]

    async def is_ready() -> bool:
        return await asyncio.to_thread(ready.exists)

    return Child(
        f"the worker of {name}",
        command,
        log=folder / f"{name}.log",
        ready=is_ready,
        before=lambda: ready.unlink(missing_ok=True),
    )
