"""The simulator over HTTP: the admin's side, and a restart."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.starter.simulator.process import SimulatorProcess


def test_plans_outage_and_stats() -> None:
    with SimulatorProcess() as simulator:
        simulator.load("refund", "re_1", [{"after_s": 0, "status": "paid_out", "fields": {"arn": "7400"}}])
        answer = simulator.get("/refunds/re_1")
        assert answer.json()["refund"] | {"state_changed": ""} == {
            "id": "re_1",
            "state": "paid_out",
            "state_changed": "",
            "arn": "7400",
        }
        assert simulator.get("/disputes/re_1").status_code == 404
        assert simulator.post("/admin/outage", {"on": True, "trouble": "429", "retry_after_s": 9}).json() == {"on": True}
        busy = simulator.get("/refunds/re_1")
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "9")
        simulator.post("/admin/outage", {"on": False})
        assert simulator.get("/refunds/re_1").status_code == 200
        assert simulator.get("/admin/stats").json()["counts"] == {
            "refund/re_1": {"checks": 3, "answered": 2},
            "dispute/re_1": {"checks": 1, "answered": 0},
        }
        wrong = simulator.post("/admin/plans", {"plans": [{"kind": "refund", "reference": "x", "steps": [], "x": 1}]})
        assert wrong.status_code == 422
        assert {problem["where"] for problem in wrong.json()["problems"]} == {"plans.0.steps", "plans.0.x"}


def test_a_killed_simulator_goes_on_where_it_was(tmp_path: Path) -> None:
    with SimulatorProcess(tmp_path) as first:
        first.load("tracking", "t_1", [{"after_s": 0, "status": "on_the_road"}])
        was = first.get("/trackings/t_1").json()
        until = time.monotonic() + 5
        while '"counts":{}' in (tmp_path / "simulator.json").read_text() and time.monotonic() < until:
            time.sleep(0.05)
        first.stop(signal.SIGKILL)
    with SimulatorProcess(tmp_path) as second:
        assert second.get("/trackings/t_1").json() == was
        assert second.get("/admin/stats").json()["counts"] == {"tracking/t_1": {"checks": 2, "answered": 2}}


def test_a_busy_port_is_told() -> None:
    with SimulatorProcess() as simulator:
        port = simulator.url.rsplit(":", 1)[1]
        second = subprocess.run([sys.executable, "-m", "starter.simulator", "--port", port], capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"port {port}: Address already in use" in second.stderr
