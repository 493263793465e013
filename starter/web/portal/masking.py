"""Addresses as a page may show them: enough to recognise one's own, not enough to learn another's.

Owns the two masks, and the taking out of keys from letters that are shown again. Must never show a whole address. Called by the pages of
the customer and of the console.
"""

import re

from policies.links import PATH

_GONE = "…"
# Below whatever address the house had when the letter was written: an old link still opens something. Shorter than six it is no token.
_LINK_KEY = re.compile(rf"(https?://[^\s\"'<>]+?(?:{'|'.join(re.escape(path) for path in PATH.values())}))[A-Za-z0-9._~-]{{6,}}")

_STUMP = re.compile(rf"https?://[^\s\"'<>]+?(?:{'|'.join(re.escape(path) for path in PATH.values())}){_GONE}(?:\?to=[a-z-]+)?")


def masked_email(address: str) -> str:
    """a***@example.com: the first letter and the domain, which tells one mailbox from another."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"


def masked_phone(number: str) -> str:
    """+49 *** 001: the beginning tells the country, the end which number it is."""
    return f"{number[:3]} *** {number[-3:]}" if len(number) > 8 else "***"


def without_keys(text: str) -> str:
    """A letter as it was sent, but for the tokens in its links: each of them opens something by itself."""
    return _LINK_KEY.sub(rf"\g<1>{_GONE}", text)


def without_stumps(text: str, word: str) -> str:
    """A letter as the page shows it: what is left of its links leads nowhere, so a word stands in their place."""
    return _STUMP.sub(word, text)
