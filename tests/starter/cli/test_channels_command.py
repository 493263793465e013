"""`makegood channels test`: the configured accounts tried for real, here against the vendors on loopback."""

import json
from pathlib import Path

import pytest

from starter.cli.app import build
from tests.starter.cli.runner import Runner
from tests.vendors import answers, sendgrid_server, twilio_server
from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, serving

RUN = Runner()


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
        assert sent.exit_code == 0, sent.output + sent.stderr
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


class _Service(Loopback):
    """Where people work: its first path segment is the status that it answers with."""

    def answer(self, request: Request) -> Reply:
        return Reply(int(request.path.split("/")[1]))


async def test_every_address_of_the_alerts_is_told_and_the_dead_one_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sendgrid_server() as mail, twilio_server() as texts, serving(_Service()) as service:
        _file(tmp_path, monkeypatch, email=mail.url, sms=texts.url, key=mail.api_key, sid=texts.account_sid, token=texts.auth_token)
        host = service.url.removeprefix("http://")
        with (tmp_path / "channels.toml").open("a", encoding="utf-8") as file:
            file.write(
                f"""
                [alerts]
                fallback = ["json://token-s3cret:pass@{host}/200/desk"]
                [alerts.roles]
                operator = ["json://{host}/200/pager", "json://token-s3cret:pass@{host}/403/chat"]
                owner = ["json://{host}/200/to/{{person}}"]
                """
            )
        found = RUN.invoke(build(), ["channels", "test", "--to", "me@example.com"])
        assert found.exit_code == 1
        assert sorted(request.path for request in service.requests) == ["/200/desk", "/200/pager", "/200/to/me@example.com", "/403/chat"]
        said = found.stdout
        assert "email by sendgrid: taken" in said
        assert "alert to operator, address 1 (json): taken" in said
        assert "alert to operator, address 2 (json): FAILED, apprise_403 (operator): refused for good" in said
        assert "  why: The service does not take the token or the address" in said
        assert "  do: Mend it where it stands (the vendor's console, channels.toml" in said
        assert "alert to fallback, address 1 (json): taken" in said
        for secret in ("s3cret", "me@example.com", host):
            assert secret not in said
        without = RUN.invoke(build(), ["channels", "test", "--to", "me@example.com", "--no-alerts"])
        assert (without.exit_code, len(service.requests)) == (0, 4)


async def test_a_failure_says_why_in_our_words_and_in_the_vendors_without_address_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sendgrid_server() as mail, twilio_server() as texts:
        _file(tmp_path, monkeypatch, email=mail.url, sms=texts.url, key=mail.api_key, sid=texts.account_sid, token=texts.auth_token)
        says = "Maximum credits exceeded for me@example.com, key SG.abcdefghijklmnopqrstuv"
        mail.script([answers.reply(401, {"errors": [{"message": says, "field": None}]})])
        number = "+4915123456789"
        texts.opted_out.add(number)
        found = RUN.invoke(build(), ["channels", "test", "--to", "me@example.com", "--to", number])
        assert found.exit_code == 1
        assert "email by sendgrid: FAILED, sendgrid_credits (operator): our account or sender is at fault" in found.stdout
        assert "  why: The plan's credits are used up; SendGrid says so with a 401." in found.stdout
        assert "  sendgrid says: Maximum credits exceeded for (left out) key (left out)" in found.stdout
        assert "sms by twilio: FAILED, twilio_21610 (permanent): refused for good" in found.stdout
        assert "  why: The recipient said STOP. Never retried." in found.stdout
        assert "twilio says: " in found.stdout
        for personal in ("me@example.com", "SG.abc", number, number[1:]):
            assert personal not in found.stdout


async def test_without_a_sender_of_its_own_the_brands_is_taken_as_a_worker_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sendgrid_server() as mail, twilio_server() as texts:
        _file(tmp_path, monkeypatch, email=mail.url, sms=texts.url, key=mail.api_key, sid=texts.account_sid, token=texts.auth_token)
        file = tmp_path / "channels.toml"
        file.write_text(file.read_text(encoding="utf-8").replace('sender = "Shop <care@shop.example>"', ""), encoding="utf-8")
        brands = tmp_path / "brands.toml"
        shop = '[fallback]\nname = "Care"\nphone = "+4930555000"\n[fallback.senders]\nemail = "Care <desk@summit.example>"\n'
        brands.write_text(shop, encoding="utf-8")
        monkeypatch.setenv("MAKEGOOD_BRANDS_FILE", str(brands))
        assert RUN.invoke(build(), ["channels", "test", "--to", "me@example.com"]).exit_code == 0
        assert json.loads(mail.requests[0].body)["from"] == {"email": "desk@summit.example", "name": "Care"}


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
