"""From a request to what a workflow starts with: everything but the person.

Owns the split into contact data and `CaseStart`, the search attributes and the summary that operations read. Must never let a name,
an address or a personal reference into the start. Called by the desk; the CLI asks it for a request's traits.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from policies.book import CaseTraits, PolicySnapshot
from policies.case.case_id import looks_personal
from policies.case.request import CaseRequest, Party, Preferences
from policies.case.start import CaseStart, Reachability, TargetStart
from policies.case.vocabulary import CaseKind, CaseStatus, Channel
from policies.money import Money, plain_money, total
from policies.providers.statuses import TargetType
from policies.rules import rules_for
from starter.desk.identity import Identity
from store.contacts import Contact, RoleContact

_SUMMARY_BYTES = 200  # the engine refuses longer ones


def traits_of(request: CaseRequest) -> CaseTraits:
    """What the choice of a policy looks at."""
    sums = total([Money(amount_minor=payment.amount_minor, currency=payment.currency) for payment in request.payments])
    return CaseTraits(
        kind=request.kind,
        segment=request.customer.segment,
        merchant=request.merchant,
        brand=request.brand,
        country=request.customer.country,
        tags=request.tags,
        amounts_minor={money.currency: money.amount_minor for money in sums},
    )


def contact_of(request: CaseRequest) -> Contact:
    """The personal part, for the store only."""
    customer = request.customer
    parties: tuple[tuple[str, Party | None], ...] = (
        ("recipient", request.recipient),
        ("payer", request.payer),
        ("delegate", request.delegate),
    )
    roles = [
        RoleContact.model_validate({"role": role, **party.model_dump(include={"id", "name", "email", "phone"})})
        for role, party in parties
        if party is not None
    ]
    return Contact(name=customer.name, email=customer.email, phone=customer.phone, locale=customer.locale, zone=customer.zone, roles=roles)


def with_addresses(channels: Iterable[Channel], *, email: bool, phone: bool) -> list[Channel]:
    """Those of the channels that have an address."""
    return [channel for channel in channels if (email if channel is Channel.EMAIL else phone)]


def reach_of(customer: Party) -> Reachability:
    """How the customer may be written to. If none of the wished channels has an address, those that have one are used."""
    wishes: Preferences = customer.preferences
    has = {"email": customer.email is not None, "phone": customer.phone is not None}
    return Reachability(
        channels=with_addresses(wishes.channels, **has) or with_addresses([Channel.EMAIL, Channel.SMS], **has),
        opted_out=wishes.opted_out,
        cadence=wishes.cadence,
        quiet_from=wishes.quiet_from,
        quiet_until=wishes.quiet_until,
        quiet_email=wishes.quiet_email,
        locale=customer.locale,
        zone=customer.zone,
    )


def targets_of(request: CaseRequest) -> list[TargetStart]:
    """What the case watches: its refunds, its dispute or its parcels."""
    if request.kind is CaseKind.REFUND:
        return [
            TargetStart(
                type=TargetType.REFUND, **payment.model_dump(include={"provider", "reference", "amount_minor", "currency", "method"})
            )
            for payment in request.payments
        ]
    if request.kind is CaseKind.DELAY:
        return [TargetStart(type=TargetType.DELIVERY, provider=parcel.carrier, reference=parcel.tracking) for parcel in request.parcels]
    if request.dispute is None:
        return []
    sums = total([Money(amount_minor=payment.amount_minor, currency=payment.currency) for payment in request.payments])
    disputed = sums[0] if len(sums) == 1 else None  # a dispute is about one charge
    return [
        TargetStart(
            type=TargetType.DISPUTE,
            provider=request.dispute.provider,
            reference=request.dispute.reference,
            amount_minor=disputed.amount_minor if disputed else None,
            currency=disputed.currency if disputed else None,
            method=request.payments[0].method if request.payments else None,
        )
    ]


def build_start(
    request: CaseRequest, identity: Identity, *, case_id: str, contact_ref: str, digests: dict[str, str], policy: PolicySnapshot
) -> CaseStart:
    """The workflow's input."""
    return CaseStart(
        case_id=case_id,
        kind=request.kind,
        merchant=request.merchant,
        brand=request.brand,
        reference=identity.public_reference(request.reference),
        order=request.order,
        item=request.item,
        reason=request.reason,
        contact_ref=contact_ref,
        customer_key=identity.customer_key(request.merchant, request.customer.id),
        segment=request.customer.segment,
        owner=request.owner,
        origin=request.origin,
        opened_at=request.opened_at,
        targets=targets_of(request),
        dispute_stage=request.dispute.stage.value if request.dispute else None,
        dispute_due_by=request.dispute.due_by if request.dispute else None,
        delay_promised_at=request.delay.promised_at if request.delay else None,
        delay_revised_at=request.delay.revised_at if request.delay else None,
        facts=request.facts,
        siblings=request.siblings,
        tags=request.tags,
        reach=reach_of(request.customer),
        shadow=request.shadow,
        digests=digests,
        policy=policy,
    )


