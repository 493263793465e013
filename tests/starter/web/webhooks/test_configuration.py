"""Secrets from the environment or files; what is missing is named and stays closed."""

import logging
from pathlib import Path

import pytest

from starter.settings import SettingsError, load_settings
from starter.web.webhooks import WebhookSecrets, load_webhook_settings, webhook_faces
from starter.web.webhooks.shops import Shop, Shops
from starter.web.webhooks.stripe_accounts import StripeAccount, addressed
from tests.starter.web.harness import FakeBackends, parts_of
from tests.vendors.sendgrid import event_keys


def test_several_secrets_while_one_is_rotated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{event_keys()[1]}\n{event_keys()[1]}\n", encoding="utf-8")
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", "whsec_aaaaaaaaaaaaaaaa, whsec_bbbbbbbbbbbbbbbb")
    monkeypatch.setenv("MAKEGOOD_SENDGRID_EVENT_KEYS_FILE", str(keys))
    monkeypatch.setenv("MAKEGOOD_TWILIO_ANSWERS_KEYWORDS", "false")
    settings = load_webhook_settings()
    secrets = WebhookSecrets.of(settings)
    assert secrets.stripe == [StripeAccount("stripe", ("whsec_aaaaaaaaaaaaaaaa", "whsec_bbbbbbbbbbbbbbbb"))]
    assert len(secrets.sendgrid_events) == 2
    assert (secrets.sendgrid_inbound, secrets.twilio, settings.twilio_answers_keywords) == ([], [], False)
    assert "whsec" not in repr(settings)


def test_without_a_file_of_brands_the_answers_name_the_shop_that_messages_name() -> None:
    shop = Shops.of_file(load_settings(brands_file=None).brands).of("northwind", None)
    assert (shop.name, bool(shop.reach)) == ("Northwind Outfitters", True)


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRIPE_WEBHOOK_SECRETS", "TWILIO_ANSWERS_KEYWORDS", "TWILIO_AUTH_TOKENS_FILE"):
        monkeypatch.setenv(f"MAKEGOOD_{name}", " ")
    settings = load_webhook_settings()
    secrets = WebhookSecrets.of(settings)
    assert ([one.secrets for one in secrets.stripe], settings.twilio_answers_keywords) == ([()], True)
    assert any(line.startswith("/webhooks/stripe answers 503") for line in secrets.missing())


WRONG = [
    ({"MAKEGOOD_STRIPE_WEBHOOK_SECRETS": "whsec_x"}, "MAKEGOOD_STRIPE_WEBHOOK_SECRETS: one is shorter"),
    ({"MAKEGOOD_SENDGRID_EVENT_KEYS": "bm8ga2V5"}, "MAKEGOOD_SENDGRID_EVENT_KEYS: cannot be read; right would be the verification key"),
    ({"MAKEGOOD_SENDGRID_INBOUND_KEYS": "?"}, "MAKEGOOD_SENDGRID_INBOUND_KEYS: cannot be read"),
    ({"MAKEGOOD_TWILIO_AUTH_TOKENS_FILE": "/no/such/file"}, "MAKEGOOD_TWILIO_AUTH_TOKENS_FILE: cannot be read"),
    ({"MAKEGOOD_TWILIO_AUTH_TOKENS": "t" * 32, "MAKEGOOD_TWILIO_AUTH_TOKENS_FILE": "/x"}, "MAKEGOOD_TWILIO_AUTH_TOKENS: is given twice"),
    ({"MAKEGOOD_TWILIO_ANSWERS_KEYWORDS": "perhaps"}, "MAKEGOOD_TWILIO_ANSWERS_KEYWORDS: "),
]


