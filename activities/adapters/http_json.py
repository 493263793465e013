"""Reads refunds, disputes and parcels from any JSON API over HTTP, by configuration.

Owns one HTTP exchange and the translation of the vendor's words into ours, and the way from a provider's name to whoever reads it.
Must never log or raise an address, a reference, a header or a body: only codes. Built by worker.py (one per process), called by the
watch activity through StatusPort.
"""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2

from activities.adapters.http_json_config import ProviderConfig, TargetConfig
from activities.adapters.http_json_fields import Answer, Unreadable
from activities.adapters.retry_after import seconds_to_wait
from activities.adapters.stripe_config import StripeConfig
from activities.ports import ProviderMisconfigured, ProviderUnavailable, StatusPort
from policies.case.plans import Reading
from policies.providers.statuses import IN_PROGRESS, TargetType

MAX_ANSWER_BYTES = 1024 * 1024  # a status is a few kilobytes; more than 1 MiB is the wrong address or an attack
_BUSY_STATUS = frozenset({408, 425, 429})
_CODE = re.compile(r"^[A-Za-z0-9_.:-]{1,60}$")
_REMEMBERED_WORDS = 200  # a provider that invents words must not grow our memory
_NO_PROXY_FOR_THIS_MACHINE = {"all://127.0.0.1": None, "all://localhost": None}

logger = logging.getLogger(__name__)
# The client logs every URL (and the references in it) at INFO, its transport at DEBUG.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificate authorities, read once per process: a client that reads them for itself takes 15 ms of a core for it."""
    return httpx2.create_ssl_context()


class ProvidersAdapter:
    """StatusPort: routes a provider's name to its configuration. Close it with `async with` or `aclose()`."""

    def __init__(self, providers: Mapping[str, ProviderConfig | StripeConfig]) -> None:
        self._providers = {name: config for name, config in providers.items() if isinstance(config, ProviderConfig)}
        self._others = _with_packages({name: config for name, config in providers.items() if isinstance(config, StripeConfig)})
        self._client = httpx2.AsyncClient(follow_redirects=False, mounts=_NO_PROXY_FOR_THIS_MACHINE, verify=_trusted())
        self._told: set[tuple[str, str, str]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def read(self, type_: TargetType, provider: str, reference: str, at: datetime) -> Reading | None:
        """The present status; None if the provider does not know the reference. `at` is the engine's time."""
        if provider in self._others:
            return await self._others[provider].read(type_, provider, reference, at)
        config = self._providers.get(provider)
        target = config.target(type_) if config else None
        if config is None or target is None:
            raise ProviderMisconfigured(f"{provider}: no configuration for {type_}")
        if reference in (".", ".."):  # as a path segment it would mean another address
            return None
        body = await self._get(provider, config, config.base_url + target.path.replace("{reference}", quote(reference, safe="")))
        if body is None:
            return None
        try:
            return self._reading(type_, provider, reference, at, target, Answer(json.loads(body), target.epoch))
        except Unreadable as error:
            raise ProviderMisconfigured(f"{provider}: {error}") from None
        except (ValueError, RecursionError):
            raise ProviderMisconfigured(f"{provider}: the answer is not JSON") from None

    async def _get(self, provider: str, config: ProviderConfig, url: str) -> bytes | None:
        limits = httpx2.Timeout(config.total_timeout_s, connect=config.connect_timeout_s)
        headers = {"accept": "application/json", "user-agent": "makegood", **config.headers}
        try:
            async with (
                asyncio.timeout(config.total_timeout_s),
                self._client.stream("GET", url, headers=headers, timeout=limits) as answer,
            ):
                if not _has_content(provider, answer):
                    return None
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ProviderMisconfigured(f"{provider}: the answer is larger than 1 MiB")
                return bytes(body)
        # `from None`: the engine keeps causes in history, and theirs may quote the address.
        except (TimeoutError, httpx2.TimeoutException):
            raise ProviderUnavailable("timeout") from None
        except httpx2.ConnectError:
            raise ProviderUnavailable("connection_refused") from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.DecodingError):
            raise ProviderMisconfigured(f"{provider}: unusable address or encoding") from None
        except httpx2.TransportError:
            raise ProviderUnavailable("connection_lost") from None

    def _reading(self, type_: TargetType, provider: str, reference: str, at: datetime, target: TargetConfig, answer: Answer) -> Reading:
        fields = target.fields
        word = answer.text(fields.status)
        if word is None:
            raise Unreadable(f"the answer has no {fields.status}")
        status = target.statuses.get(word)
        if status is None:
            self._tell_once(provider, f"{type_}.statuses", word)
            status = IN_PROGRESS[type_]
        failure = answer.text(fields.failure)
        if failure is not None and failure not in target.failures:
            self._tell_once(provider, f"{type_}.failures", failure)
        stage = answer.text(fields.stage)
        if stage is not None and stage not in target.stages:
            self._tell_once(provider, f"{type_}.stages", stage)
        return Reading(
            type=type_,
            provider=provider,
            reference=reference,
            status=status,
            occurred_at=answer.moment(fields.occurred_at),
            read_at=at,
            trace=answer.text(fields.trace),
            reversal=answer.flag(fields.reversal, target.reversal_words),
            failure=None if failure is None else target.failures.get(failure, "unknown"),
            due_by=answer.moment(fields.due_by),
            stage=target.stages.get(stage) if stage else None,
            eta_at=answer.moment(fields.eta),
            replaced_by=answer.text(fields.replaced_by),
        )

    def _tell_once(self, provider: str, table: str, word: str) -> None:
        key = (provider, table, word)
        if key in self._told or len(self._told) >= _REMEMBERED_WORDS:
            return
        self._told.add(key)
        shown = word if _CODE.match(word) else "(not a code)"  # free text may be personal
        logger.warning("unmapped vendor word: provider=%s table=%s word=%s", provider, table, shown)


def _with_packages(configs: Mapping[str, StripeConfig]) -> dict[str, StatusPort]:
    """Those whose vendor is asked through its own package."""
    if not configs:
        return {}
    # The package takes 0.3 s to import: only for those who use it.
    from activities.adapters.stripe_status import StripeStatus  # noqa: PLC0415

    return {name: StripeStatus(name, config) for name, config in configs.items()}


def _has_content(provider: str, answer: httpx2.Response) -> bool:
    """True: read the body; False: the reference is not known there. Everything else is raised."""
    code = answer.status_code
    if code == 200:
        return True
    if code == 404:
        return False
    if code in _BUSY_STATUS or code >= 500:
        raise ProviderUnavailable(f"http_{code}", seconds_to_wait(answer.headers))
    raise ProviderMisconfigured(f"{provider}: HTTP {code}")
