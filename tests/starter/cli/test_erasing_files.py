"""`makegood erase` and `retention` delete the files that customers sent, before the words that name them."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.case.vocabulary import CaseStatus
from starter.cli.app import build
from starter.web.webhooks.attachments import AttachmentFolder
from store.desk_books import DeskBooks
from store.engine import open_store
from store.recorder import Recorder
from tests.starter.cli.runner import Runner
from tests.store.samples import ADMIN, entry
from tests.store_fixtures import ready_sqlite

RUN = Runner()
LONG_AGO = datetime.now(UTC) - timedelta(days=400)
PICTURE, SHARED = b"picture of a", b"picture of both"


async def _fill(url: str, folder: Path) -> None:
    store = await open_store(url)
    files = AttachmentFolder(folder)
    for case_id, contents in (("case-a", (PICTURE, SHARED)), ("case-b", (SHARED,))):
        await Recorder(store).commit_entry(entry(case_id, status=CaseStatus.CLOSED, closed_at=LONG_AGO, next_at=None))
        addresses = " ".join([await files.put(content) for content in contents])
        await DeskBooks(store).save_text(f"t-{case_id}", case_id, "customer", f"Look: {addresses}", ADMIN, LONG_AGO)
    await store.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAKEGOOD_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("MAKEGOOD_ATTACHMENTS_DIR", raising=False)
    asyncio.run(_fill(ready_sqlite(tmp_path / "makegood.sqlite"), tmp_path / "attachments"))
    return tmp_path


def command(*arguments: str) -> Any:
    return RUN.invoke(build(), list(arguments))


def kept(house: Path, content: bytes) -> bool:
    return AttachmentFolder(house / "attachments").path(hashlib.sha256(content).hexdigest()).exists()


def test_a_case_takes_its_own_files_along_and_leaves_those_of_others(house: Path) -> None:
    shown = command("erase", "case-a")
    assert "1 text, 2 attachments" in shown.stdout
    assert (kept(house, PICTURE), kept(house, SHARED)) == (True, True)
    done = command("erase", "case-a", "--yes", "--why", "asked for", "--json")
    assert json.loads(done.stdout)["cases"][0]["attachments"] == 1, done.output
    assert (kept(house, PICTURE), kept(house, SHARED)) == (False, True)
    assert command("erase", "case-b", "--yes", "--why", "asked for").exit_code == 0
    assert not kept(house, SHARED)


def test_retention_deletes_them_too(house: Path) -> None:
    assert json.loads(command("retention", "--older-than", "365d", "--json").stdout)["attachments"] == 2
    assert "2 attachments erased" in command("retention", "--older-than", "365d", "--yes").stdout
    assert (kept(house, PICTURE), kept(house, SHARED)) == (False, False)


def test_a_machine_that_does_not_have_the_files_erases_nothing(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEGOOD_ATTACHMENTS_DIR", str(house / "elsewhere"))
    refused = command("erase", "case-a", "--yes", "--why", "asked for")
    assert refused.exit_code == 1
    assert "run this where web processes keep them" in " ".join(refused.output.split())
    assert kept(house, PICTURE)
    assert "1 text" in command("erase", "case-a").stdout
    (house / "elsewhere").mkdir()  # they are gone, and the operator says so
    done = command("erase", "case-a", "--yes", "--why", "asked for")
    assert done.exit_code == 0
    assert "1 attachment is not in" in " ".join(done.output.split())
