"""How a payment provider's or carrier's JSON API is read: the models and the loader of providers.toml.

Owns the form of that file and the check that every translated word is one of ours. Must never hold a secret: values
come from the environment by ${NAME}. A provider with a package of its own has another form (kind = "stripe": stripe_config).
Called by worker.py at start; read by http_json.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from activities.adapters.credentials import SecretMissing, secret
from activities.adapters.stripe_config import StripeConfig
from activities.adapters.toml_file import load, refusals
from policies.contract import Code, Strict
from policies.providers.statuses import STATUSES, DisputeStage, TargetType

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ProvidersFileInvalid(ValueError):
    """providers.toml cannot be used; the message names the file, the key and what would be right."""


class FieldPaths(Strict):
    """Where a field stands in the answer: keys joined by dots; a number picks from a list ("events.0.code")."""

    status: str
    occurred_at: str | None = None
    trace: str | None = None
    failure: str | None = None
    reversal: str | None = None
    due_by: str | None = None
    stage: str | None = None
    replaced_by: str | None = None
    eta: str | None = None


class TargetConfig(Strict):
    """How one type of reference is asked for at one provider."""

    path: str = Field(pattern=r"^/")
    fields: FieldPaths
    statuses: dict[str, str] = Field(min_length=1)  # vendor's word -> ours
    failures: dict[str, Code] = Field(default_factory=dict)  # vendor's code -> ours; what is not listed is "unknown"
    stages: dict[str, DisputeStage] = Field(default_factory=dict)
    reversal_words: list[str] = Field(default_factory=list)  # words that mean yes, beside JSON's true
    epoch: Literal["s", "ms"] = "s"  # the unit of moments that are given as numbers

    @field_validator("path")
    @classmethod
    def _one_reference(cls, value: str) -> str:
        if value.count("{reference}") != 1 or re.sub(r"\{reference\}", "", value).count("{"):
            raise ValueError('it must hold {reference} exactly once and no other braces, for example "/refunds/{reference}"')
        return value


class ProviderConfig(Strict):
    """One provider: where it stands, how we prove who we are, how long we wait, and what we ask it."""

    kind: Literal["http_json"] = "http_json"
    base_url: str
    headers: dict[str, str] = Field(default_factory=dict)
    # 3 s: a handshake that takes longer will not come; 8 s in all: far below the lease of one watch attempt.
    connect_timeout_s: float = Field(default=3.0, gt=0, le=30)
    total_timeout_s: float = Field(default=8.0, gt=0, le=60)
    plain_http: bool = False  # http:// beyond this machine would show the credentials to the network: say so explicitly
    refund: TargetConfig | None = None
    dispute: TargetConfig | None = None
    delivery: TargetConfig | None = None

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError('it must be an absolute address without query, for example "https://api.example.com/v1"')
        return value.rstrip("/")

    @field_validator("headers")
    @classmethod
    def _printable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, content in value.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not content.isascii() or not content.isprintable():
                raise ValueError(f"header {name}: names are letters, digits and hyphens, values printable ASCII in one line")
        return value

    @model_validator(mode="after")
    def _safe_and_useful(self) -> Self:
        parts = urlsplit(self.base_url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.plain_http:
            raise ValueError("base_url: http:// sends credentials unprotected; use https://, or say plain_http = true")
        if not any(self.target(type_) for type_ in TargetType):
            raise ValueError("nothing to ask for; give at least one of refund, dispute, delivery")
        for type_ in TargetType:
            target = self.target(type_)
            for vendor, ours in target.statuses.items() if target else ():
                words = [word for word in STATUSES[type_] if word != "unknown"]  # unknown is "never read", no reading
                if ours not in words:
                    known = ", ".join(words)
                    raise ValueError(f'{type_}.statuses.{vendor}: "{ours}" is none of our words; right would be one of {known}')
        return self

    def target(self, type_: TargetType) -> TargetConfig | None:
        return {TargetType.REFUND: self.refund, TargetType.DISPUTE: self.dispute, TargetType.DELIVERY: self.delivery}[type_]


class _ProvidersFile(Strict):
    providers: dict[str, ProviderConfig] = Field(default_factory=dict)


def load_providers(path: Path, environment: Mapping[str, str] | None = None) -> dict[str, ProviderConfig | StripeConfig]:
    """Read providers.toml, fill in what stands in the environment, check every word. Raises ProvidersFileInvalid."""
    variables = os.environ if environment is None else environment
    stripe: dict[str, StripeConfig] = {}

    def prepare(content: dict[str, Any]) -> None:
        _check_names(content)
        stripe.update(_taken_out(content, variables))
        _fill_variables(content, variables)

    read = load(path, _ProvidersFile, ProvidersFileInvalid, prepare).providers
    if not read and not stripe:
        raise ProvidersFileInvalid(f"{path}: providers: it names none; right would be at least one, as in examples/providers.toml")
    return {**read, **stripe}


def _check_names(content: dict[str, Any]) -> None:
    providers = content.get("providers")
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        if not _NAME.match(name):
            raise ValueError(f'"{name}": a provider is named in lower case, for example stripe or acme-post')
        if isinstance(provider, dict) and provider.get("kind", "http_json") not in ("http_json", "stripe"):
            raise ValueError(f'providers.{name}.kind: right would be "http_json" (or nothing) or "stripe"')


def _taken_out(content: dict[str, Any], environment: Mapping[str, str]) -> dict[str, StripeConfig]:
    """The providers of kind "stripe", with their keys from the environment; `content` keeps the others."""
    found: dict[str, StripeConfig] = {}
    providers = content.get("providers")
    if not isinstance(providers, dict):
        return found
    for name, provider in list(providers.items()):
        if not isinstance(provider, dict) or provider.get("kind") != "stripe":
            continue
        if "api_key" in provider:
            raise ValueError(
                f"providers.{name}.api_key: a key never stands in this file; right would be api_key_env, the variable it is in"
            )
        given = str(provider.get("api_key_env", StripeConfig.model_fields["api_key_env"].default))
        try:
            found[name] = StripeConfig.model_validate({**provider, "api_key": secret(given, environment)})
        except SecretMissing as error:
            raise ValueError(f"providers.{name}.api_key_env: {error}") from None
        except ValidationError as error:
            raise ValueError("; ".join(f"providers.{name}.{line}" for line in refusals(error))) from None
        del providers[name]
    return found


def _fill_variables(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Only addresses and headers may hold variables: mappings and paths are the same on every machine."""
    providers = content.get("providers")
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        if not isinstance(provider, dict):
            continue
        if isinstance(provider.get("base_url"), str):
            provider["base_url"] = _filled(provider["base_url"], f"providers.{name}.base_url", environment)
        headers = provider.get("headers")
        if not isinstance(headers, dict):
            continue
        for header, value in headers.items():
            if isinstance(value, str):
                headers[header] = _filled(value, f"providers.{name}.headers.{header}", environment)


def _filled(text: str, key: str, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1])
        if not found:
            raise ValueError(f"{key}: the environment variable {match[1] or '(no name)'} is not set")
        return found

    return _VARIABLE.sub(value, text)
