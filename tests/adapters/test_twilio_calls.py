"""Calls through the real SDK against Twilio on loopback: the TwiML, who is told of the call's result, and how it fails."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from activities.adapters.channels_config import VoiceConfig
from activities.adapters.twilio_account import TwilioAccount
from activities.adapters.twilio_calls import TwilioCalls
from activities.ports import ChannelPort, Outgoing, SendFailed, SendOutcome, Sent
from policies.case.vocabulary import Channel
from tests.vendors import TwilioServer, answers, twilio_server
from tests.vendors.loopback import refused_url

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TO, FROM = "+4915112345678", "+15005550006"
OUTGOING = Outgoing(
    delivery_id="d-1",
    message_id="m-1",
    case_id="shop-1001-abcdef12",
    channel=Channel.VOICE,
    address=TO,
    sender=FROM,
    text="Hello, this is Shop & Sons.\nYour refund <EUR 20> is on its way. Goodbye.",
    locale="en",
)


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[TwilioServer]:
    async with twilio_server() as server:
        server.now = lambda: AT
        yield server


def adapter(server: TwilioServer, config: dict[str, Any] | None = None, url: str | None = None, public: str | None = None) -> TwilioCalls:
    sid, token = server.account_sid, server.auth_token
    account = TwilioAccount(sid, sid, token, base_url=url or server.url, timeout_s=5.0, step_timeout_s=4.0, public_url=public)
    return TwilioCalls(account, VoiceConfig.model_validate(config or {}))


def spoken(twiml: str) -> list[tuple[str, str | None, str | None]]:
    """What is said, in which language and voice. The text is parsed, so that an unescaped character would be seen."""
    return [(verb.text or "", verb.get("language"), verb.get("voice")) for verb in ET.fromstring(twiml).iter("Say")]


async def failure(channel: TwilioCalls, **changes: Any) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await channel.send(OUTGOING.model_copy(update=changes), AT)
    return raised.value


async def test_the_message_is_said_twice_word_for_word(server: TwilioServer) -> None:
    channel: ChannelPort = adapter(server)
    sent = await channel.send(OUTGOING, AT)
    (call,) = server.calls
    assert sent == Sent(provider_id=call.sid)
    assert (call.to, call.form["From"], call.status_callback) == (TO, FROM, None)
    assert spoken(call.twiml) == [(OUTGOING.text, "en-GB", None)] * 2
    assert [verb.tag for verb in ET.fromstring(call.twiml)] == ["Say", "Pause", "Say"]


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de-DE"), ("de-AT", "de-DE"), ("en-US", "en-US"), ("en_US", "en-US"), ("fr", "fr-FR"), ("es-MX", "es-MX"), ("xx", "en-GB")],
)
async def test_it_speaks_the_language_of_the_text(server: TwilioServer, locale: str, language: str) -> None:
    await adapter(server).send(OUTGOING.model_copy(update={"locale": locale}), AT)
    assert {said[1] for said in spoken(server.calls[0].twiml)} == {language}


async def test_a_voice_may_be_chosen_by_language_and_a_number_for_all(server: TwilioServer) -> None:
    channel = adapter(server, {"voices": {"de": "Polly.Vicki-Neural"}, "sender": "+4930123456"})
    await channel.send(OUTGOING.model_copy(update={"locale": "de-CH"}), AT)
    (call,) = server.calls
    assert (call.form["From"], {said[2] for said in spoken(call.twiml)}) == ("+4930123456", {"Polly.Vicki-Neural"})


async def test_what_no_xml_can_hold_is_left_out(server: TwilioServer) -> None:
    await adapter(server).send(OUTGOING.model_copy(update={"text": "bell\x07 and\x00 null ]]> 😀"}), AT)
    assert spoken(server.calls[0].twiml)[0][0] == "bell  and  null ]]> 😀"


async def test_a_long_message_is_said_once_and_a_longer_one_not_at_all(server: TwilioServer) -> None:
    channel = adapter(server)
    await channel.send(OUTGOING.model_copy(update={"text": "a" * 3000}), AT)
    assert len(spoken(server.calls[0].twiml)) == 1
    error = await failure(channel, text="a" * 4000)
    assert (error.outcome, error.reason) == (SendOutcome.PERMANENT, "voice_too_long")
    assert len(server.requests) == 1


async def test_the_result_of_the_call_is_asked_for(server: TwilioServer) -> None:
    await adapter(server, public="https://care.shop.example").send(OUTGOING, AT)
    (call,) = server.calls
    assert call.status_callback == "https://care.shop.example/webhooks/twilio/status?n=d-1#rc=3&rp=all"
    assert call.events == ["initiated", "answered", "completed"]


@pytest.mark.parametrize(("config", "sender"), [({}, FROM), ({"sender": FROM}, "")])
async def test_a_number_of_a_brand_that_may_not_call_is_named_and_one_for_all_is_the_accounts(
    server: TwilioServer, config: dict[str, Any], sender: str
) -> None:
    server.script([answers.reply(400, {"code": 21210, "message": FROM}), answers.reply(401, {"code": 20003, "message": "no"})])
    channel = adapter(server, config)
    assert [(await failure(channel)).sender for _ in range(2)] == [sender, ""]


async def test_a_call_that_is_overtaken_is_not_made(server: TwilioServer) -> None:
    error = await failure(adapter(server), valid_until=AT)
    assert (error.outcome, error.reason) == (SendOutcome.PERMANENT, "expired")
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (answers.reply(400, {"code": 21215, "message": TO}), SendOutcome.PERMANENT, "twilio_21215"),
        (answers.reply(400, {"code": 21210, "message": FROM}), SendOutcome.OPERATOR, "twilio_21210"),
        (answers.reply(429, {"code": 10004, "message": "calls"}), SendOutcome.RETRY, "twilio_10004"),
        (answers.reply(500), SendOutcome.UNKNOWN, "twilio_500"),
        (answers.lost(), SendOutcome.UNKNOWN, "twilio_reset"),
        (answers.reply(201, {"status": "queued"}), SendOutcome.UNKNOWN, "twilio_unreadable"),
    ],
)
async def test_the_table_is_that_of_texts(server: TwilioServer, answer: answers.Answer, outcome: SendOutcome, reason: str) -> None:
    server.script([answer])
    error = await failure(adapter(server))
    assert (error.outcome, error.reason) == (outcome, reason)


async def test_nobody_listens(server: TwilioServer) -> None:
    error = await failure(adapter(server, url=refused_url()))
    assert (error.outcome, error.reason) == (SendOutcome.RETRY, "twilio_refused")


async def test_a_call_whose_answer_was_lost_is_found_if_it_is_the_only_one(server: TwilioServer) -> None:
    channel = adapter(server)
    server.now = lambda: AT - timedelta(minutes=10)
    await channel.send(OUTGOING, AT)
    server.now = lambda: AT + timedelta(seconds=2)
    await channel.send(OUTGOING.model_copy(update={"address": "+4915100000000"}), AT)
    await channel.send(OUTGOING.model_copy(update={"sender": "+4930123456"}), AT)
    assert await channel.find(OUTGOING, AT) is None
    server.script([answers.lost()])
    await failure(channel)
    lost = server.calls[-1]
    assert await channel.find(OUTGOING, AT) == Sent(provider_id=lost.sid, accepted_at=lost.created)
    await channel.send(OUTGOING, AT)  # another case of the same customer calls at the same time
    assert await channel.find(OUTGOING, AT) is None
