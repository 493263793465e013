"""Settings of every process of ours, from the environment (MAKEGOOD_*) and an optional .env.

Owns names, defaults and checks of what an operator may set. Must never hold how Temporal is reached (Temporal's own
TEMPORAL_* and temporal.toml do; see connection.py) nor secrets of providers (${NAME} in providers.toml), and never show a secret of
ours. Called by the CLI, worker.py and the embedded stack.
"""

import difflib
import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "MAKEGOOD_"
ROOT = Path(__file__).resolve().parents[1]
BOOKS = ROOT / "policies" / "books"
DEMO_PROVIDERS = ROOT / "examples" / "providers-demo.toml"

_NO_SETTINGS = frozenset({"MAKEGOOD_SIMULATOR_URL"})  # set by the embedded stack for providers-demo.toml


class SettingsError(ValueError):
    """A setting cannot be used; the message names the variable and what would be right."""


class Settings(BaseSettings):
    """What an operator may set. Make it with `load_settings()`, which turns errors into plain words."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        hide_input_in_errors=True,
        frozen=True,
    )

    state_dir: Path = Path("var")
    store_url: str | None = None  # None: SQLite in the state folder
    identity_key: SecretStr | None = None  # under which customers are hashed; None: a file of its own beside SQLite's (identity_key.py)
    identity_key_file: Path | None = None
    identity_keys_lost: Annotated[list[str], NoDecode] = Field(default_factory=list)  # fingerprints of keys that are given up knowingly
    policy_book: str = Field(default="retail", pattern=r"^[a-z][a-z0-9_-]*$")  # a shipped book by its name ...
    policy_books: Annotated[list[Path], NoDecode] = Field(default_factory=list)  # ... or files of your own, in order
    providers_file: Path | None = None
    directory_file: Path | None = None
    channels_file: Path | None = None  # e-mail, SMS, voice and alerts; None: everything ends in the outbox
    reply_mailbox: str | None = Field(default=None, pattern=r"^[^@\s+]{1,21}@[^@\s]+$")  # its mail comes back to us (inbound parse)
    brands_file: Path | None = None
    templates_dir: Path | None = None  # shops' own texts over ours (docs/templates.md)

    # Where customers and providers reach the web process: signed links and Twilio's signatures are made of it, never of a Host header.
    public_url: str | None = None
    link_keys: SecretStr | None = None  # newest first, separated by commas; None: a file beside SQLite's (link_keys.py)
    link_keys_file: Path | None = None
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8400, ge=0, le=65535)
    web_trusted_proxies: Annotated[list[str], NoDecode] = Field(default_factory=list)  # addresses or networks whose X-Forwarded-* count
    temporal_ui_url: str | None = None  # Temporal's web UI, for links from the console's page of a case; None: no links
    web_openapi: bool = False  # /openapi.json is for integrators, not for everybody

    metrics_bind: str | None = Field(default=None, pattern=r"^[^\s:]+:[0-9]{1,5}$|^\[[0-9a-fA-F:]+\]:[0-9]{1,5}$")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False
    ready_file: Path | None = None  # touched by the worker once it polls
    temporal_binary: Path | None = None  # None: `temporal` beside this Python, then on the PATH

    # A sleeping cached case costs about 120 KB: 200 are 25 MB, and what is evicted is replayed from its history.
    max_cached_workflows: int = Field(default=200, ge=0, le=100_000)
    # Workflow tasks are CPU-bound under the GIL: more slots than this only make each slower.
    workflow_slots: int = Field(default=8, ge=2, le=200)
    # Activities wait for I/O; the books' slots are bounded by the store's connection pool.
    books_slots: int = Field(default=16, ge=1, le=1_000)
    messages_slots: int = Field(default=16, ge=1, le=1_000)
    providers_slots: int = Field(default=32, ge=1, le=1_000)
    # Per task queue over all workers. 20 a second is far below the limits of mail, SMS and payment APIs.
    messages_per_second: float = Field(default=20.0, gt=0, le=10_000)
    provider_checks_per_second: float = Field(default=20.0, gt=0, le=10_000)
    # Longer than any one call to a channel (8 s) with its two commits; containers must wait longer before they kill.
    graceful_shutdown_s: float = Field(default=30.0, ge=0, le=600)

    @field_validator("policy_books", "identity_keys_lost", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return [part.strip() for part in value.replace(os.pathsep, ",").split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator(
        "store_url",
        "identity_key",
        "identity_key_file",
        "public_url",
        "temporal_ui_url",
        "link_keys",
        "link_keys_file",
        "metrics_bind",
        "providers_file",
        "directory_file",
        "channels_file",
        "reply_mailbox",
        "brands_file",
        "templates_dir",
        "ready_file",
        "temporal_binary",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("state_dir", "ready_file", "temporal_binary")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value is not None else None

    @field_validator("identity_key_file", "link_keys_file", "providers_file", "directory_file", "channels_file", "brands_file")
    @classmethod
    def _existing_file(cls, value: Path | None) -> Path | None:
        return _existing(value) if value is not None else None

    @field_validator("templates_dir")
    @classmethod
    def _existing_folder(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        folder = value.expanduser().absolute()
        if not folder.is_dir():
            raise ValueError(f"there is no folder {value}")
        return folder

    @field_validator("policy_books")
    @classmethod
    def _existing_books(cls, value: list[Path]) -> list[Path]:
        return [_existing(path) for path in value]

    @field_validator("store_url")
    @classmethod
    def _one_of_ours(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("sqlite:", "sqlite+", "postgres")):
            raise ValueError("right would be sqlite:///path or postgresql://user@host/database")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise ValueError('right would be an absolute address without query, for example "https://care.example.com"')
        if parts.path.strip("/"):
            raise ValueError("right would be an address without a path: the web process stands at the root of its host")
        if parts.scheme == "http" and not local:
            raise ValueError("http:// would show links, which are keys, to the network; right would be https://")
        return value.rstrip("/")

    @field_validator("temporal_ui_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise ValueError('right would be an absolute address without query, for example "http://127.0.0.1:8233"')
        return value.rstrip("/")

    @field_validator("web_trusted_proxies", mode="before")
    @classmethod
    def _by_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("web_trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for network in value:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError(f'"{network}": right would be addresses or networks, for example 10.0.0.0/8') from None
        return value

    @property
    def database_url(self) -> str:
        """Where the books are: store_url, or SQLite in the state folder."""
        return self.store_url or f"sqlite:///{self.state_dir / 'makegood.sqlite'}"

    @property
    def policy_book_files(self) -> list[Path]:
        """The policy books to load, in order. Raises SettingsError if the shipped book does not exist."""
        if self.policy_books:
            return list(self.policy_books)
        path = BOOKS / f"{self.policy_book}.toml"
        if not path.is_file():
            shipped = ", ".join(sorted(book.stem for book in BOOKS.glob("*.toml"))) or "none"
            raise SettingsError(f'{PREFIX}POLICY_BOOK: no book "{self.policy_book}" is shipped; there are: {shipped}')
        return [path]

    @property
    def brands(self) -> Path:
        """The shops' names, senders and tones: the file that is set, else the shipped example. The same for messages, pages, webhooks."""
        return self.brands_file or ROOT / "examples" / "brands.toml"

    def environment(self) -> dict[str, str]:
        """These settings as variables, so that a child process is set exactly like this one."""
        variables = {}
        for name, value in self.model_dump(exclude_none=True).items():
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            variables[PREFIX + name.upper()] = ",".join(str(part) for part in value) if isinstance(value, list) else str(value)
        return variables


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and .env; what is given here (command-line options) wins. Raises SettingsError."""
    _refuse_near_misses(os.environ)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(detail) for detail in error.errors(include_url=False, include_input=False))) from None


def _line(detail: Any) -> str:
    name = str(detail["loc"][0]).upper() if detail["loc"] else "settings"
    return f"{PREFIX}{name.removeprefix(PREFIX)}: {detail['msg'].removeprefix('Value error, ')}"


def _existing(path: Path) -> Path:
    absolute = path.expanduser().absolute()
    if not absolute.is_file():
        raise ValueError(f"there is no file {path}")
    return absolute


def _refuse_near_misses(environment: Mapping[str, str]) -> None:
    """A misspelt variable would be ignored in silence. Only near misses: others may be secrets for providers.toml."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _NO_SETTINGS
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            meant = difflib.get_close_matches(name, known, n=1, cutoff=0.92)
            if meant:
                raise SettingsError(f"{name}: no such setting; did you mean {meant[0]}?")
