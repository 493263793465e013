"""Open cases sleep for months in the shape of these histories: today's code must still replay every one of them."""

import difflib
import json
from pathlib import Path

import pytest
from temporalio.worker import Replayer

import worker
from tests.replay.fingerprints import FINGERPRINTS, HISTORIES, commands, recorded
from tests.replay.record import live
from tests.replay.stories import STORIES
from workflows.converter import DATA_CONVERTER

NAMES = sorted(path.stem for path in HISTORIES.glob("*.json"))
LESSON = """
The commands of the story "{name}" are no longer those of its recorded history.

What happens if this is deployed: every open case that sleeps at the changed place fails its next workflow task with a
non-determinism error, again and again, and stops keeping its promises, until the old code is back.

What to do: if a release has ever run the recorded shape, keep the old path behind workflow.patched("...") or put the new rule into a
new rules package (policies/rules/v2, PolicySnapshot.rules = 2). If nothing was ever released with it, record the stories again:
make histories fingerprints, and have the diff reviewed.

{diff}
"""


def test_every_ending_is_recorded() -> None:
    assert sorted(STORIES) == NAMES
    assert sorted(json.loads(FINGERPRINTS.read_text(encoding="utf-8"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_history_replays(name: str) -> None:
    replayer = Replayer(workflows=worker.WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=worker.sandbox())
    await replayer.replay_workflow(recorded(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_fingerprint_is_that_of_its_history(name: str) -> None:
    assert json.loads(FINGERPRINTS.read_text(encoding="utf-8"))[name] == commands(recorded(name))


# The other stories have several things at once; whether two of them fall into one workflow task or into two hangs on the machine's
# load, and so does the order of their commands in a life lived anew (not in a replay, which is held to the recorded tasks).
@pytest.mark.parametrize("name", ["refunded", "withdrawn", "merged"])
async def test_a_new_case_asks_for_the_same_commands(name: str, tmp_path: Path) -> None:
    fingerprint = json.loads(FINGERPRINTS.read_text(encoding="utf-8"))[name]
    fresh = commands(await live(STORIES[name], tmp_path))
    diff = "\n".join(difflib.unified_diff(fingerprint, fresh, "recorded", "now", lineterm="", n=2))
    assert fresh == fingerprint, LESSON.format(name=name, diff=diff)
