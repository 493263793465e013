"""Live every story and write its history: `make histories`. The diff of the fingerprints is the review."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from temporalio.client import WorkflowHistory

from tests.life.harness import house
from tests.replay.stories import STORIES, Story

HISTORIES = Path(__file__).with_name("histories")


async def live(story: Story, folder: Path) -> WorkflowHistory:
    """The history of one story, lived to its close on a time-skipping server of its own."""
    async with house(folder) as built:
        case = await story(built)
        await case.handle.result()
        return await case.handle.fetch_history()


async def record() -> None:
    HISTORIES.mkdir(exist_ok=True)
    for name, story in STORIES.items():
        with tempfile.TemporaryDirectory() as folder:
            history = await live(story, Path(folder))
        kept = {"workflow_id": history.workflow_id, "history": history.to_json_dict()}
        (HISTORIES / f"{name}.json").write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")
        sys.stdout.write(f"{name}: {len(history.events)} events\n")


if __name__ == "__main__":
    asyncio.run(record())
