"""The HTTP adapter against a real server: every failure a provider can show, and the translation of a good answer."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import JSONResponse, Response

from activities.adapters.http_json import ProvidersAdapter
from activities.adapters.http_json_config import ProviderConfig
from activities.ports import ProviderMisconfigured, ProviderUnavailable
from policies.case.plans import Reading
from policies.providers.statuses import TargetType
from tests.adapters import vendor as vendors
from tests.adapters.vendor import Vendor

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REFERENCE = "re_secret/4711"


def config(url: str, **changes: Any) -> ProviderConfig:
    refund = {
        "path": "/v1/refunds/{reference}",
        "fields": {
            "status": "refund.state",
            "occurred_at": "refund.at",
            "trace": "refund.arn",
            "failure": "refund.why",
            "reversal": "refund.way",
            "replaced_by": "refund.next",
            "due_by": "refund.due",
            "eta": "refund.eta",
        },
        "statuses": {"done": "succeeded", "bounced": "failed"},
        "failures": {"ACC": "account_closed"},
        "reversal_words": ["reversal"],
    }
    return ProviderConfig.model_validate({"base_url": url, "total_timeout_s": 2, "refund": refund, **changes})


def refund(**fields: Any) -> Response:
    return JSONResponse({"refund": {"state": "done", **fields}})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving() -> AsyncIterator[Vendor]:
    async with vendors.serving() as vendor:
        yield vendor


@pytest.fixture
def vendor(serving: Vendor) -> Vendor:
    serving.forget()
    return serving


@pytest_asyncio.fixture(loop_scope="module")
async def adapter(vendor: Vendor) -> AsyncIterator[ProvidersAdapter]:
    async with ProvidersAdapter({"pay": config(vendor.url, headers={"Authorization": "Bearer s3cret"})}) as adapter:
        yield adapter


async def read(adapter: ProvidersAdapter, reference: str = REFERENCE) -> Reading | None:
    return await adapter.read(TargetType.REFUND, "pay", reference, AT)


async def test_a_whole_answer_is_translated(vendor: Vendor, adapter: ProvidersAdapter) -> None:
    vendor.answer = refund(
        at="2026-03-01T23:30:00-01:00", arn=7400, way="reversal", next="re_2", due=1772600400, eta="2026-03-09T00:00:00Z"
    )
    reading = await read(adapter)
    assert reading == Reading(
        type=TargetType.REFUND,
        provider="pay",
        reference=REFERENCE,
        status="succeeded",
        occurred_at=datetime(2026, 3, 2, 0, 30, tzinfo=UTC),
        read_at=AT,
        trace="7400",
        reversal=True,
        due_by=datetime(2026, 3, 4, 5, 0, tzinfo=UTC),
        eta_at=datetime(2026, 3, 9, tzinfo=UTC),
        replaced_by="re_2",
    )
    assert vendor.headers[0]["authorization"] == "Bearer s3cret"


async def test_what_the_answer_does_not_say_is_none(vendor: Vendor, adapter: ProvidersAdapter) -> None:
    vendor.answer = refund(at=None, arn="", due=0, way=False)
    reading = await read(adapter)
    assert reading is not None
    assert (reading.occurred_at, reading.trace, reading.due_by, reading.reversal, reading.failure) == (None, None, None, False, None)


@pytest.mark.parametrize(("word", "ours"), [("ACC", "account_closed"), ("SOMETHING_NEW", "unknown")])
async def test_failure_codes_are_ours_or_unknown(vendor: Vendor, adapter: ProvidersAdapter, word: str, ours: str) -> None:
    vendor.answer = refund(state="bounced", why=word)
    reading = await read(adapter)
    assert reading is not None
    assert (reading.status, reading.failure) == ("failed", ours)


@pytest.mark.parametrize(
    ("reference", "segment"),
    [("a/b", b"a%2Fb"), ("a b?c#d", b"a%20b%3Fc%23d"), ("50%", b"50%25"), ("ü", b"%C3%BC"), ("re_1.2-3~", b"re_1.2-3~")],
)
async def test_a_reference_is_one_encoded_segment(vendor: Vendor, adapter: ProvidersAdapter, reference: str, segment: bytes) -> None:
    vendor.answer = refund()
    await read(adapter, reference)
    assert vendor.paths == [b"/v1/refunds/" + segment]


@pytest.mark.parametrize("reference", [".", ".."])
async def test_a_reference_that_would_change_the_address_is_not_asked_for(
    vendor: Vendor, adapter: ProvidersAdapter, reference: str
) -> None:
    assert await read(adapter, reference) is None
    assert vendor.paths == []


async def test_an_unknown_word_is_still_in_progress_and_told_once(
    vendor: Vendor, adapter: ProvidersAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    for state in ("on_its_way", "on_its_way", "write to jane@example.com"):
        vendor.answer = refund(state=state)
        reading = await read(adapter)
        assert reading is not None
        assert reading.status == "pending"
    told = [record.getMessage() for record in caplog.records if "unmapped" in record.getMessage()]
    assert told == [
        "unmapped vendor word: provider=pay table=refund.statuses word=on_its_way",
        "unmapped vendor word: provider=pay table=refund.statuses word=(not a code)",
    ]


async def test_404_means_not_known_there(vendor: Vendor, adapter: ProvidersAdapter) -> None:
    vendor.answer = vendors.status(404)
    assert await read(adapter) is None


@pytest.mark.parametrize(
    ("answer", "reason", "wait_s"),
    [
        (vendors.status(429, **{"retry-after": "7"}), "http_429", 7),
        (vendors.in_two_minutes_by_a_clock_that_is_a_day_off(), "http_429", 120),
        (vendors.status(429, **{"retry-after": "86400"}), "http_429", 3600),
        (vendors.status(429, **{"retry-after": "soon"}), "http_429", None),
        (vendors.status(500), "http_500", None),
        (vendors.status(503, **{"retry-after": "30"}), "http_503", 30),
        (vendors.status(408), "http_408", None),
    ],
)
async def test_busy_or_broken_is_asked_again(
    vendor: Vendor, adapter: ProvidersAdapter, answer: Response, reason: str, wait_s: float | None
) -> None:
    vendor.answer = answer
    with pytest.raises(ProviderUnavailable) as raised:
        await read(adapter)
    assert (raised.value.reason, raised.value.retry_after_s) == (reason, wait_s)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (vendors.status(401), "HTTP 401"),
        (vendors.status(403), "HTTP 403"),
        (vendors.status(400), "HTTP 400"),
        (vendors.redirect(), "HTTP 307"),
        (vendors.garbage(), "not JSON"),
        (vendors.huge(), "larger than 1 MiB"),
        (JSONResponse({"refund": {}}), "no refund.state"),
        (JSONResponse(["a list"]), "no refund.state"),
        (refund(state={"a": 1}), "refund.state is no text"),
        (refund(at="2026-03-01T23:30:00"), "refund.at has no UTC offset"),
        (refund(at="yesterday"), "refund.at is no moment"),
    ],
)
async def test_our_side_is_wrong(vendor: Vendor, adapter: ProvidersAdapter, answer: Response, problem: str) -> None:
    vendor.answer = answer
    with pytest.raises(ProviderMisconfigured, match=problem):
        await read(adapter)


async def test_a_slow_provider_times_out(vendor: Vendor) -> None:
    vendor.delay_s = 0.5
    async with ProvidersAdapter({"pay": config(vendor.url, total_timeout_s=0.1)}) as adapter:
        with pytest.raises(ProviderUnavailable, match=r"^timeout$"):
            await read(adapter)


async def test_a_reset_connection_is_asked_again() -> None:
    async with vendors.resetting() as url, ProvidersAdapter({"pay": config(url)}) as adapter:
        with pytest.raises(ProviderUnavailable, match=r"^connection_lost$"):
            await read(adapter)


async def test_nobody_listens() -> None:
    async with ProvidersAdapter({"pay": config(vendors.refused_url())}) as adapter:
        with pytest.raises(ProviderUnavailable, match=r"^connection_refused$"):
            await read(adapter)


@pytest.mark.parametrize(("type_", "provider"), [(TargetType.REFUND, "other"), (TargetType.DISPUTE, "pay")])
async def test_what_is_not_configured_needs_a_person(adapter: ProvidersAdapter, type_: TargetType, provider: str) -> None:
    with pytest.raises(ProviderMisconfigured, match=f"{provider}: no configuration for {type_}"):
        await adapter.read(type_, provider, REFERENCE, AT)


async def test_neither_logs_nor_errors_hold_the_reference_or_the_secret(
    vendor: Vendor, adapter: ProvidersAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    problems = []
    for answer in (refund(), vendors.status(500), vendors.status(401), vendors.garbage()):
        vendor.answer = answer
        try:
            await read(adapter)
        except (ProviderUnavailable, ProviderMisconfigured) as error:
            problems.append(error)
    assert len(problems) == 3
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("asyncio", "uvicorn"))]
    for text in (*ours, *map(repr, problems)):
        assert "secret" not in text
        assert "s3cret" not in text
    assert all(error.__cause__ is None for error in problems)
