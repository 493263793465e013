"""What tests look at in the books and no program of ours asks for: which link a contact has, what an address has been through."""

from sqlalchemy import Connection, select

from policies.case.vocabulary import Channel
from store.engine import Store
from store.normal import normal_address
from store.suppressions import Suppression
from store.tables import contacts, suppressions


def link_id_of(connection: Connection, contact_ref: str) -> str | None:
    """What a signed link to this contact carries."""
    link: str | None = connection.scalar(select(contacts.c.link_id).where(contacts.c.contact_ref == contact_ref))
    return link


async def suppressions_of(store: Store, channel: Channel, address: str) -> list[Suppression]:
    """Every suppression of this address, lifted ones too, the oldest first."""
    columns = suppressions.c
    this = (columns.channel == channel.value, columns.address == normal_address(channel, address))
    every = select(suppressions).where(*this).order_by(columns.since, columns.reason)
    rows = await store.read(lambda connection: connection.execute(every).mappings().all())
    return [Suppression.model_validate(dict(row)) for row in rows]
