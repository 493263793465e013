"""A vendor's words as an operator may read them."""

import pytest

from activities.adapters.vendor_words import shown


@pytest.mark.parametrize(
    ("words", "clean"),
    [
        ("Maximum credits exceeded", "Maximum credits exceeded"),
        ("The 'To' number +49 1512 345-6789 is not valid", "The 'To' number (left out) is not valid"),
        ("ada@example.org does not exist", "(left out) does not exist"),
        ("key SG.aaaaaaaaaaaaaaaaaaaaaa is revoked", "key (left out) is revoked"),
        ("see https://sendgrid.example/docs?key=1 for more", "see (left out) for more"),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("", ""),
    ],
)
def test_addresses_numbers_keys_and_links_are_left_out(words: str, clean: str) -> None:
    assert shown(words) == clean


def test_a_page_is_cut_to_a_sentence() -> None:
    assert len(shown("word " * 10_000)) == 200
