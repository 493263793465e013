"""How every client of ours reaches Temporal, and what it prepares there.

Owns one way to connect (Temporal's own environment variables and temporal.toml, our data converter), the namespace
with its retention, and the search attributes. Must never invent settings of its own for addresses, TLS or keys.
Called by the CLI, worker.py and the embedded stack.
"""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode

from starter.embedded.lock import running_stack
from starter.settings import Settings
from workflows.converter import DATA_CONVERTER
from workflows.names import SEARCH_ATTRIBUTES

DEFAULT_ADDRESS = "localhost:7233"
_FOLDER = Path("var")  # where `make up` keeps its stack
# The engine forgets a closed case after its retention (24 h on the development server); a lead looks at last quarter's.
RETENTION = timedelta(days=90)
_NAMESPACE_KNOWN_WITHIN_S = 60.0  # the server refreshes every 10 s unless configured otherwise
_RPC_LIMIT = timedelta(seconds=10)


class EngineUnavailable(Exception):
    """Temporal does not answer, or not as it must; the message names the address and what to do."""

    def __init__(self, address: str, problem: str, *, permanent: bool = False) -> None:
        super().__init__(f"Temporal at {address}: {problem}")
        self.address = address
        self.permanent = permanent  # trying again will not help


class NoEngineNamed(EngineUnavailable):
    """The books of a state folder belong to the stack of that folder, which does not run, and no other engine is named."""

    def __init__(self, state_dir: Path, *, starting: bool) -> None:
        usual = state_dir == _FOLDER.absolute()
        start = "`make up`" if usual else f"`makegood --state-dir {state_dir} up`"
        problem = (
            f"the stack in {state_dir} is still starting; try again in a moment"
            if starting
            else f"no stack runs in {state_dir}, where the books are. Start it with {start}, or name another engine "
            "(TEMPORAL_ADDRESS, or an address in temporal.toml)"
        )
        super().__init__(f"(the stack of {state_dir})", problem)
        self.args = (problem,)


async def connect(settings: Settings, *, address: str | None = None, namespace: str = "default", runtime: Runtime | None = None) -> Client:
    """Connect as Temporal's environment says (TEMPORAL_*, temporal.toml).

    If that names no address: the embedded stack that runs in the state folder; with books of your own (store_url) else localhost:7233.
    Books in the state folder never meet an engine that nobody named: its cases would have their customers elsewhere. With `address`
    nothing but that is used: the embedded server has neither TLS nor keys. Raises EngineUnavailable, NoEngineNamed.
    """
    try:
        config = ClientConfig.load_client_connect_config() if address is None else {}
    except Exception as error:  # the bridge's ConfigError is not a public class
        raise EngineUnavailable("(TEMPORAL_* or temporal.toml)", f"the configuration cannot be read: {error}") from None
    if address is not None:
        config["target_host"], config["namespace"] = address, namespace
    if "target_host" not in config:
        config["target_host"] = _unnamed(settings)
    target = config["target_host"]
    try:
        return await Client.connect(**config, data_converter=DATA_CONVERTER, runtime=runtime)
    except (RuntimeError, ValueError) as error:
        raise EngineUnavailable(target, f"no answer ({_short(error)}). Start one with `make up`, or set TEMPORAL_ADDRESS.") from None


def _unnamed(settings: Settings) -> str:
    """The address if Temporal's configuration names none. Raises NoEngineNamed."""
    stack = running_stack(settings.state_dir)
    if stack is not None and stack.address is not None:
        return stack.address
    if settings.store_url is None:
        raise NoEngineNamed(settings.state_dir, starting=stack is not None)
    return DEFAULT_ADDRESS


async def ensure_namespace(client: Client, retention: timedelta = RETENTION) -> None:
    """Create the client's namespace, or set its retention if that is another. Raises EngineUnavailable."""
    wanted = Duration()
    wanted.FromTimedelta(retention)
    service = client.workflow_service
    try:
        found = await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace), timeout=_RPC_LIMIT)
        if found.config.workflow_execution_retention_ttl.ToTimedelta() != retention:
            config = NamespaceConfig(workflow_execution_retention_ttl=wanted)
            await service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config), timeout=_RPC_LIMIT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise _unavailable(client, error) from None
        await _register_namespace(client, wanted)


async def _register_namespace(client: Client, retention: Duration) -> None:
    request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
    try:
        await client.workflow_service.register_namespace(request, timeout=_RPC_LIMIT)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # another one-shot job was faster
            raise _unavailable(client, error) from None
    # The engine's other services learn of a namespace when they next refresh their list of them.
    patience = time.monotonic() + _NAMESPACE_KNOWN_WITHIN_S
    while True:
        try:
            await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=client.namespace), timeout=_RPC_LIMIT
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND or time.monotonic() > patience:
                raise _unavailable(client, error) from None
            await asyncio.sleep(0.2)
        else:
            return


async def ensure_search_attributes(client: Client) -> list[str]:
    """Register those of workflows.names.SEARCH_ATTRIBUTES that are missing; returns their names.

    Raises EngineUnavailable if one exists with another type: the engine cannot change a type.
    """
    try:
        present = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=_RPC_LIMIT
        )
        missing = {}
        for name, type_ in SEARCH_ATTRIBUTES.items():
            wanted = _TYPES[type_]
            found = present.custom_attributes.get(name)
            if found is None:
                missing[name] = wanted
            elif found != wanted:
                raise EngineUnavailable(
                    client.service_client.config.target_host,
                    f"search attribute {name} in namespace {client.namespace} has another type than {type_}; "
                    f"remove it with `temporal operator search-attribute remove --name {name}` and try again",
                    permanent=True,
                )
        if missing:
            request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            await client.operator_service.add_search_attributes(request, timeout=_RPC_LIMIT)
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:  # another process registered them between our two calls
            return []
        raise _unavailable(client, error) from None
    return list(missing)


_TYPES: dict[str, IndexedValueType.ValueType] = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


def _unavailable(client: Client, error: RPCError) -> EngineUnavailable:
    return EngineUnavailable(client.service_client.config.target_host, f"namespace {client.namespace}: {error.message}")


def _short(error: Exception) -> str:
    """The cause without the SDK's nesting: "Connection refused", "dns error" ..."""
    text = str(error)
    for known in ("Connection refused", "dns error", "invalid target URL", "timed out", "certificate"):
        if known in text:
            return known.lower()
    return text.removeprefix("Failed client connect: ")[:200]
