"""Signed links: good for one purpose, for a while, under any key that is still held; and the short form in a mail address."""

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.links import LIFETIME, PATH, LinkPurpose
from store.correspondents import new_link_id
from store.link_tokens import LinkExpired, LinkInvalid, LinkSigner, LinkUrls, link_in_address

OLD, NEW, FOREIGN = "o" * 32, "n" * 32, "f" * 32
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK = "q83vEjRWeJASNFZ4kKvN7w"


def at(moment: datetime, *keys: str) -> LinkSigner:
    return LinkSigner(list(keys) or [NEW], moment.timestamp)


@pytest.mark.parametrize("made_for", list(LinkPurpose))
@pytest.mark.parametrize("used_for", list(LinkPurpose))
def test_a_token_is_good_for_its_own_purpose_only(made_for: LinkPurpose, used_for: LinkPurpose) -> None:
    token = at(NOW).sign(made_for, LINK)
    if made_for is used_for:
        assert at(NOW).read(used_for, token) == LINK
    else:
        with pytest.raises(LinkInvalid):
            at(NOW).read(used_for, token)


@pytest.mark.parametrize("purpose", list(LinkPurpose))
def test_a_token_ends_with_its_purposes_lifetime(purpose: LinkPurpose) -> None:
    token = at(NOW).sign(purpose, LINK)
    assert at(NOW + LIFETIME[purpose]).read(purpose, token) == LINK
    with pytest.raises(LinkExpired):
        at(NOW + LIFETIME[purpose] + timedelta(seconds=1)).read(purpose, token)


def test_a_clock_that_is_a_little_ahead_forges_nothing() -> None:
    ahead = at(NOW + timedelta(minutes=4)).sign(LinkPurpose.STATUS, LINK)
    assert at(NOW).read(LinkPurpose.STATUS, ahead) == LINK
    with pytest.raises(LinkExpired):
        at(NOW).read(LinkPurpose.STATUS, at(NOW + timedelta(hours=1)).sign(LinkPurpose.STATUS, LINK))


def test_keys_rotate_the_first_signs_and_all_read() -> None:
    before = at(NOW, OLD).sign(LinkPurpose.STATUS, LINK)
    after = at(NOW, NEW, OLD).sign(LinkPurpose.STATUS, LINK)
    assert at(NOW, NEW, OLD).read(LinkPurpose.STATUS, before) == LINK
    assert at(NOW, NEW).read(LinkPurpose.STATUS, after) == LINK
    with pytest.raises(LinkInvalid):
        at(NOW, OLD).read(LinkPurpose.STATUS, after)
    with pytest.raises(LinkInvalid):  # dropped: dead, although young
        at(NOW, NEW).read(LinkPurpose.STATUS, before)


def test_an_expired_token_of_the_older_key_is_expired_and_not_unknown() -> None:
    token = at(NOW, OLD).sign(LinkPurpose.FEEDBACK, LINK)
    with pytest.raises(LinkExpired):
        at(NOW + timedelta(days=31), NEW, OLD).read(LinkPurpose.FEEDBACK, token)


def test_the_same_moment_gives_the_same_token() -> None:
    signer = at(NOW + timedelta(days=1))
    assert signer.sign(LinkPurpose.STATUS, LINK, NOW) == at(NOW).sign(LinkPurpose.STATUS, LINK)


def test_a_token_holds_the_link_id_and_nothing_else() -> None:
    payload = at(NOW).sign(LinkPurpose.STATUS, LINK).split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == LINK


@given(st.text(max_size=300))
def test_no_text_of_a_stranger_is_a_token_or_a_fault(text: str) -> None:
    for purpose in LinkPurpose:
        with pytest.raises((LinkInvalid, LinkExpired)):
            at(NOW).read(purpose, text)
    with pytest.raises(LinkInvalid):
        at(NOW).read_short(text)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=63))
def test_a_changed_token_is_invalid(place: int, shift: int) -> None:
    token = at(NOW).sign(LinkPurpose.STATUS, LINK)
    place %= len(token)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if token[place] == ".":
        changed = token[:place] + token[place + 1 :]
    else:
        changed = token[:place] + letters[(letters.index(token[place]) + shift) % 64] + token[place + 1 :]
    try:
        # The last letter of a base64 text holds unused bits: another letter there may be the same signature.
        assert at(NOW).read(LinkPurpose.STATUS, changed) == LINK
        assert place == len(token) - 1
    except LinkInvalid:
        pass


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, "short"]])
def test_weak_keys_are_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        LinkSigner(keys)


@pytest.mark.parametrize("link_id", ["", "ada@example.org", "x" * 15, "x" * 65])
def test_what_is_no_link_id_is_not_signed(link_id: str) -> None:
    with pytest.raises(ValueError, match="no link id"):
        at(NOW).sign(LinkPurpose.STATUS, link_id)


@given(st.binary(min_size=16, max_size=16), st.booleans())
def test_the_short_form_survives_any_spelling(raw: bytes, upper: bool) -> None:
    link_id = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    short = at(NOW).short(link_id)
    assert (len(short), short.isalnum(), short) == (42, True, short.lower())
    assert at(NOW).read_short(short.upper() if upper else short.title()) == link_id


def test_the_short_form_of_an_older_key_is_read_and_a_foreign_one_is_not() -> None:
    assert at(NOW, NEW, OLD).read_short(at(NOW, OLD).short(LINK)) == LINK
    with pytest.raises(LinkInvalid):
        at(NOW, NEW, OLD).read_short(at(NOW, FOREIGN).short(LINK))


def test_the_books_link_ids_have_a_short_form() -> None:
    made = new_link_id()
    assert at(NOW).read_short(at(NOW).short(made)) == made


def test_a_link_id_of_another_length_has_no_short_form() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        at(NOW).short(secrets.token_urlsafe(18))


def test_there_is_one_link_for_each_purpose() -> None:
    urls = LinkUrls("https://care.example.com/", at(NOW)).urls(LINK, NOW)
    assert set(urls) == {purpose.value for purpose in LinkPurpose}
    for purpose in LinkPurpose:
        start = f"https://care.example.com{PATH[purpose]}"
        assert urls[purpose].startswith(start)
        assert at(NOW).read(purpose, urls[purpose].removeprefix(start)) == LINK


def test_a_reply_address_finds_its_link_again() -> None:
    signer = at(NOW)
    address = LinkUrls("https://care.example.com", signer).reply_address("customer-service.de@reply.example.com", LINK)
    local, _, domain = address.partition("@")
    assert (len(local) <= 64, domain) == (True, "reply.example.com")
    assert link_in_address(signer, address.upper()) == LINK
    for other in ("service@reply.example.com", "service+offers@reply.example.com", "", "@", "+@x", address.replace("+", "")):
        assert link_in_address(signer, other) is None


@pytest.mark.parametrize("mailbox", ["no-address", "@example.com", "a+b@example.com", "twenty-two-characters-@example.com"])
def test_a_mailbox_without_room_is_refused(mailbox: str) -> None:
    with pytest.raises(ValueError, match="reply mailbox"):
        LinkUrls("https://care.example.com", at(NOW)).reply_address(mailbox, LINK)
