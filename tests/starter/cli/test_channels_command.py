"""`makegood channels test`: the configured accounts tried for real, here against the vendors on loopback."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from starter.cli.app import build
from tests.vendors import answers, sendgrid_server, twilio_server

RUN = CliRunner()


def _file(folder: Path, monkeypatch: pytest.MonkeyPatch, *, email: str, sms: str, key: str, sid: str, token: str) -> None:
    file = folder / "channels.toml"
    file.write_text(
        f"""
        [channels]
        email = "sendgrid"
        sms = "twilio"
        voice = "outbox"

        [sendgrid]
        api_key_env = "TRIAL_SENDGRID_KEY"
        base_url = "{email}"
        sender = "Shop <care@shop.example>"

        [twilio]
        account_sid_env = "TRIAL_TWILIO_SID"
        auth_token_env = "TRIAL_TWILIO_TOKEN"
        base_url = "{sms}"

        [twilio.sms]
        sender = "+15005550006"
        """,
        encoding="utf-8",
    )
    for name, value in {
        "MAKEGOOD_CHANNELS_FILE": str(file),
        "MAKEGOOD_STATE_DIR": str(folder),
        "TRIAL_SENDGRID_KEY": key,
        "TRIAL_TWILIO_SID": sid,
        "TRIAL_TWILIO_TOKEN": token,
    }.items():
        monkeypatch.setenv(name, value)


async def test_one_of_each_is_sent_and_what_failed_is_said_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sendgrid_server() as mail, twilio_server() as texts:
        _file(tmp_path, monkeypatch, email=mail.url, sms=texts.url, key=mail.api_key, sid=texts.account_sid, token=texts.auth_token)
        to = ["--to", "me@example.com", "--to", "+49 1512 3456789"]
        dry = RUN.invoke(build(), ["channels", "test", *to, "--dry-run"])
        assert (dry.exit_code, mail.requests, texts.requests) == (0, [], [])
        assert "email by sendgrid: ready; would be sent" in dry.stdout
        assert "voice by outbox: stays in the outbox" in dry.stdout
        sent = RUN.invoke(build(), ["channels", "test", *to])
        assert sent.exit_code == 0, sent.output
        assert [found.to for found in mail.accepted] == ["me@example.com"]
        assert len(texts.messages) == 1
        mail.script([answers.reply(401, {"errors": [{"message": "Maximum credits exceeded", "field": None}]})])
        refused = RUN.invoke(build(), ["channels", "test", *to, "--json"])
        assert refused.exit_code == 1
        found = {answer["channel"]: answer for answer in json.loads(refused.stdout)}
        assert (found["email"]["ok"], found["email"]["outcome"], found["sms"]["ok"]) == (False, "operator", True)
        assert "parked for all cases" in found["email"]["means"]
        assert "me@example.com" not in refused.stdout


async def test_a_sender_that_is_at_fault_is_told_from_an_account_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sendgrid_server() as mail, twilio_server() as texts:
        _file(tmp_path, monkeypatch, email=mail.url, sms=texts.url, key=mail.api_key, sid=texts.account_sid, token=texts.auth_token)
        file = tmp_path / "channels.toml"
        file.write_text(file.read_text(encoding="utf-8").replace('sender = "Shop <care@shop.example>"', ""), encoding="utf-8")
        says = "The from address does not match a verified Sender Identity."
        mail.script([answers.reply(403, {"errors": [{"message": says, "field": "from"}]})])
        asked = ["channels", "test", "--to", "me@example.com", "--from", "help@summit.example", "--json"]
        refused = RUN.invoke(build(), asked)
        assert refused.exit_code == 1
        [answer] = json.loads(refused.stdout)
        assert (answer["reason"], answer["outcome"]) == ("sendgrid_403", "operator")
        assert "other senders go on" in answer["means"]


def test_without_a_file_it_says_where_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEGOOD_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("MAKEGOOD_CHANNELS_FILE", raising=False)
    answer = RUN.invoke(build(), ["channels", "test", "--to", "me@example.com"])
    assert answer.exit_code == 1
    assert "MAKEGOOD_CHANNELS_FILE is not set" in answer.output
    assert "examples/channels.toml" in answer.output


def test_an_address_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path, monkeypatch, email="http://127.0.0.1:9", sms="http://127.0.0.1:9", key="k", sid="s", token="t")
    answer = RUN.invoke(build(), ["channels", "test", "--to", "12345"])
    assert answer.exit_code == 2
    assert "+4930123456" in answer.output
