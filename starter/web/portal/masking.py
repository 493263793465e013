"""Addresses as a page may show them: enough to recognise one's own, not enough to learn another's.

Owns the two masks, and the taking out of keys from letters that are shown again. Must never show a whole address. Called by the portal.
"""

import re

from policies.links import PATH

_GONE = "…"


def masked_email(address: str) -> str:
    """a***@example.com: the first letter and the domain, which tells one mailbox from another."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"


def masked_phone(number: str) -> str:
    """+49 *** 001: the beginning tells the country, the end which number it is."""
    return f"{number[:3]} *** {number[-3:]}" if len(number) > 8 else "***"


def without_keys(text: str, public_url: str) -> str:
    """A letter as it was sent, but for the tokens in its links: each of them opens something by itself."""
    paths = "|".join(re.escape(path) for path in PATH.values())
    return re.sub(rf"({re.escape(public_url)}(?:{paths}))[A-Za-z0-9._~-]+", rf"\g<1>{_GONE}", text)
