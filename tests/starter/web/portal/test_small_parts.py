"""Masks, limits, sessions, public words and the reading of forms, each by itself."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from activities.templates.languages import language_for
from policies.case.vocabulary import CaseKind, Channel
from policies.links import LinkPurpose
from policies.time.spans import Span
from starter.policy_books import load_books
from starter.settings import BOOKS
from starter.web.as_typed import dialled, time_of_day
from starter.web.command_key import command_key
from starter.web.pace import Pace
from starter.web.pages import page
from starter.web.portal.care import Care, CareOfShops
from starter.web.portal.forms import filled
from starter.web.portal.masking import masked_email, masked_phone, without_keys, without_stumps
from starter.web.portal.public_words import PublicWords
from starter.web.portal.saying import Saying
from starter.web.portal.session import Session, Sessions

ENGLISH = language_for("en")
KEYS = ["n" * 32, "o" * 32]


@pytest.mark.parametrize(
    ("address", "masked"),
    [("ada@example.com", "a***@example.com"), ("a@x.example", "a***@x.example"), ('"a@b"@example.com', '"***@example.com')],
)
def test_a_mailbox_is_recognised_and_not_learnt(address: str, masked: str) -> None:
    assert masked_email(address) == masked


@pytest.mark.parametrize(("number", "masked"), [("+49305550001", "+49 *** 001"), ("+1234567", "***")])
def test_a_number_is_recognised_and_not_learnt(number: str, masked: str) -> None:
    assert masked_phone(number) == masked


def test_letters_are_shown_without_the_keys_in_their_links() -> None:
    url, former = "https://care.example.com", "https://service.example.net:8443"
    letter = f"See {url}/s/IlBf.ab-c_D, or stop: {former}/u/Xy01234. {url}/about stays, and /s/IlBf.ab-c_D and {url}/s/now too."
    assert without_keys(letter) == f"See {url}/s/…, or stop: {former}/u/… {url}/about stays, and /s/IlBf.ab-c_D and {url}/s/now too."


def test_the_pace_of_each_link_is_its_own_and_forgotten_in_time() -> None:
    now = [0.0]
    pace = Pace(2, 10, remembered=2, clock=lambda: now[0])
    assert [pace.too_fast("a") for _ in range(3)] == [False, False, True]
    assert not pace.too_fast("b")
    now[0] = 11
    assert not pace.too_fast("a")
    for key in ("c", "d"):
        pace.too_fast(key)
    assert not pace.too_fast("b")  # the quietest was forgotten


@pytest.mark.parametrize(
    ("typed", "number"), [("+49 (30) 12-34.56", "+4930123456"), ("0049 30/123456", "+4930123456"), ("030 123456", "030123456"), ("", "")]
)
def test_a_number_is_taken_as_people_write_it(typed: str, number: str) -> None:
    assert dialled(typed) == number


@pytest.mark.parametrize(
    ("typed", "time"), [("21:00", "21:00"), ("08:30:00", "08:30"), ("24:00", None), ("9", None), ("21:00:30", None), ("", None)]
)
def test_a_time_of_day_is_one_or_none(typed: str, time: str | None) -> None:
    assert time_of_day(typed) == time


def request_with(name: str, value: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{name}={value}".encode())]})


def kept(sessions: Sessions, session: Session) -> str:
    cookie = sessions.keep(Response(), session).headers["set-cookie"]
    return cookie.partition("=")[2].partition(";")[0]


def test_a_session_survives_the_rotation_of_keys_and_no_other_key() -> None:
    now = [1000.0]
    old = Sessions(KEYS[1:], https=True, clock=lambda: now[0])
    session = replace(old.opened("l" * 22, LinkPurpose.STATUS, None), language="de", said="said.saved")
    text = kept(old, session)
    both = Sessions(KEYS, https=True, clock=lambda: now[0])
    assert both.read(request_with(both.cookie, text)) == session
    assert Sessions(KEYS[:1], https=True, clock=lambda: now[0]).read(request_with(both.cookie, text)) is None
    assert Sessions(KEYS, https=False, clock=lambda: now[0]).cookie == "makegood-case"


def test_a_link_to_another_case_begins_another_session() -> None:
    sessions = Sessions(KEYS, https=True, clock=lambda: 1000.0)
    first = sessions.opened("a" * 22, LinkPurpose.FEEDBACK, None)
    more = sessions.opened("a" * 22, LinkPurpose.NOT_SOLVED, first)
    other = sessions.opened("b" * 22, LinkPurpose.NOT_SOLVED, more)
    assert (more.number, more.may("feedback"), more.may("not_solved"), more.may("view")) == (first.number, True, True, False)
    assert (other.number != first.number, other.may("feedback")) == (True, False)


def test_a_form_keeps_what_was_typed_and_cannot_disguise_it() -> None:
    form = filled(FormData([("text", "one\r\ntwo\x00\u202e"), ("once", "x" * 22), ("csat", "5")]))
    assert (form.get("text"), form.once, form.number("csat", 1, 5)) == ("one\ntwo", "x" * 22, 5)
    assert filled(FormData([("once", "../../absorb")])).once is None


@pytest.mark.parametrize("text", ["6", "0", "-1", "1.0", "²", "five", "999999999999"])
def test_only_numbers_of_the_scale_are_numbers(text: str) -> None:
    form = filled(FormData([("csat", text)]))
    assert form.number("csat", 1, 5) is None
    assert [wrong.key for wrong in form.wrong] == ["wrong.csat"]


def test_the_same_form_is_the_same_command_and_other_words_are_another() -> None:
    once = "x" * 22
    assert command_key("portal", "reply", once, "a", False) == command_key("portal", "reply", once, "a", False)
    assert command_key("portal", "reply", once, "a", False) != command_key("portal", "reply", once, "b", False)
    assert command_key("portal", "reply", None, "a") is None
    assert (command_key("portal", "not_solved", once, None) or "").startswith("portal-not_solved-" + once)


def test_a_case_is_told_in_public_words_and_an_unknown_reason_in_none() -> None:
    words = PublicWords(load_books([BOOKS / "demo.toml"]))
    fraud = words.waiting("demo.refund", CaseKind.REFUND, "fraud_review", ENGLISH, asks=False)
    review = words.waiting("demo.refund", CaseKind.REFUND, "under_review", ENGLISH, asks=False)
    assert fraud == review
    assert fraud.why == "a colleague is looking at your case"
    photo = words.waiting("gone.since", CaseKind.REFUND, "photo", language_for("de-AT"), asks=True)  # a policy that is no longer there
    assert photo.need == "ein Foto des Schadens"
    unknown = words.waiting("demo.refund", CaseKind.REFUND, "stolen_goods", ENGLISH, asks=False)
    assert (unknown.why, unknown.need, unknown.on) == (None, None, "review")
    assert words.outcome("demo.refund", CaseKind.REFUND, "stolen_goods", ENGLISH) is None
    assert words.date_reason("demo.refund", CaseKind.REFUND, "next_response", ENGLISH) is None  # an internal clock
    assert words.date_reason("demo.refund", CaseKind.REFUND, "withdrawal_refund", ENGLISH) == (
        "by law, fourteen days after you withdrew from the purchase (Directive 2011/83/EU, Article 13(1))"
    )


def test_how_often_stays_within_the_policys_bounds() -> None:
    words = PublicWords(load_books([BOOKS / "retail.toml"]))
    assert [str(span) for span in words.cadences("retail.refund", None)] == ["24h", "48h", "72h", "96h"]
    assert str(next(iter(words.cadences("retail.refund", Span.parse("30h"))))) == "30h"
    assert words.cadences("unknown", None) == []
    assert words.channels("retail.refund") == [Channel.EMAIL, Channel.SMS]


def test_the_page_speaks_in_the_name_of_the_messages(tmp_path: Path) -> None:
    file = tmp_path / "brands.toml"
    file.write_text(
        '[fallback]\nname = "Care"\nreply_address = "care@shop.example"\n'
        '[shops.north]\nname = "North"\nphone = "+4930123456"\n[shops."north/summit"]\nname = "Summit"\nreply_address = "s@north.example"\n'
    )
    shops = CareOfShops.of_file(file)
    assert shops.of("north", "summit") == Care("Summit", "s@north.example", None)
    assert shops.of("north", "other") == Care("North", None, "+4930123456")
    assert shops.of("south", None) == Care("south", "care@shop.example", None)
    assert CareOfShops.of_file(tmp_path / "none").of("south", None) == Care("south", None, None)
    file.write_text("[[[")
    assert CareOfShops.of_file(file).of("south", None).name == "south"


def test_a_person_is_one_touch_away_on_a_phone() -> None:
    care = Care("Nordlicht", "hallo+care@example.com", "+49 (40) 555-01 23")
    say = Saying("de", "de", "UTC", today=datetime(2026, 3, 2, tzinfo=UTC))
    nothing: dict[str, Any] = {"kept": None, "case_id": None, "outcome": None, "closed_at": None}
    shown = bytes(page("portal/notice.html.j2", "de", name="left", say=say, care=care, style_url="/s.css", **nothing).body).decode()
    assert '<a href="tel:+49405550123">' in shown
    assert '<a href="mailto:hallo%2Bcare@example.com">' in shown


def test_what_is_left_of_a_link_is_a_word() -> None:
    letter = "Your case online: http://127.0.0.1:8080/s/abc.def-ghi\nStop: https://x.example/s/abcdefgh?to=settings. Visit https://x.example/help"
    shown = without_stumps(without_keys(letter), "[link]")
    assert shown == "Your case online: [link]\nStop: [link]. Visit https://x.example/help"
