"""What the page does for the customer: every change goes through the desk, as the customer.

Owns the way of an act and what its failure means to the person who waits for it. Must never do anything by itself, and never repeat the
desk's words: they are written for our people. Called by the portal's routes.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from policies.case.commands import Snapshot
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import Channel, MessageClass, Role
from starter.desk import CaseKey, Desk, DeskError, EngineUnavailable, PreferenceChanges, Refused, Unanswered
from starter.web.deadline import in_time, patience
from starter.web.looking import LOOK_S, NO_ANSWER
from starter.web.parts import Away, WebParts
from store.engine import StoreUnavailable
from store.normal import normal_address
from store.portal_views import TOLD_FACTS, LinkHolder, PortalView
from store.suppressions import SuppressionBooks, SuppressionReason

Failure = Literal["refused", "away", "unanswered"]

CUSTOMER = Actor(who="customer", role=Role.CUSTOMER, why="customer_page")
_log = logging.getLogger("makegood.web.portal")


async def newest_facts(parts: WebParts, view: PortalView, snapshot: Snapshot) -> PortalView:
    """The view with what the engine knows already and the books are about to learn: what the customer has just said, say."""
    row = view.row
    if row is None or snapshot.counts.get("facts", 0) <= row.as_of_seq:
        return view
    try:
        async with patience(LOOK_S):
            timeline = await parts.backends.desk().timeline(CaseKey(row.case_id, row.kind))
    except NO_ANSWER:
        return view
    known = {fact.seq: fact for fact in view.facts} | {fact.seq: fact for fact in timeline if fact.type in TOLD_FACTS}
    return view.model_copy(update={"facts": [known[seq] for seq in sorted(known)]})


async def attempt(parts: WebParts, case_id: str, act: Callable[[Desk], Awaitable[object]]) -> Failure | None:
    """Do it; None if it is done."""
    try:
        async with in_time():
            await act(parts.backends.desk())
    except Refused:
        return "refused"
    except Unanswered:
        _log.warning("an act of the customer was not answered: case=%s", case_id)
        return "unanswered"
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
