"""Texts through the real SDK against Twilio on loopback: the request, every row of the outcome table, the search for a lost answer."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from activities.adapters.bounded_calls import BoundedCalls
from activities.adapters.channels_config import SmsConfig
from activities.adapters.outcomes.table import Fault, outcome_table
from activities.adapters.twilio_account import TwilioAccount
from activities.adapters.twilio_messages import TwilioMessages
from activities.ports import ChannelPort, Outgoing, SendFailed, SendOutcome, Sent
from policies.case.vocabulary import Channel
from tests.adapters import faults
from tests.adapters.faults import Silent
from tests.vendors import TwilioServer, answers, twilio_server
from tests.vendors.loopback import full_url, refused_url, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TO, FROM, SERVICE = "+4915112345678", "+15005550006", "MG" + "0" * 31 + "7"
CASE = "shop-1001-abcdef12"
TEXT = f"Shop, case {CASE}: we opened a case for EUR 20.00."
OUTGOING = Outgoing(
    delivery_id="d/1 &n=2",  # whatever an id looks like, it is one parameter
    message_id="m-1",
    case_id=CASE,
    channel=Channel.SMS,
    address=TO,
    sender=FROM,
    text=TEXT,
    locale="en",
)
RETRY, PERMANENT, OPERATOR, UNKNOWN = SendOutcome.RETRY, SendOutcome.PERMANENT, SendOutcome.OPERATOR, SendOutcome.UNKNOWN


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[TwilioServer]:
    async with twilio_server() as server:
        server.now = lambda: AT
        yield server


def account(url: str, server: TwilioServer | None = None, **changes: Any) -> TwilioAccount:
    sid, token = (server.account_sid, server.auth_token) if server else ("AC" + "0" * 32, "token")
    limits: dict[str, Any] = {"base_url": url, "timeout_s": 5.0, "step_timeout_s": 4.0, "public_url": None, **changes}
    return TwilioAccount(sid, sid, token, **limits)


def adapter(server: TwilioServer, config: dict[str, Any] | None = None, **changes: Any) -> TwilioMessages:
    return TwilioMessages(account(server.url, server, **changes), SmsConfig.model_validate(config or {}))


async def failure(channel: TwilioMessages, **changes: Any) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await channel.send(OUTGOING.model_copy(update=changes), AT)
    return raised.value


async def test_a_text_leaves_from_the_brands_number(server: TwilioServer) -> None:
    channel: ChannelPort = adapter(server)
    sent = await channel.send(OUTGOING, AT)
    (text,) = server.messages
    assert sent == Sent(provider_id=text.sid)
    assert text.form == {"To": TO, "From": FROM, "Body": TEXT}


@pytest.mark.parametrize(
    ("config", "sender"),
    [({"messaging_service_sid": SERVICE}, {"MessagingServiceSid": SERVICE}), ({"sender": "+4930123456"}, {"From": "+4930123456"})],
)
async def test_the_configured_sender_wins(server: TwilioServer, config: dict[str, Any], sender: dict[str, str]) -> None:
    await adapter(server, config).send(OUTGOING, AT)
    assert server.messages[0].form == {"To": TO, "Body": TEXT, **sender}


async def test_the_callback_names_our_delivery_and_asks_to_be_tried_again(server: TwilioServer) -> None:
    await adapter(server, public_url="https://care.shop.example").send(OUTGOING, AT)
    assert server.messages[0].status_callback == ("https://care.shop.example/webhooks/twilio/status?n=d%2F1%20%26n%3D2#rc=3&rp=all")


@pytest.mark.parametrize(("left_s", "validity"), [(3600, "3600"), (5.001, "5"), (86_400, "36000")])
async def test_a_text_is_valid_until_the_next_word_is_due(server: TwilioServer, left_s: float, validity: str) -> None:
    await adapter(server).send(OUTGOING.model_copy(update={"valid_until": AT + timedelta(seconds=left_s)}), AT)
    assert server.messages[0].form["ValidityPeriod"] == validity


@pytest.mark.parametrize("left_s", [5, 0, -60])
async def test_a_text_with_no_time_left_is_not_sent(server: TwilioServer, left_s: float) -> None:
    error = await failure(adapter(server), valid_until=AT + timedelta(seconds=left_s))
    assert (error.outcome, error.reason) == (PERMANENT, "expired")
    assert server.requests == []


async def test_a_text_of_more_segments_than_allowed_is_refused_here(server: TwilioServer) -> None:
    channel = adapter(server, {"max_segments": 2})
    await channel.send(OUTGOING.model_copy(update={"text": "a" * 306}), AT)
    error = await failure(channel, text="a" * 307)
    assert (error.outcome, error.reason) == (PERMANENT, "sms_too_long")
    assert (await failure(channel, text="я" * 135)).reason == "sms_too_long"
    assert len(server.requests) == 1


async def test_an_api_key_is_used_instead_of_the_token(server: TwilioServer) -> None:
    server.users["SK1"] = "secret"
    limits = {"base_url": server.url, "timeout_s": 5.0, "step_timeout_s": 4.0, "public_url": None}
    with_key = TwilioAccount(server.account_sid, "SK1", "secret", **limits)  # type: ignore[arg-type]
    await TwilioMessages(with_key, SmsConfig()).send(OUTGOING, AT)
    assert len(server.messages) == 1


async def test_the_environment_does_not_move_the_address(server: TwilioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    await adapter(server).send(OUTGOING, AT)
    assert len(server.messages) == 1


async def test_many_at_once_do_not_mix(server: TwilioServer) -> None:
    channel = adapter(server)
    many = [OUTGOING.model_copy(update={"address": f"+49151123456{n:02d}"}) for n in range(24)]
    server.script(
        [
            answers.reply(429, {"code": 20429, "message": "slow"}, {"Retry-After": "9"}) if n % 3 == 0 else answers.accept()
            for n in range(24)
        ]
    )
    ended = await asyncio.gather(*(channel.send(outgoing, AT) for outgoing in many), return_exceptions=True)
    by_sid = {text.sid: text for text in server.messages}
    sent = [(outgoing, one) for outgoing, one in zip(many, ended, strict=True) if isinstance(one, Sent)]
    assert len(sent) == 16
    assert all(by_sid[one.provider_id].to == outgoing.address for outgoing, one in sent)
    assert {one.retry_after_s for one in ended if isinstance(one, SendFailed)} == {9.0}


# What Twilio answers, and what it means. Each line goes over the wire; no code means an answer that holds none.
ANSWERED = [
    *((Fault(status=400, code=code), PERMANENT, "stop") for code in (21610,)),
    *((Fault(status=400, code=code), PERMANENT, "invalid") for code in (21211, 21217, 21401, 21614)),
    *(
        (Fault(status=400, code=code), PERMANENT, None)
        for code in (21201, 21214, 21203, 21215, 21216, 21408, 21601, 21602, 21604, 21612, 21617, 21618, 21999, 30400)
    ),
    *((Fault(status=401, code=code), OPERATOR, None) for code in (20003, 20005, 20006, 20008)),
    *((Fault(status=403, code=code), OPERATOR, None) for code in (10001, 10002, 30002)),
    *(
        (Fault(status=400, code=code), OPERATOR, None)
        for code in (21210, 21212, 21213, 21603, 21606, 21607, 21657, 21659, 21660, 21701, 21702, 21703, 21704, 21705, 21708, 21709)
    ),
    *((Fault(status=400, code=code), OPERATOR, None) for code in (21219, 21608)),
    *((Fault(status=400, code=code), OPERATOR, None) for code in (21205, 21609)),
    (Fault(status=404, code=20404), OPERATOR, None),
    *((Fault(status=429, code=code), RETRY, None) for code in (20429, 14107, 21611, 10004)),
    (Fault(status=400, code=21611), RETRY, None),
    *((Fault(status=500, code=code), UNKNOWN, None) for code in (20500, 30500, 21211)),
    (Fault(status=503, code=20503), UNKNOWN, None),
    (Fault(status=400), PERMANENT, None),
    *((Fault(status=status), OPERATOR, None) for status in (401, 403, 404, 405, 415, 301, 302, 307, 308)),
    (Fault(status=429), RETRY, None),
    *((Fault(status=status), UNKNOWN, None) for status in (500, 502, 503, 504, 418)),
]


def named(fault: Fault) -> str:
    return f"{fault.status}-{fault.code}" if fault.code else str(fault.status)


@pytest.mark.parametrize(("fault", "outcome", "suppress"), ANSWERED, ids=[named(fault) for fault, _, _ in ANSWERED])
async def test_what_an_answer_means(server: TwilioServer, fault: Fault, outcome: SendOutcome, suppress: str | None) -> None:
    assert fault.status is not None
    body = {"code": fault.code, "message": f"{TO} is no good", "more_info": "", "status": fault.status} if fault.code else None
    server.script([answers.reply(fault.status, body)])
    error = await failure(adapter(server))
    assert (error.outcome, error.reason, error.retry_after_s) == (outcome, f"twilio_{fault.code or fault.status}", None)
    assert error.suppress == suppress
    assert server.messages == []


OF_THE_SENDER = {21210, 21212, 21213, 21603, 21606, 21607, 21657, 21659, 21660, 21701, 21702, 21703, 21704, 21705, 21708, 21709}
OPERATORS = [fault for fault, outcome, _ in ANSWERED if outcome is OPERATOR]


@pytest.mark.parametrize("fault", OPERATORS, ids=named)
async def test_a_fault_names_the_sender_only_if_it_is_the_senders_and_a_brands_own(server: TwilioServer, fault: Fault) -> None:
    assert fault.status is not None
    body = {"code": fault.code, "message": f"{FROM} is no good", "more_info": "", "status": fault.status} if fault.code else None
    server.script([answers.reply(fault.status, body)] * 3)
    assert (await failure(adapter(server))).sender == (FROM if fault.code in OF_THE_SENDER else "")
    for one_for_all in ({"sender": FROM}, {"messaging_service_sid": "MG" + "0" * 32}):
        assert (await failure(adapter(server, one_for_all))).sender == ""


async def test_the_newer_form_of_errors_is_read_as_well(server: TwilioServer) -> None:
    problem = {"type": "https://www.twilio.com/docs/errors/21610", "title": "Unsubscribed", "status": 400, "code": 21610, "detail": TO}
    server.script([answers.reply(400, problem)])
    error = await failure(adapter(server))
    assert (error.outcome, error.reason) == (PERMANENT, "twilio_21610")


@pytest.mark.parametrize(
    "body", [b"<html>", [], {"code": "21610"}, {"code": 10**12}, {"code": -1}, {"type": 1, "title": 2, "status": "x", "code": None}]
)
async def test_an_error_nobody_can_read_never_makes_a_code_of_ours(server: TwilioServer, body: Any) -> None:
    server.script([answers.reply(400, body)])
    error = await failure(adapter(server))
    assert error.outcome in (PERMANENT, UNKNOWN)
    assert error.reason in ("twilio_400", "twilio_failed")


UNDER_WAY = [
    (answers.silent(), "timeout"),
    (answers.dripping(), "timeout"),
    (answers.lost(), "reset"),
    (answers.dropped(), "closed"),
    (answers.cut_off(), "cut_off"),
    (answers.nonsense(), "lost"),
    (answers.garbled(), "unreadable"),
]
NEVER_SENT = ["refused", "dns", "tls", "connect_timeout", "unreachable", "not_started"]


@pytest.mark.parametrize(("answer", "word"), UNDER_WAY)
async def test_an_answer_that_is_lost_after_acceptance_is_unknown(server: TwilioServer, answer: answers.Answer, word: str) -> None:
    server.script([answer])
    error = await failure(adapter(server, timeout_s=1.0, step_timeout_s=0.8))
    assert (error.outcome, error.reason) == (UNKNOWN, f"twilio_{word}")
    assert len(server.messages) == 1
    assert len(server.requests) == 1


async def test_a_success_without_an_id_is_unknown(server: TwilioServer) -> None:
    server.script([answers.reply(201, {"status": "queued"})])
    assert (await failure(adapter(server))).reason == "twilio_unreadable"


@pytest.mark.parametrize("word", NEVER_SENT)
async def test_a_text_that_never_left_is_tried_again(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with contextlib.AsyncExitStack() as open_:
        calls = None
        if word == "refused":
            url = refused_url()
        elif word == "dns":
            url = faults.NO_SUCH_NAME
        elif word == "tls":
            url = await open_.enter_async_context(faults.with_a_certificate_nobody_vouches_for(tmp_path))
        elif word == "connect_timeout":
            url = open_.enter_context(full_url())
        elif word == "unreachable":
            url = "https://api.twilio.example"
            monkeypatch.setenv("https_proxy", await open_.enter_async_context(faults.a_proxy_that_reaches_nobody()))
            monkeypatch.setenv("no_proxy", "")
        else:
            url, calls, busy = refused_url(), BoundedCalls("busy", slots=1), threading.Event()
            occupied = asyncio.create_task(calls.run(busy.wait, 60))
            open_.push_async_callback(asyncio.wait_for, occupied, 60)
            open_.callback(busy.set)
            await asyncio.sleep(0)
        channel = TwilioMessages(account(url, timeout_s=1.0, step_timeout_s=0.8, calls=calls), SmsConfig())
        error = await failure(channel)
    assert (error.outcome, error.reason, error.busy) == (RETRY, f"twilio_{word}", False)


async def test_only_what_the_vendor_has_too_much_of_is_nobodys_fault() -> None:
    busy = [fault for fault, _, _ in ANSWERED if outcome_table("twilio").judge(fault).busy]
    assert busy == [fault for fault, _, _ in ANSWERED if fault.status == 429 or fault.code == 21611]  # the sender's queue is full


async def test_every_row_of_the_table_is_tested() -> None:
    met = [fault for fault, _, _ in ANSWERED]
    met += [Fault(transport=word) for word in (*NEVER_SENT, *(word for _, word in UNDER_WAY))]
    assert faults.untested(outcome_table("twilio"), met) == []


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({"Retry-After": "7"}, 7), ({"Retry-After": "86400"}, 3600), ({"Retry-After": "0"}, 1), ({}, None)]
)
async def test_a_429_says_when(server: TwilioServer, headers: dict[str, str], wait_s: float | None) -> None:
    server.script([answers.reply(429, {"code": 20429, "message": "Too Many Requests"}, headers)])
    error = await failure(adapter(server))
    assert (error.outcome, error.retry_after_s, error.busy) == (RETRY, wait_s, True)  # nobody's fault: no one is alerted


async def test_a_wait_of_one_call_is_not_that_of_the_next(server: TwilioServer) -> None:
    channel = adapter(server, calls=BoundedCalls("one", slots=1))
    server.script([answers.reply(429, headers={"Retry-After": "7"}), answers.reset()])
    assert (await failure(channel)).retry_after_s == 7
    assert (await failure(channel)).retry_after_s is None


async def test_a_redirect_takes_the_credentials_nowhere(server: TwilioServer) -> None:
    async with serving(Silent()) as elsewhere:
        server.script([answers.reply(307, headers={"Location": elsewhere.url}), answers.reply(302, headers={"Location": elsewhere.url})])
        for _ in range(2):
            assert (await failure(adapter(server))).outcome is OPERATOR
        assert elsewhere.requests == []


async def test_the_real_answers_of_the_server_are_understood(server: TwilioServer) -> None:
    channel = adapter(server)
    server.opted_out.add(TO)
    assert (await failure(channel)).reason == "twilio_21610"
    assert (await failure(channel, address="12")).reason == "twilio_21211"
    assert (await failure(channel, address="+15005550009")).reason == "twilio_21614"
    assert (await failure(channel, sender="+15005550008")).outcome is RETRY
    assert (await failure(channel, sender="Shop with a long name")).reason == "twilio_21212"
    assert (await failure(channel, text="")).reason == "twilio_21602"
    server.auth_token = server.users[server.account_sid] = "rotated"
    assert (await failure(channel)).reason == "twilio_20003"


# An answer was lost: what became of the message?

LATER = AT + timedelta(minutes=2)


async def lose(channel: TwilioMessages, server: TwilioServer, **changes: Any) -> None:
    server.script([answers.lost()])
    assert (await failure(channel, **changes)).outcome is UNKNOWN


async def test_a_message_whose_answer_was_lost_is_found(server: TwilioServer) -> None:
    channel = adapter(server)
    await lose(channel, server)
    assert await channel.find(OUTGOING, AT) == Sent(provider_id=server.messages[0].sid, accepted_at=AT)


async def test_a_message_that_never_arrived_is_not_found(server: TwilioServer) -> None:
    channel = adapter(server)
    server.script([answers.reset()])
    await failure(channel)
    assert await channel.find(OUTGOING, AT) is None


async def test_what_waits_in_the_queue_without_a_date_is_found(server: TwilioServer) -> None:
    server.hold_queue = True
    channel = adapter(server)
    await lose(channel, server)
    assert await channel.find(OUTGOING, AT) == Sent(provider_id=server.messages[0].sid, accepted_at=AT)


async def test_neither_another_customer_nor_another_case_nor_an_older_message_is_taken_for_it(server: TwilioServer) -> None:
    channel = adapter(server)
    await channel.send(OUTGOING.model_copy(update={"address": "+4915100000000"}), AT)
    await channel.send(OUTGOING.model_copy(update={"text": "Shop, case shop-1002-00000000: news."}), AT)
    server.now = lambda: AT - timedelta(seconds=30)  # the word before this one, in the same minute
    await channel.send(OUTGOING.model_copy(update={"text": f"Shop, case {CASE}: the word before."}), AT)
    server.now = lambda: AT - timedelta(hours=1)
    await channel.send(OUTGOING, AT)
    assert await channel.find(OUTGOING, AT) is None


async def test_a_text_that_is_rendered_anew_is_found_by_its_case(server: TwilioServer) -> None:
    channel = adapter(server)
    await lose(channel, server)
    anew = OUTGOING.model_copy(update={"text": f"Shop, case {CASE}: the refund is on its way."})
    found = await channel.find(anew, AT)
    assert found is not None
    assert found.provider_id == server.messages[0].sid


async def test_the_same_text_is_found_with_a_trial_accounts_line_and_a_clock_that_is_behind(server: TwilioServer) -> None:
    server.now = lambda: AT - timedelta(seconds=40)
    channel = adapter(server)
    await lose(channel, server)
    server.messages[0].form["Body"] = f"Sent from your Twilio trial account - {TEXT}"
    # By our clock it cannot have been accepted before it was sent.
    assert await channel.find(OUTGOING, AT) == Sent(provider_id=server.messages[0].sid, accepted_at=AT)


@pytest.mark.parametrize(
    ("answer", "reason", "wait_s"),
    [
        (answers.reply(503), "twilio_503", None),
        (answers.reply(429, headers={"Retry-After": "3"}), "twilio_429", 3),
        (answers.reply(401, {"code": 20003}), "twilio_401", None),
        (answers.garbled(200), "twilio_unreadable", None),
        (answers.reset(), "twilio_reset", None),
    ],
)
async def test_not_being_able_to_ask_is_neither_yes_nor_no(
    server: TwilioServer, answer: answers.Answer, reason: str, wait_s: float | None
) -> None:
    server.script([answer])
    with pytest.raises(SendFailed) as raised:
        await adapter(server).find(OUTGOING, AT)
    assert (raised.value.outcome, raised.value.reason, raised.value.retry_after_s) == (UNKNOWN, reason, wait_s)


async def test_neither_token_nor_customer_reaches_a_log_or_an_error(server: TwilioServer, caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "twilio", "twilio.http_client", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    channel = adapter(server, public_url="https://care.shop.example")
    await channel.send(OUTGOING, AT)
    await channel.find(OUTGOING, AT)
    errors = []
    refused = answers.reply(400, {"code": 21211, "message": f"{TO} is not a valid phone number", "status": 400})
    for answer in (refused, answers.lost(), answers.garbled(), answers.cut_off()):
        server.script([answer])
        errors.append(await failure(channel))
    server.script([answers.reply(503, {"message": TO})])
    with pytest.raises(SendFailed) as raised:
        await channel.find(OUTGOING, AT)
    errors.append(raised.value)
    told = [record.getMessage() for record in caplog.records] + [repr(error) + repr(error.__cause__) for error in errors]
    for text in told:
        for hidden in (TO, TO[1:], TEXT, server.auth_token, "d%2F1"):
            assert hidden not in text
