"""Stripe asked over real HTTP, through its own package: what it says, every way to fail, and what must never leave the adapter."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stripe

from activities.adapters.http_json import ProvidersAdapter
from activities.adapters.http_json_config import ProviderConfig, ProvidersFileInvalid, load_providers
from activities.adapters.stripe_config import StripeConfig
from activities.ports import ProviderMisconfigured, ProviderUnavailable
from policies.case.plans import Reading
from policies.providers.statuses import TargetType
from policies.providers.stripe_objects import reading_of
from tests.vendors import answers
from tests.vendors.answers import Answer
from tests.vendors.loopback import refused_url
from tests.vendors.stripe import API_KEY, StripeServer, signed_event, stripe_server

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ARN = "74537604221010000123456"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def server() -> AsyncIterator[StripeServer]:
    async with stripe_server() as server:
        yield server


def config(url: str, **changes: object) -> StripeConfig:
    return StripeConfig.model_validate({"kind": "stripe", "api_key": API_KEY, "base_url": url, **changes})


def asking(server: StripeServer, **changes: object) -> ProvidersAdapter:
    return ProvidersAdapter({"stripe": config(server.url, **changes)})


async def read(server: StripeServer, reference: str, type_: TargetType = TargetType.REFUND, **changes: object) -> Reading | None:
    async with asking(server, **changes) as providers:
        return await providers.read(type_, "stripe", reference, NOW)


async def test_a_refund_is_read_with_its_trace_number(server: StripeServer) -> None:
    details = {"card": {"reference": ARN, "reference_status": "available", "type": "reversal"}, "type": "card"}
    refund = server.refund("succeeded", destination_details=details)
    reading = await read(server, refund["id"])
    assert reading is not None
    assert (reading.status, reading.trace, reading.reversal, reading.read_at) == ("succeeded", ARN, True, NOW)
    assert (reading.provider, reading.reference, reading.occurred_at) == ("stripe", refund["id"], None)


async def test_a_dispute_is_read_with_its_stage_and_its_date_and_without_its_evidence(server: StripeServer) -> None:
    dispute = server.dispute("warning_needs_response")
    reading = await read(server, dispute["id"], TargetType.DISPUTE)
    assert reading is not None
    assert (reading.status, reading.stage) == ("needs_response", "inquiry")
    assert reading.due_by == datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC)
    assert "Ada" not in reading.model_dump_json()


async def test_what_is_read_and_what_comes_by_webhook_are_the_same(server: StripeServer) -> None:
    refund = server.refund("failed", failure_reason="expired_or_canceled_card")
    event = server.event("refund.failed", refund)
    body, headers = signed_event(event, server.webhook_secret)
    told = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], server.webhook_secret)  # the package accepts the signature
    assert await read(server, refund["id"]) == reading_of(told.data.object.to_dict(), NOW)


async def test_one_question_is_one_request_with_key_and_version(server: StripeServer) -> None:
    refund = server.refund()
    await read(server, refund["id"], account="acct_123")
    (request,) = server.requests
    assert (request.method, request.path, request.query) == ("GET", f"/v1/refunds/{refund['id']}", [])
    assert request.headers["Authorization"] == f"Bearer {API_KEY}"
    assert request.headers["Stripe-Version"] == stripe.api_version
    assert request.headers["Stripe-Account"] == "acct_123"
    assert "telemetry_id" not in request.headers["X-Stripe-Client-User-Agent"]
    assert "X-Stripe-Client-Telemetry" not in request.headers


@pytest.mark.parametrize("type_", [TargetType.REFUND, TargetType.DISPUTE])
async def test_a_reference_that_stripe_does_not_know(server: StripeServer, type_: TargetType) -> None:
    assert await read(server, "re_unknown", type_) is None


@pytest.mark.parametrize("reference", [".", "..", "re_1/../../balance", "re 1", "re_1?expand=x", "", "é"])
async def test_what_cannot_be_an_id_of_stripes_is_not_asked_for(server: StripeServer, reference: str) -> None:
    assert await read(server, reference) is None
    assert server.requests == []


async def test_a_refund_is_no_dispute(server: StripeServer) -> None:
    assert await read(server, server.refund()["id"], TargetType.DISPUTE) is None


def _error(type_: str = "api_error", **more: str) -> dict[str, object]:
    return {"error": {"type": type_, "message": f"secret words about {API_KEY}", **more}}


@pytest.mark.parametrize(
    ("answer", "reason", "retry_after_s"),
    [
        (answers.reply(429, _error("rate_limit_error"), {"Retry-After": "7"}), "http_429", 7.0),
        (answers.reply(429, _error("invalid_request_error", code="lock_timeout")), "http_429", None),
        (answers.reply(400, _error("invalid_request_error", code="rate_limit")), "http_400", None),
        (answers.reply(409, _error()), "http_409", None),
        (answers.reply(500, _error()), "http_500", None),
        (answers.reply(503, _error(), {"Retry-After": "60"}), "http_503", 60.0),
        (answers.reply(502, b"<html>bad gateway</html>"), "http_502", None),
        (answers.lost(), "connection_lost", None),
        (answers.dropped(), "connection_lost", None),
        (answers.reset(), "connection_lost", None),
        (answers.nonsense(), "connection_lost", None),
        (answers.cut_off(), "answer_lost", None),
    ],
)
async def test_what_passes_is_asked_again_later(server: StripeServer, answer: Answer, reason: str, retry_after_s: float | None) -> None:
    refund = server.refund()
    server.script([answer])
    with pytest.raises(ProviderUnavailable) as raised:
        await read(server, refund["id"])
    assert (raised.value.reason, raised.value.retry_after_s) == (reason, retry_after_s)
    assert len(server.requests) == 1  # the package tried it once


@pytest.mark.parametrize("answer", [answers.silent(), answers.dripping()])
async def test_silence_ends_with_the_time_limit(server: StripeServer, answer: Answer) -> None:
    refund = server.refund()
    server.script([answer])
    with pytest.raises(ProviderUnavailable, match="timeout"):
        await read(server, refund["id"], total_timeout_s=0.5)


async def test_nobody_listens() -> None:
    async with ProvidersAdapter({"stripe": config(refused_url())}) as providers:
        with pytest.raises(ProviderUnavailable, match="connection_lost"):
            await providers.read(TargetType.REFUND, "stripe", "re_1", NOW)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (answers.reply(401, _error("invalid_request_error")), "stripe: HTTP 401"),
        (answers.reply(403, _error("invalid_request_error")), "stripe: HTTP 403"),
        (answers.reply(400, _error("invalid_request_error")), "stripe: HTTP 400"),
        (answers.reply(404, _error("invalid_request_error")), "stripe: HTTP 404"),
        (answers.reply(404, b"<html>not found</html>"), "stripe: HTTP 404"),
        (answers.reply(200, b"<html>sign in</html>"), "stripe: the answer is not JSON"),
        (answers.reply(200, {"object": "list", "data": []}), "stripe: the answer is not the refund that was asked for"),
        (answers.reply(200, {"object": "refund", "id": "re_other"}), "stripe: the answer is not the refund that was asked for"),
        (answers.reply(302, None, {"Location": "https://elsewhere.example/"}), "stripe: the address answers with a redirect"),
    ],
)
async def test_what_does_not_pass_is_told_to_a_person(server: StripeServer, answer: Answer, message: str) -> None:
    refund = server.refund()
    server.script([answer])
    with pytest.raises(ProviderMisconfigured) as raised:
        await read(server, refund["id"])
    assert str(raised.value) == message
    assert raised.value.__cause__ is None
    assert len(server.requests) == 1


async def test_a_key_that_was_rolled_and_one_that_may_not_read(server: StripeServer) -> None:
    refund = server.refund()
    with pytest.raises(ProviderMisconfigured, match="HTTP 401"):
        await read(server, refund["id"], api_key="rk_test_old_one_that_was_rolled")
    server.forbidden = True
    with pytest.raises(ProviderMisconfigured, match="HTTP 403"):
        await read(server, refund["id"])


async def test_parcels_are_not_stripes(server: StripeServer) -> None:
    with pytest.raises(ProviderMisconfigured, match="no parcels"):
        await read(server, "re_1", TargetType.DELIVERY)


async def test_many_questions_at_once(server: StripeServer) -> None:
    refunds = [server.refund(status) for status in ("pending", "succeeded", "failed", "canceled") * 10]
    async with asking(server) as providers:
        readings = await asyncio.gather(*(providers.read(TargetType.REFUND, "stripe", refund["id"], NOW) for refund in refunds))
    assert [(reading.reference, reading.status) for reading in readings if reading] == [
        (refund["id"], refund["status"]) for refund in refunds
    ]


async def test_an_unknown_word_is_told_once_and_read_as_in_progress(server: StripeServer, caplog: pytest.LogCaptureFixture) -> None:
    dispute, odd = server.dispute("second_arbitration"), server.dispute("Ada Ring said so")
    async with asking(server) as providers:
        for reference in (dispute["id"], dispute["id"], odd["id"]):
            reading = await providers.read(TargetType.DISPUTE, "stripe", reference, NOW)
            assert reading is not None
            assert reading.status == "under_review"
    told = [record.getMessage() for record in caplog.records if "unknown status" in record.getMessage()]
    assert [line.rpartition("word=")[2] for line in told] == ["second_arbitration", "(not a code)"]


async def test_no_key_and_no_person_reaches_a_log(server: StripeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("stripe", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    dispute = server.dispute()
    await read(server, dispute["id"], TargetType.DISPUTE)
    server.script([answers.reply(500, _error())])
    with pytest.raises(ProviderUnavailable):
        await read(server, dispute["id"], TargetType.DISPUTE)
    for hidden in (API_KEY, "Ada", "ada@example.org", "Hidden Street"):
        assert hidden not in caplog.text


def test_the_packages_own_way_to_print_bodies_is_closed() -> None:
    """STRIPE_LOG makes it print to stderr, past every logger; it is read when the package is imported, so in a process of its own."""
    code = "import activities.adapters.stripe_status, stripe; stripe._util.log_debug('body', content='ada@example.org')"
    environment = {**os.environ, "STRIPE_LOG": "debug", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "ada@example.org" not in done.stdout + done.stderr


async def test_several_accounts_and_other_providers_side_by_side(server: StripeServer) -> None:
    refund = server.refund("succeeded")
    async with stripe_server() as other, ProvidersAdapter({"stripe-eu": config(server.url), "stripe-us": config(other.url)}) as providers:
        found = await providers.read(TargetType.REFUND, "stripe-eu", refund["id"], NOW)
        assert found is not None
        assert found.provider == "stripe-eu"
        assert await providers.read(TargetType.REFUND, "stripe-us", refund["id"], NOW) is None
        with pytest.raises(ProviderMisconfigured, match="no configuration"):
            await providers.read(TargetType.REFUND, "stripe", refund["id"], NOW)


GOOD = """
[providers.stripe]
kind = "stripe"
api_key_env = "PAY_KEY"

