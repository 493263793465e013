"""examples/providers.toml as it stands, against servers on loopback that answer in each vendor's shape."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from activities.adapters.http_json import ProvidersAdapter
from activities.adapters.http_json_config import ProviderConfig, load_providers
from activities.adapters.stripe_config import StripeConfig
from activities.ports import ProviderMisconfigured, ProviderUnavailable
from policies.case.plans import Reading
from policies.providers.statuses import TargetType
from tests.adapters.vendor import Vendor, serving, status
from tests.vendors.stripe import API_KEY, stripe_server

EXAMPLE = Path(__file__).parents[2] / "examples" / "providers.toml"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with serving() as vendor:
        yield vendor


async def read(vendor: Vendor, provider: str, type_: TargetType, reference: str) -> Reading | None:
    """As the worker asks, with the address of the vendor on loopback."""
    keys = {"STRIPE_API_KEY": "k", "AFTERSHIP_API_KEY": "aftership-key", "OWN_SHOP_URL": vendor.url, "OWN_SHOP_KEY": "own-key"}
    loaded = load_providers(EXAMPLE, keys)
    config = loaded[provider]
    assert isinstance(config, ProviderConfig)
    path = config.base_url.partition("://")[2].partition("/")[2]
    here = config.model_copy(update={"base_url": f"{vendor.url}/{path}".rstrip("/")})
    async with ProvidersAdapter({provider: here}) as providers:
        return await providers.read(type_, provider, reference, NOW)


def tracking(tag: str) -> JSONResponse:
    """GET /trackings/{id} of API 2026-07; dates of checkpoints and estimates as carriers give them, without a zone."""
    return JSONResponse(
        {
            "meta": {"code": 200},
            "data": {
                "id": "bff5a3bac79b472991a204172473a635",
                "created_at": "2026-03-01T08:00:00+00:00",
                "updated_at": "2026-03-02T08:30:00+00:00",
                "tracking_number": "61293150000079650811",
                "slug": "dhl",
                "active": True,
                "tag": tag,
                "subtag": f"{tag}_001",
                "courier_estimated_delivery_date": {"estimated_delivery_date": "2026-03-04"},
                "latest_estimated_delivery": {"type": "specific", "source": "AfterShip AI", "datetime": "2026-03-04"},
                "checkpoints": [{"checkpoint_time": "2026-03-02T09:10:00", "tag": tag, "city": "Potsdam", "message": "left for Ada Ring"}],
            },
        }
    )


@pytest.mark.parametrize(
    ("tag", "ours"),
    [
        ("Pending", "label_created"),
        ("InfoReceived", "label_created"),
        ("InTransit", "in_transit"),
        ("OutForDelivery", "out_for_delivery"),
        ("AvailableForPickup", "out_for_delivery"),
        ("AttemptFail", "exception"),
        ("Exception", "exception"),
        ("Expired", "exception"),
        ("Delivered", "delivered"),
        ("AbductedByAliens", "in_transit"),
    ],
)
async def test_every_tag_of_aftership(vendor: Vendor, tag: str, ours: str) -> None:
    vendor.answer = tracking(tag)
    reading = await read(vendor, "aftership", TargetType.DELIVERY, "bff5a3bac79b472991a204172473a635")
    assert reading is not None
    assert (reading.status, reading.occurred_at, reading.eta_at) == (ours, datetime(2026, 3, 2, 8, 30, tzinfo=UTC), None)
    assert vendor.paths == [b"/tracking/2026-07/trackings/bff5a3bac79b472991a204172473a635"]
    assert vendor.headers[0]["as-api-key"] == "aftership-key"
    assert "Ada" not in reading.model_dump_json()


async def test_how_aftership_says_no(vendor: Vendor) -> None:
    vendor.answer = JSONResponse({"meta": {"code": 4004, "message": "Tracking does not exist."}, "data": {}}, status_code=404)
    assert await read(vendor, "aftership", TargetType.DELIVERY, "x") is None
    vendor.answer = JSONResponse({"meta": {"code": 401, "message": "Invalid API key."}, "data": {}}, status_code=401)
    with pytest.raises(ProviderMisconfigured):
        await read(vendor, "aftership", TargetType.DELIVERY, "x")
    vendor.answer = JSONResponse({"meta": {"code": 429}, "data": {}}, status_code=429)
    with pytest.raises(ProviderUnavailable):
        await read(vendor, "aftership", TargetType.DELIVERY, "x")


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        ("REQUESTED", "pending"),
        ("AT_BANK", "pending"),
        ("IBAN_MISSING", "requires_action"),
        ("PAID", "succeeded"),
        ("RETURNED", "failed"),
        ("STOPPED", "canceled"),
    ],
)
async def test_every_state_of_an_own_refund(vendor: Vendor, state: str, ours: str) -> None:
    refund = {
        "state": state,
        "since": "2026-03-02T10:00:00+01:00",
        "bank_reference": "E2E-77",
        "undone_charge": "yes",
        "problem": "ACCOUNT_CLOSED",
    }
    vendor.answer = JSONResponse({"refund": {**refund, "replaced_by": "R-1001-2"}})
    reading = await read(vendor, "own-shop", TargetType.REFUND, "R-1001")
    assert reading is not None
    assert (reading.status, reading.occurred_at) == (ours, datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert (reading.trace, reading.reversal, reading.failure, reading.replaced_by) == ("E2E-77", True, "account_closed", "R-1001-2")
    assert vendor.paths == [b"/api/refunds/R-1001"]
    assert vendor.headers[0]["x-api-key"] == "own-key"


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("PACKED", "label_created"),
        ("HANDED_OVER", "shipped"),
        ("ON_THE_WAY", "in_transit"),
        ("PROBLEM", "exception"),
        ("ON_THE_VAN", "out_for_delivery"),
        ("DELIVERED", "delivered"),
        ("LOST", "lost"),
    ],
)
async def test_every_state_of_an_own_shipment(vendor: Vendor, code: str, ours: str) -> None:
    events = [{"code": code, "at": "2026-03-02T09:00:00Z"}, {"code": "PACKED", "at": "2026-03-01T09:00:00Z"}]
    vendor.answer = JSONResponse({"events": events, "estimated_delivery": "2026-03-04T18:00:00+01:00"})
    reading = await read(vendor, "own-shop", TargetType.DELIVERY, "S/1")
    assert reading is not None
    assert (reading.status, reading.eta_at) == (ours, datetime(2026, 3, 4, 17, 0, tzinfo=UTC))
    assert vendor.paths == [b"/api/shipments/S%2F1/status"]


async def test_an_own_system_that_does_not_know_or_cannot_answer(vendor: Vendor) -> None:
    vendor.answer = status(404)
    assert await read(vendor, "own-shop", TargetType.REFUND, "R-9") is None
    vendor.answer = status(503)
    with pytest.raises(ProviderUnavailable):
        await read(vendor, "own-shop", TargetType.REFUND, "R-9")


async def test_the_stripe_section() -> None:
    keys = {"STRIPE_API_KEY": API_KEY, "AFTERSHIP_API_KEY": "k", "OWN_SHOP_URL": "https://shop.example", "OWN_SHOP_KEY": "k"}
    loaded = load_providers(EXAMPLE, keys)
    config = loaded["stripe"]
    assert isinstance(config, StripeConfig)
    async with stripe_server() as server:
        refund = server.refund("succeeded")
        here = {**loaded, "stripe": config.model_copy(update={"base_url": server.url})}
        async with ProvidersAdapter(here) as providers:
            reading = await providers.read(TargetType.REFUND, "stripe", refund["id"], NOW)
    assert reading is not None
    assert reading.status == "succeeded"
