"""`makegood templates`: samples as their readers see them, and the check of shops' own texts with its exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from activities.templates.languages import FOLDERS
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from starter.cli.app import build, main
from tests.starter.cli.runner import Runner

runner = Runner()
app = build()


def run(*arguments: str, **environment: str) -> Any:
    return runner.invoke(app, ["templates", *arguments], env={"MAKEGOOD_TEMPLATES_DIR": "", **environment})


def shop(root: Path, **texts: str) -> Path:
    """northwind's German texts."""
    language = root / "northwind" / "de"
    language.mkdir(parents=True)
    for name, text in texts.items():
        (language / f"{name}.j2").write_text(text, encoding="utf-8")
    return root


def test_list_names_kinds_languages_and_shops(tmp_path: Path) -> None:
    told = json.loads(run("list", "--dir", str(shop(tmp_path, greeting="Moin!")), "--json").stdout)
    assert [entry["kind"] for entry in told["kinds"]] == list(MessageKind)
    assert told["languages"] == list(FOLDERS)
    assert told["shops"] == [{"shop": "northwind", "language": "de", "texts": ["greeting.j2"]}]
    apology = next(entry for entry in told["kinds"] if entry["kind"] == "apology")
    assert apology["class"] == "mandatory"
    assert {"apology.j2", "sms.j2", "words.j2", "email.html.j2"} <= set(apology["texts"])
    shown = run("list").stdout
    assert "ask_reminder" in shown
    assert "languages: en, de" in shown


@pytest.mark.parametrize("kind", list(MessageKind))
@pytest.mark.parametrize("channel", list(Channel))
def test_every_kind_can_be_shown(kind: MessageKind, channel: Channel) -> None:
    for case_kind in CaseKind:
        answer = run("show", kind, "--channel", channel, "--case-kind", case_kind, "--locale", "de")
        assert answer.exit_code == 0
        assert "N-10482" in answer.stdout or "N, 1 0 4 8 2" in answer.stdout
        assert f"[{case_kind}.{kind}.{channel}, version " in answer.stderr


def test_show_puts_what_the_customer_reads_on_stdout() -> None:
    answer = run("show", "update", "--locale", "de")
    assert answer.stdout.startswith("Subject: Ihre Erstattung zur Bestellung N-10482: der Stand (Vorgang nordlicht-")
    assert answer.stdout.rstrip().endswith("Herzliche Grüße, Ihr Team von Nordlicht")


def test_show_counts_the_segments_of_an_sms() -> None:
    assert "units of gsm_7 in 2 segments]" in run("show", "update", "--channel", "sms").stderr
    told = json.loads(run("show", "update", "--channel", "sms", "--json").stdout)
    assert told["sms"]["segments"] == 2
    assert told["template_id"] == "refund.update.sms"
    assert told["subject"] is None


def test_show_writes_the_html_part(tmp_path: Path) -> None:
    page = tmp_path / "news.html"
    answer = run("show", "news", "--html", str(page))
    assert answer.exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    nowhere = run("show", "news", "--html", str(tmp_path / "no" / "news.html"))
    assert nowhere.exit_code == 1
    assert "cannot be written (No such file or directory)" in nowhere.stderr


def test_show_in_a_shops_own_words(tmp_path: Path) -> None:
    root = shop(tmp_path, greeting="Moin!")
    told = json.loads(run("show", "news", "--merchant", "northwind", "--locale", "de", "--json", MAKEGOOD_TEMPLATES_DIR=str(root)).stdout)
    assert told["text"].startswith("Moin!")
    assert told["text"].rstrip().endswith("Ihr Team von northwind")
    assert told["template_id"] == "refund.news.email@northwind"
    english = run("show", "news", "--merchant", "northwind", "--dir", str(root))
    assert "northwind has no text of its own in this message." in english.stderr
    assert english.exit_code == 0


def test_show_says_that_a_shops_text_fails(tmp_path: Path) -> None:
    answer = run("show", "news", "--merchant", "northwind", "--locale", "de", "--dir", str(shop(tmp_path, greeting="Moin {{ nme }}")))
    assert answer.exit_code == 1
    assert answer.stdout.startswith("Subject: ")
    assert "Guten Tag, Anna Beispiel." in answer.stdout
    assert "the text of northwind fails here, and the text of ours was used" in answer.stderr


def test_a_locale_without_texts_is_told() -> None:
    answer = run("show", "news", "--locale", "nl")
    assert answer.exit_code == 0
    assert f"There are no texts in nl: English is used. Known are {', '.join(FOLDERS)}." in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "udpate"], "no such kind of message; did you mean update? Known are resolution, reopen,"),
        (["show", "xyz"], "no such kind of message; known are resolution, reopen,"),
        (["show", "news", "--locale", "german"], "right would be a language, optionally with a country: en or de-AT"),
        (["show", "news", "--channel", "fax"], "'email', 'sms', 'voice'"),
        (["show", "news", "--case-kind", "gift"], "'refund', 'dispute', 'delay'"),
        (["show", "news", "--channel", "sms", "--html", "x.html"], "only an e-mail has an HTML part"),
        (["show", "news", "--brand", "summit"], "say whose, with --merchant"),
    ],
)
def test_wrong_usage_says_what_is_right(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAKEGOOD_TEMPLATES_DIR", "")
    with pytest.raises(SystemExit) as ended:
        main(["templates", *arguments])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert words in said.err


def test_check_passes_good_texts_and_names_them(tmp_path: Path) -> None:
    answer = run("check", str(shop(tmp_path, greeting="Moin!", closing="Tschüs")))
    assert (answer.exit_code, answer.stdout) == (0, "northwind de: closing.j2, greeting.j2, good\n")


def test_check_tells_file_line_and_what_is_right_and_ends_with_1(tmp_path: Path) -> None:
    root = shop(tmp_path, greeting="Moin\n{{ nme }}", next_word="Bald mehr.")
    answer = run("check", MAKEGOOD_TEMPLATES_DIR=str(root))
    assert (answer.exit_code, answer.stdout) == (1, "")
    file = root / "northwind" / "de" / "greeting.j2"
    assert f'error: {file}:2: "nme" is no name of a text; did you mean name?' in answer.stderr.splitlines()
    told = json.loads(run("check", str(root), "--json").stdout)
    assert told["ok"] is False
    assert told["problems"][0]["file"] == str(file)
    assert told["problems"][0]["line"] == 2


def test_check_without_a_folder_says_so() -> None:
    answer = run("check")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "MAKEGOOD_TEMPLATES_DIR is not set" in answer.stderr
    assert json.loads(run("check", "--json").stdout)["ok"] is True


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    answer = run("check", MAKEGOOD_TEMPLATES_DIR=str(tmp_path / "nowhere"))
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"error: MAKEGOOD_TEMPLATES_DIR: there is no folder {tmp_path / 'nowhere'}")
