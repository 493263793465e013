"""Made-up cases and messages, so that people can read every text before a customer does.

Owns one believable plan for every kind of case and message. Must never hold a real person, order or number. Called by the preview
and by the tests of this room.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from activities.templates.brand import Brand, Links
from policies.case.facts import Actor
from policies.case.plans import MessageContext, MessagePlan, TargetView
from policies.case.state import Resolution
from policies.case.vocabulary import MESSAGE_CLASS, CaseKind, Channel, MessageKind, Role
from policies.money import Money
from policies.providers.statuses import TargetType

TODAY = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
OPENED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LAST_ANSWER = datetime(2026, 3, 5, 8, 30, tzinfo=UTC)
RESOLVE_BY = datetime(2026, 3, 16, 16, 0, tzinfo=UTC)
BRAND = Brand(
    name="Nordlicht",
    sender="Nordlicht <care@nordlicht.example>",
    reply_address="care@nordlicht.example",
    phone="+49 30 5550100",
)
NAME = "Anna Beispiel"
REPLY = "Good news from our side: the parcel came back to us undamaged.\nYour refund does not depend on anything else."

_AMOUNT = Money(amount_minor=4990, currency="EUR")
_OUTCOMES = {
    CaseKind.REFUND: ("refunded", {"en": "refunded", "de": "erstattet", "fr": "remboursé", "es": "reembolsado"}),
    CaseKind.DISPUTE: (
        "decided_for_customer",
        {
            "en": "decided in your favour",
            "de": "zu Ihren Gunsten entschieden",
            "fr": "tranchée en votre faveur",
            "es": "decidida a su favor",
        },
    ),
    CaseKind.DELAY: ("delivered", {"en": "delivered", "de": "zugestellt", "fr": "livré", "es": "entregado"}),
}
_WHY = {
    "en": "our promise to you: ten business days",
    "de": "unser Versprechen an Sie: zehn Werktage",
    "fr": "notre engagement envers vous : dix jours ouvrés",
    "es": "nuestro compromiso con usted: diez días hábiles",
}
_ASKED = {
    "en": "the bank details for your refund",
    "de": "die Bankverbindung für Ihre Erstattung",
    "fr": "les coordonnées bancaires pour votre remboursement",
    "es": "los datos bancarios para su reembolso",
}
_HELD = {
    "en": "a colleague is looking at your case",
    "de": "eine Kollegin prüft Ihren Fall",
    "fr": "une collègue examine votre dossier",
    "es": "una compañera revisa su caso",
}
_REOPENED = {
    CaseKind.REFUND: "refund_failed",
    CaseKind.DISPUTE: "dispute_reopened",
    CaseKind.DELAY: "customer_not_solved",
}
_AFTER_RESOLUTION = (
    MessageKind.RESOLUTION,
    MessageKind.MONEY_CHECK,
    MessageKind.TRACE,
    MessageKind.FEEDBACK_REQUEST,
    MessageKind.FEEDBACK_REMINDER,
)


def sample_target(kind: CaseKind, *, settled: bool) -> TargetView:
    """What the case waits for, before or after it is settled."""
    if kind is CaseKind.REFUND:
        return TargetView(
            type=TargetType.REFUND,
            reference="re_sample_1",
            provider="simulator",
            status="succeeded" if settled else "pending",
            status_at=_status_at(settled),
            amount=_AMOUNT,
            method="card",
            trace="74537604221010000123456" if settled else None,
        )
    if kind is CaseKind.DISPUTE:
        return TargetView(
            type=TargetType.DISPUTE,
            reference="dp_sample_1",
            provider="simulator",
            status="lost" if settled else "under_review",
            status_at=_status_at(settled),
            amount=_AMOUNT,
        )
    return TargetView(
        type=TargetType.DELIVERY,
        reference="00340434161094015902",
        provider="simulator",
        status="delivered" if settled else "in_transit",
        status_at=_status_at(settled),
    )


def _status_at(settled: bool) -> datetime:
    """Each date of a sample is a day of its own: a text that leaves one out is not saved by another."""
    return TODAY - timedelta(days=1 if settled else 0, hours=3)


def sample_plan(
    kind: CaseKind,
    message: MessageKind,
    locale: str = "en",
    *,
    also: tuple[MessageKind, ...] = (),
    zone: str = "Europe/Berlin",
) -> MessagePlan:
    """A plan as the rules would hand it over for such a message."""
    kinds = {message, *also}
    context = MessageContext(
        case_id=f"nordlicht-10{len(kind)}1-1a2b3c4d",
        kind=kind,
        merchant="nordlicht",
        order="N-10482",
        item="Wool blanket, grey" if kind is CaseKind.DELAY else None,
        reason="unspecified",
        opened_at=OPENED,
        locale=locale,
        zone=zone,
        targets=[sample_target(kind, settled=message in _AFTER_RESOLUTION)],
        amounts=[] if kind is CaseKind.DELAY else [_AMOUNT],
        who_acts="carrier" if kind is CaseKind.DELAY else "bank",
        unchanged_since=None if message is MessageKind.NEWS else OPENED + timedelta(hours=1),
        next_word_at=TODAY + timedelta(hours=24),
        resolve_by=RESOLVE_BY,
        resolve_by_why=_WHY,
    )
    if kind is CaseKind.DELAY:
        context.delay_promised_at = OPENED - timedelta(days=1)
        context.delay_revised_at = OPENED + timedelta(days=8)
    if kind is CaseKind.DISPUTE:
        context.dispute_stage = "chargeback"
        context.dispute_due_by = OPENED + timedelta(days=7)
    if kinds & set(_AFTER_RESOLUTION):
        _resolve(context)
    _occasion(context, kinds)
    if MessageKind.ADDRESS_CHANGED in kinds:
        context = _bare(context)
    return MessagePlan(
        message_id="sample",
        kind=message,
        also=list(also),
        message_class=MESSAGE_CLASS[message],
        cycle=1,
        seq=1,
        channels=[Channel.EMAIL],
        contact_ref="sample",
        must_arrive=True,
        next_word_at=context.next_word_at,
        context=context,
    )


def _bare(context: MessageContext) -> MessageContext:
    """For the address that was replaced: which case it is about, and nothing of how it stands."""
    kept = {"case_id", "kind", "merchant", "brand", "order", "reason", "opened_at", "locale", "zone"}
    return MessageContext.model_validate({**context.model_dump(include=kept), "to_former_address": True})


def _resolve(context: MessageContext) -> None:
    code, words = _OUTCOMES[context.kind]
    refund = context.kind is CaseKind.REFUND
    context.resolution = Resolution(
        outcome=code,
        amounts=context.amounts,
        by=Actor(who="lead.sample", role=Role.LEAD),
        decided_at=TODAY - timedelta(hours=2),
        money_expected_at=TODAY + timedelta(days=7) if refund else None,
    )
    context.outcome_public = words
    context.feedback_at = TODAY + timedelta(hours=24)
    context.feedback_until = TODAY + timedelta(days=8)
    context.reopen_until = TODAY + timedelta(days=30)
    context.next_word_at = None
    context.unchanged_since = None
    context.who_acts = "nobody"


def _occasion(context: MessageContext, kinds: set[MessageKind]) -> None:
    """What the message is about, beyond the standing of the case."""
    if MessageKind.MONEY_CHECK in kinds and context.resolution is not None:
        context.resolution.money_expected_at = TODAY
    if MessageKind.RESOLUTION in kinds and context.resolution is not None:
        context.money_check_at = context.resolution.money_expected_at
    if kinds & {MessageKind.ASK, MessageKind.ASK_REMINDER, MessageKind.ASK_EXPIRED}:
        context.ask_public = _ASKED
        context.ask_until = TODAY + timedelta(days=5 if MessageKind.ASK_EXPIRED not in kinds else -1)
        context.ask_expiry = "escalate"
        context.who_acts = "you" if MessageKind.ASK_EXPIRED not in kinds else "us"
    if kinds & {MessageKind.APOLOGY, MessageKind.EXTENSION}:
        context.missed_due_at = TODAY - timedelta(days=1)
        context.new_date_at = TODAY + timedelta(days=6)
        context.resolve_by = context.new_date_at
        context.resolve_by_why = {}
        context.who_acts = "us"
    if MessageKind.REOPEN in kinds:
        context.reopened_because = _REOPENED[context.kind]
        context.targets = [
            target.model_copy(update={"status": {"refund": "failed", "dispute": "under_review"}.get(target.type, "exception")})
            for target in context.targets
        ]
        context.new_date_at = TODAY + timedelta(days=6)
        context.resolve_by = context.new_date_at
        context.resolve_by_why = {}
        context.who_acts = "us"


OCCASIONS: tuple[tuple[MessageKind, tuple[MessageKind, ...]], ...] = (
    *((kind, ()) for kind in MessageKind),
    # What comes due together is one message.
    (MessageKind.ACKNOWLEDGEMENT, (MessageKind.APOLOGY, MessageKind.UPDATE)),
    (MessageKind.ACKNOWLEDGEMENT, (MessageKind.ASK,)),
    (MessageKind.RESOLUTION, (MessageKind.ACKNOWLEDGEMENT, MessageKind.APOLOGY, MessageKind.NEWS, MessageKind.UPDATE)),
    (MessageKind.RESOLUTION, (MessageKind.ASK_EXPIRED,)),
    (MessageKind.APOLOGY, (MessageKind.EXTENSION, MessageKind.NEWS, MessageKind.UPDATE)),
    (MessageKind.REOPEN, (MessageKind.APOLOGY, MessageKind.NEWS)),
    (MessageKind.REPLY, (MessageKind.ASK, MessageKind.UPDATE)),
    (MessageKind.LEGAL_NOTICE, (MessageKind.NEWS,)),
)
"""Every kind alone, and those that belong together."""

LINKS = Links(
    case="https://nordlicht.example/c/1",
    not_solved="https://nordlicht.example/n/1",
    survey="https://nordlicht.example/s/1",
    preferences="https://nordlicht.example/p/1",
)
_PHONE_ONLY = BRAND.model_copy(update={"reply_address": None, "tone": "sober"})
_MAIL_ONLY = BRAND.model_copy(update={"phone": None})


class Sample(NamedTuple):
    """A plan with all that `rendering.render` asks for beside it."""

    plan: MessagePlan
    name: str | None = NAME
    brand: Brand = BRAND
    links: Links = Links()
    last_answered_at: datetime | None = LAST_ANSWER
    asked_provider: bool = True

    @property
    def texts(self) -> list[str]:
        return [REPLY] if MessageKind.REPLY in (self.plan.kind, *self.plan.also) else []


@cache
def samples_of(kind: CaseKind, message: MessageKind, locale: str, also: tuple[MessageKind, ...] = ()) -> tuple[Sample, ...]:
    """One message as it is on an ordinary day, with everything that may be there, and with hardly anything. Kept: never change one."""
    plan = sample_plan(kind, message, locale, also=also)
    return (Sample(plan), _rich(plan.model_copy(deep=True)), _poor(plan.model_copy(deep=True)))


def _rich(plan: MessagePlan) -> Sample:
    """Links, a hold, several payments, a law, an update that was owed, a provider that fell silent."""
    c = plan.context
    if plan.kind is MessageKind.ADDRESS_CHANGED:
        return Sample(plan, brand=_PHONE_ONLY)
    resolved = c.resolution is not None
    more = sample_target(c.kind, settled=not resolved).model_copy(update={"reference": "re_sample_2", "method": "gift_card", "trace": None})
    c.targets = [*c.targets, more]
    c.resolve_by_citation = "Directive 2011/83/EU, Art. 13"
    c.item = "Wool blanket, grey"
    c.owed_update_at = None if resolved else OPENED + timedelta(days=1)
    c.dispute_stage = "arbitration" if c.kind is CaseKind.DISPUTE else None
    if resolved:
        c.trace_follows = True
    elif not c.ask_public:
        c.hold_public, c.hold_since = _HELD, OPENED + timedelta(hours=2)
    return Sample(plan, brand=_PHONE_ONLY, links=LINKS, last_answered_at=TODAY - timedelta(days=3))


def _poor(plan: MessagePlan) -> Sample:
    """No name, no links, no dates but those that the message is about; no answer of the provider yet."""
    c = plan.context
    c.targets = [target.model_copy(update={"status_at": None, "amount": None, "method": None, "trace": None}) for target in c.targets]
    if c.resolution is None:
        c.targets = [target.model_copy(update={"status": "unknown"}) for target in c.targets]
    c.resolve_by, c.resolve_by_why, c.unchanged_since = None, {}, None
    c.dispute_due_by = c.delay_promised_at = c.delay_revised_at = None
    c.feedback_at = c.feedback_until = c.reopen_until = c.money_check_at = None
    c.ask_until = c.ask_expiry = c.missed_due_at = c.reopened_because = None
    if c.resolution is not None:
        c.resolution.money_expected_at = None
        c.outcome_public = {}
    return Sample(plan, name=None, brand=_MAIL_ONLY, last_answered_at=None, asked_provider=False)
