"""What the routes of the web process stand on, handed to them explicitly; and what the skeleton must know of a group of routes.

Owns these two shapes. Must never open or close anything (backends.py does). Every router factory takes `WebParts` and returns a `Face`;
tests build the parts with what they need.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from fastapi import APIRouter
from temporalio.client import Client

from starter.desk import Desk
from starter.settings import Settings
from store.engine import Store
from store.link_tokens import LinkSigner

DEFAULT_BODY_LIMIT = 256 * 1024  # bytes; a long reply with every field of a form is a tenth of it


class Away(Exception):
    """A part that the answer needs is not there now. `part`: store | engine; `retry_after_s`: when asking again makes sense."""

    def __init__(self, part: str, retry_after_s: float) -> None:
        super().__init__(f"{part} is away")
        self.part = part
        self.retry_after_s = retry_after_s


class Backends(Protocol):
    """The store and the engine, which may be away at any moment. Nothing here waits: what is away is said at once."""

    def store(self) -> Store:
        """The open store. Raises Away."""

    def client(self) -> Client:
        """The engine's client. Raises Away."""

    def desk(self) -> Desk:
        """Needs both. Raises Away."""

    async def check(self) -> dict[str, str]:
        """Each part with "ok" or what is wrong with it; bounded in time."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class WebParts:
    """Settings, backends, the signer of links, the clock (aware, UTC)."""

    settings: Settings
    backends: Backends
    links: LinkSigner
    public_url: str  # without a slash at its end
    clock: Callable[[], datetime] = utc_now

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


@dataclass(frozen=True)
class Face:
    """A group of routes. `prefixes` are the beginnings of their paths: middleware decides by them, before any route is looked for."""

    router: APIRouter
    prefixes: tuple[str, ...]
    machine: bool = False  # called by programs, which prove themselves in each call: no cookies, no pages; errors are problem+json
    csrf_exempt: tuple[str, ...] = ()  # beginnings of paths where a POST from elsewhere is meant, although they are pages
    body_limit: int = DEFAULT_BODY_LIMIT  # bytes
    beside: tuple[Callable[[], AbstractAsyncContextManager[None]], ...] = ()  # what runs while the process serves (a drain, a sweep)
