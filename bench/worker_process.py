"""`python -m bench.worker_process NAME --address A --folder F`: the workers of ours or of a baseline in a process of their own.

Owns the process only: one name, one engine, one folder with the books; `--ready FILE` is touched once it polls. Started by the parts.
"""

import argparse
import asyncio
import logging
import signal
import zoneinfo
from pathlib import Path

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from bench.contestants import contestant
from bench.simulated import SettlingProvider
from workflows.converter import DATA_CONVERTER


def quiet() -> Runtime:
    """The SDK's core says errors only; "not yet" is logged by nobody."""
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    logs = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(logging=logs))


async def _run(name: str, address: str, folder: Path, ready: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    one = contestant(name)
    await one.prepare(folder)
    converter = DATA_CONVERTER if name == "ours" else DataConverter.default
    client = await Client.connect(address, data_converter=converter, runtime=quiet())
    workers = await one.workers(client, SettlingProvider())
    running = [asyncio.create_task(worker.run()) for worker in workers]
    ready.touch()
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([*running, stopped], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)
    await one.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.worker_process")
    parser.add_argument("name", choices=["ours", "skeleton", "naive"])
    parser.add_argument("--address", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--ready", type=Path, required=True)
    arguments = parser.parse_args()
    zoneinfo.reset_tzpath(to=())  # as worker.py does
    asyncio.run(_run(arguments.name, arguments.address, arguments.folder, arguments.ready))


if __name__ == "__main__":
    main()
