"""Composition root: settings -> adapters -> activities -> Workers; signals, drain. Wiring only.

Run as `python -m worker` (or `makegood worker`). Nothing of ours imports this module but the processes that run it.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # until all is imported: hardly any of it is ever garbage, and looking for some was a sixth of a worker's start

import asyncio
import json
import logging
import os
import signal
import sys
import zoneinfo
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.runtime import LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from activities.adapters.brands import load_brands
from activities.adapters.directory import load_directory
from activities.adapters.http_json import ProvidersAdapter
from activities.adapters.http_json_config import load_providers
from activities.adapters.outbox import OutboxAlerts, OutboxChannel
from activities.alerting import Alerting
from activities.arrivals import Arrivals
from activities.calling import AlertCalls
from activities.contracts import names
from activities.correspondence import Correspondence
from activities.digesting import Digesting
from activities.messaging import Messaging
from activities.parking import Parking
from activities.ports import AlertPort, ChannelPort, DirectoryPort, StatusPort
from activities.recording import Recording
from activities.templates.override_check import load_overrides
from activities.templates.overrides import Overrides
from activities.watching import Watching
from activities.wording import BrandsPort
from policies.case.vocabulary import Channel
from starter.channels_file import channel_warnings
from starter.connection import EngineUnavailable, connect
from starter.link_keys import links_of
from starter.rules_build import rules_build
from starter.settings import ROOT, Settings, SettingsError, load_settings
from store.engine import open_store, upgrade
from store.errors import StoreError
from store.outbox import Outbox
from store.recorder import Recorder
from workflows.alert_digest import AlertDigest
from workflows.converter import DATA_CONVERTER
from workflows.delay_case import DelayCase
from workflows.dispute_case import DisputeCase
from workflows.lean_sandbox import lean_sandbox
from workflows.park_alert import ParkAlert
from workflows.refund_case import RefundCase

WORKFLOWS: Sequence[type] = (RefundCase, DisputeCase, DelayCase, AlertDigest, ParkAlert)

# After a kill -9 the engine offers a case's next task to the dead worker's own queue first; 10 s by default, budget <= 6 s.
STICKY = timedelta(seconds=2)
_log = logging.getLogger("makegood.worker")


@cache
def sandbox() -> SandboxedWorkflowRunner:
    """The sandbox, refusing any import of a workflow that was not passed through on purpose. One per process: it keeps what it checked."""
    policy = SandboxImportNotificationPolicy
    restrictions = SandboxRestrictions.default.with_import_notification_policy(
        policy.WARN_ON_DYNAMIC_IMPORT | policy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )
    return lean_sandbox(restrictions, DATA_CONVERTER, bare=(RefundCase, DisputeCase, DelayCase))


def workers(
    client: Client,
    recorder: Recorder,
    *,
    channels: dict[Channel, ChannelPort],
    alerts: AlertPort,
    provider: StatusPort,
    brands: BrandsPort,
    directory: DirectoryPort,
    settings: Settings,
    correspondence: Correspondence | None = None,
    overrides: Overrides | None = None,
) -> list[Worker]:
    """One worker per task queue, each with its own slots and rate, so that a slow mail provider never delays a provider check."""
    drain = timedelta(seconds=settings.graceful_shutdown_s)
    pollers = PollerBehaviorAutoscaling(minimum=1, maximum=20, initial=2)
    build = WorkerDeploymentConfig(WorkerDeploymentVersion("makegood", rules_build()), use_worker_versioning=False)
    each: dict[str, Any] = {"graceful_shutdown_timeout": drain, "activity_task_poller_behavior": pollers, "deployment_config": build}
    parking = Parking(recorder, alerts, directory)
    messaging = Messaging(recorder, channels, brands, parking, correspondence, overrides)
    digesting = Digesting(recorder, alerts, directory)
    return [
        Worker(
            client,
            task_queue=names.CASES_QUEUE,
            workflows=WORKFLOWS,
            activities=[Recording(recorder).record_case, Arrivals(recorder).check_arrival],
            workflow_runner=sandbox(),
            max_cached_workflows=settings.max_cached_workflows,
            max_concurrent_workflow_tasks=settings.workflow_slots,
            max_concurrent_activities=settings.books_slots,
            sticky_queue_schedule_to_start_timeout=STICKY,
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=2, maximum=20, initial=2),
            **each,
        ),
        Worker(
            client,
            task_queue=names.MESSAGES_QUEUE,
            activities=[
                messaging.send_message,
                Alerting(recorder, alerts, directory, AlertCalls(recorder, brands, overrides)).alert_people,
                digesting.tell_alert,
                digesting.tell_digest,
                parking.tell_park,
            ],
            max_concurrent_activities=settings.messages_slots,
            max_task_queue_activities_per_second=settings.messages_per_second,
            **each,
        ),
        Worker(
            client,
            task_queue=names.PROVIDERS_QUEUE,
            activities=[Watching(recorder, provider).watch_provider],
            max_concurrent_activities=settings.providers_slots,
            max_task_queue_activities_per_second=settings.provider_checks_per_second,
            **each,
        ),
    ]


def channels_of(settings: Settings, outbox: Outbox) -> tuple[dict[Channel, ChannelPort], AlertPort]:
    """What channels.toml names; without the file everything ends in the outbox. Raises ValueError naming file and key."""
    kept: ChannelPort = OutboxChannel(outbox)
    if settings.channels_file is None:
        return dict.fromkeys(Channel, kept), OutboxAlerts(outbox)
    # The vendors' packages are a sixth of a worker's start: only for those who use them.
    from activities.adapters.channels import load_alerts, load_channels  # noqa: PLC0415

    alerts = load_alerts(settings.channels_file, otherwise=OutboxAlerts(outbox))
    channels = load_channels(settings.channels_file, outbox=kept, public_url=settings.public_url)
    return channels, alerts or OutboxAlerts(outbox)


def _runtime(settings: Settings) -> Runtime:
    metrics = None
    if settings.metrics_bind is not None:
        metrics = PrometheusConfig(bind_address=settings.metrics_bind, durations_as_seconds=True, counters_total_suffix=True)
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(metrics=metrics, logging=quiet))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": self.formatTime(record), "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _logging(settings: Settings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines() if settings.log_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    # A provider that has not settled yet is no warning; the SDK logs every retry of an attempt.
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)


async def run(settings: Settings) -> None:
    """Poll until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    overrides = load_overrides(settings.templates_dir) if settings.templates_dir is not None else None
    await upgrade(settings.database_url)
    store = await open_store(settings.database_url)
    client = await connect(settings, runtime=_runtime(settings))
    channels, alerts = channels_of(settings, Outbox(store))
    for line in channel_warnings(settings):
        _log.warning("%s", line)
    providers = load_providers(settings.providers_file) if settings.providers_file is not None else {}
    async with ProvidersAdapter(providers) as provider:
        running = workers(
            client,
            Recorder(store),
            channels=channels,
            alerts=alerts,
            provider=provider,
            brands=load_brands(settings.brands),
            directory=load_directory(settings.directory_file or ROOT / "examples" / "directory.toml"),
            settings=settings,
            correspondence=Correspondence(links_of(settings), settings.reply_mailbox),
            overrides=overrides,
        )
        tasks = [asyncio.create_task(worker.run()) for worker in running]
        if settings.ready_file is not None:
            settings.ready_file.touch()
        _log.info("polling: queues=%s pid=%s", ",".join(worker.task_queue for worker in running), os.getpid())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        _log.info("draining")
        await asyncio.gather(*(worker.shutdown() for worker in running))
        await asyncio.gather(*tasks)
    await store.close()


def main() -> int:
    """Exit code 0 after a drain, 1 if the worker could not start."""
    gc.enable()
    gc.freeze()  # nor need it be looked through ever again: a tenth of a second each time
    # Zone rules come from the pinned tzdata package, not from the machine: two workers must compute the same deadlines.
    zoneinfo.reset_tzpath(to=())
    try:
        settings = load_settings()
        _logging(settings)
        asyncio.run(run(settings))
    except (SettingsError, StoreError, EngineUnavailable, ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
