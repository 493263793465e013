"""One message as its reader sees it: the plan's facts in the recipient's language, zone and channel.

Owns the public door of this room, `render`. Must never decide whether or when to send, read a clock, or name a fact that the plan
does not hold; pure but for reading the template files once. Called by the message activity.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from activities.templates.brand import Brand, Links
from activities.templates.formats import PARAGRAPH, Formats, one_line, plain
from activities.templates.languages import Language, in_language, language_for
from activities.templates.sections import is_asking, is_resolved, kinds_told, sections
from activities.templates.sources import environment, version
from policies.case.plans import MessageContext, MessagePlan
from policies.case.state import Resolution
from policies.case.vocabulary import Channel
from policies.contract import Contract
from policies.providers.statuses import SETTLED, TargetType

# Longer than the sparsest watch step asks: past it, a provider that was asked and said nothing has not answered.
SILENT_AFTER = timedelta(hours=26)

_QUOTED_SECTION = "reply"


class Rendered(Contract):
    """A message ready for its channel. `template_version` changes whenever a source of this message changed."""

    subject: str | None
    text: str
    html: str | None
    template_id: str
    template_version: str
    locale: str


class Block(NamedTuple):
    """What text and HTML are both made of, so that they say the same: a paragraph, a list or a quotation."""

    shape: str
    lines: list[str]


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
) -> Rendered:
    """Render `plan` for `channel`.

    `texts` are the lead's replies behind context.text_refs. `asked_provider`: the provider has been asked at all;
    `last_answered_at`: its last answer. `today` is the engine's time.
    """
    language = language_for(plan.context.locale)
    links = links or Links()
    facts = _facts(plan, channel, language, brand=brand, links=links, today=today)
    facts |= {"name": name, "texts": texts} | _provider_contact(last_answered_at, asked_provider, today)
    if channel is Channel.EMAIL:
        return _email(plan, language, facts, links)
    return _spoken_short(plan, channel, language, facts)


def _email(plan: MessagePlan, language: Language, facts: dict[str, object], links: Links) -> Rendered:
    env = environment(language.folder)
    chosen = sections(plan)
    blocks: list[Block] = []
    for section in chosen:
        blocks += _blocks(env.get_template(f"{section}.j2").render(facts))
        if section == _QUOTED_SECTION:
            texts = facts["texts"]
            assert isinstance(texts, list)
            blocks += [Block("quote", [one_line(line) for line in text.strip().splitlines()]) for text in texts]
    subject = _one_paragraph(env.get_template("subject.j2").render(facts))
    shown = {"blocks": blocks, "subject": subject, "tag": language.tag, "links": links.all()}
    used = ("subject.j2", "words.j2", *(f"{section}.j2" for section in chosen), "email.txt.j2", "email.html.j2")
    return Rendered(
        subject=subject,
        text=env.get_template("email.txt.j2").render(shown).strip() + "\n",
        html=env.get_template("email.html.j2").render(shown) + "\n",
        template_id=_template_id(plan, Channel.EMAIL),
        template_version=version(language.folder, used),
        locale=language.tag,
    )


def _spoken_short(plan: MessagePlan, channel: Channel, language: Language, facts: dict[str, object]) -> Rendered:
    """SMS, and the same words for a voice to read."""
    text = _one_paragraph(environment(language.folder).get_template("sms.j2").render(facts))
    return Rendered(
        subject=None,
        text=plain(text) if channel is Channel.SMS else text,
        html=None,
        template_id=_template_id(plan, channel),
        template_version=version(language.folder, ("sms.j2", "words.j2")),
        locale=language.tag,
    )


def _template_id(plan: MessagePlan, channel: Channel) -> str:
    return f"{plan.context.kind}.{plan.kind}.{channel}"


def _facts(plan: MessagePlan, channel: Channel, language: Language, *, brand: Brand, links: Links, today: datetime) -> dict[str, object]:
    """Every name that a template may use."""
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


def _blocks(text: str) -> list[Block]:
    """Paragraphs are parted by a pilcrow; one that begins with "- " is a list, each such line an item."""
    blocks = []
    for part in text.split(PARAGRAPH):
        if part.lstrip().startswith("- "):
            items = ("\n" + part.strip()).split("\n- ")[1:]
            blocks.append(Block("list", [_one_paragraph(item) for item in items]))
        elif part.strip():
            blocks.append(Block("paragraph", [_one_paragraph(part)]))
    return blocks


def _one_paragraph(text: str) -> str:
    """Spaces and line breaks of the template's own layout become single spaces; a no-break space stays."""
    return " ".join(word for word in text.replace("\n", " ").split(" ") if word)
