"""The outside world without I/O: a provider that settles when the reference says, a channel and alerts that take everything.

Owns these ports of the benchmark; they cost nothing, so that what is measured is the house. Called by the worker process and by S10.
"""

from collections import Counter
from datetime import datetime

from activities.ports import AlertMessage, Outgoing, Sent
from bench.scenario import settles_at
from policies.case.plans import Reading
from policies.case.vocabulary import Channel
from policies.providers.statuses import TargetType


class SettlingProvider:
    """StatusPort: pending until the moment in the reference, succeeded from then on."""

    def __init__(self) -> None:
        self.checks: Counter[str] = Counter()  # until the settlement was seen
        self.tail_checks: Counter[str] = Counter()
        self.seen_at: dict[str, datetime] = {}

    def ask(self, reference: str, at: datetime) -> str:
        """The status, and the count of this check; for the baselines, which have no readings."""
        settled = at >= settles_at(reference)
        counter = self.tail_checks if reference in self.seen_at else self.checks
        counter[reference] += 1
        if settled:
            self.seen_at.setdefault(reference, at)
        return "succeeded" if settled else "pending"

    async def read(self, type_: TargetType, provider: str, reference: str, at: datetime) -> Reading | None:
        status = self.ask(reference, at)
        settled = status == "succeeded"
        return Reading(
            type=type_,
            provider=provider,
            reference=reference,
            status=status,
            occurred_at=settles_at(reference) if settled else None,
            read_at=at,
            trace="74537604221222132710572" if settled else None,
        )


class NoChannel:
    """ChannelPort: accepts at once and forgets."""

    name = "nothing"
    idempotent = True

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        return Sent(provider_id=outgoing.delivery_id, accepted_at=at)

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        del outgoing, since
        return None


class NoAlerts:
    """AlertPort: tells nobody."""

    async def alert(self, message: AlertMessage, at: datetime) -> None:
        del message, at


CHANNELS = {channel: NoChannel() for channel in Channel}
