"""What the command line and the web process must know of channels.toml: which adapter serves which channel; and what is missing beside it.

Owns this small view, and the warnings about settings that fit together badly. Must never check the file, whose form the channels' adapter
owns: a worker refuses a wrong one at its start, and `makegood channels test --dry-run` says what is wrong. Called by the command line, the
web process and, for its warnings, worker.py.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from policies.case.vocabulary import Channel
from starter.settings import PREFIX, Settings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OUTBOX = "outbox"


@dataclass(frozen=True)
class ChannelsFile:
    """`served`: adapter by channel; a channel that is not named is not offered. `alerts`: "apprise" or "outbox"."""

    served: dict[Channel, str] = field(default_factory=lambda: dict.fromkeys(Channel, _OUTBOX))
    alerts: str = _OUTBOX
    public_url: str | None = None
    twilio_api: str | None = None  # another region's
    readable: bool = True

    @classmethod
    def of(cls, path: Path | None) -> "ChannelsFile":
        """None: without a file everything ends in the outbox."""
        if path is None:
            return cls()
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return cls(served={}, readable=False)
        named = content.get("channels")
        given: dict[str, Any] = named if isinstance(named, dict) else {}
        served = {channel: str(given[channel.value]) for channel in Channel if given.get(channel.value)}
        url = content.get("public_url")
        twilio = content.get("twilio")
        api = twilio.get("base_url") if isinstance(twilio, dict) else None
        return cls(
            served=served,
            alerts="apprise" if content.get("alerts") else _OUTBOX,
            public_url=url if isinstance(url, str) else None,
            twilio_api=api.rstrip("/") if isinstance(api, str) else None,
        )

    def channels_of(self, adapter: str) -> list[Channel]:
        return [channel for channel, served_by in self.served.items() if served_by == adapter]


def channel_warnings(settings: Settings, file: ChannelsFile | None = None) -> list[str]:
    """What works worse than its operator may think, a line each: what is missing and what would be right."""
    known = ChannelsFile.of(settings.channels_file) if file is None else file
    found = []
    right = f"right would be {PREFIX}PUBLIC_URL=https://... where the web process is reached from outside"
    if known.channels_of("sendgrid"):
        unsubscribe = "no List-Unsubscribe header, which the large mailbox providers expect of senders (RFC 8058)"
        if settings.public_url is None:
            found.append(f"{PREFIX}PUBLIC_URL is not set: e-mails by SendGrid carry no links and {unsubscribe}; {right}")
        elif not settings.public_url.startswith("https://") or _local(settings.public_url):
            found.append(
                f"{PREFIX}PUBLIC_URL is an address of this machine: links and List-Unsubscribe in e-mails by SendGrid lead nowhere; {right}"
            )
    told = settings.public_url or known.public_url
    if known.channels_of("twilio") and (told is None or _local(told)):
        found.append(f"Twilio is asked for no reports: it is told no public address, so nobody hears what did not arrive; {right}")
    if not known.readable:
        found.append(f"{PREFIX}CHANNELS_FILE cannot be read as TOML: a worker refuses to start with it")
    return found


def _local(address: str) -> bool:
    return urlsplit(address).hostname in _LOOPBACK
