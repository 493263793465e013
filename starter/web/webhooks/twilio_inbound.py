"""POST /webhooks/twilio/inbound: what customers write by text message.

Owns the choice between a keyword, answered at once, and words for the case; who writes to a case that has ended is told so at once. Must
never guess whose words they are: the drain finds the case of the newest message to that number, or keeps them as nobody's.
"""

import re

from fastapi import APIRouter, Request, Response

from policies.case.vocabulary import Channel
from starter.web.parts import WebParts
from starter.web.webhooks import keywords
from starter.web.webhooks.configuration import WebhookSecrets
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.replies import Attachment, Reply, bounded
from starter.web.webhooks.shops import Shops
from starter.web.webhooks.telling import REPLY
from starter.web.webhooks.twilio_forms import twilio_form
from starter.web.webhooks.twilio_media import TwilioMedia
from starter.web.webhooks.twilio_words import PROVIDER
from store.inbox import Inbox, InboxEvent
from store.keywords import Keyword, KeywordBooks
from store.late_replies import LateReplies
from store.normal import normal_phone

PATH = "/webhooks/twilio/inbound"
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}\Z")
_MOST_MEDIA = 10  # Twilio's own limit
_LONGEST_ADDRESS = 500


def twilio_inbound_router(
    parts: WebParts, secrets: WebhookSecrets, drain: InboxDrain, shops: Shops, media: TwilioMedia | None, *, twilio_answers: bool
) -> APIRouter:
    """`media`: knows whose addresses of files are taken. `twilio_answers`: Twilio answers its own keywords itself (everywhere but on a bare
    short code).
    """
    router = APIRouter()

    @router.post(PATH)
    async def inbound(request: Request) -> Response:
        params = await twilio_form(request, PATH, parts, secrets)
        sid, number = params.get("MessageSid", ""), normal_phone(params.get("From"))
        if not _SID.match(sid) or number is None:
            return _twiml(keywords.SILENCE)  # a sender's name or a short code: nobody that we could have written to
        body, opt_out_type = params.get("Body", ""), params.get("OptOutType")
        keyword = keywords.keyword_of(body, opt_out_type)
        if keyword is not None and await _meant(number, body, opt_out_type):
            return _twiml(await _obey(keyword, sid, number, body, opt_out_type))
        reply = Reply(channel=Channel.SMS, text=bounded(body), number=number, attachments=_media(params, media))
        event = InboxEvent(
            provider=PROVIDER,
            event_key=f"in:{sid}",
            kind=REPLY,
            payload=reply.model_dump(mode="json", exclude_none=True),
        )
        now = parts.clock()
        if not await Inbox(parts.backends.store()).put(event, now):
            return _twiml(keywords.SILENCE)
        ended = await LateReplies(parts.backends.store()).to_be_answered(number, now)
        drain.wake()
        return _twiml(keywords.ended(shops.of(ended.merchant, ended.brand), ended.locale) if ended else keywords.SILENCE)

    async def _meant(number: str, body: str, opt_out_type: str | None) -> bool:
        if not keywords.is_also_an_answer(body, opt_out_type):
            return True
        return await KeywordBooks(parts.backends.store()).stopped(number)

    async def _obey(keyword: Keyword, sid: str, number: str, body: str, opt_out_type: str | None) -> str:
        taken = await KeywordBooks(parts.backends.store()).take(PROVIDER, f"in:{sid}", keyword, number, parts.clock())
        nothing_new = not taken.new or (keyword is not Keyword.HELP and not taken.changed)  # STOP is confirmed once
        if nothing_new or keywords.answered_by_twilio(keyword, body, opt_out_type, twilio_answers):
            return keywords.SILENCE
        shop = shops.of(taken.case.merchant, taken.case.brand) if taken.case else shops.of(None, None)
        return keywords.answer(keyword, shop, taken.case.locale if taken.case else "en")

    return router


def _media(params: dict[str, str], media: TwilioMedia | None) -> list[Attachment]:
    """Pictures by their address at Twilio, which keeps them under the account's login; the drain fetches them."""
    count = params.get("NumMedia", "0")
    number = min(int(count), _MOST_MEDIA) if count.isdigit() and len(count) < 4 else 0
    named = [(params.get(f"MediaUrl{n}", ""), params.get(f"MediaContentType{n}", "unknown")) for n in range(number)]
    return [Attachment(address=url[:_LONGEST_ADDRESS], type=bounded(kind, 100)) for url, kind in named if _kept(url, media)]


def _kept(url: str, media: TwilioMedia | None) -> bool:
    """An address that leads anywhere but to Twilio is kept, but nothing is fetched from there."""
    return url.startswith("https://") or (media is not None and media.takes(url))


def _twiml(text: str) -> Response:
    return Response(text, media_type="application/xml")
