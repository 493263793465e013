"""What the customer's page reads of the books: one case, found by the opaque id in a signed link.

Owns which rows the page may know of and that it takes a constant number of queries. Must never write, and never hand out what is not
the customer's to see: notes, owners, escalations, alerts, clocks. Called by starter/web/portal.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import BindParameter, Connection, bindparam, select, union_all
from sqlalchemy.engine import RowMapping

from policies.case.facts import Fact
from policies.case.vocabulary import Channel, FactType, MessageKind
from policies.contract import Contract, Instant
from policies.providers.statuses import TargetType
from store.case_rows import as_view
from store.contacts import RoleContact
from store.engine import Store
from store.normal import normal_email, normal_phone
from store.standing import MessageState
from store.tables import case_references, cases, contacts, facts, messages, promises, texts, watches
from store.views import CaseView

MOST_MESSAGES = 100  # the newest; a year of daily updates would be a page that no phone opens
MOST_REPLIES = 100  # of the customer's own, the newest
MOST_FACTS = 500
# Texts that the engine may name before the books have the facts: what was written in the last minute.
_MOST_NEW_TEXTS = 20
TOLD_FACTS = (
    FactType.OPENED,
    FactType.PROVIDER_STATUS,
    FactType.PAYMENT_REPLACED,
    FactType.REPORTED,
    FactType.CUSTOMER_REPLIED,
    FactType.RESOLVED,
    FactType.REOPENED,
    FactType.POLICY_CHANGED,
    FactType.FEEDBACK_GIVEN,
)
_OWN_WORDS = "customer"  # the kind of text that a reply is (starter/desk/acting.py)
_SENT = (MessageState.ACCEPTED.value, MessageState.UNKNOWN.value)

_now = contacts.alias("now")  # the contact data that the case uses now
_BY_LINK = (
    select(
        contacts.c.contact_ref,
        contacts.c.case_id,
        contacts.c.merchant,
        contacts.c.email,
        contacts.c.phone,
        contacts.c.locale,
        contacts.c.zone,
        contacts.c.roles,
        contacts.c.saved_at,
        contacts.c.erased_at,
        _now.c.email.label("now_email"),
        _now.c.phone.label("now_phone"),
        _now.c.saved_at.label("now_saved_at"),
        _now.c.erased_at.label("now_erased_at"),
        _now.c.locale.label("now_locale"),
        _now.c.zone.label("now_zone"),
    )
    .outerjoin(cases, cases.c.case_id == contacts.c.case_id)
    .outerjoin(_now, _now.c.contact_ref == cases.c.contact_ref)
    .where(contacts.c.link_id == bindparam("link"))
)
_ID: BindParameter[str] = bindparam("id")
_CASE = select(cases).where(cases.c.case_id == _ID)
_FACTS = (
    select(facts)
    .where(facts.c.case_id == _ID, facts.c.type.in_([type_.value for type_ in TOLD_FACTS]))
    .order_by(facts.c.seq.desc())
    .limit(MOST_FACTS)
)
_MESSAGES = (
    select(
        messages.c.kind,
        messages.c.cycle,
        messages.c.channel,
        messages.c.subject,
        messages.c.text,
        messages.c.ended_at,
        messages.c.state,
        messages.c.locale,
    )
    .where(messages.c.case_id == _ID, messages.c.shadow.is_(False), messages.c.state.in_(_SENT), messages.c.ended_at.is_not(None))
    .order_by(messages.c.ended_at.desc(), messages.c.seq.desc())
    .limit(MOST_MESSAGES + 1)
)
_OWN_TEXTS = select(texts.c.text_ref, texts.c.body).where(texts.c.case_id == _ID, texts.c.kind == _OWN_WORDS)
_NEWEST_TEXTS = (
    select(texts.c.text_ref)
    .where(texts.c.case_id == _ID, texts.c.kind == _OWN_WORDS)
    .order_by(texts.c.written_at.desc(), texts.c.text_ref)
    .limit(_MOST_NEW_TEXTS)
)
_TEXTS = union_all(
    _OWN_TEXTS.where(texts.c.text_ref.in_(bindparam("refs", expanding=True))),
    _OWN_TEXTS.where(texts.c.text_ref.in_(_NEWEST_TEXTS)),
)
_CHECKS = select(watches.c.reference, watches.c.status, watches.c.last_checked_at, watches.c.last_answered_at).where(
    watches.c.case_id == _ID
)
_REFERENCES = select(case_references.c.type, case_references.c.reference).where(case_references.c.case_id == _ID)
_PROMISE = select(promises.c.due_at).where(promises.c.case_id == _ID, promises.c.ended_as.is_(None)).order_by(promises.c.number.desc())
_LINK_OF = select(contacts.c.link_id).where(contacts.c.contact_ref == bindparam("ref"))


class LinkHolder(Contract):
    """Whom the link was made for. `current`: every address of theirs is still one that the case uses."""

    contact_ref: str
    case_id: str
    merchant: str
    email: str | None = None
    phone: str | None = None
    locale: str
    zone: str
    erased: bool = False
    current: bool = True
    pays: bool = True  # False: somebody else paid, who alone may see the price


class SentMessage(Contract):
    """A message that left the house. `certain` is False if its provider never said that it took it."""

    kind: MessageKind
    cycle: int
    channel: Channel | None = None
    subject: str | None = None
    text: str | None = None  # None: erased
    at: Instant
    certain: bool = True
    locale: str | None = None


class ProviderCheck(Contract):
    """When the bank or carrier was last asked about a reference, and last answered."""

    reference: str
    status: str | None = None
    last_checked_at: Instant
    last_answered_at: Instant | None = None


class KnownReference(Contract):
    type: TargetType
    reference: str


class PortalView(Contract):
    """A case as its customer may know it from the books. `row` is None until the case's first entry."""

    holder: LinkHolder
    row: CaseView | None = None
    facts: list[Fact] = Field(default_factory=list)
    messages: list[SentMessage] = Field(default_factory=list)  # the newest first
    more_messages: bool = False
    words: dict[str, str] = Field(default_factory=dict)  # text reference -> what the customer wrote, of the newest MOST_REPLIES
    checks: list[ProviderCheck] = Field(default_factory=list)
    references: list[KnownReference] = Field(default_factory=list)
    promised_at: Instant | None = None


