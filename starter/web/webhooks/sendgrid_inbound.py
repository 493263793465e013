"""POST /webhooks/sendgrid/inbound: e-mails that customers write as answers (SendGrid Inbound Parse).

Owns the way from a posted mail to words for a case. Must never keep a stranger's mail: without a token of ours in the address that it
was sent to, nothing of it is written down but that it came. Inbound Parse signs like the event webhook once a security policy with
`signature` is attached to the parse setting (twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks): over
timestamp and raw body, so that no secret has to stand in an address, where access logs would keep it.
"""

import asyncio
import hashlib
import logging

from fastapi import APIRouter, HTTPException, Request, Response

from policies.case.vocabulary import Channel
from starter.web.parts import WebParts
from starter.web.webhooks.attachments import AttachmentStore
from starter.web.webhooks.bodies import multipart_of, read_body
from starter.web.webhooks.configuration import WebhookSecrets
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.mail_text import text_of_html, without_quotation
from starter.web.webhooks.parsed_mail import ParsedMail
from starter.web.webhooks.refusals import FORGED, closed, unreadable
from starter.web.webhooks.replies import Attachment, Reply, bounded
from starter.web.webhooks.sendgrid_events import SIGNATURE, TIMESTAMP
from starter.web.webhooks.sendgrid_words import PROVIDER
from starter.web.webhooks.signatures import SENDGRID_INBOUND_WINDOW, sendgrid_signed
from starter.web.webhooks.telling import REPLY
from store.correspondents import Correspondents
from store.inbox import Inbox, InboxEvent, InboxState
from store.link_tokens import link_in_address

_log = logging.getLogger("makegood.web.webhooks")

LARGEST = 31 * 1024 * 1024  # bytes; Inbound Parse takes mails of up to 30 MB with everything in them
_AT_ONCE = 4  # bodies in memory beside each other: 124 MB at most
_MOST_FILES = 10
_LARGEST_FILE = 20 * 1024 * 1024  # bytes
_LONGEST_LOOKED_AT = 200_000  # characters; ten times what is kept
_INBOUND = "inbound"  # kind of a row that is nobody's


def sendgrid_inbound_router(parts: WebParts, secrets: WebhookSecrets, drain: InboxDrain, attachments: AttachmentStore) -> APIRouter:
    router = APIRouter()
    turn = asyncio.Semaphore(_AT_ONCE)

    @router.post("/webhooks/sendgrid/inbound")
    async def inbound(request: Request) -> Response:
        if not secrets.sendgrid_inbound:
            raise closed("SENDGRID_INBOUND_KEYS")
        async with turn:
            body = await read_body(request, LARGEST)
            now = parts.clock()
            signature, timestamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP)
            if not sendgrid_signed(signature, timestamp, body, secrets.sendgrid_inbound, now, SENDGRID_INBOUND_WINDOW):
                raise HTTPException(403, FORGED)
            try:
                # In a thread: a mail of 30 MB takes a second to take apart.
                mail = await asyncio.to_thread(_parsed, body, request.headers.get("content-type", ""))
            except ValueError:
                raise unreadable("a parsed mail; switch off “post the raw, full MIME message” in the parse setting") from None
            await _take(mail)
        return Response(status_code=200)

    async def _take(mail: ParsedMail) -> None:
        inbox, now = Inbox(parts.backends.store()), parts.clock()
        link_id = next((found for one in mail.recipients if (found := link_in_address(parts.links, one)) is not None), None)
        problem = await _no_reply(parts, mail, link_id)
        if problem is not None:
            event = InboxEvent(provider=PROVIDER, event_key=f"in:{mail.key}", kind=_INBOUND, reference=link_id)
            await inbox.put(event, now, InboxState.IGNORED, problem)
            return
        reply = Reply(
            channel=Channel.EMAIL,
            text=await asyncio.to_thread(_words, mail),
            link_id=link_id,
            attachments=await _kept(mail),
        )
        payload = reply.model_dump(mode="json", exclude_none=True)
        event = InboxEvent(provider=PROVIDER, event_key=f"in:{mail.key}", kind=REPLY, reference=link_id, payload=payload)
        if await inbox.put(event, now):
            drain.wake()

    async def _kept(mail: ParsedMail) -> list[Attachment]:
        kept = []
        for _, type_, content in mail.files[:_MOST_FILES]:
            digest = hashlib.sha256(content).hexdigest()
            if len(content) > _LARGEST_FILE:
                address = "nowhere: it is too large to be kept"
            else:
                address = await attachments.put(content)
            kept.append(Attachment(address=address, type=bounded(type_ or "unknown", 100), bytes=len(content), sha256=digest))
        if len(mail.files) > _MOST_FILES:
            _log.info("an inbound mail has %d attachments; the first %d are kept", len(mail.files), _MOST_FILES)
        return kept

    return router


async def _no_reply(parts: WebParts, mail: ParsedMail, link_id: str | None) -> str | None:
    """Why this mail is nobody's answer; None if it is one."""
    if link_id is None:
        return "no_token"
    if mail.by_machine:
        return "by_machine"
    known = await Correspondents(parts.backends.store()).by_link(link_id)
    return None if known is not None else "link_unknown"  # erased since: neither the words nor the files are kept


def _parsed(body: bytes, content_type: str) -> ParsedMail:
    return ParsedMail(multipart_of(body, content_type))


def _words(mail: ParsedMail) -> str:
    """What the customer wrote, from the text part, else from the HTML part."""
    text = mail.text if mail.text is not None else text_of_html((mail.html or "")[:_LONGEST_LOOKED_AT])
    return bounded(without_quotation(text[:_LONGEST_LOOKED_AT]))
