"""/u/{token}: "no more updates", by one click in a mail program (RFC 8058) or by a button on a page.

Owns the way of this wish: first the suppression, which holds for every case at once and survives whatever comes after; then the case is
told. Must never ask for anything (no cookie, no sign-in, no redirect), and change nothing on GET: mail scanners open every link.
Included by the web process.
"""

import asyncio
import logging
import math

from fastapi import APIRouter, Request
from starlette.responses import Response

from policies.case.facts import Actor
from policies.case.vocabulary import CaseStatus, Channel, MessageClass, Role
from policies.links import PATH, LinkPurpose
from starter.desk import CaseKey, DeskError, EngineUnavailable, PreferenceChanges
from starter.web.attempts import Attempts
from starter.web.languages import asked_language, language_of
from starter.web.pages import notice, page
from starter.web.parts import Away, Face, WebParts
from starter.web.problems import Problem
from store.correspondents import Correspondents, LinkedContact
from store.link_tokens import LinkExpired, LinkInvalid
from store.normal import normal_address
from store.suppressions import Covers, SuppressionBooks, SuppressionReason

ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058: what the POST says
_SOURCE = "unsubscribe_link"
_CUSTOMER = Actor(who="customer", role=Role.CUSTOMER, why="unsubscribe_link")
# Wrong links from one address in ten minutes. A right one is honoured at any time: whoever clicks behind a large mail provider shares
# its addresses with everybody else there, and the one thing a sender must never do is to lose an unsubscription.
_BAD_LINKS, _WINDOW_S = 20, 600.0
_LARGEST = 16 * 1024  # bytes of a form with one field, with room for a mail program's own
_TELL_WITHIN_S = 5.0  # a mail provider waits for the answer; the suppression stands by then
_log = logging.getLogger("makegood.web")


def unsubscribe_face(parts: WebParts) -> Face:
    prefix = PATH[LinkPurpose.UNSUBSCRIBE]
    router = APIRouter()
    attempts = Attempts(_BAD_LINKS, _WINDOW_S)

    @router.get(prefix + "{token}", include_in_schema=False)
    async def ask(token: str, request: Request) -> Response:
        contact = await _contact(parts, token, request, attempts)
        language = language_of(contact.locale) or asked_language(request)
        return page("unsubscribe.html.j2", language, case_id=contact.case_id)

    @router.post(prefix + "{token}", include_in_schema=False)
    async def unsubscribe(token: str, request: Request) -> Response:
        contact = await _contact(parts, token, request, attempts)
        form = await request.form(max_files=0, max_fields=20)
        if form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
            raise Problem("invalid", f"The form must say {ONE_CLICK[0]}={ONE_CLICK[1]}.", field=ONE_CLICK[0])
        await _suppress(parts, contact)
        await _tell_case(parts, contact)
        return notice("unsubscribed", language_of(contact.locale) or asked_language(request))

    # The one form that comes from elsewhere on purpose: mail providers send it, and the token is the proof.
    return Face(router, prefixes=(prefix,), csrf_exempt=(prefix,), body_limit=_LARGEST)


async def _contact(parts: WebParts, token: str, request: Request, attempts: Attempts) -> LinkedContact:
    """Who the link is for. Raises Problem link_invalid (404), link_expired (410), too_many (429); Away."""
    try:
        link_id = parts.links.read(LinkPurpose.UNSUBSCRIBE, token)
    except LinkExpired:
        raise Problem("link_expired") from None
    except LinkInvalid:
        wait_s = attempts.failed(request)
        if wait_s is not None:
            raise Problem("too_many", headers={"retry-after": str(math.ceil(wait_s))}) from None
        raise Problem("link_invalid") from None
    contact = await Correspondents(parts.backends.store()).by_link(link_id)
    if contact is None:  # signed by us, but withdrawn, or the person was erased
        raise Problem("link_expired")
    return contact


async def _suppress(parts: WebParts, contact: LinkedContact) -> None:
    """Every address of the contact, in one transaction: who stops e-mails does not want the same by SMS."""
    given = ((Channel.EMAIL, contact.email), (Channel.SMS, contact.phone), (Channel.VOICE, contact.phone))
    addresses = [(channel, address) for channel, address in given if address is not None and normal_address(channel, address) is not None]
    books = SuppressionBooks(parts.backends.store())
    await books.suppress_all(addresses, SuppressionReason.UNSUBSCRIBE, parts.clock(), _SOURCE, Covers.STATUS)


async def _tell_case(parts: WebParts, contact: LinkedContact) -> None:
    """So that it stops promising. If it cannot be told now, its next message finds the suppression, and the case takes that as the wish."""
    case = CaseKey(contact.case_id, contact.kind) if contact.kind is not None else contact.case_id
    try:
        async with asyncio.timeout(_TELL_WITHIN_S):
            desk = parts.backends.desk()
            snapshot = await desk.snapshot(case)
            closed, reach = snapshot.status is CaseStatus.CLOSED, snapshot.reach
            if closed or reach is None or MessageClass.STATUS in reach.opted_out:
                return
            await desk.change_preferences(case, _CUSTOMER, PreferenceChanges(opted_out=[*reach.opted_out, MessageClass.STATUS]))
    except (Away, EngineUnavailable, DeskError, TimeoutError) as error:
        _log.warning("unsubscribed, but the case was not told: case=%s why=%s", contact.case_id, type(error).__name__)
