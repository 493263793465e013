"""How the tests of this room read a message: rendering with defaults, and the words of an HTML part."""

import html
import re
from datetime import datetime

from activities.templates.brand import Brand, Links
from activities.templates.overrides import Overrides
from activities.templates.rendering import Rendered, render
from activities.templates.samples import BRAND, LAST_ANSWER, NAME, REPLY, TODAY
from policies.case.plans import MessagePlan
from policies.case.vocabulary import Channel, MessageKind


def read(
    plan: MessagePlan,
    channel: Channel = Channel.EMAIL,
    *,
    name: str | None = NAME,
    texts: list[str] | None = None,
    brand: Brand = BRAND,
    last_answered_at: datetime | None = LAST_ANSWER,
    asked_provider: bool = True,
    today: datetime = TODAY,
    links: Links | None = None,
    overrides: Overrides | None = None,
) -> Rendered:
    if texts is None:
        texts = [REPLY] if MessageKind.REPLY in (plan.kind, *plan.also) else []
    return render(
        plan,
        channel,
        name=name,
        texts=texts,
        brand=brand,
        last_answered_at=last_answered_at,
        asked_provider=asked_provider,
        today=today,
        links=links,
        overrides=overrides,
    )


def whole(rendered: Rendered) -> str:
    """Everything the customer sees."""
    return "\n".join(part for part in (rendered.subject, rendered.text, rendered.html) if part)


def words_of_text(text: str) -> list[str]:
    """The words without the signs that stand for a list or a quotation."""
    return [word for line in text.splitlines() for word in re.sub(r"^(- |> ?)", "", line).split()]


def words_of_html(page: str) -> list[str]:
    body = page.split("<body", 1)[1].split(">", 1)[1]
    return html.unescape(re.sub(r"<[^>]+>", " ", body)).split()
