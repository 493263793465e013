"""A process that holds a stack until a signal comes: `python -m tests.starter.embedded.holding STATE_DIR`."""

import asyncio
import sys
from pathlib import Path

from starter.embedded.stack import Stack
from starter.settings import load_settings


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main() -> None:
    stack = Stack(
        load_settings(),
        state_dir=Path(sys.argv[1]),
        temporal_port=None,
        ui_port=None,
        simulator=True,
        worker=False,
        on_event=lambda line: say(f"event: {line}"),
    )
    async with stack:
        say("up")
        await stack.wait()
    say(f"down by {stack.stopped_by}")


if __name__ == "__main__":
    asyncio.run(main())
