"""/console/queue/parks/{park}: one parked channel or sender, and letting it go on once its fault is mended.

Owns this page. Must never show a sender to somebody who is bounded to merchants (a park is everybody's, and so is what it holds back), and
never lift another park than the one that was looked at. Included by face.py.
"""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from starter.web.console.case_words import plain
from starter.web.console.console import Console
from starter.web.console.elapsed import from_now
from starter.web.console.guard import needs
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from store.parks import ChannelPark, ParkBooks

QUEUE = "/console/queue"
PATH = f"{QUEUE}/parks"
WHYS = [
    ("", "Choose a reason"),
    ("mended", "What was wrong is mended, with us or at the provider"),
    ("provider_works", "The provider says that it works again"),
    ("our_mistake", "It was parked by mistake"),
    ("to_try", "To try it now, before the next try of its own"),
]


def park_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH + "/{park_id}")
    @needs(Act.PARKS)
    async def one(visit: SignedIn, park_id: str) -> Response:
        park = await _standing(console, visit, park_id)
        if park is None:
            raise Problem("not_found", "No such channel is parked. It may have been let go on.")
        return _page(console, visit, park)

    @router.post(PATH + "/{park_id}/lift")
    @needs(Act.PARKS)
    async def lift(visit: SignedIn, park_id: str) -> Response:
        now = console.now()
        park = await _standing(console, visit, park_id)
        if park is None:
            return console.back(QUEUE, "park_gone")
        why = visit.form.get("why")
        if why not in dict(WHYS) or not why:
            visit.form.refuse("why", "Why: choose one of the list; it stands in the audit log.")
            return _page(console, visit, park, status=422)
        async with console.audited(visit, Act.PARKS, park=park.alert_id, reason=park.reason[:100], why=why):
            # As of before the look: a park that was put up meanwhile is another one, and stands.
            lifted = await ParkBooks(console.parts.backends.store()).lift(park.channel, park.provider, now, park.sender)
        return console.back(QUEUE, "park_lifted" if lifted else "park_gone")

    return router


async def _standing(console: Console, visit: Visit, park_id: str) -> ChannelPark | None:
    """Raises Problem forbidden: it holds back other merchants' messages, too."""
    if visit.person.merchants:
        raise Problem("forbidden", "A parked channel is every merchant's. Somebody who is for all of them can let it go on.")
    parks = await ParkBooks(console.parts.backends.store()).standing()
    return next((park for park in parks if park.alert_id == park_id), None)


def _page(console: Console, visit: Visit, park: ChannelPark, *, status: int = 200) -> Response:
    content: dict[str, Any] = {"park": park, "whys": WHYS, "path": PATH, "plain": plain, "from_now": from_now}
    return console.show("park", visit, status=status, **content)
