"""A post of the outbox as a page may show it: name and address masked, the keys in its links gone.

Owns what is taken out, and the size of an SMS in words. Must never let through a name, a whole address or a link that opens something,
unless the page was asked for them and the asking is in the log. Called by the pages of the outbox.
"""

import re
from dataclasses import dataclass
from html import escape, unescape

from policies.case.vocabulary import Channel
from policies.sms_segments import SmsEncoding, sms_size
from starter.web.console.case.history import Masks
from starter.web.portal.masking import masked_email, masked_phone, without_keys
from store.outbox import ALERT, Post
from store.outbox_pages import Listed

CHANNELS = {Channel.EMAIL.value: "E-mail", Channel.SMS.value: "SMS", Channel.VOICE.value: "Call", ALERT: "Alert"}
ERASED = "(erased)"
_PREVIEW = 140  # characters of a line in the list
_TAG = re.compile(r"(<[^>]*>)")
_VALUE = re.compile(r'"([^"]*)"')
_REPLY_KEY = re.compile(r"\+[^@\s<>]+@")  # a reply address carries the key of its case


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of one post. `masks`: over whom its case knows; `clear`: as it was handed over."""

    post: Listed | Post
    masks: Masks
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
        if self.post.channel != ALERT:  # it names our own people
            if self.post.address:
                text = text.replace(self.post.address, self.to)
            text = self.masks.over(text) or ""
        return _REPLY_KEY.sub("+\u2026@", without_keys(text))

    def markup(self, html: str) -> str:
        """A mail's HTML, cleaned: in its words and in what its attributes say, where a name may be written with entities."""
        parts = _TAG.split(html)
        return "".join(_VALUE.sub(self._written, part) if part.startswith("<") else self._words(part) for part in parts)

    def _written(self, value: re.Match[str]) -> str:
        return f'"{self._words(value[1])}"'

    def _words(self, written: str) -> str:
        read = unescape(written)
        shown = self.cleaned(read)
        return written if shown == read else escape(shown)  # what is not touched stays as it was written: it may be a style

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
