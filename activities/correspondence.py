"""What goes with a message beside its words: links for its reader, and an address by which an answer finds its case.

Owns which link goes with which message. Must never sign (the port does) or know a text. Called by the message activity.
"""

from dataclasses import dataclass, field
from datetime import datetime

from activities.ports import LinksPort
from activities.templates.brand import Links
from policies.case.plans import MessagePlan
from policies.case.vocabulary import Channel, MessageClass
from policies.links import LinkPurpose


@dataclass(frozen=True, slots=True)
class Letter:
    """Of one message."""

    links: Links = field(default_factory=Links)
    unsubscribe_url: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Correspondence:
    """`reply_mailbox`: a mailbox whose mail comes back to us (inbound parse); without one, answers go to the brand's own address."""

    def __init__(self, links: LinksPort | None = None, reply_mailbox: str | None = None) -> None:
        self._links = links
        self._reply_mailbox = reply_mailbox

    def letter(self, plan: MessagePlan, channel: Channel, link_id: str | None, at: datetime) -> Letter:
        """`at` is the engine's time: a repeated attempt carries the same links."""
        if self._links is None or link_id is None:
            return Letter()
        # RFC 8058 is for what the customer can do without: not for acknowledgement, resolution and the like.
        optional = plan.message_class is not MessageClass.MANDATORY
        unsubscribe = self._links.url(LinkPurpose.UNSUBSCRIBE, link_id, at) if optional else None
        headers: dict[str, str] = {}
        if channel is Channel.EMAIL and self._reply_mailbox is not None:
            headers["Reply-To"] = self._links.reply_address(self._reply_mailbox, link_id)
        if plan.context.to_former_address:  # links of the old contact data have just ended; answers still find the case
            return Letter(headers=headers)
        return Letter(links=self._addresses(plan.message_class, channel, link_id, at), unsubscribe_url=unsubscribe, headers=headers)

    def _addresses(self, message_class: MessageClass, channel: Channel, link_id: str, at: datetime) -> Links:
        """The pages of the customer's own (starter/web/portal). A text message has room for one, and nobody clicks on a call."""
        assert self._links is not None
        if channel is Channel.VOICE:
            return Links()
        if channel is Channel.SMS and message_class is MessageClass.SURVEY:
            return Links(survey=self._links.url(LinkPurpose.FEEDBACK, link_id, at))
        page = self._links.url(LinkPurpose.STATUS, link_id, at)
        if channel is Channel.SMS:
            return Links(case=page)
        return Links(
            case=page,
            not_solved=self._links.url(LinkPurpose.NOT_SOLVED, link_id, at),
            survey=self._links.url(LinkPurpose.FEEDBACK, link_id, at),
            preferences=f"{page}?to=settings",
        )
