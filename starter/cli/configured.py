"""What a stack can watch and where its messages go, told at its start and not only by the first alert.

Owns these lines. Must never judge the files: the worker does, and says so itself. Called by `makegood up`.
"""

import tomllib
from pathlib import Path

from starter.settings import DEMO_PROVIDERS, ROOT, Settings

_EXAMPLE = "examples/providers.toml"


def told(settings: Settings, *, simulator: bool) -> list[str]:
    """One line for providers, one for channels."""
    channels = (
        "Channels: none (MAKEGOOD_CHANNELS_FILE is not set); every message ends in the outbox: `makegood outbox`"
        if settings.channels_file is None
        else f"Channels: as {settings.channels_file} says"
    )
    return [_providers(settings.providers_file, simulator=simulator), channels]


def _providers(file: Path | None, *, simulator: bool) -> str:
    if file is not None:
        return f"Providers: {_names(file) or 'none'}, as {file} says"
    if simulator:
        return f"Providers: {_names(DEMO_PROVIDERS)}, all simulated ({DEMO_PROVIDERS.relative_to(ROOT)})"
    return (
        "Providers: none. Cases can be opened, but no payment and no parcel is watched, and people are alerted of each, until "
        f"MAKEGOOD_PROVIDERS_FILE names a file such as {_EXAMPLE}; to try it out start with --simulator"
    )


def _names(file: Path) -> str:
    try:
        providers = tomllib.loads(file.read_text(encoding="utf-8")).get("providers")
    except (OSError, ValueError):  # the worker refuses it with file, line and what would be right
        return "unknown"
    return ", ".join(sorted(providers)) if isinstance(providers, dict) else ""
