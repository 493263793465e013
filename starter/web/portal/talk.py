"""Everything that was said in a case, by us and by the customer, the newest first.

Owns the order and which of the customer's words are shown: those the case took. Must never show a note or a word of our people that was
not sent. Pure; called by the portal's pages.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from policies.case.vocabulary import FactType
from starter.web.portal.masking import without_keys
from store.portal_views import MOST_FACTS, MOST_REPLIES, PortalView


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


@dataclass(frozen=True, slots=True)
class Talk:
    """`said`: the newest first. `earlier`: there is more, from before all of it."""

    said: list[Utterance]
    earlier: bool = False


def talk_of(view: PortalView) -> Talk:
    """The end of the talk without a gap: where the older part of one side is not read, that of the other side is not shown."""
    number = re.compile(rf"\s*\([^()]*{re.escape(view.holder.case_id)}\)$")  # it stands above the page already
    sent = [
        Utterance(
            at=message.at,
            ours=True,
            text=without_keys(message.text) if message.text is not None else None,
            subject=number.sub("", message.subject) if message.subject is not None else None,
            channel=message.channel.value if message.channel is not None else None,
            certain=message.certain,
            language=message.locale,
        )
        for message in view.messages
    ]
    replies = [fact for fact in view.facts if fact.type is FactType.CUSTOMER_REPLIED]
    heard = [
        Utterance(at=fact.occurred_at, ours=False, text=view.words.get(ref) or None)
        for fact in replies[-MOST_REPLIES:]
        if isinstance(ref := fact.detail.get("text_ref"), str)
    ]
    more_replies = len(replies) > MOST_REPLIES or len(view.facts) >= MOST_FACTS
    ends = [min(one.at for one in side) for side, more in ((sent, view.more_messages), (heard, more_replies)) if more and side]
    since = max(ends, default=None)
    said = [one for one in (*sent, *heard) if since is None or one.at >= since]
    return Talk(sorted(said, key=lambda one: one.at, reverse=True), earlier=view.more_messages or more_replies)
