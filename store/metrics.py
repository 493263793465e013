"""The figures that a monitoring system asks for every few seconds: counted from the rows, in a fixed number of statements.

Owns what is counted and how. Must never touch a wide row more than it must: the words of messages lie beside their states, so states
come from an index and channels from the narrow deliveries. Called by the web process's /metrics.
"""

from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection, func, select

from policies.contract import Contract, Instant
from store.engine import Store
from store.inbox import InboxState
from store.tables import cases, channel_parks, deliveries, messages, promises, webhook_inbox

_WATCHED = (InboxState.NEW.value, InboxState.WAITING.value, InboxState.FAILED.value)
_SHADOW = select(cases.c.case_id).where(cases.c.shadow.is_(True))  # they send nothing: their promises are nobody's
_CASES = select(cases.c.kind, cases.c.status, func.count()).where(cases.c.shadow.is_(False)).group_by(cases.c.kind, cases.c.status)
_PROMISES = select(promises.c.ended_as, func.count()).where(promises.c.case_id.not_in(_SHADOW)).group_by(promises.c.ended_as)
_MESSAGES = (
    select(messages.c.kind, messages.c.state, func.count())
    .where(messages.c.case_id.not_in(_SHADOW))
    .group_by(messages.c.kind, messages.c.state)
)
_DELIVERIES = select(deliveries.c.channel, deliveries.c.state, func.count()).group_by(deliveries.c.channel, deliveries.c.state)
_INBOX = (
    select(webhook_inbox.c.state, func.count(), func.min(webhook_inbox.c.received_at))
    .where(webhook_inbox.c.state.in_(_WATCHED))
    .group_by(webhook_inbox.c.state)
)
_PARKS = (
    select(channel_parks.c.channel, channel_parks.c.provider, func.count())
    .where(channel_parks.c.lifted_at.is_(None))
    .group_by(channel_parks.c.channel, channel_parks.c.provider)
)


class HouseFigures(Contract):
    """Pairs of labels with their number. `oldest`: when the oldest row of the webhook inbox in that state came in."""

    cases: dict[tuple[str, str], int] = Field(default_factory=dict)  # kind, status
    promises: dict[str, int] = Field(default_factory=dict)  # end, or "open"
    messages: dict[tuple[str, str], int] = Field(default_factory=dict)  # kind, outcome or "sending"
    deliveries: dict[tuple[str, str], int] = Field(default_factory=dict)  # channel, outcome of one try
    parks: dict[tuple[str, str], int] = Field(default_factory=dict)  # channel, provider: the account's and single senders'
    inbox: dict[str, int] = Field(default_factory=dict)
    oldest: dict[str, Instant] = Field(default_factory=dict)

    def waited_s(self, state: InboxState, at: datetime) -> float:
        """How long the oldest row of that state has been there; 0 if there is none."""
        oldest = self.oldest.get(state.value)
        return max(0.0, (at - oldest).total_seconds()) if oldest is not None else 0.0


async def house_figures(store: Store) -> HouseFigures:
    """All of one moment. Raises StoreUnavailable."""
    return await store.read(_counted)


def _counted(connection: Connection) -> HouseFigures:
    inbox = connection.execute(_INBOX).all()
    return HouseFigures(
        cases={(kind, status): number for kind, status, number in connection.execute(_CASES)},
        promises={end or "open": number for end, number in connection.execute(_PROMISES)},
        messages={(kind, state): number for kind, state, number in connection.execute(_MESSAGES)},
        deliveries={(channel, state): number for channel, state, number in connection.execute(_DELIVERIES)},
        parks={(channel, provider): number for channel, provider, number in connection.execute(_PARKS)},
        inbox={state: number for state, number, _ in inbox},
        oldest={state: oldest for state, _, oldest in inbox},
    )
