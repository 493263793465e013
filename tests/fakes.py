"""One fake per port: scripted, with a memory. Swapped in through the constructors; nothing is patched."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from activities.ports import AlertMessage, Outgoing, ProviderMisconfigured, ProviderUnavailable, SendFailed, Sent
from activities.templates.brand import Brand
from policies.case.plans import Reading
from policies.case.vocabulary import Channel
from policies.providers.statuses import TargetType


@dataclass
class SentMessage:
    outgoing: Outgoing
    at: datetime

    @property
    def kind(self) -> str:
        """refund-....<cycle>.<kind>.<seq>"""
        return self.outgoing.message_id.split(".")[-2]


@dataclass
class FakePost:
    """ChannelPort for all channels. `fail` may raise SendFailed for a message; idempotent by delivery id unless told otherwise."""

    idempotent: bool = True
    name: str = "fake"
    sent: list[SentMessage] = field(default_factory=list)
    fail: Callable[[Outgoing, datetime], SendFailed | None] = lambda outgoing, at: None
    attempts: int = 0
    holds: asyncio.Event | None = None  # takes the message and answers when this is set
    loses: Callable[[Outgoing], Awaitable[None]] | None = None  # takes the message; the answer is lost with the attempt, which dies here

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        self.attempts += 1
        if self.holds is not None:
            await self.holds.wait()
        if self.loses is not None:
            await self.loses(outgoing)
        failure = self.fail(outgoing, at)
        if failure is not None:
            raise failure
        if self.idempotent and any(message.outgoing.delivery_id == outgoing.delivery_id for message in self.sent):
            return Sent(provider_id=outgoing.delivery_id, accepted_at=at)
        self.sent.append(SentMessage(outgoing, at))
        return Sent(provider_id=outgoing.delivery_id, accepted_at=at)

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        found = next((message for message in self.sent if message.outgoing.delivery_id == outgoing.delivery_id), None)
        return Sent(provider_id=outgoing.delivery_id, accepted_at=found.at) if found else None

    def kinds(self) -> list[str]:
        return [message.kind for message in self.sent]


@dataclass
class FakeAlerts:
    told: list[tuple[AlertMessage, datetime]] = field(default_factory=list)

    async def alert(self, message: AlertMessage, at: datetime) -> None:
        if not any(known.alert_id == message.alert_id for known, _ in self.told):
            self.told.append((message, at))


class FakeDirectory:
    def people(self, role: str, owner: str | None) -> list[str]:
        return [owner or "fallback"] if role == "owner" else [f"{role}@example.com"]


class FakeBrands:
    def of(self, merchant: str, brand: str | None, channel: Channel) -> Brand:
        sender = f"{brand} <service@{brand.lower()}.example>" if brand else "service@example.com"
        return Brand(name=brand or merchant, sender=sender, reply_address="service@example.com", phone="+4930555000")


@dataclass
class FakeProvider:
    """StatusPort: per reference a list of (from when, status, further fields). Before the first one, and without one: pending.

    Of a reference in `unknown` it has never heard (404) until its first status.
    """

    plans: dict[str, list[tuple[datetime, str, dict[str, object]]]] = field(default_factory=dict)
    down: list[tuple[datetime, datetime]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    misconfigured: bool = False
    hangs: asyncio.Event | None = None  # takes the call and does not answer until this is set
    checks: list[tuple[datetime, str]] = field(default_factory=list)

    def will_be(self, reference: str, at: datetime, status: str, **more: object) -> None:
        self.plans.setdefault(reference, []).append((at, status, more))

    async def read(self, type_: TargetType, provider: str, reference: str, at: datetime) -> Reading | None:
        self.checks.append((at, reference))
        if self.hangs is not None:
            await self.hangs.wait()
        if self.misconfigured:
            raise ProviderMisconfigured("unauthorized")
        if any(start <= at < end for start, end in self.down):
            raise ProviderUnavailable("http_503")
        reached = [step for step in self.plans.get(reference, []) if step[0] <= at]
        if not reached and reference in self.unknown:
            return None
        if not reached:
            waiting = {TargetType.DISPUTE: "under_review", TargetType.DELIVERY: "in_transit"}.get(type_, "pending")
            return Reading(type=type_, provider=provider, reference=reference, status=waiting, read_at=at)
        since, status, more = max(reached, key=lambda step: step[0])
        return Reading.model_validate(
            {"type": type_, "provider": provider, "reference": reference, "status": status, "occurred_at": since, "read_at": at, **more}
        )
