"""`python -m bench`: every part in order, the table, build/bench.json; exit code 1 if a must does not hold.

Owns the command line, the temporary folder and the place of the figures: a partial run never overwrites a whole one's. Called by
`make bench`.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import zoneinfo
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.runtime import Runtime

from bench import part_console, part_cpu, part_dev_cpu, part_kill, part_lateness, part_memory, part_openings, part_s10, part_wakeups
from bench.report import Report
from bench.worker_process import quiet
from starter.settings import ROOT

WHOLE = ROOT / "build" / "bench.json"
PARTIAL = ROOT / "build" / "bench-partial.json"  # of --only: beside the whole run's, so that nobody takes it for one
Part = Callable[[Report, Path], Awaitable[None]]
PARTS: dict[str, Part] = {
    "s10": part_s10.run,
    "lateness": part_lateness.run,
    "cpu": part_cpu.run,
    "dev_cpu": part_dev_cpu.run,
    "openings": part_openings.run,
    "wakeups": part_wakeups.run,
    "kill": part_kill.run,
    "memory": part_memory.run,
    "console": part_console.run,
}


async def _run(report: Report, names: list[str], folder: Path) -> None:
    for name in names:
        place = folder / name
        place.mkdir()
        try:
            await PARTS[name](report, place)
        except Exception as error:  # what the other parts measure is not lost
            report.broken[name] = f"{type(error).__name__}: {error}"[:500]
            report.say(f"[red]{name} broke off:[/red] {report.broken[name]}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="S10 and its baselines: what a case costs and how late it is.")
    parser.add_argument("--quick", action="store_true", help="fewer cases, seeds and rounds")
    parser.add_argument(
        "--only",
        action="append",
        choices=list(PARTS),
        metavar="NAME",
        help=f"one of {', '.join(PARTS)}; may be repeated. What is measured goes to build/{PARTIAL.name}, build/{WHOLE.name} stays",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help=f"where the figures go (default: build/{WHOLE.name}; with --only build/{PARTIAL.name}, marked as not whole)",
    )
    arguments = parser.parse_args()
    zoneinfo.reset_tzpath(to=())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as Ctrl-C does
    Runtime.set_default(quiet())
    names = [name for name in PARTS if not arguments.only or name in arguments.only]
    report = Report(quick=arguments.quick, whole=names == list(PARTS))
    out: Path = arguments.out or (WHOLE if report.whole else PARTIAL)
    folder = Path(tempfile.mkdtemp(prefix="makegood-bench-"))
    try:
        asyncio.run(_run(report, names, folder))
    except KeyboardInterrupt:
        report.say("interrupted; what was measured so far:")
        report.show()
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show()
    report.write(out)
    report.console.print(f"written to {out}")
    for key in report.failed():
        report.console.print(f"[red]must not held:[/red] {key}")
    return 1 if report.failed() or report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
