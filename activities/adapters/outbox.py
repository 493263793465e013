"""The embedded channels: e-mail, SMS, voice and alerts that end in the store's outbox instead of at a vendor.

Owns the translation between the ports and the outbox. Must never send anything anywhere. Built by worker.py where no vendor is
configured; called by the message and alert activities through ChannelPort and AlertPort.
"""

from datetime import datetime
from typing import Protocol

from activities.ports import AlertMessage, Outgoing, SendFailed, SendOutcome, Sent
from store.errors import StoreError, StoreRefused
from store.outbox import ALERT, Post, Posted


class OutboxBook(Protocol):
    """What of store.outbox.Outbox is used."""

    async def put(self, post: Post, at: datetime) -> str: ...

    async def find(self, delivery_id: str) -> Posted | None: ...


class OutboxChannel:
    """ChannelPort for every channel: the outgoing message says which."""

    def __init__(self, outbox: OutboxBook) -> None:
        self._outbox = outbox

    @property
    def name(self) -> str:
        return "outbox"

    @property
    def idempotent(self) -> bool:
        return True

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        provider_id = await _put(self._outbox, Post.model_validate(outgoing.model_dump(exclude={"unsubscribe_url", "valid_until"})), at)
        return Sent(provider_id=provider_id, accepted_at=at)

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        del since  # its own key is enough
        posted = await self._outbox.find(outgoing.delivery_id)
        return Sent(provider_id=posted.provider_id, accepted_at=posted.put_at) if posted else None


class OutboxAlerts:
    """AlertPort: one post per alert, addressed to all its people."""

    def __init__(self, outbox: OutboxBook) -> None:
        self._outbox = outbox

    async def alert(self, message: AlertMessage, at: datetime) -> None:
        post = Post(
            delivery_id=message.alert_id,
            case_id=message.case_id,
            channel=ALERT,
            address=", ".join(message.to),
            subject=message.title,
            text=message.body,
            headers={"role": message.role, "level": str(message.level)},
        )
        await _put(self._outbox, post, at)


async def _put(outbox: OutboxBook, post: Post, at: datetime) -> str:
    try:
        return await outbox.put(post, at)
    except StoreRefused:
        raise SendFailed(SendOutcome.OPERATOR, "outbox_refused") from None
    except StoreError:
        # Whether or not it was committed: a second put of the same delivery adds nothing.
        raise SendFailed(SendOutcome.RETRY, "outbox_unavailable") from None
