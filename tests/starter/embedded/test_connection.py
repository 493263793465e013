"""Connecting: Temporal's own configuration is used, and a server that is not there is named."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from starter.connection import EngineUnavailable, NoEngineNamed, connect, ensure_namespace, ensure_search_attributes
from starter.embedded.lock import RunningStack, StackLock
from starter.embedded.stack import Stack
from starter.settings import Settings, load_settings
from tests.adapters.vendor import refused_url
from workflows.converter import DATA_CONVERTER
from workflows.names import SEARCH_ATTRIBUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(state_dir=tmp_path_factory.mktemp("state"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(settings: Settings) -> AsyncIterator[str]:
    stack = Stack(
        settings,
        state_dir=settings.state_dir,
        temporal_port=None,
        ui_port=None,
        simulator=False,
        worker=False,
        on_event=lambda _: None,
    )
    async with stack:
        yield stack.address


async def test_nobody_answers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = refused_url().removeprefix("http://")
    monkeypatch.setenv("TEMPORAL_ADDRESS", nowhere)
    with pytest.raises(EngineUnavailable) as raised:
        await connect(settings)
    assert str(raised.value) == (
        f"Temporal at {nowhere}: no answer (connection refused). Start one with `make up`, or set TEMPORAL_ADDRESS."
    )


async def test_the_books_of_a_folder_go_with_its_own_stack_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another folder's stack may listen where Temporal is looked for: a case opened there would have its customer's address here."""
    with pytest.raises(NoEngineNamed) as raised:
        await connect(load_settings(state_dir=tmp_path))
    assert str(raised.value) == (
        f"no stack runs in {tmp_path}, where the books are. Start it with `makegood --state-dir {tmp_path} up`, "
        "or name another engine (TEMPORAL_ADDRESS, or an address in temporal.toml)"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoEngineNamed, match="Start it with `make up`"):
        await connect(load_settings(state_dir=Path("var")))


async def test_a_stack_that_is_still_starting_is_waited_for_by_the_person(tmp_path: Path) -> None:
    lock = StackLock(tmp_path)
    lock.acquire()
    try:
        with pytest.raises(NoEngineNamed, match="is still starting"):
            await connect(load_settings(state_dir=tmp_path))
        nowhere = refused_url().removeprefix("http://")
        lock.tell(RunningStack(pid=1, address=nowhere))
        with pytest.raises(EngineUnavailable, match=f"Temporal at {nowhere}: no answer"):
            await connect(load_settings(state_dir=tmp_path))
    finally:
        lock.release()


async def test_a_profile_that_is_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "none")
    with pytest.raises(EngineUnavailable, match="Profile 'none' not found"):
        await connect(settings)


async def test_temporals_own_file_is_used(settings: Settings, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile.shop]\naddress = "{address}"\nnamespace = "cases"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    monkeypatch.setenv("TEMPORAL_PROFILE", "shop")
    client = await connect(settings)
    assert (client.service_client.config.target_host, client.namespace) == (address, "cases")
    assert client.data_converter == DATA_CONVERTER


async def test_a_namespace_is_made_and_set_up_once(settings: Settings, address: str) -> None:
    client = await connect(settings, address=address, namespace="made-here")
    with pytest.raises(EngineUnavailable, match="made-here"):
        await ensure_search_attributes(client)
    await ensure_namespace(client)
    await ensure_namespace(client)
    assert set(await ensure_search_attributes(client)) == set(SEARCH_ATTRIBUTES)
    assert await ensure_search_attributes(client) == []
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="made-here"))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta().days == 90


async def test_another_type_is_refused(settings: Settings, address: str) -> None:
    client = await connect(settings, address=address, namespace="other-type")
    await ensure_namespace(client)
    wrong = {"MakegoodKind": IndexedValueType.INDEXED_VALUE_TYPE_INT}
    request = AddSearchAttributesRequest(namespace="other-type", search_attributes=wrong)
    await client.operator_service.add_search_attributes(request)
    with pytest.raises(EngineUnavailable, match="MakegoodKind in namespace other-type has another type than Keyword") as raised:
        await ensure_search_attributes(client)
    assert raised.value.permanent
