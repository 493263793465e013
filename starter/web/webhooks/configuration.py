"""The secrets under which vendors sign what they send us, from the environment (MAKEGOOD_*) or from files (MAKEGOOD_*_FILE).

Owns their names, their checks and what an operator reads when one is missing. Must never show a secret. Built by the web process at its
start; an endpoint whose secret is missing answers 503 and is never open.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from starter.settings import PREFIX, SettingsError
from starter.web.webhooks.signatures import SendGridKey
from starter.web.webhooks.stripe_accounts import SECRETS_KEY, NamedAccount, StripeAccount, named_accounts, shared_by

_SHORTEST_SECRET = 16  # characters; every vendor's are longer
_LARGEST_FILE = 64 * 1024  # bytes; a handful of keys


class WebhookSettings(BaseSettings):
    """Every secret may be several, separated by commas or blanks: while one is rotated the old and the new one hold."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    stripe_webhook_secrets: SecretStr | None = None  # whsec_..., one for each endpoint; after "roll secret" both for up to 24 h
    stripe_webhook_secrets_file: Path | None = None
    sendgrid_event_keys: SecretStr | None = None  # verification key of the signed event webhook: a public key, base64
    sendgrid_event_keys_file: Path | None = None
    sendgrid_inbound_keys: SecretStr | None = None  # public key of the security policy attached to the parse setting, base64
    sendgrid_inbound_keys_file: Path | None = None
    twilio_auth_tokens: SecretStr | None = None  # primary, and secondary while it is promoted
    twilio_auth_tokens_file: Path | None = None
    # Twilio answers STOP, START and HELP by itself on long codes, toll-free numbers and in messaging services; a bare short code does not.
    twilio_answers_keywords: bool = True
    attachments_dir: Path | None = None  # None: below the state folder

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any, field: ValidationInfo) -> Any:
        empty = isinstance(value, str) and not value.strip()
        return cls.model_fields[str(field.field_name)].default if empty else value

    def stripe_secrets(self) -> list[str]:
        return _checked(self._words("stripe_webhook_secrets"), "STRIPE_WEBHOOK_SECRETS", "the whsec_... of the endpoint")

    def stripe_accounts(self, providers_file: Path | None, environment: Mapping[str, str] | None = None) -> list[StripeAccount]:
        """The Stripe accounts of providers.toml with their secrets; without any in the file, one by the name "stripe"."""
        variables = os.environ if environment is None else environment
        named, common = named_accounts(providers_file), self.stripe_secrets()
        if not named:
            return [StripeAccount(secrets=tuple(common))]
        sharing = {one.provider for one in shared_by(named)} if common else set()
        return [
            StripeAccount(one.provider, tuple(common if one.provider in sharing else _own_secrets(one, variables)), one.account)
            for one in named
        ]

    def twilio_tokens(self) -> list[str]:
        return _checked(self._words("twilio_auth_tokens"), "TWILIO_AUTH_TOKENS", "the auth token of the account")

    def sendgrid_events(self) -> list[SendGridKey]:
        return _keys(self._words("sendgrid_event_keys"), "SENDGRID_EVENT_KEYS")

    def sendgrid_inbound(self) -> list[SendGridKey]:
        return _keys(self._words("sendgrid_inbound_keys"), "SENDGRID_INBOUND_KEYS")

    def _words(self, name: str) -> list[str]:
        given, file = getattr(self, name), getattr(self, f"{name}_file")
        if given is not None and file is not None:
            raise SettingsError(f"{PREFIX}{name.upper()}: is given twice, also as {PREFIX}{name.upper()}_FILE; give one of them")
        text = given.get_secret_value() if given is not None else _read(file, name) if file is not None else ""
        return [word for word in re.split(r"[\s,]+", text) if word]


