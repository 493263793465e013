"""How one Stripe account is asked for refunds and disputes: its section of providers.toml (kind = "stripe").

Owns the form. Must never hold a key in the file: the file names an environment variable, the loader reads it. Read by http_json_config,
used by stripe_status.
"""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from policies.contract import Strict

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class StripeConfig(Strict):
    kind: Literal["stripe"]
    api_key_env: str = Field(default="STRIPE_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    api_key: SecretStr  # filled by the loader, refused in the file
    # The variable with the whsec_... under which this account signs webhooks; read by the web process (web/webhooks/stripe_accounts.py).
    webhook_secrets_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    account: str | None = Field(default=None, pattern=r"^acct_[A-Za-z0-9]+$")  # a connected account (Stripe Connect)
    base_url: str = "https://api.stripe.com"
    # Stripe answers reads within a second; 10 s are far below the lease of one watch attempt, 3 s enough for any handshake that comes.
    connect_timeout_s: float = Field(default=3.0, gt=0, le=30)
    total_timeout_s: float = Field(default=10.0, gt=0, le=60)
    plain_http: bool = False  # http:// beyond this machine would show the key to the network: say so explicitly

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError('it must be an absolute address without a path, for example "https://api.stripe.com"')
        return value.rstrip("/")

    @model_validator(mode="after")
    def _protected(self) -> Self:
        parts = urlsplit(self.base_url)
        if parts.scheme == "http" and not self.on_this_machine and not self.plain_http:
            raise ValueError("base_url: http:// sends the key unprotected; use https://, or say plain_http = true")
        return self

    @property
    def on_this_machine(self) -> bool:
        return urlsplit(self.base_url).hostname in _LOOPBACK
