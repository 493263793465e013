"""The embedded channels over a real store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from activities.adapters.outbox import OutboxAlerts, OutboxChannel
from activities.ports import AlertMessage, AlertPort, ChannelPort, Outgoing, SendFailed, SendOutcome, Sent
from policies.case.vocabulary import Channel
from store.engine import open_store, upgrade
from store.errors import StoreRefused, StoreUnavailable
from store.outbox import Outbox, Post, Posted

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OUTGOING = Outgoing(
    delivery_id="d1",
    message_id="m1",
    case_id="c1",
    channel=Channel.SMS,
    address="+4930123456",
    sender="+15005550006",
    text="Your refund arrived.",
    locale="en",
)
ALERT = AlertMessage(alert_id="a1", case_id="c1", to=["ana", "lena"], role="lead", level=2, title="Breach", body="Case c1 ...")


@pytest_asyncio.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    await upgrade(url)
    store = await open_store(url)
    yield Outbox(store)
    await store.close()


async def test_the_same_delivery_twice_is_one_message(outbox: Outbox) -> None:
    channel: ChannelPort = OutboxChannel(outbox)
    assert channel.idempotent
    assert await channel.find(OUTGOING, AT) is None
    first = await channel.send(OUTGOING, AT)
    assert await channel.send(OUTGOING, AT) == first
    assert await channel.find(OUTGOING, AT) == Sent(provider_id=first.provider_id, accepted_at=AT)
    (row,) = await outbox.rows()
    assert (row.channel, row.address, row.text) == ("sms", OUTGOING.address, OUTGOING.text)


async def test_an_alert_is_one_post_to_all_its_people(outbox: Outbox) -> None:
    alerts: AlertPort = OutboxAlerts(outbox)
    await alerts.alert(ALERT, AT)
    await alerts.alert(ALERT, AT)
    (row,) = await outbox.rows()
    assert (row.channel, row.address, row.subject) == ("alert", "ana, lena", "Breach")


class _Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def put(self, post: Post, at: datetime) -> str:
        raise self._error

    async def find(self, delivery_id: str) -> Posted | None:
        return None


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(StoreUnavailable("busy"), SendOutcome.RETRY), (StoreRefused("no"), SendOutcome.OPERATOR)],
)
async def test_a_store_that_fails_is_a_failed_send(error: Exception, outcome: SendOutcome) -> None:
    with pytest.raises(SendFailed) as raised:
        await OutboxChannel(_Broken(error)).send(OUTGOING, AT)
    assert raised.value.outcome is outcome
