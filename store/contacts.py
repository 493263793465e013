"""Contact data: who may be written to, and where.

Owns its form and how it is read. This is the only place of names and addresses; workflows carry a reference. Written
by the desk books, read by the recorder for the activity that renders a message.
"""

from typing import Literal

from pydantic import Field
from sqlalchemy import Connection, RowMapping, bindparam, select

from policies.case.vocabulary import Channel
from policies.contract import Contract
from store.tables import contacts


class RoleContact(Contract):
    """Another party of the case. A gift recipient, for example, is not the one who paid."""

    role: Literal["recipient", "payer", "delegate"]
    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Contact(Contract):
    """The customer's own contact data and those of the other parties."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str = "en"
    zone: str = "UTC"
    roles: list[RoleContact] = Field(default_factory=list)


LIVING = select(contacts).where(contacts.c.contact_ref == bindparam("ref"), contacts.c.erased_at.is_(None))


def as_contact(row: RowMapping) -> Contact:
    return Contact.model_validate(dict(row))


def address_on(contact: Contact | None, channel: Channel) -> str | None:
    """Where this channel reaches the customer; None if nobody said."""
    if contact is None:
        return None
    return contact.email if channel is Channel.EMAIL else contact.phone


def read_contact(connection: Connection, contact_ref: str) -> Contact | None:
    """None if nobody knows the reference or the contact was erased."""
    row = connection.execute(LIVING, {"ref": contact_ref}).mappings().first()
    return as_contact(row) if row else None