def search_attributes(start: CaseStart, at: datetime) -> TypedSearchAttributes:
    """Those known at the start. The date of resolution is worked out as the workflow will, which then need not set it again."""
    rules = rules_for(start.policy.rules)
    resolve_by = rules.search_attributes(rules.begin(start, at))["MakegoodResolveBy"]
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodKind"), start.kind.value),
        SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodStatus"), CaseStatus.OPEN.value),
        SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodMerchant"), start.merchant),
        SearchAttributePair(SearchAttributeKey.for_int("MakegoodEscalation"), 0),
    ]
    if resolve_by is not None:
        pairs.append(SearchAttributePair(SearchAttributeKey.for_datetime("MakegoodResolveBy"), resolve_by))
    if start.segment is not None:
        pairs.append(SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodSegment"), start.segment))
    if start.targets:
        provider = start.targets[0].provider
        pairs.append(SearchAttributePair(SearchAttributeKey.for_keyword("MakegoodProvider"), provider))
    if start.tags:
        pairs.append(SearchAttributePair(SearchAttributeKey.for_keyword_list("MakegoodTags"), start.tags))
    return TypedSearchAttributes(pairs)


def summary(start: CaseStart) -> str:
    """One line for the engine's web UI."""
    text = f"{start.kind.value} {start.reference} for {start.merchant}, order {_public(start.order)}"
    amounts = _amounts(start)
    return _cut(f"{text}, {amounts}" if amounts else text)


def details(start: CaseStart) -> str:
    """The page of the case's start in the engine's web UI, in Markdown."""
    lines = [
        f"**{start.kind.value} {start.reference}**",
        f"- merchant {start.merchant}" + (f", brand {start.brand}" if start.brand else ""),
        f"- order {_public(start.order)}, reason {start.reason}",
        f"- ruled by {start.policy.policy.id} ({start.policy.book} {start.policy.version}, {start.policy.checksum})",
        *(f"- watches {target.type.value} {_public(target.reference)} at {target.provider}" for target in start.targets),
    ]
    if start.opened_at is not None:
        lines.append(f"- opened {start.opened_at:%Y-%m-%d %H:%M} UTC by {start.origin.value}")
    if start.shadow:
        lines.append("- shadow: nothing is sent")
    return "\n".join(lines)


def _amounts(start: CaseStart) -> str:
    known = [
        Money(amount_minor=target.amount_minor, currency=target.currency)
        for target in start.targets
        if target.amount_minor is not None and target.currency is not None
    ]
    return ", ".join(plain_money(money) for money in total(known))


def _public(reference: str) -> str:
    return "(hidden)" if looks_personal(reference) else reference


def _cut(text: str) -> str:
    return text.encode()[:_SUMMARY_BYTES].decode(errors="ignore")
