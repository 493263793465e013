"""The stack on a real development server: retention, search attributes, a crash of the server, and what it refuses."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from starter.connection import connect, ensure_search_attributes
from starter.embedded.errors import StackError
from starter.embedded.lock import running_stack
from starter.embedded.stack import Stack
from starter.settings import DEMO_PROVIDERS, Settings, load_settings
from tests.starter.embedded.conditions import children, runs, until
from workflows.names import REFUND_CASE, SEARCH_ATTRIBUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")
_EVENTS: list[str] = []


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


def stack_in(folder: Path, settings: Settings, **changes: Any) -> Stack:
    options = {"temporal_port": None, "ui_port": None, "simulator": False, "worker": False, "on_event": _EVENTS.append}
    return Stack(settings, state_dir=folder, **{**options, **changes})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_in(tmp_path_factory.mktemp("stack"), settings, simulator=True) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def client(stack: Stack, settings: Settings) -> Client:
    return await connect(settings, address=stack.address)


async def test_closed_cases_are_kept_for_90_days(client: Client) -> None:
    namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta().days == 90


async def test_search_attributes_are_registered_once(client: Client) -> None:
    assert await ensure_search_attributes(client) == []
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert set(SEARCH_ATTRIBUTES) <= set(listed.custom_attributes)


async def test_a_killed_server_comes_back_with_its_cases(stack: Stack, client: Client) -> None:
    kind = SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodKind"), "refund")
    case = await client.start_workflow(REFUND_CASE, id="refund-x", task_queue="nobody", search_attributes=TypedSearchAttributes([kind]))
    before = stack.server_pid
    assert before is not None
    stack.kill_server()
    await until(lambda: any("Temporal runs again" in event for event in _EVENTS))
    assert stack.server_pid not in (None, before)
    assert not runs(before)
    description = await case.describe()
    assert description.run_id == case.first_execution_run_id
    assert description.typed_search_attributes[kind.key] == "refund"


async def test_the_worker_gets_everything_from_its_environment(stack: Stack, settings: Settings) -> None:
    environment = stack.worker_environment()
    assert environment["TEMPORAL_ADDRESS"] == stack.address
    assert environment["MAKEGOOD_SIMULATOR_URL"] == stack.simulator_url
    assert environment["MAKEGOOD_PROVIDERS_FILE"] == str(DEMO_PROVIDERS)
    assert environment["MAKEGOOD_STATE_DIR"] != str(settings.state_dir)
    assert environment["MAKEGOOD_READY_FILE"].startswith(environment["MAKEGOOD_STATE_DIR"])


async def test_a_second_stack_in_the_same_folder(stack: Stack, settings: Settings) -> None:
    folder = Path(stack.worker_environment()["MAKEGOOD_STATE_DIR"])
    running = running_stack(folder)
    assert running is not None
    assert (running.pid, running.address, running.simulator_url) == (os.getpid(), stack.address, stack.simulator_url)
    with pytest.raises(StackError, match=rf"already runs in {folder} \(process {os.getpid()}\).*--state-dir"):
        await stack_in(folder, settings).__aenter__()
    assert running_stack(folder) is not None


async def test_clients_find_the_stack_of_their_state_folder(stack: Stack, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    folder = Path(stack.worker_environment()["MAKEGOOD_STATE_DIR"])
    found = await connect(settings.model_copy(update={"state_dir": folder}))
    assert found.service_client.config.target_host == stack.address


async def test_a_stop_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    others = set(children())
    async with stack_in(tmp_path, settings, simulator=True) as stack:
        mine = set(children()) - others
        assert stack.server_pid in mine
        assert len(mine) == 2
    assert not any(runs(pid) for pid in mine)
    assert running_stack(tmp_path) is None
    async with stack_in(tmp_path, settings):  # the folder is free again, its database is readable
        pass


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize(("which", "option"), [("temporal_port", "--temporal-port"), ("ui_port", "--ui-port")])
async def test_a_busy_port(settings: Settings, tmp_path: Path, taken: int, which: str, option: str) -> None:
    with pytest.raises(StackError, match=rf"port {taken} is in use on this machine.*{option}"):
        await stack_in(tmp_path, settings, **{which: taken}).__aenter__()
    assert running_stack(tmp_path) is None


async def test_a_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"the state folder .*/file/x cannot be written .*--state-dir"):
        await stack_in(tmp_path / "file" / "x", settings).__aenter__()


async def test_the_program_is_missing(settings: Settings, tmp_path: Path) -> None:
    gone = settings.model_copy(update={"temporal_binary": tmp_path / "temporal"})
    with pytest.raises(StackError, match=r"MAKEGOOD_TEMPORAL_BINARY: .*/temporal is no program that can be run"):
        await stack_in(tmp_path, gone).__aenter__()


async def test_a_part_that_cannot_start_stops_the_others(settings: Settings, tmp_path: Path) -> None:
    others = set(children())
    (tmp_path / "simulator.json").write_text("no plans")
    with pytest.raises(StackError, match="The simulator ended at once"):
        await stack_in(tmp_path, settings, simulator=True).__aenter__()
    assert set(children()) <= others


@pytest.mark.parametrize(("said", "served"), [({}, "True"), ({"web_openapi": False}, "False")])
async def test_the_openapi_document_is_served_unless_the_settings_say_otherwise(tmp_path: Path, said: dict[str, bool], served: str) -> None:
    stack = Stack(
        load_settings(state_dir=tmp_path, **said),
        state_dir=tmp_path,
        temporal_port=None,
        ui_port=None,
        simulator=False,
        web=True,
        on_event=lambda _: None,
    )
    assert stack.worker_environment()["MAKEGOOD_WEB_OPENAPI"] == served
