"""The suite on several processes: what waits begins early, so that the others compute meanwhile.

Owns the order of files (inside a file tests run as they stand), how often memory is searched for garbage, and who hears Ctrl-C. Must never
matter to a result: any order passes.
"""

import gc
import signal
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

from tests.shared_statements import share_statements
from tests.store_fixtures import postgres_server, ready_database

__all__ = ["postgres_server", "ready_database"]  # here and nowhere else: each import would be a fixture, and a server, of its own

# How quickly examples are made says how busy the machine is, nothing of the program.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Files that mostly wait (for kills, for the demo's days, for processes to come and go) early, and with files that compute between them:
# four that wait at once leave the machine idle, and one that is left for the end keeps everybody. The second file of a process is dealt out
# while its first is in its last tests. Measured with `pytest --durations=0`.
_FIRST = (
    "tests/real/test_kill_while_sending.py",
    "tests/starter/web/portal/test_customer_page.py",
    "tests/starter/web/api/test_api_on_engine.py",
    "tests/life/test_endurance.py",
    "tests/activities/templates/test_message_contract.py",
    "tests/life/test_alert_digest.py",
    "tests/browser/test_three_faces.py",
    "tests/real/test_happy_paths.py",
    "tests/real/test_kills.py",
    "tests/starter/demo/",
    "tests/browser/test_barriers.py",
    "tests/starter/cli/test_cli_on_engine.py",
    "tests/starter/web/test_backends.py",
    "tests/starter/desk/test_desk_on_engine.py",
    "tests/real/",
    "tests/activities/templates/test_override_check.py",
    "tests/starter/cli/test_channels_command.py",
    "tests/starter/web/console/test_case_acts.py",
)


share_statements()

# Hardly anything that is imported or collected is ever garbage; switched on again when the tests begin.
gc.disable()


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def pytest_sessionstart() -> None:
    """Ctrl-C as always, but heard by nobody's own handler: asyncio's Runner asks for its handler again after each test, and Python 3.11
    looks it up among the signals' names by an error that prints it, with all that the test's task gave back. It was 5 % of the suite.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored
        signal.signal(signal.SIGINT, _interrupted)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)  # stable


def pytest_collection_finish() -> None:
    """What has been imported and collected lives to the end: looking through it again and again was 6 % of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_runtestloop() -> None:
    """Begins in every process, also in the one that deals the tests out and collects none."""
    gc.enable()


def _place(item: pytest.Item) -> int:
    return next((place for place, start in enumerate(_FIRST) if item.nodeid.startswith(start)), len(_FIRST))
