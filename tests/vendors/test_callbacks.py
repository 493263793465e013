"""The vendors on loopback themselves: their callbacks carry signatures that the vendors' own validators accept, and only those."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from activities.adapters.channels_config import SendGridConfig, SmsConfig, VoiceConfig
from activities.adapters.sendgrid_email import SendGridEmail
from activities.adapters.twilio_account import TwilioAccount
from activities.adapters.twilio_calls import TwilioCalls
from activities.adapters.twilio_messages import TwilioMessages
from activities.ports import Outgoing
from policies.case.vocabulary import Channel
from tests.vendors import event_keys, sendgrid_server, signed_events, twilio_server
from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, serving

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PUBLIC = "https://care.shop.example"
OUTGOING = Outgoing(
    delivery_id="d-1",
    message_id="m-1",
    case_id="c-1",
    channel=Channel.SMS,
    address="+4915112345678",
    sender="+15005550006",
    text="Hello",
    locale="en",
)


class Hooks(Loopback):
    """Stands for our own web process."""

    def answer(self, request: Request) -> Reply:
        return Reply(204)


@pytest_asyncio.fixture
async def hooks() -> Any:
    async with serving(Hooks()) as hooks:
        yield hooks


async def test_events_are_signed_over_the_moment_and_the_raw_body(hooks: Hooks) -> None:
    private, public = event_keys()
    async with sendgrid_server() as server:
        mail = OUTGOING.model_copy(update={"address": "jane@example.com", "sender": "help@shop.example", "subject": "Hi"})
        await SendGridEmail(SendGridConfig(base_url=server.url), server.api_key).send(mail, AT)
        event = server.event(server.accepted[0], "bounce", AT, type="bounce", reason="550 no such user")
        answer = await server.post_events(f"{hooks.url}/webhooks/sendgrid", [event, event], private)
    assert answer.status_code == 204
    (request,) = hooks.requests
    assert (event["notification_id"], event["event"], event["timestamp"]) == ("d-1", "bounce", int(AT.timestamp()))
    assert event["sg_message_id"].startswith(server.accepted[0].message_id)
    signature, moment = (request.headers[f"X-Twilio-Email-Event-Webhook-{name}"] for name in ("Signature", "Timestamp"))
    check = EventWebhook(public)
    assert check.verify_signature(request.body.decode(), signature, moment)
    assert not check.verify_signature(request.body.decode() + " ", signature, moment)
    assert not check.verify_signature(request.body.decode(), signature, str(int(moment) + 1))


async def test_the_moment_of_a_signature_can_be_chosen() -> None:
    private, _ = event_keys()
    _, headers = signed_events([], private, timestamp=1_700_000_000)
    assert headers["X-Twilio-Email-Event-Webhook-Timestamp"] == "1700000000"


async def test_reports_are_signed_over_the_public_address_without_its_fragment(hooks: Hooks) -> None:
    async with twilio_server() as server:
        sid, token = server.account_sid, server.auth_token
        account = TwilioAccount(sid, sid, token, base_url=server.url, timeout_s=5, step_timeout_s=4, public_url=PUBLIC)
        await TwilioMessages(account, SmsConfig()).send(OUTGOING, AT)
        await TwilioCalls(account, VoiceConfig()).send(OUTGOING, AT)
        await server.report(server.messages[0], "undelivered", 30005, deliver_to=hooks.url)
        await server.report(server.calls[0], "no-answer", deliver_to=hooks.url)
        await server.inbound(
            f"{PUBLIC}/webhooks/twilio/inbound", from_="+49151", to="+1500", body="STOP", opt_out_type="STOP", deliver_to=hooks.url
        )
    check = RequestValidator(token)
    text, call, inbound = hooks.requests
    for request, url in (
        (text, f"{PUBLIC}/webhooks/twilio/status?n=d-1"),
        (call, f"{PUBLIC}/webhooks/twilio/status?n=d-1"),
        (inbound, f"{PUBLIC}/webhooks/twilio/inbound"),
    ):
        assert check.validate(url, request.form(), request.headers["X-Twilio-Signature"])
        assert not check.validate(f"{url}x", request.form(), request.headers["X-Twilio-Signature"])
    assert text.query == [("n", "d-1")]
    assert (text.form()["MessageStatus"], text.form()["ErrorCode"], text.form()["MessageSid"]) == (
        "undelivered",
        "30005",
        server.messages[0].sid,
    )
    assert (call.form()["CallStatus"], call.form()["CallSid"]) == ("no-answer", server.calls[0].sid)
    assert inbound.form()["OptOutType"] == "STOP"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a@b.example"}], "custom_args": {"x": "y" * 10_000}}]}, "personalizations.0.custom_args"),
        ({"personalizations": [{"to": [{"email": "a@b.example"}], "custom_args": {"x": 1}}]}, "personalizations.0.custom_args"),
        ({"personalizations": [{"to": [{"email": "a@b.example"}] * 1001}]}, "personalizations"),
        ({"from": {}}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"type": "text/html", "value": "h"}, {"type": "text/plain", "value": "t"}]}, "content"),
        ({"headers": {"Reply-To": "x@y.example"}}, "headers.Reply-To"),
        ({"priority": "high"}, "priority"),
    ],
)
async def test_sendgrid_on_loopback_is_strict(change: dict[str, Any], field: str) -> None:
    body = {
        "personalizations": [{"to": [{"email": "a@b.example"}]}],
        "from": {"email": "c@d.example"},
        "subject": "s",
        "content": [{"type": "text/plain", "value": "t"}],
    }
    async with sendgrid_server() as server, httpx2.AsyncClient(trust_env=False, verify=False) as client:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        good = await client.post(f"{server.url}/v3/mail/send", json=body, headers=headers)
        bad = await client.post(f"{server.url}/v3/mail/send", json={**body, **change}, headers=headers)
        assert len(server.accepted) == 1
    assert good.status_code == 202
    assert good.headers["X-Message-Id"]
    assert bad.status_code == 400
    assert bad.json()["errors"][0]["field"] == field
