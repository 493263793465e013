"""/console/outbox: messages as the embedded channels took them; only where nothing leaves the house.

Owns these pages and the frame in which a mail's HTML is shown: a document of its own that may run, load and send nothing. Must never
show a name, an address or the key of a link that was not asked for; the asking stands in the audit log. Included by face.py in the
embedded mode.
"""

import re
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from starter.web.console.case.history import Masks
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.outbox_words import CHANNELS, Sight
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from starter.web.security_headers import PAGE_POLICY
from store.outbox_pages import PAGE, Letter, OutboxPages

PATH = "/console/outbox"
_FILTERS = ("case", "case_id", "channel", "before")  # the second as the API and the command line name it
_LONGEST_CASE_ID = 120
_ID = re.compile(r"[1-9][0-9]{0,17}\Z")
# Styles stand inside a mail; all else stays out: no script, no request to anywhere (a picture would tell that it was opened), no form.
# `sandbox` also holds when somebody opens the address by itself.
_MAIL_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
        "sandbox",
    )
)
# A link that is clicked would take the mail's place with the browser's word that it may not.
_INERT = "<style>a, button, input, area { pointer-events: none !important; }</style>"
_WITH_FRAME = {"content-security-policy": f"{PAGE_POLICY}; frame-src 'self'"}


def outbox_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH)
    @needs(Act.OUTBOX)
    async def listed(visit: SignedIn) -> Response:
        query = visit.request.query_params
        if any(name not in _FILTERS for name in query):  # a misspelt filter would show everything
            raise Problem("invalid", f"There is no such filter. Those that are: {', '.join(_FILTERS)}.")
        case_id, channel = (query.get("case") or query.get("case_id", "")).strip()[:_LONGEST_CASE_ID] or None, query.get("channel") or None
        if channel is not None and channel not in CHANNELS:
            raise Problem("not_found", "No such channel.")
        before = query.get("before", "")
        if before and _ID.match(before) is None:
            raise Problem("not_found", "No such page.")
        found = await _pages(console, visit).page(case_id=case_id, channel=channel, before=int(before) if before else None, limit=PAGE + 1)
        rows, more = found[:PAGE], len(found) > PAGE
        people = await _pages(console, visit).people({row.case_id for row in rows})
        asked = {name: value for name, value in (("case", case_id), ("channel", channel)) if value}
        return console.show(
            "outbox",
            visit,
            rows=[Sight(row, Masks(None, *people.get(row.case_id, []))) for row in rows],
            case_id=case_id or "",
            channel=channel or "",
            channels=[("", "every channel"), *CHANNELS.items()],
            channel_names=CHANNELS,
            older=f"{PATH}?{urlencode({**asked, 'before': rows[-1].id})}" if more else None,
            newest=(f"{PATH}?{urlencode(asked)}" if asked else PATH) if before else None,
            path=PATH,
        )

    @router.get(PATH + "/{post_id}")
    @needs(Act.OUTBOX)
    async def one(visit: SignedIn, post_id: str) -> Response:
        return await _show(console, visit, await _letter(console, visit, post_id))

    @router.post(PATH + "/{post_id}")
    @needs(Act.UNMASK)
    async def in_clear(visit: SignedIn, post_id: str) -> Response:
        """Once, in the answer: the next look asks again."""
        letter = await _letter(console, visit, post_id)
        await console.note(visit, Act.UNMASK, letter.case_id, what="outbox", channel=letter.channel, post=letter.id)
        return await _show(console, visit, letter, clear=True)

    @router.get(PATH + "/{post_id}/html")
    @needs(Act.OUTBOX)
    async def mail(visit: SignedIn, post_id: str) -> Response:
        letter = await _letter(console, visit, post_id)
        if letter.html is None:
            raise Problem("not_found", "This message has no HTML.")
        html = (await _sight(console, visit, letter)).markup(letter.html)
        return HTMLResponse(html + _INERT, headers={"content-security-policy": _MAIL_POLICY})

    return router


def _pages(console: Console, visit: Visit) -> OutboxPages:
    return OutboxPages(console.parts.backends.store(), visit.person.merchants)


async def _letter(console: Console, visit: Visit, post_id: str) -> Letter:
    found = await _pages(console, visit).letter(int(post_id)) if _ID.match(post_id) else None
    if found is None:
        raise Problem("not_found", "No such message.")
    return found


async def _sight(console: Console, visit: Visit, letter: Letter, *, clear: bool = False) -> Sight:
    people = await _pages(console, visit).people([letter.case_id])
    return Sight(letter, Masks(None, *people.get(letter.case_id, [])), clear)


async def _show(console: Console, visit: Visit, letter: Letter, *, clear: bool = False) -> Response:
    sight = await _sight(console, visit, letter, clear=clear)
    return console.show(
        "letter",
        visit,
        headers=_WITH_FRAME if letter.html is not None else None,
        letter=letter,
        sight=sight,
        sent_headers=[(name, sight.cleaned(value)) for name, value in letter.headers.items()],
        channel=CHANNELS.get(letter.channel, letter.channel),
        path=PATH,
    )
