"""The form of channels.toml: which adapter serves which channel, from whom, through which address, with whose credentials.

Owns the models, their limits and the errors, which name the file and the key. Must never hold a secret: the file names environment
variables, credentials.py reads them. Read by channels.py and by the adapters.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from activities.adapters.toml_file import load
from policies.case.vocabulary import Channel
from policies.contract import Code, Strict

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# 10 s in all (house.md): both vendors answer within a second, and a message activity's lease of 15 s must outlive the slowest call with
# its two commits. Not above 12 s for the same reason.
TIMEOUT_S = 10.0
_LONGEST_TIMEOUT_S = 12.0
# Of the total, what one step on the socket may take: a connection that does not come is then told as "not sent" before the total is over.
_STEP = 0.8


class ChannelsFileInvalid(ValueError):
    """channels.toml cannot be used; the message names the file, the key and what would be right."""


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError('it must be an absolute address without credentials and query, for example "https://care.shop.example"')
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Target = Annotated[str, StringConstraints(min_length=3, max_length=2000)]


class _Account(Strict):
    base_url: Address
    timeout_s: float = Field(default=TIMEOUT_S, gt=0, le=_LONGEST_TIMEOUT_S)
    plain_http: bool = False  # http:// beyond this machine would show credentials and customers to the network: say so explicitly

    @property
    def step_timeout_s(self) -> float:
        """What the SDK is given: seconds for each step on the socket."""
        return self.timeout_s * _STEP

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if not _safe(self.base_url) and not self.plain_http:
            raise ValueError("base_url: http:// sends the credentials unprotected; use https://, or say plain_http = true")
        return self


class SendGridConfig(_Account):
    """The account for e-mail."""

    base_url: Address = "https://api.sendgrid.com"  # https://api.eu.sendgrid.com for an EU subuser
    api_key_env: Variable = "SENDGRID_API_KEY"
    sender: str | None = Field(default=None, min_length=3, max_length=320)  # From of every message; without it the brand's own
    reply_to: str | None = Field(default=None, min_length=3, max_length=320)  # where the message brings no Reply-To of its own


class SmsConfig(Strict):
    """How text messages leave: through a Messaging Service, from one number, or from the brand's own."""

    messaging_service_sid: str | None = Field(default=None, pattern=r"^MG[0-9a-fA-F]{32}$")
    sender: str | None = Field(default=None, min_length=1, max_length=20)
    # 6 segments are 918 characters of GSM-7 or 402 of UCS-2: more is no text message any more, and every segment is billed.
    max_segments: int = Field(default=6, ge=1, le=10)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.messaging_service_sid and self.sender:
            raise ValueError("messaging_service_sid and sender exclude each other: a Messaging Service chooses the number")
        return self


class VoiceConfig(Strict):
    """How calls are made. `voices`: Twilio's name of a voice by language, for example de = "Polly.Vicki-Neural"."""

    sender: str | None = Field(default=None, min_length=1, max_length=20)
    voices: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,60}$")]] = Field(default_factory=dict)


class TwilioConfig(_Account):
    """The account for text messages and calls. An API key, if named, is used instead of the auth token."""

    base_url: Address = "https://api.twilio.com"  # https://api.dublin.ie1.twilio.com keeps processing in Ireland
    account_sid_env: Variable = "TWILIO_ACCOUNT_SID"
    auth_token_env: Variable = "TWILIO_AUTH_TOKEN"
    api_key_sid_env: Variable | None = None
    api_key_secret_env: Variable | None = None
    sms: SmsConfig = Field(default_factory=SmsConfig)
    voice: VoiceConfig = Field(default_factory=VoiceConfig)

    @model_validator(mode="after")
    def _whole_key(self) -> Self:
        if (self.api_key_sid_env is None) != (self.api_key_secret_env is None):
            raise ValueError("api_key_sid_env and api_key_secret_env belong together: give both or none")
        return self


class Serving(Strict):
    """Which adapter serves a channel. One that is not named is not offered: its messages go to the customer's next channel."""

    email: Literal["sendgrid", "outbox"] | None = None
    sms: Literal["twilio", "outbox"] | None = None
    voice: Literal["twilio", "outbox"] | None = None

    def adapters(self) -> Mapping[Channel, str]:
        named = {Channel.EMAIL: self.email, Channel.SMS: self.sms, Channel.VOICE: self.voice}
        return {channel: adapter for channel, adapter in named.items() if adapter is not None}


class AlertsConfig(Strict):
    """Where alerts go, as addresses of apprise by role. `fallback` is told when a role has none."""

    fallback: list[Target] = Field(min_length=1)
    roles: dict[Code, list[Target]] = Field(default_factory=dict)


class ChannelsConfig(Strict):
    """The file."""

    # Where vendors reach our web process, if MAKEGOOD_PUBLIC_URL does not say it. Without either no status callback is asked for.
    public_url: Address | None = None
    channels: Serving
    sendgrid: SendGridConfig = Field(default_factory=SendGridConfig)
    twilio: TwilioConfig = Field(default_factory=TwilioConfig)
    alerts: AlertsConfig | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.public_url is not None:
            if not _safe(self.public_url):
                raise ValueError("public_url: vendors send customers' numbers there; use https://")
            if "_" in (urlsplit(self.public_url).hostname or ""):
                raise ValueError("public_url: Twilio refuses host names with an underscore")
        return self

    @property
    def callback_base(self) -> str | None:
        """What Twilio is told as our address: not one of this machine, which Twilio refuses (21609) and so would park the channel."""
        if self.public_url is None or (_local(self.public_url) and not _local(self.twilio.base_url)):
            return None
        return self.public_url


def load_config(path: Path) -> ChannelsConfig:
    """Read channels.toml. Raises ChannelsFileInvalid."""
    return load(path, ChannelsConfig, ChannelsFileInvalid)


def _safe(address: str) -> bool:
    return urlsplit(address).scheme == "https" or _local(address)


def _local(address: str) -> bool:
    return urlsplit(address).hostname in _LOOPBACK
