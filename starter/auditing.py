"""Around an act: it stands in the audit log before it is tried, and how it ended if not well.

Owns this order. Must never let an act be tried that could not be written down. Called by the console and by whatever makes people.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from starter.desk import Refused
from store.audit import Audit
from store.engine import StoreRefused

Value = str | int | bool | None
_noting: set[asyncio.Task[None]] = set()  # the event loop itself would not keep them alive


@asynccontextmanager
async def audited(
    audit: Audit,
    clock: Callable[[], datetime],
    act: str,
    *,
    person: str,
    role: str,
    case_id: str | None = None,
    detail: Mapping[str, Value] | None = None,
) -> AsyncIterator[None]:
    """Raises StoreUnavailable before anything is tried; whatever the act raises, after a second row: `outcome` refused | unknown."""

    async def note(more: Mapping[str, Value]) -> None:
        await audit.note(clock(), act, person=person, role=role, case_id=case_id, detail=more)

    await note(detail or {})
    try:
        yield
    except (Refused, StoreRefused):
        await note({"outcome": "refused"})
        raise
    except Exception:
        await note({"outcome": "unknown"})
        raise
    except asyncio.CancelledError:
        # Given up from outside, at the request's limit or at the end of the process: the case may have it already. A second cancellation
        # must not take the row away; if the process ends in the middle of it, the first row stands without an end, which says as much.
        await asyncio.shield(_kept(note({"outcome": "unknown"})))
        raise


def _kept(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)
    _noting.add(task)
    task.add_done_callback(_noting.discard)
    return task
