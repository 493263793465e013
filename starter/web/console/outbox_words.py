"""A post of the outbox as a page may show it: the address masked, the keys in its links gone.

Owns what is taken out, and the size of an SMS in words. Must never let through a whole address or a link that opens something, unless the
page was asked for them and the asking is in the log. Called by the pages of the outbox.
"""

import re
from dataclasses import dataclass

from policies.case.vocabulary import Channel
from policies.links import PATH
from policies.sms_segments import SmsEncoding, sms_size
from starter.web.portal.masking import masked_email, masked_phone
from store.outbox import ALERT, Post
from store.outbox_pages import Listed

CHANNELS = {Channel.EMAIL.value: "E-mail", Channel.SMS.value: "SMS", Channel.VOICE.value: "Call", ALERT: "Alert"}
ERASED = "(erased)"
_PREVIEW = 140  # characters of a line in the list
# Below whatever address the house had when the message was written.
_LINK_KEY = re.compile(rf"(https?://[^\s\"'<>]+?(?:{'|'.join(re.escape(path) for path in PATH.values())}))[A-Za-z0-9._~-]{{6,}}")
_REPLY_KEY = re.compile(r"\+[^@\s<>]+@")  # a reply address carries the key of its case


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of one post. `clear`: as it was handed over."""

    post: Listed | Post
    clear: bool = False

    @property
    def to(self) -> str:
        """An alert goes to our own people: their names are no contact data."""
        address, channel = self.post.address, self.post.channel
        if not address:
            return ERASED
        if self.clear or channel == ALERT:
            return address
        return masked_email(address) if channel == Channel.EMAIL else masked_phone(address)

    def cleaned(self, text: str) -> str:
        if self.clear:
            return text
        if self.post.address and self.post.channel != ALERT:
            text = text.replace(self.post.address, self.to)
        return _REPLY_KEY.sub("+\u2026@", _LINK_KEY.sub("\\g<1>\u2026", text))

    @property
    def preview(self) -> str:
        """The subject, or how the text begins."""
        line = " ".join((self.post.subject or self.post.text).split())
        line = self.cleaned(line)
        return line if len(line) <= _PREVIEW else f"{line[: _PREVIEW - 1]}\u2026"

    @property
    def size(self) -> str | None:
        """Of an SMS, as it is billed."""
        if self.post.channel != Channel.SMS:
            return None
        size = sms_size(self.post.text)
        encoding = "GSM-7" if size.encoding is SmsEncoding.GSM_7 else "UCS-2"
        return f"{self.segments}, {size.units} units of {encoding}"

    @property
    def segments(self) -> str | None:
        if self.post.channel != Channel.SMS:
            return None
        number = sms_size(self.post.text).segments
        return f"{number} segment{'s' if number != 1 else ''}"
