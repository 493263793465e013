"""What `makegood up` says at its start: what it watches, and commands that work as they are typed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies.case.facts import Fact
from policies.case.vocabulary import FactType
from starter.cli.case_page import fact_line
from starter.cli.configured import told
from starter.cli.program import typed
from starter.settings import ROOT, load_settings


def test_without_providers_it_says_that_nothing_is_watched_and_what_helps(tmp_path: Path) -> None:
    providers, channels = told(load_settings(state_dir=tmp_path, providers_file=None, channels_file=None), simulator=False)
    assert providers.startswith("Providers: none. Cases can be opened, but no payment and no parcel is watched")
    assert "MAKEGOOD_PROVIDERS_FILE" in providers
    assert "--simulator" in providers
    assert channels.startswith("Channels: none (MAKEGOOD_CHANNELS_FILE is not set)")
    assert (ROOT / "examples" / "providers.toml").is_file()


def test_the_providers_are_named_and_where_they_stand(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path)
    assert told(settings, simulator=True)[0] == "Providers: simpay, simship, all simulated (examples/providers-demo.toml)"
    mine = tmp_path / "mine.toml"
    mine.write_text('[providers.stripe]\nkind = "stripe"\n[providers.acme-post]\n', encoding="utf-8")
    own = settings.model_copy(update={"providers_file": mine, "channels_file": mine})
    assert told(own, simulator=True) == [f"Providers: acme-post, stripe, as {mine} says", f"Channels: as {mine} says"]
    mine.write_text("[providers", encoding="utf-8")  # the worker says what is wrong with it
    assert told(own, simulator=False)[0] == f"Providers: unknown, as {mine} says"


def test_a_watch_that_cannot_be_set_up_names_the_setting() -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    detail: dict[str, str | int | bool | None] = {"job": "watch_provider", "reason": "provider_misconfigured"}
    failed = Fact(seq=3, type=FactType.JOB_FAILED, occurred_at=at, learned_at=at, detail=detail)
    assert "MAKEGOOD_PROVIDERS_FILE" in fact_line(failed)
    assert "MAKEGOOD_PROVIDERS_FILE" not in fact_line(failed.model_copy(update={"detail": {**detail, "reason": "invalid_answer"}}))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program in a virtual environment of its own below the present folder."""
    ours = tmp_path / ".venv" / "bin" / "makegood"
    ours.parent.mkdir(parents=True)
    ours.write_text("#!/bin/sh\n", encoding="utf-8")
    ours.chmod(0o700)
    return ours


def test_what_is_to_be_typed_works_as_typed(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    beside, other = program.parent, tmp_path / "other"
    other.mkdir()
    (other / "makegood").write_text("#!/bin/sh\n", encoding="utf-8")
    (other / "makegood").chmod(0o700)
    assert typed(search=str(beside), beside=beside) == "makegood"
    assert typed(search="", beside=beside) == ".venv/bin/makegood"
    assert typed(search=str(other), beside=beside) == ".venv/bin/makegood"  # another installation's
    assert typed(Path(tmp_path / "my cases"), search="", beside=beside) == ".venv/bin/makegood --state-dir 'my cases'"
    monkeypatch.chdir(other)
    assert typed(search="", beside=beside) == str(program)
    assert typed(search="", beside=other / "nothing") == "makegood"
