"""Fingerprints: the ordered commands of every recorded history, small enough to read in a diff.

`python -m tests.replay.fingerprints --write` takes them again from the recorded histories.
"""

import json
import sys
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

HISTORIES = Path(__file__).with_name("histories")
FINGERPRINTS = Path(__file__).with_name("fingerprints.json")

_COMMANDS = {
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_TIMER_CANCELED: "cancel timer",
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: "cancel activity",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "upsert",
    EventType.EVENT_TYPE_MARKER_RECORDED: "marker",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: "complete",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: "continue as new",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update accepted",
}


def commands(history: WorkflowHistory) -> list[str]:
    """What the workflow asked of the engine, in order."""
    found = []
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            found.append(f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}")
        elif event.event_type in _COMMANDS:
            found.append(_COMMANDS[event.event_type])
    return found


def recorded(name: str) -> WorkflowHistory:
    """The history under the workflow id that it was lived with: a case refuses any other."""
    kept = json.loads((HISTORIES / f"{name}.json").read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(kept["workflow_id"], kept["history"])


def write() -> None:
    names = sorted(path.stem for path in HISTORIES.glob("*.json"))
    FINGERPRINTS.write_text(json.dumps({name: commands(recorded(name)) for name in names}, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(names)} fingerprints written\n")


if __name__ == "__main__" and "--write" in sys.argv:
    write()
