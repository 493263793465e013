"""How a message will read, before it is sent: the case's own plan of it, in the customer's language and the shop's words.

Owns the way from an act to that letter. Must never send anything, nor show the customer's name or address: the letter carries its masks.
Called by the forms of acts.
"""

from dataclasses import dataclass
from datetime import datetime

from activities.templates.brand import Brand, Links
from activities.templates.overrides import Overrides, read_overrides
from activities.templates.rendering import SILENT_AFTER, Rendered, render
from policies.case.commands import Command
from policies.case.plans import Foreseen, MessagePlan
from policies.case.vocabulary import Channel, MessageClass
from policies.links import PATH, LinkPurpose
from policies.sms_segments import sms_size
from starter.desk import CaseNotFound, DeskError, EngineUnavailable
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.history import masked_name
from starter.web.deadline import patience
from starter.web.looking import PATIENT_S
from starter.web.parts import Away, WebParts
from starter.web.portal.care import CareOfShops
from starter.web.portal.masking import masked_email, masked_phone
from store.standing import CheckStanding

_GONE = "…"


@dataclass(frozen=True, slots=True)
class Preview:
    """`refusal`: the case would say no. `letter` is None where nothing is told by it, or nobody could be asked (`unknown`)."""

    letter: Rendered | None = None
    channel: str = ""
    to: str = ""
    at: datetime | None = None
    later: bool = False
    segments: int | None = None
    refusal: str | None = None
    unknown: bool = False


class Letters:
    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self._shops = CareOfShops.of_file(parts.settings.brands)
        folder = parts.settings.templates_dir
        self._overrides: Overrides | None = read_overrides(folder)[0] if folder is not None else None

    async def preview(self, case: CaseSeen, name: str, command: Command, texts: list[str], now: datetime) -> Preview:
        """What the customer would be told if `command` were given now. `texts`: what a person wrote for the customer."""
        try:
            async with patience(PATIENT_S):
                foreseen: Foreseen = await self._parts.backends.desk().foresee(case.key, name, command)
        except (Away, EngineUnavailable, CaseNotFound, DeskError, TimeoutError):
            return Preview(unknown=True)
        if foreseen.refusal is not None or foreseen.plan is None:
            return Preview(refusal=foreseen.refusal)
        plan = foreseen.plan
        channel = next(iter(plan.channels), Channel.EMAIL)
        contact = case.head.contact
        at = foreseen.at or now
        letter = self._rendered(case, plan, channel, texts, max(at, now))
        address = None if contact is None else contact.email if channel is Channel.EMAIL else contact.phone
        masked = None if address is None else masked_email(address) if channel is Channel.EMAIL else masked_phone(address)
        size = sms_size(letter.text) if channel is Channel.SMS else None
        return Preview(
            letter=letter,
            channel={"email": "E-mail", "sms": "SMS", "voice": "Call"}[channel.value],
            to=masked or "nobody: there is no address",
            at=at,
            later=at > now and (at - now).total_seconds() > 60,
            segments=size.segments if size is not None else None,
        )

    def _rendered(self, case: CaseSeen, plan: MessagePlan, channel: Channel, texts: list[str], at: datetime) -> Rendered:
        context = plan.context
        checks = case.head.checks
        statuses = {(check.provider, check.reference): check.status for check in checks if check.status}
        # As the activity does: the case keeps real news only, what the provider last said is in the books.
        targets = [
            target.model_copy(update={"status": statuses.get((target.provider, target.reference), target.status)})
            if target.status == "unknown"
            else target
            for target in context.targets
        ]
        answered = [check.last_answered_at for check in checks if check.last_answered_at is not None]
        contact = case.head.contact
        return render(
            plan.model_copy(update={"context": context.model_copy(update={"targets": targets})}),
            channel,
            name=masked_name(contact.name) if contact is not None and contact.name else None,
            texts=texts,
            brand=self._brand(context.merchant, context.brand),
            last_answered_at=max(answered, default=None),
            asked_provider=any(_still_asked(check, at) for check in checks),
            today=at,
            links=self._links(plan, channel),
            overrides=self._overrides,
        )

    def _brand(self, merchant: str, brand: str | None) -> Brand:
        care = self._shops.of(merchant, brand)
        reach = care.email or (None if care.phone else "the shop's address")
        return Brand(name=care.name, sender=care.name, reply_address=reach, phone=care.phone, tone=care.tone)

    def _links(self, plan: MessagePlan, channel: Channel) -> Links:
        """Where links will stand: they are made for the customer when the message is sent."""

        def of(purpose: LinkPurpose) -> str:
            return f"{self._parts.public_url}{PATH[purpose]}{_GONE}"

        if channel is Channel.VOICE or self._parts.settings.public_url is None:  # without it worker.py signs none
            return Links()
        if channel is Channel.SMS:
            survey = plan.message_class is MessageClass.SURVEY
            return Links(survey=of(LinkPurpose.FEEDBACK)) if survey else Links(case=of(LinkPurpose.STATUS))
        return Links(
            case=of(LinkPurpose.STATUS),
            not_solved=of(LinkPurpose.NOT_SOLVED),
            survey=of(LinkPurpose.FEEDBACK),
            preferences=f"{of(LinkPurpose.STATUS)}?to=settings",
        )


def _still_asked(check: CheckStanding, at: datetime) -> bool:
    """False once nothing is asked about the reference any more: silence is no fault of a provider that nobody asks."""
    answered_at = check.last_answered_at
    return check.failing_since is not None or answered_at is None or at - answered_at <= SILENT_AFTER
