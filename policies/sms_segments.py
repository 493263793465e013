"""How many segments a text message is sent and billed as (3GPP TS 23.038 and 23.040).

Owns the count: GSM-7 with its extension table, else UCS-2, with the header that joins segments. Pure. Must never change a text.
Called by the SMS adapter, and by whoever wants to keep the count or to refuse a text before it is sent.
"""

from dataclasses import dataclass
from enum import StrEnum

# The 127 characters of the default alphabet; its 128th code is the escape to the extension table.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these is sent as escape and code: two septets.
_EXTENSION = frozenset("\f^{}\\[~]|€")

# A segment carries 140 octets. Joined segments lose 6 of them to the header: 140 -> 134 octets.
_GSM_ALONE, _GSM_JOINED = 160, 153
_UCS2_ALONE, _UCS2_JOINED = 70, 67


class SmsEncoding(StrEnum):
    GSM_7 = "gsm_7"
    UCS_2 = "ucs_2"


@dataclass(frozen=True)
class SmsSize:
    """`units` are septets (GSM-7) or 16-bit units (UCS-2); `segments` is what the carrier counts and bills."""

    encoding: SmsEncoding
    units: int
    segments: int


def sms_size(text: str) -> SmsSize:
    """The size of `text` as an SMS. An empty text is one segment: the carrier would send it as one."""
    if all(character in _BASIC or character in _EXTENSION for character in text):
        widths = [2 if character in _EXTENSION else 1 for character in text]
        return _size(SmsEncoding.GSM_7, widths, _GSM_ALONE, _GSM_JOINED)
    # Beyond the basic plane (most emoji) a character is a surrogate pair.
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _size(SmsEncoding.UCS_2, widths, _UCS2_ALONE, _UCS2_JOINED)


def _size(encoding: SmsEncoding, widths: list[int], alone: int, joined: int) -> SmsSize:
    units = sum(widths)
    if units <= alone:
        return SmsSize(encoding, units, 1)
    segments, room = 1, joined
    for width in widths:
        if width > room:  # neither an escape pair nor a surrogate pair is torn: the unit left over stays empty
            segments, room = segments + 1, joined
        room -= width
    return SmsSize(encoding, units, segments)
