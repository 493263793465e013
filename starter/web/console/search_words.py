"""What somebody typed into the one field, as everything it may be.

Owns the guesses: hashes where the books hold hashes, normal forms where they hold those, a number without its country completed as callers
read it out. Must never keep or log what was typed. Called by search_pages.py.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from starter.desk.identity import Identity
from starter.web.api.fields import unprintable
from store.case_search import Sought
from store.normal import normal_email, normal_phone

LONGEST = 320  # an e-mail address
_CASE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,119}\Z")
_SHORTEST_BEGINNING = 4  # fewer characters are the beginning of everything
_NUMBER = re.compile(r"\(?\+?[0-9(][0-9 ()/.\u00a0-]{4,30}\Z")
_LONGEST_REFERENCE = 120
# Whose national numbers are tried: a caller reads out "030 123 456", the books hold +4930123456. The European Economic Area, Switzerland,
# the United Kingdom, North America, Australia; elsewhere the country code is needed.
_CODES = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK US AU NZ"
COUNTRIES = tuple(_CODES.split())


@dataclass(frozen=True, slots=True)
class Typed:
    """`tried`: what it was taken for, in words; `hint`: what would help; `phones`: every number it may be."""

    sought: Sought
    tried: Sequence[str]
    hint: str | None = None


def understood(text: str, identity: Identity, merchants: Sequence[str]) -> Typed:
    """`merchants`: whose customers' ids are tried. ValueError: empty, or nothing that can be looked for."""
    words = " ".join(text.split())
    if not words:
        raise ValueError("Type something to look for.")
    if unprintable(words) or len(words) > LONGEST:
        raise ValueError(f"Right would be plain text of at most {LONGEST} characters.")
    email = normal_email(words) if " " not in words else None
    numbers = _numbers(words)
    bare = words.lstrip("#").strip() or words
    lowered = bare.lower()
    is_id = bool(_CASE_ID.match(lowered)) and email is None
    named = email is None and len(bare) <= _LONGEST_REFERENCE
    spellings = tuple(dict.fromkeys((bare, bare.upper(), lowered))) if named else ()
    references = tuple(dict.fromkeys((*spellings, *(identity.public_reference(each) for each in (bare, words)))))
    sought = Sought(
        case_ids=(lowered,) if is_id else (),
        references=references,  # one that is an address or a number is in the books as its hash
        orders=tuple(dict.fromkeys((*spellings, *((words,) if named else ())))),
        matters=tuple(dict.fromkeys((*spellings, *((words,) if named else ())))),
        customer_keys=tuple(identity.customer_key(merchant, each) for merchant in merchants for each in dict.fromkeys((bare, words))),
        email=email,
        phones=numbers,
        beginning=lowered if is_id and len(lowered) >= _SHORTEST_BEGINNING else None,
    )
    return Typed(sought, _tried(sought), _hint(words, sought))


def _numbers(words: str) -> tuple[str, ...]:
    if not _NUMBER.match(words):
        return ()
    digits = "".join(letter for letter in words if letter in "0123456789")
    if words.lstrip("(").startswith("+"):
        whole = normal_phone("+" + "".join(letter for letter in words.replace("(0)", "") if letter in "0123456789"))
        return (whole,) if whole else ()
    found = [normal_phone(f"+{digits[2:]}")] if digits.startswith("00") else []
    for country in COUNTRIES:
        try:
            number = phonenumbers.parse(digits, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            found.append(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return tuple(dict.fromkeys(number for number in found if number))


def _tried(sought: Sought) -> list[str]:
    told = []
    if sought.case_ids:
        told.append("a case id" + (", or the beginning of one" if sought.beginning else ""))
    if sought.orders:
        told.append("an order")
    if sought.references:
        told.append("a business reference")
    if sought.matters:
        told.append("the reference of a payment, a dispute or a parcel")
    if sought.customer_keys:
        told.append("a customer's id")
    if sought.email is not None:
        told.append("an e-mail address that a case writes to")
    if sought.phones:
        told.append("a phone number that a case calls" + (f", in {len(sought.phones)} countries" if len(sought.phones) > 1 else ""))
    return told


def _hint(words: str, sought: Sought) -> str | None:
    if sought.phones and not words.startswith(("+", "00", "(+")):
        return "A number is found for certain with its country code, such as +49 30 123456."
    if "@" in words and sought.email is None:
        return "An e-mail address has no blanks in it."
    return None
