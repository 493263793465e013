"""One message as its reader sees it: the plan's facts in the recipient's language, zone and channel.

Owns the public door of this room, `render`. Must never decide whether or when to send, read a clock, or name a fact that the plan
does not hold; pure but for reading the template files once. Called by the message activity.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.templates.blocks import Block, blocks_of, one_paragraph, quoted
from activities.templates.brand import Brand, Links
from activities.templates.formats import Formats, for_sms
from activities.templates.languages import Language, in_language, language_for
from activities.templates.message_contract import left_out, words_of_page
from activities.templates.overrides import Overrides
from activities.templates.places import place_in
from activities.templates.sections import is_asking, is_resolved, kinds_told, sections
from activities.templates.sources import TextSet, built_in
from policies.case.plans import MessageContext, MessagePlan
from policies.case.state import Resolution
from policies.case.vocabulary import Channel
from policies.contract import Contract
from policies.providers.statuses import SETTLED, TargetType

# Longer than the sparsest watch step asks: past it, a provider that was asked and said nothing has not answered.
SILENT_AFTER = timedelta(hours=26)

_QUOTED_SECTION = "reply"
_HTML_LAYOUT = "email.html.j2"
_log = logging.getLogger(__name__)


class Rendered(Contract):
    """A message ready for its channel. `template_version` changes whenever a source of this message changed.

    `template_id` says whose words they are: "refund.update.email" ours, "refund.update.email@northwind" with overrides of that shop, and
    "refund.update.email@northwind:broken" ours because that shop's failed.
    """

    subject: str | None
    text: str
    html: str | None
    template_id: str
    template_version: str
    locale: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before its words: its facts, and the names of the texts that it is made of."""

    plan: MessagePlan
    channel: Channel
    language: Language
    facts: dict[str, object]
    names: tuple[str, ...]

    def written(self, texts: TextSet) -> Rendered:
        """In the words of `texts`. Raises whatever a template of its may raise."""
        if self.channel is not Channel.EMAIL:
            return self._rendered(texts, None, self._short(texts), None)
        shown = self._shown(texts)
        page = texts.environment.get_template(_HTML_LAYOUT).render(shown) + "\n"
        return self._rendered(texts, str(shown["subject"]), _plain(texts, shown), page)

    def words(self, texts: TextSet) -> str:
        """The text alone, for who only wants to know what it says. Raises as `written`."""
        return _plain(texts, self._shown(texts)) if self.channel is Channel.EMAIL else self._short(texts)

    def left_out(self, texts: TextSet, rendered: Rendered) -> list[str]:
        """What the message owes its reader and `rendered` does not say."""
        parts = [rendered.text]
        if rendered.html is not None and _HTML_LAYOUT in texts.overridden:
            parts.append(words_of_page(rendered.html))
        missing = [fact.name for part in parts for fact in left_out(self.plan, self.channel, self.facts, part)]
        return missing + (["the subject"] if rendered.subject == "" else [])

    def _short(self, texts: TextSet) -> str:
        text = one_paragraph(texts.environment.get_template("sms.j2").render(self.facts))
        return for_sms(text) if self.channel is Channel.SMS else text

    def _shown(self, texts: TextSet) -> dict[str, object]:
        """What both layouts of an e-mail show."""
        env = texts.environment
        blocks: list[Block] = []
        for section in sections(self.plan):
            blocks += blocks_of(env.get_template(f"{section}.j2").render(self.facts))
            if section == _QUOTED_SECTION:
                replies = self.facts["texts"]
                assert isinstance(replies, list)
                blocks += [quoted(reply) for reply in replies]
        subject = one_paragraph(env.get_template("subject.j2").render(self.facts))
        links = self.facts["links"]
        assert isinstance(links, Links)
        return {"blocks": blocks, "subject": subject, "tag": self.language.tag, "links": links.all(), "brand": self.facts["brand"]}

    def _rendered(self, texts: TextSet, subject: str | None, text: str, html: str | None) -> Rendered:
        whole = texts.whole(self.names)
        shop = f"@{whole.origin}" if whole.origin else ""
        return Rendered(
            subject=subject,
            text=text,
            html=html,
            template_id=f"{self.plan.context.kind}.{self.plan.kind}.{self.channel}{shop}",
            template_version=whole.version,
            locale=self.language.tag,
        )


def _plain(texts: TextSet, shown: dict[str, object]) -> str:
    return texts.environment.get_template("email.txt.j2").render(shown).strip() + "\n"


