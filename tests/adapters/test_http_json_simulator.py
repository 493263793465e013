"""The adapter with the shipped demo mapping against the shipped simulator: every vendor word means one of ours."""

import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from activities.adapters.http_json import ProvidersAdapter
from activities.adapters.http_json_config import ProviderConfig, load_providers
from activities.ports import ProviderUnavailable
from policies.providers.statuses import TargetType
from tests.starter.simulator.process import SimulatorProcess

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DEMO = Path(__file__).parents[2] / "examples" / "providers-demo.toml"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest_asyncio.fixture
async def adapter(simulator: SimulatorProcess) -> AsyncIterator[ProvidersAdapter]:
    providers = load_providers(DEMO, {"MAKEGOOD_SIMULATOR_URL": simulator.url})
    async with ProvidersAdapter({name: p.model_copy(update={"total_timeout_s": 0.5}) for name, p in providers.items()}) as made:
        yield made


async def test_every_word_of_the_demo_vendor_is_mapped(
    simulator: SimulatorProcess, adapter: ProvidersAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    kinds = {
        TargetType.REFUND: ("simpay", "refund"),
        TargetType.DISPUTE: ("simpay", "dispute"),
        TargetType.DELIVERY: ("simship", "tracking"),
    }
    providers = load_providers(DEMO, {"MAKEGOOD_SIMULATOR_URL": simulator.url})
    for type_, (provider, kind) in kinds.items():
        config = providers[provider]
        assert isinstance(config, ProviderConfig)
        target = config.target(type_)
        assert target is not None
        for word, ours in target.statuses.items():
            simulator.load(kind, f"{kind}-{word}", [{"after_s": 0, "status": word}])
            reading = await adapter.read(type_, provider, f"{kind}-{word}", AT)
            assert reading is not None
            assert reading.status == ours
            assert reading.occurred_at is not None
    assert "unmapped" not in caplog.text


async def test_extra_fields_arrive(simulator: SimulatorProcess, adapter: ProvidersAdapter) -> None:
    bounced = {"bounce": {"code": "ACC_CLOSED"}, "reissued_as": "re_2"}
    simulator.load("refund", "re 1/a", [{"after_s": 0, "status": "bounced", "fields": bounced}])
    simulator.load("refund", "re_3", [{"after_s": 0, "status": "paid_out", "fields": {"arn": "7400", "way": "void_of_charge"}}])
    evidence = {"phase": "first_chargeback", "respond_by": "2026-03-09T22:59:59Z"}
    simulator.load("dispute", "dp_1", [{"after_s": 0, "status": "evidence_wanted", "fields": evidence}])
    simulator.load("tracking", "t_1", [{"after_s": 0, "status": "on_the_road", "fields": {"expected": "2026-03-05T17:00:00+01:00"}}])
    failed = await adapter.read(TargetType.REFUND, "simpay", "re 1/a", AT)
    paid = await adapter.read(TargetType.REFUND, "simpay", "re_3", AT)
    dispute = await adapter.read(TargetType.DISPUTE, "simpay", "dp_1", AT)
    parcel = await adapter.read(TargetType.DELIVERY, "simship", "t_1", AT)
    assert failed
    assert (failed.failure, failed.replaced_by) == ("account_closed", "re_2")
    assert paid
    assert (paid.trace, paid.reversal) == ("7400", True)
    assert dispute
    assert (dispute.stage, dispute.due_by) == ("chargeback", datetime(2026, 3, 9, 22, 59, 59, tzinfo=UTC))
    assert parcel
    assert parcel.eta_at == datetime(2026, 3, 5, 16, tzinfo=UTC)


async def test_an_unknown_reference(adapter: ProvidersAdapter) -> None:
    assert await adapter.read(TargetType.REFUND, "simpay", "nobody", AT) is None


@pytest.mark.parametrize(("trouble", "reason", "wait_s"), [("503", "http_503", None), ("429", "http_429", 5), ("timeout", "timeout", None)])
async def test_outages(simulator: SimulatorProcess, adapter: ProvidersAdapter, trouble: str, reason: str, wait_s: float | None) -> None:
    outage = {"from_s": 0, "until_s": 60, "trouble": trouble, "retry_after_s": wait_s}
    simulator.load("refund", f"out-{trouble}", [{"after_s": 0, "status": "paid_out"}], [outage])
    with pytest.raises(ProviderUnavailable) as raised:
        await adapter.read(TargetType.REFUND, "simpay", f"out-{trouble}", AT)
    assert (raised.value.reason, raised.value.retry_after_s) == (reason, wait_s)


async def test_the_address_is_loopback_only(simulator: SimulatorProcess) -> None:
    port = int(httpx2.URL(simulator.url).port or 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=1)