class PortalViews:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def by_link(self, link_id: str) -> PortalView | None:
        """Eight queries, however long the case has lived; None if no such link was ever made."""
        return await self._store.read(lambda connection: _view(connection, link_id))

    async def link_of(self, contact_ref: str) -> str | None:
        """The link id of another contact row of the case, after the customer gave other addresses."""

        def work(connection: Connection) -> str | None:
            link: str | None = connection.scalar(_LINK_OF, {"ref": contact_ref})
            return link

        return await self._store.read(work)


def _view(connection: Connection, link_id: str) -> PortalView | None:
    found = connection.execute(_BY_LINK, {"link": link_id}).mappings().first()
    if found is None:
        return None
    of = {"id": found["case_id"]}
    case = connection.execute(_CASE, of).mappings().first()
    told = connection.execute(_FACTS, of).mappings().all()
    sent = connection.execute(_MESSAGES, of).mappings().all()
    return PortalView(
        holder=_holder(dict(found)),
        row=as_view(case) if case is not None else None,
        facts=[Fact.model_validate({**row, "by": row["actor"]}) for row in reversed(told)],
        messages=[
            SentMessage.model_validate({**row, "at": row["ended_at"], "certain": row["state"] == MessageState.ACCEPTED.value})
            for row in sent[:MOST_MESSAGES]
        ],
        more_messages=len(sent) > MOST_MESSAGES,
        words={row.text_ref: row.body for row in connection.execute(_TEXTS, {**of, "refs": _replies(told)})},
        checks=[ProviderCheck.model_validate(dict(row)) for row in connection.execute(_CHECKS, of).mappings()],
        references=[KnownReference.model_validate(dict(row)) for row in connection.execute(_REFERENCES, of).mappings()],
        promised_at=connection.scalar(_PROMISE, of),
    )


def _replies(told: Sequence[RowMapping]) -> list[str]:
    """The references of the newest replies; `told` has the newest fact first."""
    refs = [row["detail"].get("text_ref") for row in told if row["type"] == FactType.CUSTOMER_REPLIED.value]
    return [ref for ref in refs[:MOST_REPLIES] if isinstance(ref, str)]


def _holder(row: dict[str, Any]) -> LinkHolder:
    holder = LinkHolder.model_validate({**row, "erased": row["erased_at"] is not None})
    roles = [RoleContact.model_validate(role) for role in row["roles"]] if isinstance(row["roles"], list) else []
    held = {"pays": all(_same_person(holder, role) for role in roles if role.role == "payer")}
    if row["now_saved_at"] is None or row["now_erased_at"] is not None or row["now_saved_at"] <= row["saved_at"]:
        return holder.model_copy(update=held)  # the newest there is; the case may be about to take it
    # The case uses other contact data since. Its links went to every address of the old ones: once one of these was replaced or removed
    # (a wrong one, say, or a mailbox that somebody else reads) they open nothing any more. An address that came in addition ends none.
    current = _addresses(holder.email, holder.phone) <= _addresses(row["now_email"], row["now_phone"])
    now = {name: row[f"now_{name}"] for name in ("email", "phone", "locale", "zone")}
    return holder.model_copy(update={**held, **now, "current": current})


def _same_person(holder: LinkHolder, role: RoleContact) -> bool:
    return bool(_addresses(holder.email, holder.phone) & _addresses(role.email, role.phone))


def _addresses(email: str | None, phone: str | None) -> set[str]:
    return {address for address in (normal_email(email), normal_phone(phone)) if address is not None}
