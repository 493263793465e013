"""The webhooks as the web process includes them: routers, their limits, and the drain that runs beside them.

Owns the putting together. Must never hold a route of its own. Called by starter/web/faces.py and by tests.
"""

import logging
from pathlib import Path

from starter.channels_file import ChannelsFile
from starter.web.parts import Face, WebParts
from starter.web.webhooks.attachments import AttachmentFolder, AttachmentStore
from starter.web.webhooks.configuration import WebhookSecrets, load_webhook_settings
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.sendgrid_events import sendgrid_events_router
from starter.web.webhooks.sendgrid_inbound import LARGEST as LARGEST_MAIL
from starter.web.webhooks.sendgrid_inbound import sendgrid_inbound_router
from starter.web.webhooks.shops import Shops
from starter.web.webhooks.stripe_events import stripe_router
from starter.web.webhooks.twilio_inbound import twilio_inbound_router
from starter.web.webhooks.twilio_media import API, TwilioMedia
from starter.web.webhooks.twilio_status import twilio_status_router

_log = logging.getLogger("makegood.web.webhooks")

_LARGEST_EVENTS = 2 * 1024 * 1024  # bytes; the endpoints have narrower limits of their own


def webhook_faces(
    parts: WebParts,
    secrets: WebhookSecrets,
    *,
    shops: Shops | None = None,
    attachments: AttachmentStore | None = None,
    twilio_answers: bool = True,
    twilio_api: str | None = None,
) -> list[Face]:
    """Every webhook. The mails' face comes first: its prefix is the longer one, and its bodies are the larger ones.

    `attachments`: None keeps them below the state folder. `twilio_api`: the address of Twilio's API, if it is not the usual one. One line
    is logged for each endpoint that has no secret and stays closed.
    """
    for line in secrets.missing():
        _log.warning("%s", line)
    kept = attachments or AttachmentFolder(Path(parts.settings.state_dir) / "attachments")
    media = TwilioMedia(kept, secrets.twilio, twilio_api or API) if secrets.twilio else None
    drain = InboxDrain(parts, media)
    mails = Face(
        router=sendgrid_inbound_router(parts, secrets, drain, kept),
        prefixes=("/webhooks/sendgrid/inbound",),
        machine=True,
        body_limit=LARGEST_MAIL,
        beside=(drain.running,),
    )
    stripe = Face(router=stripe_router(parts, secrets, drain), prefixes=("/webhooks/stripe",), machine=True, body_limit=_LARGEST_EVENTS)
    sendgrid = Face(
        router=sendgrid_events_router(parts, secrets, drain), prefixes=("/webhooks/sendgrid",), machine=True, body_limit=_LARGEST_EVENTS
    )
    status = twilio_status_router(parts, secrets, drain)
    status.include_router(twilio_inbound_router(parts, secrets, drain, shops or Shops(), media, twilio_answers=twilio_answers))
    return [mails, stripe, sendgrid, Face(router=status, prefixes=("/webhooks/twilio/",), machine=True)]


def configured_webhook_faces(parts: WebParts) -> list[Face]:
    """The same with what the environment says. Raises SettingsError."""
    settings = load_webhook_settings()
    return webhook_faces(
        parts,
        WebhookSecrets.of(settings, parts.settings.providers_file),
        shops=Shops.of_file(parts.settings.brands),
        attachments=AttachmentFolder(settings.attachments_dir) if settings.attachments_dir else None,
        twilio_answers=settings.twilio_answers_keywords,
        twilio_api=ChannelsFile.of(parts.settings.channels_file).twilio_api,
    )
