"""STOPs from before they stopped calls: who said one by text message is not called after the upgrade; who said START since, is."""

import asyncio
from typing import Any

from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from policies.case.vocabulary import Channel
from store import sqlite_file
from store.address import Address
from store.engine import open_store, upgrade
from store.migrations.head import alembic_config
from store.suppressions import SuppressionReason
from tests.store.rows import suppressions_of

_OLD = """INSERT INTO suppressions (channel, address, reason, covers, since, lifted_at, source)
VALUES (:channel, :address, :reason, 'all', '2026-03-02 09:00:00', :lifted, 'twilio:1')"""
_STOPPED, _STARTED, _LANDLINE = "+4930111111", "+4930222222", "+4930333333"


def _before(address: Address) -> None:
    if address.file:
        sqlite_file.make_file(address.file)
    engine = create_engine(address.for_driver, poolclass=NullPool)
    if address.file:
        sqlite_file.install(engine)
    rows: list[dict[str, Any]] = [
        {"channel": "sms", "address": _STOPPED, "reason": "stop", "lifted": None},
        {"channel": "sms", "address": _STARTED, "reason": "stop", "lifted": "2026-03-03 09:00:00"},
        {"channel": "sms", "address": _LANDLINE, "reason": "invalid", "lifted": None},
    ]
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0005")
        connection.execute(text(_OLD), rows)


async def test_a_stop_by_text_message_stops_calls_after_the_upgrade(store_url: str) -> None:
    await asyncio.to_thread(_before, Address.parse(store_url))
    await upgrade(store_url)
    store = await open_store(store_url)
    [stopped] = await suppressions_of(store, Channel.VOICE, _STOPPED)
    assert (stopped.reason, stopped.lifted_at, stopped.source) == (SuppressionReason.STOP, None, "twilio:1")
    for number in (_STARTED, _LANDLINE):
        assert await suppressions_of(store, Channel.VOICE, number) == []
    await store.close()
