"""What the page does for the customer: every change goes through the desk, as the customer.

Owns the way of an act and what its failure means to the person who waits for it. Must never do anything by itself, and never repeat the
desk's words: they are written for our people. Called by the portal's routes.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from policies.case.commands import Snapshot
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import CaseKind, Channel, MessageClass, Role
from starter.desk import CaseKey, Desk, DeskError, EngineUnavailable, PreferenceChanges, Refused
from starter.web.parts import Away, WebParts
from store.engine import StoreUnavailable
from store.normal import normal_address
from store.portal_views import TOLD_FACTS, LinkHolder, PortalView
from store.suppressions import SuppressionBooks, SuppressionReason

Failure = Literal["refused", "away"]

CUSTOMER = Actor(who="customer", role=Role.CUSTOMER, why="customer_page")
# A worker answers a query in milliseconds; a cold one replays the case first. Beyond it the books are told: a page that hangs is no answer.
LOOK_S = 3.0
# What can only be done or shown with the engine waits for it a little longer, and still answers before the request's own limit (25 s).
PATIENT_S = 10.0
_NOT_FOR_IDS = re.compile(r"[^a-z_]")
_log = logging.getLogger("makegood.web.portal")


async def looked_up(parts: WebParts, case_id: str, kind: CaseKind | None, within_s: float) -> Snapshot | None:
    """The engine's own view of the case; None while it does not answer or once it has forgotten the case."""
    try:
        async with asyncio.timeout(within_s):
            snapshot = await parts.backends.desk().snapshot(CaseKey(case_id, kind) if kind is not None else case_id)
    except (Away, EngineUnavailable, DeskError, StoreUnavailable, TimeoutError):
        return None
    return snapshot if snapshot.policy else None  # without a policy it is the desk's reading of the books, which we have ourselves


async def newest_facts(parts: WebParts, view: PortalView, snapshot: Snapshot) -> PortalView:
    """The view with what the engine knows already and the books are about to learn: what the customer has just said, say."""
    row = view.row
    if row is None or snapshot.counts.get("facts", 0) <= row.as_of_seq:
        return view
    try:
        async with asyncio.timeout(LOOK_S):
            timeline = await parts.backends.desk().timeline(CaseKey(row.case_id, row.kind))
    except (Away, EngineUnavailable, DeskError, StoreUnavailable, TimeoutError):
        return view
    known = {fact.seq: fact for fact in view.facts} | {fact.seq: fact for fact in timeline if fact.type in TOLD_FACTS}
    return view.model_copy(update={"facts": [known[seq] for seq in sorted(known)]})


def command_key(act: str, once: str | None, *content: object) -> str | None:
    """The same form sent twice is one command; sent again with other words it is another."""
    if once is None:
        return None
    digest = hashlib.sha256("\x1f".join(("" if part is None else str(part)) for part in content).encode()).hexdigest()[:16]
    return f"portal-{_NOT_FOR_IDS.sub('', act)}-{once}-{digest}"


async def attempt(parts: WebParts, case_id: str, act: Callable[[Desk], Awaitable[object]]) -> Failure | None:
    """Do it; None if it is done."""
    try:
        await act(parts.backends.desk())
    except Refused:
        return "refused"
    except (Away, EngineUnavailable, DeskError, StoreUnavailable) as error:
        _log.warning("an act of the customer was not taken: case=%s why=%s", case_id, type(error).__name__)
        return "away"
    return None


async def wants_updates_again(parts: WebParts, holder: LinkHolder, before: Reachability, changes: PreferenceChanges, at: datetime) -> None:
    """Who asks for updates here takes back an earlier "unsubscribe" for these addresses, else the next update would end them again.

    A STOP by SMS stays: only START lifts it at the carrier.
    """
    if MessageClass.STATUS not in before.opted_out or MessageClass.STATUS in changes.opted_out:
        return
    given = ((Channel.EMAIL, holder.email), (Channel.SMS, holder.phone), (Channel.VOICE, holder.phone))
    try:
        books = SuppressionBooks(parts.backends.store())
        for channel, address in given:
            if address is not None and normal_address(channel, address) is not None:
                await books.lift(channel, address, [SuppressionReason.UNSUBSCRIBE], at)
    except (Away, StoreUnavailable) as error:  # the next update ends them again, and the page will show it
        _log.warning("an unsubscription was not taken back: why=%s", type(error).__name__)