def render(
    plan: MessagePlan,
    channel: Channel,
    *,
    name: str | None,
    texts: list[str],
    brand: Brand,
    last_answered_at: datetime | None,
    asked_provider: bool,
    today: datetime,
    links: Links | None = None,
    overrides: Overrides | None = None,
) -> Rendered:
    """Render `plan` for `channel`, in the shop's own words where `overrides` has some that work, else in ours.

    `texts` are the lead's replies behind context.text_refs. `asked_provider`: the provider has been asked at all;
    `last_answered_at`: its last answer. `today` is the engine's time.
    """
    draft = drafted(
        plan,
        channel,
        name=name,
        texts=texts,
        brand=brand,
        last_answered_at=last_answered_at,
        asked_provider=asked_provider,
        today=today,
        links=links,
    )
    ours = built_in(draft.language.folder)
    own = overrides.of(plan.context.merchant, plan.context.brand, ours.folder) if overrides is not None else None
    origin = own.whole(draft.names).origin if own is not None else None
    if own is None or origin is None:
        return draft.written(ours)
    rendered = _in_own_words(draft, own, origin)
    if rendered is not None:
        return rendered
    rendered = draft.written(ours)
    return rendered.model_copy(update={"template_id": f"{rendered.template_id}@{origin}:broken"})


def _in_own_words(draft: Draft, own: TextSet, origin: str) -> Rendered | None:
    """None if the shop's texts fail for this message: they passed their check, but not all that can happen is a sample."""
    kind = f"{draft.plan.context.kind}.{draft.plan.kind}.{draft.channel}"
    try:
        rendered = draft.written(own)
    except Exception as error:  # whatever it is: a text of a shop must never stop a message
        place = place_in(error, own)
        # Never the error's own words: they may hold what a template was about to print.
        _log.warning("text override failed: shop=%s message=%s error=%s at=%s", origin, kind, type(error).__name__, place)
        return None
    missing = draft.left_out(own, rendered)
    if missing:
        _log.warning("text override leaves out: shop=%s message=%s facts=%s", origin, kind, ", ".join(missing))
        return None
    return rendered


def drafted(
    plan: MessagePlan,
    channel: Channel,
    *,
    name: str | None,
    texts: list[str],
    brand: Brand,
    last_answered_at: datetime | None,
    asked_provider: bool,
    today: datetime,
    links: Links | None = None,
) -> Draft:
    """The message's facts, before its words."""
    language = language_for(plan.context.locale)
    facts = _facts(plan, channel, language, brand=brand, links=links or Links(), today=today)
    facts |= {"name": name, "texts": texts} | _provider_contact(last_answered_at, asked_provider, today)
    return Draft(plan, channel, language, facts, names_used(plan, channel))


def names_used(plan: MessagePlan, channel: Channel) -> tuple[str, ...]:
    """The texts and layouts that the message is made of, without those that they include."""
    if channel is Channel.EMAIL:
        return ("subject.j2", "words.j2", *(f"{section}.j2" for section in sections(plan)), "email.txt.j2", _HTML_LAYOUT)
    return ("sms.j2", "words.j2")


def _facts(plan: MessagePlan, channel: Channel, language: Language, *, brand: Brand, links: Links, today: datetime) -> dict[str, object]:
    """Every name that a template may use (documented.py)."""
    context = plan.context
    kinds = kinds_told(plan)
    speech = channel is Channel.VOICE
    return {
        "c": context,
        "formats": Formats(language, context.zone, show_seconds=context.show_seconds, today=today, speech=speech),
        "now": today,
        "speech": speech,
        "brand": brand,
        "links": links,
        "kind": plan.kind.value,
        "kinds": [kind.value for kind in kinds],
        "resolved": is_resolved(plan),
        "asking": is_asking(plan),
        "settled": sum(target.status in SETTLED[target.type] for target in context.targets),
        "next_word_at": plan.next_word_at or context.next_word_at,
        "resolve_by": context.resolve_by if context.resolve_by and context.resolve_by > today else None,
        "overdue": context.resolve_by if context.resolve_by and context.resolve_by <= today else None,
        "why": in_language(context.resolve_by_why, language),
        "hold": in_language(context.hold_public, language),
        "ask": in_language(context.ask_public, language),
        "outcome": in_language(context.outcome_public, language),
    } | _of_resolution(context.resolution, context, today)


def _of_resolution(record: Resolution | None, context: MessageContext, today: datetime) -> dict[str, object]:
    """What is still ahead after a resolution, and the references that no sentence about a target names already."""
    named = {target.trace for target in context.targets}
    named |= {target.reference for target in context.targets if target.type is TargetType.DELIVERY}
    expected = record.money_expected_at if record else None
    return {
        "money_to_come_at": expected if expected and expected > today else None,
        "references": [reference for reference in record.references if reference not in named] if record else [],
        # A withdrawn or merged case has no tail: its date is the moment it ended.
        "reopen_until": context.reopen_until if context.reopen_until and context.reopen_until > today else None,
    }


def _provider_contact(last_answered_at: datetime | None, asked: bool, today: datetime) -> dict[str, object]:
    silent = last_answered_at is not None and today - last_answered_at > SILENT_AFTER
    return {"answered_at": last_answered_at, "asked": asked, "silent": silent}
