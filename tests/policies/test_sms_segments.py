"""How many segments a text is: the alphabets, the header of joined segments, and pairs that are never torn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.sms_segments import SmsEncoding, SmsSize, sms_size

GSM, UCS2 = SmsEncoding.GSM_7, SmsEncoding.UCS_2
EURO, SMILE = "€", "😀"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", GSM, 0, 1),
        ("Hello", GSM, 5, 1),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("a" * 918, GSM, 918, 6),
        ("a" * 919, GSM, 919, 7),
        ("ÄÖÜäöüß§ñ\n\r", GSM, 11, 1),
        ("€^{}\\[~]|\f", GSM, 20, 1),
        (EURO * 80, GSM, 160, 1),
        (EURO * 81, GSM, 162, 2),
        # 153 septets hold 76 pairs and one that stays empty: a pair is never torn.
        (EURO * 152, GSM, 304, 2),
        (EURO * 153, GSM, 306, 3),
        ("a" * 152 + EURO + "a" * 152, GSM, 306, 3),
        ("я" * 70, UCS2, 70, 1),
        ("я" * 71, UCS2, 71, 2),
        ("я" * 134, UCS2, 134, 2),
        ("я" * 135, UCS2, 135, 3),
        (SMILE * 35, UCS2, 70, 1),
        (SMILE * 36, UCS2, 72, 2),
        ("a" * 66 + SMILE + "a" * 66, UCS2, 134, 3),
        ("a" * 66 + SMILE, UCS2, 68, 1),
        ("It’s", UCS2, 4, 1),  # one typographic character makes the whole text UCS-2
        ("ç", UCS2, 1, 1),  # in the alphabet is only its capital
        ("Ç", GSM, 1, 1),
        ("\t", UCS2, 1, 1),
        ("\x1b", UCS2, 1, 1),  # the escape itself is no character
    ],
)
def test_the_size_of_a_text(text: str, encoding: SmsEncoding, units: int, segments: int) -> None:
    assert sms_size(text) == SmsSize(encoding, units, segments)


GSM_TEXT = st.text(alphabet="abcé€[ ]\n@ΔÄß{", max_size=700)
ANY_TEXT = st.text(alphabet="ab€я😀’\n", max_size=400)


@given(ANY_TEXT | GSM_TEXT)
def test_segments_hold_what_they_must_and_not_one_too_many(text: str) -> None:
    size = sms_size(text)
    alone, joined = (160, 153) if size.encoding is GSM else (70, 67)
    assert (size.segments == 1) == (size.units <= alone)
    if size.segments > 1:
        assert size.units <= size.segments * joined
        # Each full segment wastes at most one unit on a pair that is not torn.
        assert size.units > (size.segments - 1) * (joined - 1)


@given(ANY_TEXT)
def test_units_are_those_of_the_encoding(text: str) -> None:
    size = sms_size(text)
    if size.encoding is UCS2:
        assert size.units == len(text.encode("utf-16-be")) // 2


@given(GSM_TEXT, st.text(alphabet="a€я😀", max_size=5))
def test_a_longer_text_is_never_smaller(text: str, more: str) -> None:
    assert sms_size(text + more).segments >= sms_size(text).segments
