"""Through every page of the customer, and through what stands there instead of one.

Owns the order of the walk and the cases it needs. Called by test_barriers.py.
"""

from datetime import timedelta
from typing import Any

import httpx2

from policies.case.case_id import workflow_id
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, Role
from policies.links import PATH, LinkPurpose
from starter.desk import CaseKey, Refused
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.erasure import Erasure
from store.recorder import Recorder
from tests.browser.album import Album, Colours
from tests.starter.web.console.cases import ScriptedDesk, snapshot_of_life
from tests.starter.web.console.harness import Scene
from tests.starter.web.portal.harness import hidden
from tests.store.rows import link_id_of
from tests.store.samples import ADMIN, MONDAY, entry, hours

DONE, ASKED, NEW, OLD = "acme-r-done", "acme-r-asked", "acme-r-new", "acme-r-old"
_BOTH = [Channel.EMAIL, Channel.SMS]
_LENA = Actor(who="lena", role=Role.LEAD, why="late")
PAGES = ("/case", "/case/reply", "/case/feedback", "/case/not-solved", "/case/settings")
WRONG: dict[str, dict[str, str]] = {
    "/case/reply": {"text": ""},
    "/case/feedback": {"csat": "9", "nps": "x"},
    "/case/not-solved": {"text": "x" * 30_000},
    "/case/settings": {"part": "contact", "email": "nothing", "no_email": "yes"},
}


def _snapshot(case_id: str, **changes: Any) -> Any:
    """As the engine tells it, no newer than the books."""
    own = {"case_id": case_id, "workflow_id": workflow_id(CaseKind.REFUND, case_id), "counts": {"facts": 0}}
    return snapshot_of_life(**{**own, "reach": Reachability(channels=_BOTH, locale="en", zone="Europe/London"), **changes})


async def link_to(scene: Scene, case_id: str, purpose: LinkPurpose = LinkPurpose.STATUS) -> str:
    link_id = await scene.store.read(lambda connection: link_id_of(connection, f"contact-{case_id}"))
    assert link_id is not None
    return PATH[purpose] + scene.parts.links.sign(purpose, link_id)


async def furnished(scene: Scene, desk: ScriptedDesk) -> None:
    """A case that goes on (lived), one that is resolved, one that waits for its customer, one that the books do not know, one erased."""
    store = scene.store
    for case_id in (DONE, ASKED, NEW, OLD):
        contact = Contact(name="Ada Brook", email="ada.brook@example.com", phone="+447700900117", locale="en", zone="Europe/London")
        await DeskBooks(store).save_contact(f"contact-{case_id}", case_id, "acme", contact, MONDAY)
    resolution = {"outcome": "goodwill", "by": _LENA.model_dump(mode="json"), "decided_at": hours(20), "told_at": hours(20)}
    for case_id, more in ((DONE, {"status": CaseStatus.RESOLVED}), (ASKED, {"status": CaseStatus.WAITING_ON_CUSTOMER}), (OLD, {})):
        await Recorder(store).commit_entry(entry(case_id, **more))
    await Erasure(store).erase(OLD, ADMIN, hours(25))
    tail = {"tail_until": hours(700), "feedback": {"asked_at": hours(22).isoformat()}, "promise": None, "next_at": None}
    waits = {"reason": "evidence_missing", "since": hours(20).isoformat(), "expires_at": hours(90).isoformat()}
    desk.engine |= {
        CaseKey(DONE, CaseKind.REFUND): _snapshot(DONE, status=CaseStatus.RESOLVED, resolution=resolution, **tail),
        CaseKey(ASKED, CaseKind.REFUND): _snapshot(ASKED, status=CaseStatus.WAITING_ON_CUSTOMER, hold=waits),
    }


async def cases(scene: Scene, album: Album, desk: ScriptedDesk) -> None:
    """Each page of a case, in English and German; each form as it comes back."""
    async with album.browser() as customer:
        await customer.get(await link_to(scene, DONE))
        for path in PAGES:
            page = album.keep(f"resolved: {path}", await customer.get(path))
            if path in WRONG:
                back = await customer.post(path, data={**hidden(page, path, "contact" if "settings" in path else None), **WRONG[path]})
                album.keep(f"resolved: {path}, came back", back, 422, colours=Colours.SHOWN if "settings" in path else Colours.USUAL)
        page = await customer.get("/case/reply")
        stale = await customer.post("/case/reply", data={**hidden(page, "/case/reply"), "csrf_token": "x", "text": "My words"})
        album.keep("stale form", stale, 403, "My words")
        await customer.post("/case/language", data={**hidden(page, "/case/language"), "language": "de", "back": "/case"})
        for path in PAGES:
            page = album.keep(f"German: {path}", await customer.get(path), says='lang="de"', colours=Colours.SHOWN)
        album.keep(
            "German: came back",
            await customer.post(path, data={**hidden(page, path, "contact"), **WRONG[path]}),
            422,
            colours=Colours.SHOWN,
        )
        album.keep("left", await customer.post("/case/leave", data=hidden(page, "/case/leave")), says='lang="en"')
    async with album.browser() as customer:
        await customer.get(await link_to(scene, ASKED))
        for path in PAGES:
            album.keep(
                f"waits for the customer: {path}", await customer.get(path), colours=Colours.USUAL if path == "/case" else Colours.SHOWN
            )
        desk.says_no = Refused("the case was closed")
        page = await customer.get("/case/reply")
        no = await customer.post("/case/reply", data={**hidden(page, "/case/reply"), "text": "My words"})
        album.keep("the case says no", no, 409, "My words")
        desk.says_no = None
        snapshot = desk.engine.pop(CaseKey(ASKED, CaseKind.REFUND))
        album.keep("from the books alone", await customer.get("/case"), colours=Colours.SHOWN)
        desk.engine[CaseKey(ASKED, CaseKind.REFUND)] = snapshot


async def notices(scene: Scene, album: Album) -> None:
    """What is shown instead of a case."""
    store = scene.store

    async def opened(link: str, path: str | None = None) -> httpx2.Response:
        async with album.browser() as customer:
            answer = await customer.get(link)
            return await customer.get(path or answer.headers["location"]) if answer.status_code == 303 else answer

    link_id = await store.read(lambda connection: link_id_of(connection, f"contact-{DONE}"))
    assert link_id is not None
    sign, withdrawn = scene.parts.links.sign, link_id[::-1]
    async with album.browser() as customer:
        album.keep("no session", await customer.get("/case"), 401)
        for purpose in PATH:
            colours = Colours.USUAL if purpose is LinkPurpose.STATUS else Colours.SHOWN
            album.keep(f"{purpose.value}: no such link", await customer.get(f"{PATH[purpose]}none"), 404, colours=colours)
            old = sign(purpose, link_id, MONDAY - timedelta(days=4000))
            album.keep(f"{purpose.value}: an old link", await customer.get(PATH[purpose] + old), 410, colours=colours)
        bye = await link_to(scene, DONE, LinkPurpose.UNSUBSCRIBE)
        album.keep("unsubscribe", await customer.get(bye))
        album.keep("unsubscribed", await customer.post(bye, data={"List-Unsubscribe": "One-Click"}))
    album.keep("erased", await opened(await link_to(scene, OLD)), says=OLD)
    album.keep("limited", await opened(await link_to(scene, DONE, LinkPurpose.FEEDBACK), "/case"), 403)
    album.keep("not ready", await opened(await link_to(scene, NEW)), 503)
    album.keep("gone", await opened(PATH[LinkPurpose.STATUS] + sign(LinkPurpose.STATUS, withdrawn)), 410)
