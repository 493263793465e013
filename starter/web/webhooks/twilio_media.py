"""Pictures and other files that customers send by text message (MMS): fetched from Twilio, kept under their hash as attachments of mails
are.

Owns from where they may be fetched, with what, how much and how long. Must never send the account's credentials to another host than
Twilio's API, follow an address elsewhere than to where Twilio keeps media, nor keep a type that nobody sends by text message. Called by
telling.py, beside the drain: Twilio waits 15 s for the webhook's answer, a picture may take longer.

Sources: twilio.com/docs/messaging/api/media-resource (HTTP basic authentication; without an extension the media itself is answered),
support.twilio.com "Protect Media Access with HTTP Basic Authentication" (a redirect to mms.twiliocdn.com that is good for four hours,
s3-external-1.amazonaws.com for accounts without it).
"""

import asyncio
import hashlib
import logging
import re
import ssl
from collections.abc import Sequence
from functools import cache
from urllib.parse import urljoin, urlsplit

import httpx2

from starter.web.webhooks.attachments import AttachmentStore
from starter.web.webhooks.replies import Attachment

API = "https://api.twilio.com"
_REGIONAL = re.compile(r"api(\.[a-z0-9-]+){0,2}\.twilio\.com\Z")  # api.dublin.ie1.twilio.com
_STORES = frozenset({"mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com"})
_MEDIA = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Messages/[A-Z]{2}[0-9a-fA-F]{32}/Media/ME[0-9a-fA-F]{32}\Z")
_HEADERS = {"user-agent": "makegood", "accept-encoding": "identity"}  # what unfolds to gigabytes is not asked for
_WITHIN_S = 15.0  # all files of a message, beside each other: with the desk's 20 s below the lease of an inbox row (60 s)
_CONNECT_S = 3.0
_LARGEST = 20 * 1024 * 1024  # bytes, as of a mail's; carriers take 5 MB, WhatsApp 16
# What telephones send: pictures, sound, film, a contact, a date, a document. No HTML, no SVG, no programs: somebody opens them.
_TYPES = frozenset({"application/pdf", "text/vcard", "text/x-vcard", "text/calendar", "text/plain"})
_FAMILIES = ("image/", "audio/", "video/")
_REFUSED = frozenset({"image/svg+xml"})
# 404: seen at once after the webhook, before the media is there.
_LATER = frozenset({404, 408, 409, 425, 429})
# The client logs every address, at INFO.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class MediaAway(Exception):
    """Not now: Twilio does not answer, or not yet with the media."""


class _Lost(Exception):
    """This one will not come; the text says why."""


@cache
def _trusted() -> ssl.SSLContext:
    """The certificate authorities, read once per process (SSL_CERT_FILE changes with a restart): to read them takes 15 ms of a core."""
    return httpx2.create_ssl_context()


class TwilioMedia:
    """`tokens`: auth tokens of the account, the other one while it is rotated. `base_url`: the API's, where it is another region's."""

    def __init__(self, store: AttachmentStore, tokens: Sequence[str], base_url: str = API, within_s: float = _WITHIN_S) -> None:
        self._store = store
        self._tokens = list(tokens)
        self._base = urlsplit(base_url)
        self._within_s = within_s

    def takes(self, url: str) -> bool:
        """Whether this is the address of a message's media at Twilio."""
        parts = urlsplit(url)
        at_twilio = parts.scheme == "https" and parts.port is None and _REGIONAL.match(parts.hostname or "") is not None
        at_base = (parts.scheme, parts.netloc) == (self._base.scheme, self._base.netloc)
        return (at_twilio or at_base) and parts.username is None and _MEDIA.match(parts.path) is not None

    async def fetched(self, attachments: Sequence[Attachment], *, last_try: bool) -> list[Attachment]:
        """The same with what could be fetched kept, by address and hash. Raises MediaAway, unless it is the last try; OSError.

        What will not come stays by its address at Twilio, with why.
        """
        proxies = {"all://127.0.0.1": None, "all://localhost": None}
        limits = httpx2.Timeout(self._within_s, connect=min(_CONNECT_S, self._within_s))
        async with httpx2.AsyncClient(follow_redirects=False, mounts=proxies, timeout=limits, headers=_HEADERS, verify=_trusted()) as http:
            return list(await asyncio.gather(*(self._one(http, attachment, last_try) for attachment in attachments)))

    async def _one(self, http: httpx2.AsyncClient, attachment: Attachment, last_try: bool) -> Attachment:
        if attachment.sha256 is not None or not self.takes(attachment.address):
            return attachment
        try:
            async with asyncio.timeout(self._within_s):
                content, kind = await self._content(http, attachment.address)
        except _Lost as lost:
            return attachment.model_copy(update={"problem": str(lost)})
        except (TimeoutError, httpx2.HTTPError):
            if not last_try:
                raise MediaAway from None
            return attachment.model_copy(update={"problem": "Twilio did not answer"})
        except MediaAway:
            if not last_try:
                raise
            return attachment.model_copy(update={"problem": "Twilio does not have it"})
        address = await self._store.put(content)
        return Attachment(address=address, type=kind, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

    async def _content(self, http: httpx2.AsyncClient, url: str) -> tuple[bytes, str]:
        found = _MEDIA.match(urlsplit(url).path)
        account = found[1] if found else ""
        for token in self._tokens:
            async with http.stream("GET", url, auth=httpx2.BasicAuth(account, token)) as answer:
                if answer.status_code == 401:
                    continue
                if answer.is_redirect:
                    location = answer.headers.get("location", "")
                    target = urljoin(url, location) if location else ""
                    break
                return await _taken(answer)
        else:
            raise _Lost("the account's token does not open it")
        if not self._is_store(target):
            raise _Lost("it lies where we do not fetch from")
        async with http.stream("GET", target) as answer:  # without credentials: the address itself is signed
            return await _taken(answer)

    def _is_store(self, url: str) -> bool:
        parts = urlsplit(url)
        at_base = (parts.scheme, parts.netloc) == (self._base.scheme, self._base.netloc)
        return at_base or (parts.scheme == "https" and parts.port is None and parts.hostname in _STORES)


async def _taken(answer: httpx2.Response) -> tuple[bytes, str]:
    """The body and its type. Raises MediaAway, _Lost."""
    if answer.status_code in _LATER or answer.status_code >= 500:
        raise MediaAway
    if answer.status_code != 200:
        raise _Lost(f"Twilio answered {answer.status_code}")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _REFUSED or not (kind in _TYPES or kind.startswith(_FAMILIES)):
        raise _Lost("its type is none that is kept")
    declared = answer.headers.get("content-length", "")
    content = bytearray()
    if declared.isascii() and declared.isdigit() and int(declared) > _LARGEST:
        raise _Lost("it is too large to be kept")
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > _LARGEST:
            raise _Lost("it is too large to be kept")
    return bytes(content), kind[:100]
