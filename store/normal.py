"""One form of an address, so that the same one is found again however it was written.

Owns that form: e-mail in lower case, a phone number in E.164. Must never judge whether an address can be reached. Called by what
saves contacts, suppresses addresses and looks up who wrote.
"""

from policies.case.vocabulary import Channel

# The local part may be read by case in theory; no provider in use does, and "Ada@" must not escape what "ada@" asked for.
_LONGEST = 320  # 64 + @ + 255: what is longer is no address


def normal_email(address: str | None) -> str | None:
    """In lower case without blanks around; None for nothing, and for what is no address."""
    text = (address or "").strip().lower()
    return text if "@" in text and len(text) <= _LONGEST else None


def normal_phone(number: str | None) -> str | None:
    """A number in E.164 without blanks; None for anything else (names of senders, short codes)."""
    text = (number or "").replace(" ", "")
    return text if text.startswith("+") and text[1:].isdigit() and 7 <= len(text) - 1 <= 15 else None


def normal_address(channel: Channel, address: str | None) -> str | None:
    """The address as this channel's books hold it."""
    return normal_email(address) if channel is Channel.EMAIL else normal_phone(address)
