"""Who writes to us, and which case it is about: by the opaque id in a signed link, or by the address a message went to.

Owns these lookups and the making of link ids. Must never guess: an address that no message went to is nobody's. Called by the web
process (links, replies), and by the desk books, which give each contact its link id.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, select

from policies.case.vocabulary import CaseKind, CaseStatus, Channel
from policies.contract import Contract
from store.engine import Store
from store.normal import normal_phone
from store.standing import DeliveryState
from store.tables import cases, contacts, deliveries, messages


class LinkedContact(Contract):
    """The contact that a link was made for; `merchant` and `brand` say in whose name we speak."""

    contact_ref: str
    case_id: str
    merchant: str
    brand: str | None = None
    kind: CaseKind | None = None  # None: the case is not in the books yet
    status: CaseStatus | None = None
    email: str | None = None
    phone: str | None = None
    locale: str
    zone: str


class Correspondent(Contract):
    """The case that somebody answers."""

    case_id: str
    kind: CaseKind
    status: CaseStatus
    merchant: str
    brand: str | None = None
    locale: str


_CONTACT = select(
    contacts.c.contact_ref,
    contacts.c.case_id,
    contacts.c.merchant,
    contacts.c.email,
    contacts.c.phone,
    contacts.c.locale,
    contacts.c.zone,
    cases.c.brand,
    cases.c.kind,
    cases.c.status,
).outerjoin(cases, cases.c.case_id == contacts.c.case_id)
_BY_LINK = _CONTACT.where(contacts.c.link_id == bindparam("link"), contacts.c.erased_at.is_(None))

_SENT_BY_PHONE = (
    deliveries.c.channel.in_([Channel.SMS.value, Channel.VOICE.value]),
    # An answer may come while our own call is still waiting for the provider's.
    deliveries.c.state.in_([DeliveryState.ACCEPTED.value, DeliveryState.UNKNOWN.value, DeliveryState.SENDING.value]),
)
_TO_NUMBER = (
    select(cases.c.case_id, cases.c.kind, cases.c.status, cases.c.merchant, cases.c.brand, contacts.c.locale)
    .join(contacts, contacts.c.case_id == cases.c.case_id)
    .join(messages, messages.c.case_id == cases.c.case_id)
    .join(deliveries, deliveries.c.message_id == messages.c.message_id)
    .where(contacts.c.phone == bindparam("number"), contacts.c.erased_at.is_(None), *_SENT_BY_PHONE)
    .limit(1)
)
_RESOLVED_LAST = case((cases.c.status == CaseStatus.RESOLVED.value, 1), else_=0)
_BY_PHONE = _TO_NUMBER.where(cases.c.status != CaseStatus.CLOSED.value).order_by(
    _RESOLVED_LAST, deliveries.c.started_at.desc(), cases.c.case_id
)
_ENDED_BY_PHONE = _TO_NUMBER.where(cases.c.status == CaseStatus.CLOSED.value, cases.c.closed_at >= bindparam("since")).order_by(
    deliveries.c.started_at.desc(), cases.c.case_id
)
# Numbers are given to other people; after this nobody knows whose words they are.
_NUMBER_IS_KNOWN_FOR = timedelta(days=90)


def new_link_id() -> str:
    """128 bits that say nothing and cannot be guessed; a UUID would not do (OWASP ASVS 11.5.1)."""
    return secrets.token_urlsafe(16)


def contact_of_link(connection: Connection, link_id: str) -> LinkedContact | None:
    """The contact a link was made for; None if there is none, or none any more."""
    row = connection.execute(_BY_LINK, {"link": link_id}).mappings().first()
    return LinkedContact.model_validate(dict(row)) if row else None


def case_of_newest_message(connection: Connection, phone: str) -> Correspondent | None:
    """The open case whose message went to this number last, by SMS or call; else a resolved one that is not closed. None: nobody's."""
    number = normal_phone(phone)
    row = connection.execute(_BY_PHONE, {"number": number}).mappings().first() if number else None
    return Correspondent.model_validate(dict(row)) if row else None


def ended_case_of_newest_message(connection: Connection, phone: str, at: datetime) -> Correspondent | None:
    """The case whose message went to this number last, among those that were closed in the 90 days before `at`."""
    number = normal_phone(phone)
    values = {"number": number, "since": at - _NUMBER_IS_KNOWN_FOR}
    row = connection.execute(_ENDED_BY_PHONE, values).mappings().first() if number else None
    return Correspondent.model_validate(dict(row)) if row else None


class Correspondents:
    """The same for the web process, each in a transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def by_link(self, link_id: str) -> LinkedContact | None:
        return await self._store.read(lambda connection: contact_of_link(connection, link_id))

    async def by_phone(self, phone: str) -> Correspondent | None:
        return await self._store.read(lambda connection: case_of_newest_message(connection, phone))

    async def ended_by_phone(self, phone: str, at: datetime) -> Correspondent | None:
        return await self._store.read(lambda connection: ended_case_of_newest_message(connection, phone, at))