[providers.post]
base_url = "https://post.example"
delivery = { path = "/p/{reference}", fields = { status = "s" }, statuses = { done = "delivered" } }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_account_is_named_in_the_file_and_its_key_in_the_environment(tmp_path: Path) -> None:
    loaded = load_providers(written(tmp_path, GOOD), {"PAY_KEY": API_KEY})
    account, post = loaded["stripe"], loaded["post"]
    assert isinstance(account, StripeConfig)
    assert isinstance(post, ProviderConfig)
    assert (account.api_key.get_secret_value(), account.base_url, account.total_timeout_s) == (API_KEY, "https://api.stripe.com", 10)
    assert API_KEY not in repr(loaded)


def test_the_key_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(API_KEY + "\n")
    account = load_providers(written(tmp_path, GOOD), {"PAY_KEY_FILE": str(tmp_path / "key")})["stripe"]
    assert isinstance(account, StripeConfig)
    assert account.api_key.get_secret_value() == API_KEY


def test_a_file_may_name_stripe_alone(tmp_path: Path) -> None:
    assert set(load_providers(written(tmp_path, GOOD.partition("[providers.post]")[0]), {"PAY_KEY": API_KEY})) == {"stripe"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "stripe"', 'kind = "strip"', 'providers.stripe.kind: right would be "http_json" (or nothing) or "stripe"'),
        ('"PAY_KEY"', '"NO_KEY"', "providers.stripe.api_key_env: the environment variable NO_KEY is not set (nor NO_KEY_FILE)"),
        ("api_key_env", "api_key", "providers.stripe.api_key: a key never stands in this file"),
        ('"PAY_KEY"', '"PAY_KEY"\ntotal_timeout = 5', "providers.stripe.total_timeout: this key is not known"),
        ('"PAY_KEY"', '"PAY_KEY"\nbase_url = "http://stripe.example"', "providers.stripe.base_url: http:// sends the key unprotected"),
        (
            '"PAY_KEY"',
            '"PAY_KEY"\nbase_url = "https://api.stripe.com/v1"',
            "providers.stripe.base_url: it must be an absolute address without",
        ),
        ('"PAY_KEY"', '"PAY_KEY"\naccount = "me"', "providers.stripe.account: String should match pattern"),
        ("[providers.stripe]", "[providers.Stripe]", '"Stripe": a provider is named in lower case'),
        (GOOD, "", "providers: it names none"),
    ],
)
def test_a_wrong_file_is_refused_without_showing_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ProvidersFileInvalid) as raised:
        load_providers(path, {"PAY_KEY": API_KEY})
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert API_KEY not in str(raised.value)
