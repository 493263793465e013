"""The Stripe accounts that providers.toml names (kind = "stripe"), as webhooks must know them: each has a name by which cases know it, its
own signing secrets, and maybe an account of Stripe Connect.

Owns this small view of that file, whose form the providers' adapter owns and checks when a worker starts, and to whom a verified event
belongs. Must never read a key of the API or show a secret. Called by configuration.py and by the endpoint.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.providers.stripe_objects import PROVIDER
from starter.settings import PREFIX, SettingsError

SECRETS_KEY = "webhook_secrets_env"  # of a section: the variable that holds its secrets


@dataclass(frozen=True)
class StripeAccount:
    """`provider`: the name that cases know it by. `account`: acct_..., of a connected account. No secrets: its events are refused."""

    provider: str = PROVIDER
    secrets: tuple[str, ...] = ()
    account: str | None = None


@dataclass(frozen=True)
class NamedAccount:
    """A section of the file: `secrets_env` names the variable with its secrets; None: the ones of all (STRIPE_WEBHOOK_SECRETS)."""

    provider: str
    account: str | None = None
    secrets_env: str | None = None


def named_accounts(path: Path | None) -> list[NamedAccount]:
    """Those of the file; none if there is no file. Raises SettingsError."""
    if path is None:
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SettingsError(f"{PREFIX}PROVIDERS_FILE: cannot be read as TOML; webhooks need the names of its Stripe accounts") from None
    providers = content.get("providers")
    sections: dict[str, Any] = providers if isinstance(providers, dict) else {}
    return [
        NamedAccount(name, _text(section.get("account")), _text(section.get(SECRETS_KEY)))
        for name, section in sections.items()
        if isinstance(section, dict) and section.get("kind") == "stripe"
    ]


def shared_by(named: Sequence[NamedAccount]) -> list[NamedAccount]:
    """Whose the secrets of STRIPE_WEBHOOK_SECRETS are: those without any of their own. Raises SettingsError if that is not clear.

    Several may share them only where Stripe says for which account an event is: an endpoint of a platform with connected accounts.
    """
    sharing = [one for one in named if one.secrets_env is None]
    if len({one.account for one in sharing}) < len(sharing):
        names = ", ".join(one.provider for one in sharing)
        raise SettingsError(
            f"{PREFIX}STRIPE_WEBHOOK_SECRETS: providers.toml has several Stripe accounts ({names}) and nothing says whose these are; "
            f'right would be {SECRETS_KEY} = "NAME" in each section, the variable with the whsec_... of its own endpoint'
        )
    if named and not sharing:
        raise SettingsError(
            f"{PREFIX}STRIPE_WEBHOOK_SECRETS: every Stripe account of providers.toml has a {SECRETS_KEY} of its own; leave this one out"
        )
    return sharing or [NamedAccount(PROVIDER)]


def addressed(verified: Sequence[StripeAccount], account: object) -> list[StripeAccount]:
    """Of the accounts whose secret fits an event those that it is for. `account`: the connected account that the event names."""
    exact = [one for one in verified if one.account == account]  # both None: of the account that the endpoint belongs to
    if exact or account is not None:
        return exact or [one for one in verified if one.account is None]
    return list(verified)  # an endpoint of the connected account's own: there an event names no account


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
