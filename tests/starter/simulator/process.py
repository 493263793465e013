"""The simulator as a process of its own, as the stack starts it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

ROOT = Path(__file__).parents[3]


class SimulatorProcess:
    def __init__(self, state: Path | None = None) -> None:
        self._state = state
        self.url = ""

    def __enter__(self) -> Self:
        keep = [] if self._state is None else ["--state", str(self._state)]
        command = [sys.executable, "-m", "starter.simulator", "--port", "0", *keep]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._client = httpx2.Client(trust_env=False, verify=False)
        self.url = json.loads(self._process.stdout.readline())["url"]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, number)
            self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._client.close()

    def load(self, kind: str, reference: str, steps: list[dict[str, Any]], outages: list[dict[str, Any]] | None = None) -> None:
        plan = {"kind": kind, "reference": reference, "steps": steps, "outages": outages or []}
        assert self.post("/admin/plans", {"plans": [plan]}).status_code == 201

    def get(self, path: str) -> httpx2.Response:
        return self._client.get(self.url + path)

    def post(self, path: str, content: Any) -> httpx2.Response:
        return self._client.post(self.url + path, json=content)
