"""A look at what the engine says of a case, which the books nearly know as well.

Owns how long a page waits for it. Must never fail because the engine does: then there is nothing, and the page says that the books speak.
Called by the pages of the console and of the customer.
"""

from policies.case.commands import Snapshot
from starter.desk import CaseKey, DeskError, EngineUnavailable
from starter.web.deadline import patience
from starter.web.parts import Away, WebParts
from store.engine import StoreUnavailable

# A worker answers a query in milliseconds; a cold one replays the case first. Beyond it the books are told: a page that hangs is no answer,
# and somebody may be on the phone meanwhile.
LOOK_S = 3.0
# What can only be done or shown with the engine waits for it a little longer; the act itself has the rest of the request's time.
PATIENT_S = 10.0
NO_ANSWER = (Away, EngineUnavailable, DeskError, StoreUnavailable, TimeoutError)


async def looked_up(parts: WebParts, case: CaseKey | str, within_s: float) -> Snapshot | None:
    """The engine's own view of the case; None while it does not answer or once it has forgotten the case."""
    try:
        async with patience(within_s):
            snapshot = await parts.backends.desk().snapshot(case)
    except NO_ANSWER:
        return None
    return snapshot if snapshot.policy else None  # without a policy it is the desk's reading of the books, which we have ourselves
