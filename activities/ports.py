"""Ports: what activities need of the world, as protocols. Adapters implement them, tests bring fakes; nobody patches anything.

Owns the seams and the typed failures an adapter may raise. Must never import a vendor.
"""

from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from policies.case.plans import Reading
from policies.case.vocabulary import Channel
from policies.contract import Contract
from policies.links import LinkPurpose
from policies.providers.statuses import TargetType

_LONGEST_SENDER = 254  # an address of e-mail at most (RFC 5321)


class SendOutcome(StrEnum):
    """What a failed send means, decided by the adapter's table."""

    RETRY = "retry"  # certainly not processed; try the same again at retry_after_s
    PERMANENT = "permanent"  # this address or body will never do
    OPERATOR = "operator"  # our account: park the channel and alert
    UNKNOWN = "unknown"  # it may have been sent


class SendFailed(Exception):
    """Raised by channel adapters; `reason` is a code of ours and never holds an address. EXPIRED (policies/case/vocabulary.py):
    `Outgoing.valid_until` has passed and nothing was sent; no refusal of the address, whatever the outcome says.

    `suppress`: the provider says that this address must or can not be written to any more ("stop", "invalid", "hard_bounce").
    `sender`: with OPERATOR, the one sender of ours that is at fault (its `sender_key`); "": the whole account is.
    `busy`: with RETRY, the provider has too much to do at this moment (429), which is nobody's fault.
    `hint`: what the outcome table says of it; `says`: the vendor's own words without addresses and tokens. Both for whoever tries a
    channel (adapters/trying.py), and for nobody else: they are neither kept nor logged.
    """

    def __init__(
        self,
        outcome: SendOutcome,
        reason: str,
        retry_after_s: float | None = None,
        suppress: str | None = None,
        sender: str = "",
        *,
        busy: bool = False,
        hint: str = "",
        says: str = "",
    ) -> None:
        super().__init__(f"{outcome}: {reason}")
        self.outcome = outcome
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.suppress = suppress
        self.sender = sender
        self.busy = busy
        self.hint = hint
        self.says = says


def sender_key(sender: str) -> str:
    """A sender of the shop's own (a mailbox or a number, nothing of a customer) as books and alerts name it: short, without its name."""
    return (parseaddr(sender)[1] or sender).strip()[:_LONGEST_SENDER].lower()


class Outgoing(Contract):
    """One rendered message for one address. `delivery_id` is opaque and the key against a second sending."""

    delivery_id: str
    message_id: str
    case_id: str
    channel: Channel
    address: str
    sender: str
    subject: str | None = None
    text: str
    html: str | None = None
    locale: str
    headers: dict[str, str] = Field(default_factory=dict)
    unsubscribe_url: str | None = None  # one click (RFC 8058); routine updates and the survey have it, nothing else
    valid_until: datetime | None = None  # later than this the message must not arrive: a newer word is due (UTC)


class Sent(Contract):
    provider_id: str
    accepted_at: datetime | None = None


class ChannelPort(Protocol):
    """E-mail, SMS or voice."""

    @property
    def name(self) -> str: ...

    @property
    def idempotent(self) -> bool:
        """True if sending the same delivery_id twice is one message at the provider."""

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        """Hand the message over; raises SendFailed. `at` is the engine's time."""

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        """What became of an attempt, begun at `since` (UTC), whose answer was lost; None if the provider knows nothing of it (yet)."""


class AlertMessage(Contract):
    """An alert for one person or role; without personal data of customers."""

    alert_id: str
    case_id: str
    to: list[str]
    role: str
    level: int
    title: str
    body: str


class AlertPort(Protocol):
    async def alert(self, message: AlertMessage, at: datetime) -> None:
        """Tell people; raises SendFailed."""


class ProviderUnavailable(Exception):
    """No answer, 429 or 5xx: ask again later."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class ProviderMisconfigured(Exception):
    """Our side is wrong (401, 403, no configuration for this provider, unreadable answer): a person must look."""


class StatusPort(Protocol):
    """Payment providers and carriers."""

    async def read(self, type_: TargetType, provider: str, reference: str, at: datetime) -> Reading | None:
        """The present status; None if the provider does not know the reference (404). `at` is the engine's time."""


class LinksPort(Protocol):
    """The signed links of one contact."""

    def url(self, purpose: LinkPurpose, link_id: str, at: datetime | None = None) -> str:
        """A link for one purpose; with the engine's time as `at` a repeated attempt writes the same message."""

    def reply_address(self, mailbox: str, link_id: str) -> str:
        """`mailbox` with a token by which an answer finds its case."""


class DirectoryPort(Protocol):
    """Who stands behind a role at this moment."""

    def people(self, role: str, owner: str | None) -> list[str]: ...
