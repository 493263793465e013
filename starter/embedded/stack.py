"""Temporal's development server, the simulator, the worker and the web process as one thing that starts, survives and stops clean.

Owns the order, the environment of the parts and the signals. Must never touch cases: the databases stay in the state
folder. Called by the CLI (`make up`, `make demo`), by tests and the benchmark.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from starter import link_keys
from starter.connection import EngineUnavailable, connect, ensure_namespace, ensure_search_attributes
from starter.embedded.errors import StackError, StackInterrupted
from starter.embedded.lock import RunningStack, StackLock
from starter.embedded.part import Part, PartPlan
from starter.embedded.places import LOOPBACK, ports, prepared_folder, temporal_program
from starter.embedded.signals import StopSignals
from starter.settings import DEMO_PROVIDERS, ROOT, Settings

NAMESPACE = "default"
# First starts on a slow machine read 150 MB of program and make the database; later ones take half a second.
_SERVER_READY_S, _WORKER_READY_S, _SIMULATOR_READY_S = 60.0, 60.0, 30.0
_SERVER_STOP_S, _SIMULATOR_STOP_S = 10.0, 5.0
_WORKER_STOP_BEYOND_DRAIN_S = 5.0
_WEB_READY_S, _WEB_STOP_S = 60.0, 15.0  # it gives its requests 8 s (starter/web/serving.py) and then closes what it opened


class Stack:
    """`async with Stack(...) as stack: await stack.wait()`. Raises StackError if it cannot start.

    SIGINT, SIGTERM and SIGHUP end the body: the parts stop in reverse order and the block is left without an error
    (`stopped_by` tells the signal). A second one kills the parts at once.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        state_dir: Path,
        temporal_port: int | None,
        ui_port: int | None,
        simulator: bool,
        worker: bool = True,
        web: bool = False,
        web_port: int | None = None,
        on_event: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._state_dir = state_dir
        self._wanted_ports = (temporal_port, ui_port, web_port if web else None)
        self._with_simulator = simulator
        self._with_worker = worker
        self._with_web = web
        self._on_event = on_event
        self._parts: list[Part] = []
        self._server: Part | None = None
        self._worker: Part | None = None
        self._lock: StackLock | None = None
        self._signals = StopSignals(on_second=self._kill_all)
        self._pipe: tuple[int, int] | None = None
        self._port = self._ui_port = self._simulator_port = self._web_port = 0

    @property
    def address(self) -> str:
        """Where clients reach Temporal."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def ui_url(self) -> str:
        return f"http://{LOOPBACK}:{self._ui_port}"

    @property
    def simulator_url(self) -> str | None:
        return f"http://{LOOPBACK}:{self._simulator_port}" if self._with_simulator else None

    @property
    def web_url(self) -> str | None:
        """Where the web process is reached from this machine."""
        return f"http://{LOOPBACK}:{self._web_port}" if self._with_web else None

    @property
    def worker_pid(self) -> int | None:
        return self._worker.pid if self._worker else None

    @property
    def server_pid(self) -> int | None:
        return self._server.pid if self._server else None

    @property
    def stopped_by(self) -> str | None:
        """The name of the signal that ended the body; None if it ended by itself."""
        return self._signals.received.name if self._signals.received else None

    def kill_worker(self) -> None:
        """Kill -9 the worker; the supervisor starts it again (tests, the benchmark)."""
        if self._worker:
            self._worker.kill()

    def kill_server(self) -> None:
        """Kill -9 Temporal; the supervisor starts it again on the same data (tests)."""
        if self._server:
            self._server.kill()

    def worker_environment(self) -> dict[str, str]:
        """The variables that make any process a client of this stack with the same settings."""
        environment = _own_environment()
        settings = self._settings.model_copy(update={"state_dir": self._state_dir, "ready_file": self._ready_file})
        if self.simulator_url is not None:
            environment["MAKEGOOD_SIMULATOR_URL"] = self.simulator_url
            if settings.providers_file is None:
                settings = settings.model_copy(update={"providers_file": DEMO_PROVIDERS})
        if self.web_url is not None:
            settings = settings.model_copy(update=self._links(settings) | {"web_host": LOOPBACK, "web_port": self._web_port})
        environment |= settings.environment()
        # A profile in the user's temporal.toml may carry TLS or a key for another server.
        environment |= {
            "TEMPORAL_ADDRESS": self.address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }
        return environment

    def _links(self, settings: Settings) -> dict[str, object]:
        """What links in messages are made of and what integrators read, where the settings leave it open: this machine's address, a key of
        this folder, the OpenAPI document.
        """
        changes: dict[str, object] = {}
        if settings.public_url is None:
            changes["public_url"] = self.web_url
        if settings.temporal_ui_url is None:
            changes["temporal_ui_url"] = self.ui_url
        if settings.link_keys is None and settings.link_keys_file is None:
            changes["link_keys_file"] = link_keys.made(self._state_dir)
        if "web_openapi" not in settings.model_fields_set:
            changes["web_openapi"] = True  # this machine's integrators are who starts it; elsewhere the operator decides
        return changes

    async def wait(self) -> None:
        """Until a signal ends the body."""
        await asyncio.Event().wait()

    async def __aenter__(self) -> Self:
        self._signals.install()
        try:
            await self._start()
        except asyncio.CancelledError:
            await self._stop()
            if self._signals.take_back():
                assert self._signals.received is not None
                raise StackInterrupted(self._signals.received) from None
            raise
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        await self._stop()
        return isinstance(error, asyncio.CancelledError) and self._signals.take_back()

    async def _start(self) -> None:
        self._state_dir = prepared_folder(self._state_dir)
        self._lock = StackLock(self._state_dir)
        self._lock.acquire()
        program = temporal_program(self._settings.temporal_binary)
        temporal_port, ui_port, web_port = self._wanted_ports
        wanted = [(temporal_port, "--temporal-port"), (ui_port, "--ui-port")]
        self._port, self._ui_port, *_ = ports([*wanted, (web_port, "--web-port")] if web_port is not None else wanted)
        self._pipe = os.pipe()
        self._server = await self._begin(self._server_plan(program))
        if self._with_simulator:
            # Chosen only now: Temporal's inner services take free ports of their own, and one of them took ours (seen in a test).
            (self._simulator_port,) = ports([(None, "")])
            await self._begin(self._simulator_plan())
        if self._with_web:
            self._web_port = web_port or ports([(None, "")])[0]
        self._lock.tell(
            RunningStack(pid=os.getpid(), address=self.address, ui_url=self.ui_url, simulator_url=self.simulator_url, web_url=self.web_url)
        )
        if self._with_worker:  # before the web process: it brings the tables to their newest version
            self._worker = await self._begin(self._worker_plan())
        if self._with_web:
            await self._begin(self._web_plan())

    async def _begin(self, plan: PartPlan) -> Part:
        assert self._pipe is not None
        part = Part(plan, pipe=self._pipe[0], on_event=self._on_event)
        self._parts.append(part)
        await part.start()
        self._on_event(f"{plan.title} is ready")
        return part

    async def _stop(self) -> None:
        """Whatever happens meanwhile, nothing is left running."""
        self._signals.stopping()
        ending, interrupted = asyncio.create_task(self._stop_parts()), False
        while not ending.done():
            try:
                await asyncio.wait([ending])
            except asyncio.CancelledError:
                interrupted = True
        ending.result()
        if interrupted:
            raise asyncio.CancelledError

    async def _stop_parts(self) -> None:
        for part in reversed(self._parts):
            await part.stop()
        self._parts.clear()
        for descriptor in self._pipe or ():
            os.close(descriptor)
        self._pipe = None
        if self._lock is not None:
            self._lock.release()
        self._signals.restore()

    def _kill_all(self) -> None:
        for part in self._parts:
            part.kill()

    def _server_plan(self, program: str) -> PartPlan:
        command = [
            *(
                program,
                "server",
                "start-dev",
                "--ip",
                LOOPBACK,
                "--port",
                str(self._port),
                "--ui-port",
                str(self._ui_port),
            ),
            *("--db-filename", str(self._state_dir / "temporal.sqlite")),
            # Killed eight times under load, nothing lost; NORMAL may lose the last commits in a power cut only.
            *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
            # A worker or server that dies in the middle of a workflow task: the task is given to another after this (the default of
            # 10 s made steps 12 s overdue; budget 6 s). Not shorter: a cold worker must replay several cases at once within it.
            *("--dynamic-config-value", 'history.defaultWorkflowTaskTimeout="5s"'),
            *("--log-level", "error", "--ui-disable-news-fetch"),
        ]
        return PartPlan(
            title="Temporal",
            command=command,
            environment=_own_environment(),
            log=self._log("temporal"),
            ready=self._server_ready,
            ready_within_s=_SERVER_READY_S,
            stop_within_s=_SERVER_STOP_S,
        )

    async def _server_ready(self) -> bool:
        if not await _listens(self._port):
            return False
        try:
            client = await connect(self._settings, address=self.address, namespace=NAMESPACE)
            await ensure_namespace(client)
            await ensure_search_attributes(client)
        except EngineUnavailable as problem:
            if problem.permanent:
                raise StackError(str(problem)) from None
            return False
        return True

    def _simulator_plan(self) -> PartPlan:
        module = ("-m", "starter.simulator", "--port", str(self._simulator_port), "--state", str(self._state_dir))
        return PartPlan(
            title="The simulator",
            command=[sys.executable, *module],
            environment=_own_environment(),
            log=self._log("simulator"),
            ready=lambda: _serves_http(self._simulator_port, "/admin/stats"),
            ready_within_s=_SIMULATOR_READY_S,
            stop_within_s=_SIMULATOR_STOP_S,
        )

    def _worker_plan(self) -> PartPlan:
        return PartPlan(
            title="The worker",
            command=[sys.executable, "-m", "worker"],
            environment=self.worker_environment(),
            log=self._log("worker"),
            before=lambda: self._ready_file.unlink(missing_ok=True),
            ready=self._worker_ready,
            ready_within_s=_WORKER_READY_S,
            stop_within_s=self._settings.graceful_shutdown_s + _WORKER_STOP_BEYOND_DRAIN_S,
        )

    def _web_plan(self) -> PartPlan:
        return PartPlan(
            title="The web process",
            command=[sys.executable, "-m", "starter.web"],
            environment=self.worker_environment(),
            log=self._log("web"),
            ready=lambda: _serves_http(self._web_port, "/healthz"),
            ready_within_s=_WEB_READY_S,
            stop_within_s=_WEB_STOP_S,
        )

    @property
    def _ready_file(self) -> Path:
        return self._state_dir / "worker.ready"

    async def _worker_ready(self) -> bool:
        return self._ready_file.exists()

    def _log(self, name: str) -> Path:
        return self._state_dir / "logs" / f"{name}.log"


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


async def _serves_http(port: int, path: str) -> bool:
    """True if it is ours that listens: a stranger on the port would say something else."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            status = await asyncio.wait_for(reader.readline(), 5)
        finally:
            writer.close()
    except (OSError, TimeoutError, ValueError):  # ValueError: a line longer than any status line
        return False
    return status.startswith(b"HTTP/1.") and b" 200 " in status


def _own_environment() -> dict[str, str]:
    """Ours without TEMPORAL_* (they are about another server), able to import us from wherever we are."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    environment["PYTHONUNBUFFERED"] = "1"  # the log shows the last words before a crash
    return environment
