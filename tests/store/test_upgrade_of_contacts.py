"""Contacts from before there were links: each gets one of its own, and is found by its address."""

import asyncio

from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from store import sqlite_file
from store.address import Address
from store.engine import open_store, upgrade
from store.migrations.head import alembic_config

_OLD = """INSERT INTO contacts (contact_ref, case_id, merchant, name, email, phone, locale, zone, roles, saved_at, updated_at)
VALUES (:ref, 'case-1', 'acme', 'Ada', :email, '+4930123456', 'de', 'UTC', '[]', '2026-03-02 09:00:00', '2026-03-02 09:00:00')"""


def _at_the_first_revision(address: Address) -> None:
    if address.file:
        sqlite_file.make_file(address.file)
    engine = create_engine(address.for_driver, poolclass=NullPool)
    if address.file:
        sqlite_file.install(engine)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        for ref, email in (("c1", " Ada@Example.ORG "), ("c2", "bob@example.org"), ("c3", None)):
            connection.execute(text(_OLD), {"ref": ref, "email": email})


def _contacts(connection: Connection) -> list[tuple[str, str | None, str | None]]:
    rows = connection.execute(text("SELECT contact_ref, link_id, email_normal FROM contacts ORDER BY contact_ref"))
    return [(row.contact_ref, row.link_id, row.email_normal) for row in rows]


async def test_contacts_of_the_first_revision_get_a_link_each(store_url: str) -> None:
    await asyncio.to_thread(_at_the_first_revision, Address.parse(store_url))
    await upgrade(store_url)
    store = await open_store(store_url)
    before = await store.read(_contacts)
    assert [(ref, normal) for ref, _, normal in before] == [("c1", "ada@example.org"), ("c2", "bob@example.org"), ("c3", None)]
    links = {link for _, link, _ in before}
    assert len(links) == 3
    assert all(link is not None and len(link) == 22 for link in links)
    await upgrade(store_url)  # a link that is out in messages never changes
    assert await store.read(_contacts) == before
    await store.close()
