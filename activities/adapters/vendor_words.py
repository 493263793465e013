"""A vendor's own words about a refusal, made fit to be shown to whoever tries a channel.

Owns what is taken out: addresses, numbers, tokens. What is left may still be anything that a vendor writes, so it must never be kept,
logged or travel to the engine. Called by the channel adapters; shown by trying.py only.
"""

import re

_LONGEST = 200  # characters: a sentence or two; what is longer is a page of some gateway
_LEFT_OUT = "(left out)"
# Addresses; links, which may carry keys; numbers as long as a telephone's; words as long as a key.
_PERSONAL = re.compile(r"\S*@\S*|\bhttps?://\S+|\+?\d[\d ().-]{5,}\d|[A-Za-z0-9_.=/+-]{20,}")


def shown(words: str) -> str:
    """One line, or "" if nothing was said."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words[: 10 * _LONGEST]).split())
    clean = _PERSONAL.sub(_LEFT_OUT, line)
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1].rstrip() + "…"
