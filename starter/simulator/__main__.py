"""`python -m starter.simulator --port 0 --state DIR`: serve, and say on which port in one line of JSON.

Owns the process: arguments, the loopback socket, the ready line. Must never listen beyond this machine. Started by the
embedded stack and by tests.
"""

import argparse
import asyncio
import json
import socket
import sys
from pathlib import Path

import uvicorn

from starter.simulator.app import build
from starter.simulator.plans import Plans

_LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else 0
        sys.stdout.write(json.dumps({"port": port, "url": f"http://{_LOOPBACK}:{port}"}) + "\n")
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m starter.simulator", description="A payment provider and a carrier to play with.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--state", type=Path, default=None, help="folder that keeps the plans over a restart")
    arguments = parser.parse_args()
    if arguments.state is not None:
        arguments.state.mkdir(parents=True, exist_ok=True)
    plans = Plans(arguments.state / "simulator.json" if arguments.state is not None else None)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, arguments.port))
    except OSError as error:
        sys.exit(f"port {arguments.port}: {error.strerror}")
    # 1 s: a check that hangs in a played time-out must not hold up the end.
    config = uvicorn.Config(build(plans), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    asyncio.run(_Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
