"""Everything that was said in a case, by us and by the customer, the newest first.

Owns the order and which of the customer's words are shown: those the case took. Must never show a note or a word of our people that was
not sent. Pure; called by the portal's pages.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from policies.case.vocabulary import FactType
from starter.web.portal.masking import without_keys
from store.portal_views import PortalView


@dataclass(frozen=True, slots=True)
class Utterance:
    """`text` is None where it was erased; `ours` is False for what the customer wrote."""

    at: datetime
    ours: bool
    text: str | None
    subject: str | None = None
    channel: str | None = None
    certain: bool = True
    language: str | None = None


def talk_of(view: PortalView, public_url: str) -> list[Utterance]:
    number = re.compile(rf"\s*\([^()]*{re.escape(view.holder.case_id)}\)$")  # it stands above the page already
    sent = [
        Utterance(
            at=message.at,
            ours=True,
            text=without_keys(message.text, public_url) if message.text is not None else None,
            subject=number.sub("", message.subject) if message.subject is not None else None,
            channel=message.channel.value if message.channel is not None else None,
            certain=message.certain,
            language=message.locale,
        )
        for message in view.messages
    ]
    oldest = min((one.at for one in sent), default=None) if view.more_messages else None
    heard = [
        Utterance(at=fact.occurred_at, ours=False, text=view.words.get(ref) or None)
        for fact in view.facts
        if fact.type is FactType.CUSTOMER_REPLIED and isinstance(ref := fact.detail.get("text_ref"), str)
    ]
    shown = [*sent, *(one for one in heard if oldest is None or one.at >= oldest)]
    return sorted(shown, key=lambda one: one.at, reverse=True)
