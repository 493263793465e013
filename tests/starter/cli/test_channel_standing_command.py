"""`makegood channels status`, `lift` and `retry` over real books."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.case.vocabulary import CaseStatus, Channel
from starter.channels_file import channel_warnings
from starter.cli.app import build
from starter.cli.options import ActingRole, actor
from starter.settings import load_settings
from store.audit import Audit
from store.desk_books import DeskBooks
from store.engine import Store, open_store
from store.inbox import Inbox, InboxEvent, InboxState
from store.parks import ParkBooks
from store.recorder import Recorder
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.starter.cli.runner import Runner
from tests.store.samples import ADMIN, CASE, entry
from tests.store_fixtures import ready_sqlite

RUN, NOW = Runner(), datetime.now(UTC)
SENDER = "help@summit.example"


async def _with(url: str, work: Callable[[Store], Awaitable[Any]]) -> Any:
    store = await open_store(url)
    try:
        return await work(store)
    finally:
        await store.close()


async def _trouble(store: Store) -> None:
    for sender, reason in ((SENDER, "sendgrid_403"), ("", "sendgrid_401")):
        await Recorder(store).park(Channel.EMAIL, "sendgrid", reason, NOW, timedelta(minutes=15), sender)
    await Recorder(store).park(Channel.SMS, "twilio", "twilio_20003", NOW, timedelta(minutes=15))
    await SuppressionBooks(store).suppress(Channel.EMAIL, "ada@example.org", SuppressionReason.SPAM, NOW, "test")
    for number in range(2):
        event = InboxEvent(provider="stripe", event_key=f"e{number}", kind="reading", reference="re_1", payload={"n": 1})
        await Inbox(store).put(event, NOW - timedelta(days=4), InboxState.FAILED, "engine_away")
    await Recorder(store).commit_entry(entry(status=CaseStatus.CLOSED, closed_at=NOW - timedelta(days=1), next_at=None))
    await DeskBooks(store).save_text("t1", CASE, "customer", "And now? Call +4930123456", ADMIN, NOW)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Books in trouble; the URL of their store."""
    file = tmp_path / "channels.toml"
    file.write_text('[channels]\nemail = "sendgrid"\nsms = "twilio"\n[alerts]\nfallback = ["json://127.0.0.1"]\n', encoding="utf-8")
    monkeypatch.setenv("MAKEGOOD_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MAKEGOOD_CHANNELS_FILE", str(file))
    monkeypatch.delenv("MAKEGOOD_PUBLIC_URL", raising=False)
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", "whsec_" + "a" * 32)
    url = ready_sqlite(tmp_path / "makegood.sqlite")
    asyncio.run(_with(url, _trouble))
    return url


def channels(*arguments: str) -> Any:
    return RUN.invoke(build(), ["channels", *arguments])


def test_the_standing_is_told_in_words_and_names_nobody(house: str) -> None:
    answer = channels("status")
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.stdout.split())
    assert "email sendgrid nothing sent 1" in said
    assert "voice not offered" in said
    assert "alerts by apprise" in said
    assert "reports: none came in yet" in said
    assert "PARKED: sms by twilio since" in said
    assert "twilio_20003; NOBODY WAS ALERTED YET; next probe" in said
    assert f"makegood channels lift email --sender {SENDER}" in said
    assert "stripe reading given up engine away 2 4 d ago" in said
    assert f"{CASE}: the customer wrote after its end" in said
    assert "careful: MAKEGOOD_PUBLIC_URL is not set: e-mails by SendGrid carry no links and no List-Unsubscribe" in said
    assert "careful: /webhooks/sendgrid answers 503: MAKEGOOD_SENDGRID_EVENT_KEYS is not set" in said
    assert "/webhooks/stripe" not in said
    assert "ada@" not in said
    assert "+4930" not in said


def test_the_same_as_json(house: str) -> None:
    found = json.loads(channels("status", "--json").stdout)
    assert found["configured"] == {"email": "sendgrid", "sms": "twilio", "voice": None, "alerts": "apprise"}
    assert {(one["channel"], one["sender"], one["reason"]) for one in found["parks"]} == {
        ("email", "", "sendgrid_401"),
        ("email", SENDER, "sendgrid_403"),
        ("sms", "", "twilio_20003"),
    }
    assert [(one["provider"], one["state"], one["problem"], one["number"]) for one in found["webhooks"]] == [
        ("stripe", "failed", "engine_away", 2)
    ]
    assert (found["suppressed"], len(found["late_replies"]), len(found["warnings"])) == ({"email": 1}, 1, 2)


def test_a_park_is_lifted_by_hand_and_the_one_that_is_meant(house: str) -> None:
    unclear = channels("lift", "email")
    assert unclear.exit_code == 1
    assert f'several stand; say which: --provider sendgrid --sender ""; --provider sendgrid --sender "{SENDER}"' in unclear.output
    assert channels("lift", "email", "--sender", SENDER).exit_code == 0
    assert channels("lift", "sms").exit_code == 0
    left = asyncio.run(_with(house, lambda store: ParkBooks(store).standing()))
    assert [(one.channel, one.sender) for one in left] == [(Channel.EMAIL, "")]
    again = channels("lift", "sms")
    assert (again.exit_code, "sms is not parked" in again.output) == (1, True)
    assert channels("lift", "email", "--as", "ana").exit_code == 0
    rows = asyncio.run(_with(house, lambda store: Audit(store).page(act="parks")))[::-1]
    os_user = actor(None, ActingRole.ADMIN, None).who
    assert [(row.act, row.person, row.role, row.detail) for row in rows] == [
        ("parks.lift", who, "admin", {"channel": channel, "provider": provider, "reason": reason, "via": "cli"})
        for who, channel, provider, reason in (
            (os_user, "email", "sendgrid", "sendgrid_403"),
            (os_user, "sms", "twilio", "twilio_20003"),
            ("ana", "email", "sendgrid", "sendgrid_401"),
        )
    ]


def test_what_was_given_up_is_tried_again(house: str) -> None:
    assert "No such webhook was given up" in channels("retry", "--provider", "twilio").stdout
    assert "2 webhooks are tried again." in channels("retry", "--problem", "engine_away").stdout
    rows = asyncio.run(_with(house, lambda store: Inbox(store).rows(states=[InboxState.NEW])))
    assert len(rows) == 2
    assert json.loads(channels("retry", "--json", "--as", "ana").stdout) == {"tried_again": 0}
    found = asyncio.run(_with(house, lambda store: Audit(store).page(act="webhooks.retry")))
    assert [(row.person, row.detail) for row in found[:1]] == [("ana", {"via": "cli"})]
    assert len(found) == 3


@pytest.mark.parametrize(
    ("email", "public_url", "begins"),
    [
        ("sendgrid", None, "MAKEGOOD_PUBLIC_URL is not set"),
        ("sendgrid", "http://127.0.0.1:8400", "MAKEGOOD_PUBLIC_URL is an address of this machine"),
        ("sendgrid", "https://care.example.com", None),
        ("outbox", None, None),
    ],
)
def test_the_operator_is_warned_of_mails_without_a_way_to_unsubscribe(
    tmp_path: Path, email: str, public_url: str | None, begins: str | None
) -> None:
    file = tmp_path / "channels.toml"
    file.write_text(f'[channels]\nemail = "{email}"\n', encoding="utf-8")
    warnings = channel_warnings(load_settings(channels_file=file, public_url=public_url))
    assert [line[: len(begins or "")] for line in warnings] == ([begins] if begins else [])
    assert all("List-Unsubscribe" in line for line in warnings)