@pytest.mark.parametrize(("environment", "words"), WRONG)
def test_what_cannot_be_used_is_named_and_never_shown(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as wrong:
        WebhookSecrets.of(load_webhook_settings())
    assert words in str(wrong.value)
    assert not [value for value in environment.values() if len(value) > 2 and "/" not in value and value in str(wrong.value)]


def test_every_closed_endpoint_is_logged_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        webhook_faces(parts_of(FakeBackends()), WebhookSecrets(twilio=["t" * 32]))
    assert [record.getMessage() for record in caplog.records] == [
        "/webhooks/stripe answers 503: MAKEGOOD_STRIPE_WEBHOOK_SECRETS is not set",
        "/webhooks/sendgrid answers 503: MAKEGOOD_SENDGRID_EVENT_KEYS is not set",
        "/webhooks/sendgrid/inbound answers 503: MAKEGOOD_SENDGRID_INBOUND_KEYS is not set",
    ]


def test_in_whose_name_we_answer(tmp_path: Path) -> None:
    shops = Shops.of_file(Path(__file__).parents[4] / "examples" / "brands.toml")
    assert shops.of("northwind", None) == Shop("Northwind Outfitters", "+4930123456")
    assert shops.of("northwind", "summit") == Shop("Summit by Northwind", "help@summit.example")
    assert shops.of("northwind", "other") == Shop("Northwind Outfitters", "+4930123456")
    assert shops.of("elsewhere", None) == Shop("elsewhere", "care@shop.example")
    assert shops.of(None, None) == Shop("Customer care", "care@shop.example")
    broken = tmp_path / "brands.toml"
    broken.write_text("[", encoding="utf-8")
    assert Shops.of_file(broken).of("acme", None) == Shops.of_file(None).of("acme", None) == Shop("acme", None)


EU, US = "whsec_" + "e" * 20, "whsec_" + "u" * 20
TWO = """
[providers.stripe-eu]
kind = "stripe"
webhook_secrets_env = "EU_SECRETS"
[providers.stripe-us]
kind = "stripe"
webhook_secrets_env = "US_SECRETS"
[providers.own-shop]
base_url = "https://shop.example"
"""


def accounts(folder: Path, content: str) -> list[StripeAccount]:
    file = folder / "providers.toml"
    file.write_text(content, encoding="utf-8")
    return WebhookSecrets.of(load_webhook_settings(), file).stripe


def test_each_stripe_account_of_the_providers_file_has_its_own_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "us"
    kept.write_text(f"{US}\n", encoding="utf-8")
    monkeypatch.setenv("EU_SECRETS", f"{EU}, {EU}2")
    monkeypatch.setenv("US_SECRETS_FILE", str(kept))
    assert accounts(tmp_path, TWO) == [StripeAccount("stripe-eu", (EU, f"{EU}2")), StripeAccount("stripe-us", (US,))]


def test_one_account_alone_takes_the_common_secrets_under_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", EU)
    assert accounts(tmp_path, '[providers.payments]\nkind = "stripe"\n') == [StripeAccount("payments", (EU,))]
    assert accounts(tmp_path, '[providers.own-shop]\nbase_url = "https://shop.example"\n') == [StripeAccount("stripe", (EU,))]


def test_connected_accounts_share_the_endpoint_of_their_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", EU)
    sections = [f'[providers.{name}]\nkind = "stripe"\n{more}\n' for name, more in (("own", ""), ("a", 'account = "acct_1"'))]
    own, connected = accounts(tmp_path, "".join(sections))
    assert (own.secrets, connected.secrets, connected.account) == ((EU,), (EU,), "acct_1")
    assert addressed([own, connected], "acct_1") == [connected]
    assert addressed([own, connected], "acct_2") == [own]
    assert addressed([own, connected], None) == [own]
    assert addressed([connected], None) == [connected]  # its own endpoint: events name no account there
    assert addressed([connected], "acct_2") == []


def test_secrets_that_could_be_anybodys_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = '[providers.{0}]\nkind = "stripe"\n'
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", EU)
    with pytest.raises(SettingsError, match=r"several Stripe accounts \(a, b\) and nothing says whose these are") as refused:
        accounts(tmp_path, bare.format("a") + bare.format("b"))
    assert EU not in str(refused.value)
    monkeypatch.setenv("EU_SECRETS", EU)
    monkeypatch.setenv("US_SECRETS", US)
    with pytest.raises(SettingsError, match="leave this one out"):
        accounts(tmp_path, TWO)
    monkeypatch.delenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS")
    monkeypatch.delenv("US_SECRETS")
    with pytest.raises(SettingsError, match=r"providers.stripe-us.webhook_secrets_env: the environment variable US_SECRETS is not set"):
        accounts(tmp_path, TWO)


def test_an_account_without_secrets_beside_one_that_has_some_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EU_SECRETS", EU)
    file = tmp_path / "providers.toml"
    file.write_text(TWO.replace('webhook_secrets_env = "US_SECRETS"\n', ""), encoding="utf-8")
    missing = WebhookSecrets.of(load_webhook_settings(), file).missing()
    assert "/webhooks/stripe takes nothing for stripe-us: its section has no webhook_secrets_env" in missing
    assert not any("/webhooks/stripe answers 503" in line for line in missing)
