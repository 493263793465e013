"""E-mail through the real SDK against SendGrid on loopback: the request, every row of the outcome table, and what must not leak."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from activities.adapters.bounded_calls import BoundedCalls
from activities.adapters.channels_config import SendGridConfig
from activities.adapters.outcomes.table import Fault, outcome_table
from activities.adapters.sendgrid_email import SendGridEmail
from activities.ports import ChannelPort, Outgoing, SendFailed, SendOutcome
from policies.case.vocabulary import Channel
from tests.adapters import faults
from tests.adapters.faults import Silent
from tests.vendors import SendGridServer, answers, sendgrid_server
from tests.vendors.loopback import full_url, refused_url, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "SG.loopback.key"
ADDRESS = "jane.roe@example.com"
TEXT = "We opened your case for EUR 20.00."
UNSUBSCRIBE = "https://care.shop.example/u/abc"
OUTGOING = Outgoing(
    delivery_id="d-1",
    message_id="m-1",
    case_id="shop-1001-abcdef12",
    channel=Channel.EMAIL,
    address=ADDRESS,
    sender="Northwind Care <help@northwind.example>",
    subject="Your refund",
    text=TEXT,
    html="<p>We opened your case.</p>",
    locale="en",
)
RETRY, PERMANENT, OPERATOR, UNKNOWN = SendOutcome.RETRY, SendOutcome.PERMANENT, SendOutcome.OPERATOR, SendOutcome.UNKNOWN


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[SendGridServer]:
    async with sendgrid_server(KEY) as server:
        yield server


def adapter(url: str, key: str = KEY, calls: BoundedCalls | None = None, **changes: Any) -> SendGridEmail:
    return SendGridEmail(SendGridConfig.model_validate({"base_url": url, "timeout_s": 5, **changes}), key, calls)


async def failure(channel: SendGridEmail, outgoing: Outgoing = OUTGOING) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await channel.send(outgoing, AT)
    return raised.value


async def test_one_recipient_with_text_before_html_and_our_id_only(server: SendGridServer) -> None:
    channel: ChannelPort = adapter(server.url)
    sent = await channel.send(OUTGOING, AT)
    (mail,) = server.accepted
    assert sent.provider_id == mail.message_id
    assert mail.body == {
        "personalizations": [{"to": [{"email": ADDRESS}], "custom_args": {"notification_id": "d-1"}}],
        "from": {"email": "help@northwind.example", "name": "Northwind Care"},
        "subject": "Your refund",
        "content": [{"type": "text/plain", "value": TEXT}, {"type": "text/html", "value": "<p>We opened your case.</p>"}],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }


async def test_the_list_headers_are_there_exactly_when_there_is_an_address_to_unsubscribe(server: SendGridServer) -> None:
    channel = adapter(server.url)
    await channel.send(OUTGOING.model_copy(update={"unsubscribe_url": UNSUBSCRIBE}), AT)
    sly = {"List-Unsubscribe": "<https://elsewhere.example>", "list-unsubscribe-post": "x", "X-Case": "c"}
    await channel.send(OUTGOING.model_copy(update={"headers": sly}), AT)
    with_it, without_it = server.accepted
    assert with_it.body["headers"] == {"List-Unsubscribe": f"<{UNSUBSCRIBE}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    assert without_it.body["headers"] == {"X-Case": "c"}


async def test_a_reply_to_of_the_message_wins_over_the_configured_one(server: SendGridServer) -> None:
    channel = adapter(server.url, reply_to="Care <care@shop.example>")
    await channel.send(OUTGOING, AT)
    await channel.send(OUTGOING.model_copy(update={"headers": {"Reply-To": "care+d1@shop.example"}}), AT)
    assert [mail.body["reply_to"] for mail in server.accepted] == [
        {"email": "care@shop.example", "name": "Care"},
        {"email": "care+d1@shop.example"},
    ]


async def test_the_configured_sender_speaks_for_every_brand_and_text_alone_is_enough(server: SendGridServer) -> None:
    channel = adapter(server.url, sender="shop@shop.example")
    await channel.send(OUTGOING.model_copy(update={"html": None, "subject": "Two\r\nlines"}), AT)
    body = server.accepted[0].body
    assert (body["from"], body["subject"], len(body["content"])) == ({"email": "shop@shop.example"}, "Two lines", 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"sender": "Northwind"}, "sender_invalid"), ({"headers": {"reply-to": "nobody"}}, "reply_to_invalid")],
)
async def test_an_address_of_ours_that_is_no_mailbox_is_our_fault_and_asks_nobody(
    server: SendGridServer, changes: dict[str, Any], reason: str
) -> None:
    error = await failure(adapter(server.url), OUTGOING.model_copy(update=changes))
    assert (error.outcome, error.reason) == (OPERATOR, reason)
    assert server.requests == []


async def test_what_is_overtaken_is_not_sent(server: SendGridServer) -> None:
    channel = adapter(server.url)
    error = await failure(channel, OUTGOING.model_copy(update={"valid_until": AT}))
    assert (error.outcome, error.reason) == (PERMANENT, "expired")
    assert server.requests == []
    await channel.send(OUTGOING.model_copy(update={"valid_until": AT + timedelta(seconds=1)}), AT)


async def test_the_same_delivery_twice_is_two_messages_and_nobody_can_be_asked(server: SendGridServer) -> None:
    channel = adapter(server.url)
    assert not channel.idempotent
    await channel.send(OUTGOING, AT)
    await channel.send(OUTGOING, AT)
    assert len(server.accepted) == 2
    assert await channel.find(OUTGOING, AT) is None
    assert len(server.requests) == 2


async def test_many_at_once_do_not_mix(server: SendGridServer) -> None:
    channel = adapter(server.url)
    many = [OUTGOING.model_copy(update={"delivery_id": f"d-{n}", "address": f"p{n}@example.com"}) for n in range(24)]
    sent = await asyncio.gather(*(channel.send(outgoing, AT) for outgoing in many))
    by_id = {mail.message_id: mail for mail in server.accepted}
    assert [(by_id[one.provider_id].to, by_id[one.provider_id].notification_id) for one in sent] == [
        (outgoing.address, outgoing.delivery_id) for outgoing in many
    ]
    # The SDK keeps one dictionary of headers for all its calls: nothing may stick to it.
    assert len({tuple(sorted(request.headers.keys())) for request in server.requests}) == 1


async def test_an_accepted_message_without_an_id_is_accepted(server: SendGridServer) -> None:
    server.script([answers.reply(202)])
    assert (await adapter(server.url).send(OUTGOING, AT)).provider_id == ""


# What SendGrid answers, and what it means. Each line goes over the wire.
ANSWERED = [
    (Fault(status=400, field="personalizations.0.to.0.email"), PERMANENT, "sendgrid_400"),
    (Fault(status=400, field="subject"), PERMANENT, "sendgrid_400"),
    (Fault(status=400), PERMANENT, "sendgrid_400"),
    (Fault(status=400, field="from.email"), OPERATOR, "sendgrid_400"),
    (Fault(status=400, field="reply_to.email"), OPERATOR, "sendgrid_400"),
    (Fault(status=401, says="The provided authorization grant is invalid"), OPERATOR, "sendgrid_401"),
    (Fault(status=401, says="Maximum credits exceeded"), OPERATOR, "sendgrid_credits"),
    (Fault(status=403, field="from", says="The from address does not match a verified Sender Identity."), OPERATOR, "sendgrid_403"),
    (Fault(status=403, says="access forbidden"), OPERATOR, "sendgrid_403"),
    (Fault(status=404), OPERATOR, "sendgrid_404"),
    (Fault(status=405), OPERATOR, "sendgrid_405"),
    (Fault(status=413), PERMANENT, "sendgrid_413"),
    (Fault(status=415), OPERATOR, "sendgrid_415"),
    (Fault(status=429), RETRY, "sendgrid_429"),
    (Fault(status=200), OPERATOR, "sendgrid_sandbox"),
    (Fault(status=302), OPERATOR, "sendgrid_302"),
    (Fault(status=308), OPERATOR, "sendgrid_308"),
    (Fault(status=500), UNKNOWN, "sendgrid_500"),
    (Fault(status=502), UNKNOWN, "sendgrid_502"),
    (Fault(status=503), UNKNOWN, "sendgrid_503"),
    (Fault(status=504), UNKNOWN, "sendgrid_504"),
    (Fault(status=418), UNKNOWN, "sendgrid_418"),  # stands in no row
    (Fault(status=201), UNKNOWN, "sendgrid_201"),
]


@pytest.mark.parametrize(("fault", "outcome", "reason"), ANSWERED)
async def test_what_an_answer_means(server: SendGridServer, fault: Fault, outcome: SendOutcome, reason: str) -> None:
    assert fault.status is not None
    server.script([answers.reply(fault.status, {"errors": [{"message": fault.says, "field": fault.field, "help": None}]})])
    error = await failure(adapter(server.url))
    assert (error.outcome, error.reason, error.retry_after_s) == (outcome, reason, None)
    assert error.suppress == ("invalid" if (fault.field or "").startswith("personalizations.0.to") else None)
    assert server.accepted == []


# Faults of the operator that concern one sender of ours; every other one concerns the account.
OF_THE_SENDER = [fault for fault, outcome, _ in ANSWERED if outcome is OPERATOR and ((fault.field or "").startswith("from"))]


@pytest.mark.parametrize("fault", [fault for fault, outcome, _ in ANSWERED if outcome is OPERATOR])
async def test_a_fault_names_the_sender_only_if_it_is_the_senders(server: SendGridServer, fault: Fault) -> None:
    assert fault.status is not None
    body = {"errors": [{"message": fault.says, "field": fault.field, "help": None}]}
    server.script([answers.reply(fault.status, body), answers.reply(fault.status, body)])
    theirs, for_all = await failure(adapter(server.url)), await failure(adapter(server.url, sender="shop@shop.example"))
    assert theirs.sender == ("help@northwind.example" if fault in OF_THE_SENDER else "")
    assert for_all.sender == ""  # the one sender of all brands: nothing leaves at all
    assert len(OF_THE_SENDER) == 2


async def test_a_sender_that_is_no_mailbox_is_at_fault_itself(server: SendGridServer) -> None:
    broken = OUTGOING.model_copy(update={"sender": "Northwind"})
    assert (await failure(adapter(server.url), broken)).sender == "northwind"
    assert (await failure(adapter(server.url, sender="Northwind"))).sender == ""
    assert (await failure(adapter(server.url), OUTGOING.model_copy(update={"headers": {"reply-to": "nobody"}}))).sender == ""


@pytest.mark.parametrize("body", [b"", b"<html>", {"errors": []}, {"errors": "no"}, [1], {"errors": [{"field": 7, "message": None}]}])
async def test_an_error_nobody_can_read_is_judged_by_its_status(server: SendGridServer, body: Any) -> None:
    server.script([answers.reply(400, body)])
    error = await failure(adapter(server.url))
    assert (error.outcome, error.reason) == (PERMANENT, "sendgrid_400")


# How the call itself ends.
UNDER_WAY = [
    (answers.silent(), "sendgrid_timeout", "timeout"),
    (answers.dripping(), "sendgrid_timeout", "timeout"),
    (answers.lost(), "sendgrid_reset", "reset"),
    (answers.dropped(), "sendgrid_closed", "closed"),
    (answers.cut_off(), "sendgrid_cut_off", "cut_off"),
    (answers.nonsense(), "sendgrid_lost", "lost"),
]
NEVER_SENT = ["refused", "dns", "tls", "connect_timeout", "unreachable", "not_started"]


@pytest.mark.parametrize(("answer", "reason", "word"), UNDER_WAY)
async def test_an_answer_that_is_lost_after_acceptance_is_unknown(
    server: SendGridServer, answer: answers.Answer, reason: str, word: str
) -> None:
    server.script([answer])
    error = await failure(adapter(server.url, timeout_s=1))
    assert (error.outcome, error.reason) == (UNKNOWN, reason)
    assert len(server.accepted) == 1  # it was: sending it again would be twice


async def test_a_message_is_tried_once_whatever_happens(server: SendGridServer) -> None:
    server.script([answers.reset(), answers.reply(503)])
    channel = adapter(server.url)
    await failure(channel)
    await failure(channel)
    assert len(server.requests) == 2


@pytest.mark.parametrize("word", NEVER_SENT)
async def test_a_message_that_never_left_is_tried_again(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
            url = "https://api.sendgrid.example"
            monkeypatch.setenv("https_proxy", await open_.enter_async_context(faults.a_proxy_that_reaches_nobody()))
            monkeypatch.setenv("no_proxy", "")
        else:
            url, calls, busy = refused_url(), BoundedCalls("busy", slots=1), threading.Event()
            occupied = asyncio.create_task(calls.run(busy.wait, 60))
            open_.push_async_callback(asyncio.wait_for, occupied, 60)
            open_.callback(busy.set)
            await asyncio.sleep(0)
        error = await failure(adapter(url, timeout_s=1, calls=calls))
    assert (error.outcome, error.reason, error.busy) == (RETRY, f"sendgrid_{word}", False)


async def test_only_what_the_vendor_has_too_much_of_is_nobodys_fault() -> None:
    busy = [fault for fault, _, _ in ANSWERED if outcome_table("sendgrid").judge(fault).busy]
    assert busy == [fault for fault, _, _ in ANSWERED if fault.status == 429]


async def test_every_row_of_the_table_is_tested() -> None:
    met = [fault for fault, _, _ in ANSWERED]
    met += [Fault(transport=word) for word in (*NEVER_SENT, *(word for _, _, word in UNDER_WAY))]
    assert faults.untested(outcome_table("sendgrid"), met) == []


def at_reset(seconds: float, clock_is_off_by: timedelta = timedelta(0)) -> dict[str, str]:
    now = datetime.now(UTC) + clock_is_off_by
    return {"X-RateLimit-Reset": str(int(now.timestamp() + seconds)), "Date": format_datetime(now, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "least_s", "most_s"),
    [
        (at_reset(30), 28, 31),
        (at_reset(30, timedelta(days=-1)), 28, 31),
        (at_reset(86_400), 3600, 3600),
        (at_reset(-5), 1, 1),
        ({"Retry-After": "7"}, 7, 7),
        ({"Retry-After": "0"}, 1, 1),
        ({"Retry-After": "90000"}, 3600, 3600),
        ({"X-RateLimit-Reset": "40"}, 40, 40),
    ],
)
async def test_a_429_says_when(server: SendGridServer, headers: dict[str, str], least_s: float, most_s: float) -> None:
    server.script([answers.reply(429, headers=headers)])
    error = await failure(adapter(server.url))
    assert (error.outcome, error.busy) == (RETRY, True)  # nobody's fault: no one is alerted
    assert error.retry_after_s is not None
    assert least_s <= error.retry_after_s <= most_s


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Reset": "soon"}, {"X-RateLimit-Reset": "9" * 40}, {"Retry-After": "later"}])
async def test_a_429_that_does_not_say_when_leaves_it_to_us(server: SendGridServer, headers: dict[str, str]) -> None:
    server.script([answers.reply(429, headers=headers)])
    assert (await failure(adapter(server.url))).retry_after_s is None


async def test_a_redirect_takes_the_key_nowhere(server: SendGridServer) -> None:
    async with serving(Silent()) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            server.script([answers.reply(status, headers={"Location": f"{elsewhere.url}/v3/mail/send"})])
            await failure(adapter(server.url))
        assert elsewhere.requests == []


async def test_the_real_answers_of_the_server_are_understood(server: SendGridServer) -> None:
    assert (await failure(adapter(server.url, key="SG.wrong"))).reason == "sendgrid_401"
    server.verified_senders = {"care@shop.example"}
    assert (await failure(adapter(server.url))).reason == "sendgrid_403"
    server.verified_senders = None
    bad = await failure(adapter(server.url), OUTGOING.model_copy(update={"address": "nobody"}))
    assert (bad.outcome, bad.reason) == (PERMANENT, "sendgrid_400")
    assert (await failure(adapter(f"{server.url}/api"))).outcome is OPERATOR


async def test_neither_key_nor_customer_reaches_a_log_or_an_error(
    server: SendGridServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in (None, "python_http_client", "python_http_client.client", "sendgrid"):
        caplog.set_level(logging.DEBUG, logger=name)  # as an operator would who looks for a fault
    secret = "SG.very-secret-key"
    server.api_key = secret
    outgoing = OUTGOING.model_copy(update={"unsubscribe_url": UNSUBSCRIBE})
    await adapter(server.url, key=secret).send(outgoing, AT)
    errors = []
    for answer in (answers.reply(400, {"errors": [{"message": f"{ADDRESS} is bad", "field": "to"}]}), answers.lost(), answers.nonsense()):
        server.script([answer])
        errors.append(await failure(adapter(server.url, key=secret), outgoing))
    errors.append(await failure(adapter(refused_url(), key=secret), outgoing))
    told = [record.getMessage() for record in caplog.records] + [str(record.args) for record in caplog.records]
    told += [repr(error) + repr(error.__cause__) for error in errors] + list(capfd.readouterr())
    for text in told:
        for hidden in (secret, ADDRESS, TEXT, UNSUBSCRIBE, "jane"):
            assert hidden not in text
