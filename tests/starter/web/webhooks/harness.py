"""The webhooks over a real store, asked without a network; nothing drains, so that a test sees what was taken in.

Owns the secrets under which tests sign, and a message that a provider took.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from stripe import WebhookSignature

from policies.case.vocabulary import Channel
from starter.web.webhooks import WebhookSecrets, webhook_faces
from starter.web.webhooks.shops import Shops
from starter.web.webhooks.signatures import SendGridKey
from starter.web.webhooks.stripe_accounts import StripeAccount
from store.contacts import Contact
from store.delivery_events import DeliveryEventBooks, ReportedDelivery
from store.desk_books import DeskBooks
from store.engine import Store
from store.inbox import Inbox, InboxRow
from store.recorder import Recorder
from store.standing import DeliveryState
from store.suppressions import SuppressionBooks
from tests.starter.web.harness import PUBLIC_URL, Clock, FakeBackends, application, browser, parts_of
from tests.store.rows import link_id_of
from tests.store.samples import CASE, MONDAY, entry, plan
from tests.vendors.sendgrid import event_keys, signed_events
from tests.vendors.twilio import signed_form

STRIPE_SECRET = "whsec_" + "a" * 32
TWILIO_TOKEN = "t" * 32
ADA = Contact(name="Ada Example", email="ada@example.org", phone="+4930123456", locale="en", zone="Europe/Berlin")
SHOPS = Shops(
    {
        "fallback": {"name": "Customer care", "reply_address": "care@shop.example"},
        "shops": {"acme": {"name": "Acme & Sons", "phone": "+4930555000"}},
    }
)


@dataclass
class Hooks:
    """The application with its webhooks. `locked` closes every endpoint: no secret is set."""

    store: Store
    client: httpx2.AsyncClient
    clock: Clock
    events_key: ec.EllipticCurvePrivateKey
    inbound_key: ec.EllipticCurvePrivateKey
    _numbers: list[int] = field(default_factory=lambda: [0])

    def seconds(self) -> int:
        return int(self.clock.seconds())

    async def rows(self) -> list[InboxRow]:
        return await Inbox(self.store).rows()

    async def reported(self) -> list[ReportedDelivery]:
        return await DeliveryEventBooks(self.store).of_case(CASE)

    @property
    def suppressions(self) -> SuppressionBooks:
        return SuppressionBooks(self.store)

    async def stripe(self, event: Any, *, secret: str = STRIPE_SECRET, timestamp: int | None = None) -> httpx2.Response:
        """An event, signed by Stripe's own package."""
        body = event if isinstance(event, str) else json.dumps(event)
        moment = self.seconds() if timestamp is None else timestamp
        header = WebhookSignature.generate_signature_header(body, secret, moment)
        return await self.client.post("/webhooks/stripe", content=body, headers={"Stripe-Signature": header})

    async def sendgrid(self, *events: dict[str, Any], timestamp: int | None = None) -> httpx2.Response:
        body, headers = signed_events(events, self.events_key, self.seconds() if timestamp is None else timestamp)
        return await self.client.post("/webhooks/sendgrid", content=body, headers=headers)

    async def twilio(self, path: str, token: str = TWILIO_TOKEN, public_url: str = PUBLIC_URL, **form: str) -> httpx2.Response:
        """A form, signed by Twilio's own package over the public address."""
        body, headers = signed_form(token, f"{public_url}{path}", form)
        return await self.client.post(path, content=body, headers=headers)

    async def text(self, words: str, *, from_: str = "+4930123456", sid: str | None = None, **more: str) -> httpx2.Response:
        """A text message from a customer."""
        self._numbers[0] += 1
        named = sid or f"SM{self._numbers[0]:032x}"
        form = {"MessageSid": named, "From": from_, "To": "+15005550006", "Body": words, "NumMedia": "0", **more}
        return await self.twilio("/webhooks/twilio/inbound", **form)

    async def sent(self, message_id: str = "m1", channel: Channel = Channel.EMAIL, provider_id: str = "X-1", at: datetime = MONDAY) -> str:
        """A message of the case that its provider took; the delivery's id."""
        recorder = Recorder(self.store)
        await DeskBooks(self.store).save_contact("c1", CASE, "acme", ADA, MONDAY)
        await recorder.open_message(entry(), plan(message_id, seq=int(message_id[1:])), at)
        delivery = await recorder.claim_delivery(message_id, channel, at, 15, reuse=False)
        await recorder.end_sending(message_id, delivery.delivery_id, DeliveryState.ACCEPTED, at, None, provider_id=provider_id)
        return delivery.delivery_id

    async def link_id(self) -> str:
        found = await self.store.read(lambda connection: link_id_of(connection, "c1"))
        assert found is not None
        return found


def hooks(store: Store, *, locked: bool = False, stripe_accounts: Sequence[StripeAccount] = (), **options: Any) -> Hooks:
    (events_key, events_public), (inbound_key, inbound_public) = event_keys(), event_keys()
    secrets = WebhookSecrets()
    if not locked:
        secrets = WebhookSecrets(
            stripe=[] if stripe_accounts else ["whsec_" + "b" * 32, STRIPE_SECRET],
            stripe_accounts=stripe_accounts,
            sendgrid_events=[SendGridKey(events_public)],
            sendgrid_inbound=[SendGridKey(inbound_public)],
            twilio=["s" * 32, TWILIO_TOKEN],
        )
    clock = Clock()
    parts = parts_of(FakeBackends(opened=store), clock=clock)
    app = application(lambda parts: webhook_faces(parts, secrets, shops=SHOPS, **options), parts)
    return Hooks(store, browser(app), clock, events_key, inbound_key)
