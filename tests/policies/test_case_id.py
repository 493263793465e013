"""Case ids: format and lengths, what the hash covers, nothing personal, the inverse."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.case.case_id import case_id, looks_personal, parse_workflow_id, workflow_id
from policies.case.vocabulary import CaseKind

READABLE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?-[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?-[0-9a-f]{8}")
HASH_ONLY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?-[0-9a-f]{8}")
kinds = st.sampled_from(list(CaseKind))
phones = st.builds(
    lambda start, groups, separator: start + separator.join(groups),
    st.sampled_from(["+49 ", "+1", "0049", "(030) ", "030/", "+44 (0) "]),
    st.lists(st.text("0123456789", min_size=2, max_size=3), min_size=3, max_size=3),
    st.sampled_from([" ", "", "-", ".", "/"]),
)


def sha8(merchant: str, kind: str, reference: str) -> str:
    return hashlib.sha256(f"{merchant}\x1f{kind}\x1f{reference}".encode()).hexdigest()[:8]


@pytest.mark.parametrize(
    ("merchant", "reference", "expected"),
    [
        ("Nordwind", "R-1001", "nordwind-r-1001"),
        ("Nordwind", "1234567890", "nordwind-1234567890"),  # a plain run of digits is an order number
        ("Nordwind", "2026-03-000417", "nordwind-2026-03-000417"),
        ("A. Müller & Söhne GmbH", "RMA/7", "a-m-ller-s-h-rma-7"),
        ("Nordwind", "REFUND-2026-0000000000000017", "nordwind-refund-2026-00000000"),
        ("Nordwind", "…", "nordwind-x"),
        ("Nordwind", "--7--", "nordwind-7"),
    ],
)
def test_readable(merchant: str, reference: str, expected: str) -> None:
    assert case_id(merchant, CaseKind.REFUND, reference) == f"{expected}-{sha8(merchant, 'refund', reference)}"


@pytest.mark.parametrize(
    "reference",
    [
        "ada@example.com",
        "order of ada.l+shop@example.co.uk",
        "<ada@example>",
        "+4930555000",
        "+49 (0)30 555-000",
        "0049 30 555000",
        "030/555 000",
        "(030) 555-0001",
        "555.123.4567",
        " +4930555000 ",
        "order of +49 30 1234567",
        "Tel. 030/1234567 Mustermann",
        "order 2026-0001 of 0049 30 555000",
        "R-1 (030) 555-0001",
        "call 555.123.4567 back",
        "x+4930555000",
        "Bestellung 0301234567",
        "R-1/0171 1234567",
        "Mustermann-0171-1234567",
        "anna01711234567",
        "R-1\n0171 1234567",
        "R-1 for ada@example.com, again",
    ],
)
def test_a_reference_like_an_address_or_a_phone_number_leaves_only_its_hash(reference: str) -> None:
    assert looks_personal(reference)
    assert case_id("Nordwind", CaseKind.DELAY, reference) == f"nordwind-{sha8('Nordwind', 'delay', reference)}"


@pytest.mark.parametrize(
    "reference",
    [
        *("R-1", "4711", "2026-0001", "123456789012345678", "O-77/3", "ABC 123 456", "1-2-3"),
        *(
            "RMA-0012345",
            "R0012345",
            "#0012345",
            "INV/2026/000123",
            "order 123456789",
            "re_3MtwBwLkdIwHu7ix0Fd28a3t",
            "DHL 00340434161094015902",
        ),
        *("REFUND-2026-0000000000000017", "A 12 B 34 C 56 78"),
    ],
)
def test_a_business_reference_is_not_taken_for_one(reference: str) -> None:
    assert not looks_personal(reference)


@given(st.text(min_size=1, max_size=60), kinds, st.text(min_size=1, max_size=120))
def test_every_id_has_the_form_and_the_hash_of_all_three(merchant: str, kind: CaseKind, reference: str) -> None:
    found = case_id(merchant, kind, reference)
    assert (HASH_ONLY if looks_personal(reference) else READABLE).fullmatch(found)
    assert len(found) <= 12 + 1 + 20 + 1 + 8
    assert found.endswith(f"-{sha8(merchant, kind.value, reference)}")
    assert parse_workflow_id(workflow_id(kind, found)) == (kind, found)
    assert case_id(merchant, kind, reference) == found


@given(st.emails(), kinds)
def test_no_address_gets_through(address: str, kind: CaseKind) -> None:
    assert case_id("Nordwind", kind, address) == f"nordwind-{sha8('Nordwind', kind.value, address)}"


@given(phones, st.sampled_from(["order of {}", "R-1: {}", "{} (Mustermann)", "R-1 {} again"]), kinds)
def test_no_phone_number_within_a_longer_reference_gets_through(phone: str, text: str, kind: CaseKind) -> None:
    assert HASH_ONLY.fullmatch(case_id("Nordwind", kind, text.format(phone)))


@given(phones, kinds)
def test_no_phone_number_gets_through(phone: str, kind: CaseKind) -> None:
    assert case_id("Nordwind", kind, phone) == f"nordwind-{sha8('Nordwind', kind.value, phone)}"


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), kinds, kinds)
def test_another_merchant_kind_or_reference_is_another_case(m1: str, m2: str, r1: str, r2: str, k1: CaseKind, k2: CaseKind) -> None:
    if (m1, k1, r1) != (m2, k2, r2) and "\x1f" not in m1 + m2 + r1 + r2:
        assert case_id(m1, k1, r1)[-8:] != case_id(m2, k2, r2)[-8:]


@pytest.mark.parametrize("text", ["", "refund", "refund-", "parcel-nordwind-r-1-00000000", "-x"])
def test_what_is_no_workflow_id_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no workflow id of a case|is not a valid CaseKind"):
        parse_workflow_id(text)