class WebhookSecrets:
    """The checked secrets; an empty list closes its endpoint. Raises SettingsError."""

    def __init__(
        self,
        *,
        stripe: Sequence[str] = (),
        stripe_accounts: Sequence[StripeAccount] = (),
        sendgrid_events: Sequence[SendGridKey] = (),
        sendgrid_inbound: Sequence[SendGridKey] = (),
        twilio: Sequence[str] = (),
    ) -> None:
        self.stripe = [*stripe_accounts, *([StripeAccount(secrets=tuple(stripe))] if stripe else [])]
        self.sendgrid_events = list(sendgrid_events)
        self.sendgrid_inbound = list(sendgrid_inbound)
        self.twilio = list(twilio)

    @classmethod
    def of(cls, settings: WebhookSettings, providers_file: Path | None = None) -> "WebhookSecrets":
        """`providers_file`: the Stripe accounts that it names are told apart by their secrets."""
        return cls(
            stripe_accounts=settings.stripe_accounts(providers_file),
            sendgrid_events=settings.sendgrid_events(),
            sendgrid_inbound=settings.sendgrid_inbound(),
            twilio=settings.twilio_tokens(),
        )

    def missing(self) -> list[str]:
        """One line for each closed endpoint: what is closed and what would open it."""
        endpoints: dict[str, tuple[str, Sequence[object]]] = {
            "/webhooks/stripe": ("STRIPE_WEBHOOK_SECRETS", [one for one in self.stripe if one.secrets]),
            "/webhooks/sendgrid": ("SENDGRID_EVENT_KEYS", self.sendgrid_events),
            "/webhooks/sendgrid/inbound": ("SENDGRID_INBOUND_KEYS", self.sendgrid_inbound),
            "/webhooks/twilio/status and /webhooks/twilio/inbound": ("TWILIO_AUTH_TOKENS", self.twilio),
        }
        closed = [f"{path} answers 503: {PREFIX}{name} is not set" for path, (name, secrets) in endpoints.items() if not secrets]
        silent = [one.provider for one in self.stripe if not one.secrets] if any(one.secrets for one in self.stripe) else []
        return closed + [f"/webhooks/stripe takes nothing for {name}: its section has no {SECRETS_KEY}" for name in silent]


def load_webhook_settings(**overrides: Any) -> WebhookSettings:
    """Read the environment and .env. Raises SettingsError."""
    try:
        return WebhookSettings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None


def _own_secrets(account: NamedAccount, environment: Mapping[str, str]) -> list[str]:
    name = account.secrets_env
    if name is None:
        return []
    given, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "").strip()
    if given and file:
        raise SettingsError(f"{name} and {name}_FILE are both set; right would be one of them")
    text = _content(Path(file), f"{name}_FILE") if file else given
    secrets = [word for word in re.split(r"[\s,]+", text) if word]
    if not secrets:
        where = f"providers.{account.provider}.{SECRETS_KEY}"
        raise SettingsError(f"{where}: the environment variable {name} is not set (nor {name}_FILE)")
    if any(len(secret) < _SHORTEST_SECRET for secret in secrets):
        raise SettingsError(f"{name}: one is shorter than {_SHORTEST_SECRET} characters; right would be the whsec_... of the endpoint")
    return secrets


def _checked(secrets: list[str], name: str, right: str) -> list[str]:
    if any(len(secret) < _SHORTEST_SECRET for secret in secrets):
        raise SettingsError(f"{PREFIX}{name}: one is shorter than {_SHORTEST_SECRET} characters; right would be {right}")
    return secrets


def _keys(words: list[str], name: str) -> list[SendGridKey]:
    try:
        return [SendGridKey(word) for word in words]
    except ValueError:
        right = "the verification key that SendGrid shows: the base64 of a P-256 public key, on one line"
        raise SettingsError(f"{PREFIX}{name}: cannot be read; right would be {right}") from None


def _read(path: Path, name: str) -> str:
    return _content(path, f"{PREFIX}{name.upper()}_FILE")


def _content(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LARGEST_FILE)
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{name}: cannot be read ({said})") from None
