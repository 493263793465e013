"""The queue, the search and one customer's cases, as somebody who is signed in gets them."""

import html
import logging
import re
from datetime import timedelta
from typing import Any

import pytest

from policies.case.plans import AlertPlan
from policies.case.state import Alert
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, FactType, PromiseEnd
from policies.providers.statuses import TargetType
from starter.desk.identity import Identity
from starter.identity_key import identity_of
from starter.policy_books import load_books
from starter.settings import load_settings
from starter.web.console.queue_assets import QUEUE_STYLE_URL, SCRIPT_URL
from starter.web.console.queue_pages import horizon
from starter.web.console.search_words import understood
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.parks import park
from store.people import PersonRole
from store.recorder import Recorder
from store.recorder.watches import Check
from store.references import CaseReference
from tests.starter.web.console.harness import Scene, usual_scene
from tests.store.samples import MONDAY, ended, entry, fact, hours
from tests.store.test_queue import counted, shelve, to_call

QUEUE, LIVE, SEARCH, CUSTOMERS = "/console/queue", "/console/queue/live", "/console/search", "/console/customers"
IDENTITY_KEY = "i" * 32
_KEY = re.compile(r'data-key="([^"]+)"')
SHELF: dict[str, dict[str, Any]] = {
    "acme-r-late": {"breached_at": hours(-30), "resolve_by": hours(400), "owner": "lena", "escalation": 2, "order": "O-77"},
    "acme-r-asked": {"unanswered_since": hours(-5), "resolve_by": hours(400)},
    "acme-r-calm": {"resolve_by": hours(400), "next_at": hours(3), "next_word_at": hours(3)},
    "beta-r-late": {"breached_at": hours(-3), "merchant": "beta", "customer_key": "beta-customer"},
}


@pytest.fixture
async def scene(sqlite_store: Store) -> Scene:
    scene = usual_scene(sqlite_store, identity_key=IDENTITY_KEY)
    await shelve(sqlite_store, SHELF)
    return scene


def keys(text: str) -> list[str]:
    return [html.unescape(key) for key in _KEY.findall(text)]


def seen(text: str) -> str:
    """What is read, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


# -- the queue --------------------------------------------------------------------------------------------------------------------------


async def test_who_signs_in_sees_first_what_needs_a_person(scene: Scene) -> None:
    await to_call(scene.store, "acme-r-calm", due_at=hours(-1))
    await scene.person()
    async with scene.stranger() as visitor:
        page = await visitor.sign_in()
    assert keys(page.text) == [
        "breached:acme-r-late",
        "breached:beta-r-late",
        "unanswered:acme-r-asked",
        "call:call-acme-r-calm",
        "rest:acme-r-calm",
    ]
    words = seen(page.text)
    assert "<title>(4) Queue" in page.text
    for told in ("Refund, order O-77", "Date missed 1 d 6 h ago", "lena L2", "Customer waits for 5 h", "in 3 h"):
        assert told in words, told
    assert 'href="/console/cases/acme-r-late"' in page.text
    assert "data-reload>Reload" in page.text


async def test_a_viewer_may_look_and_a_stranger_may_not(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.VIEWER) as visitor, scene.stranger() as stranger:
        assert (await visitor.get(QUEUE)).status_code == 200
        for path in (QUEUE, f"{CUSTOMERS}/c0ffee", SEARCH):
            assert (await stranger.get(path, follow=False)).headers["location"].startswith("/console/sign-in"), path


async def test_other_merchants_cases_do_not_exist(scene: Scene) -> None:
    await to_call(scene.store, "beta-r-late")
    async with scene.signed_in(PersonRole.AGENT, merchants=["acme"]) as visitor:
        for path in (QUEUE, LIVE, f"{QUEUE}?merchant=beta", f"{QUEUE}?group=breached", f"{QUEUE}?group=calls"):
            assert "beta" not in (await visitor.get(path)).text.replace("?merchant=beta", "").replace('value="beta"', ""), path
        assert (await visitor.get(f"{CUSTOMERS}/beta-customer")).status_code == 404
        for words in ("beta-r-late", "R-beta-r-late", "O-beta-r-late", "beta-r"):
            assert "Nothing was found" in (await visitor.post(SEARCH, q=words)).text, words
        assert (await visitor.get(f"{CUSTOMERS}/c0ffee")).status_code == 200


async def test_filters_stand_in_the_address_and_a_misspelt_one_is_named(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        assert keys((await visitor.get(f"{QUEUE}?mine=yes")).text) == ["breached:acme-r-late"]
        assert keys((await visitor.get(f"{QUEUE}?merchant=beta")).text) == ["breached:beta-r-late"]
        calm = await visitor.get(f"{QUEUE}?segment=none")
        assert "Nobody waits for a person here." in seen(calm.text)
        assert 'data-live="/console/queue/live?segment=none"' in calm.text
        for wrong in ("kind=x", "status=x", "group=x", "group=rest&after=x"):
            answer = await visitor.get(f"{QUEUE}?{wrong}")
            assert answer.status_code == 422, wrong
        assert "kind: is none of refund, dispute, delay" in seen((await visitor.get(f"{QUEUE}?kind=x")).text)


async def test_more_of_a_group_is_a_page_of_its_own(scene: Scene) -> None:
    await shelve(scene.store, {f"acme-r-{number:03}": {"breached_at": hours(-number)} for number in range(1, 61)})
    async with scene.signed_in() as visitor:
        whole = await visitor.get(QUEUE)
        assert sum(key.startswith("breached:") for key in keys(whole.text)) == 8
        found, path = [], f"{QUEUE}?group=breached"
        while path:
            text = (await visitor.get(path)).text
            found += keys(text)
            link = re.search(r'href="([^"]+)" rel="next"', text)
            path = html.unescape(link[1]) if link else ""
    assert (len(found), len(set(found))) == (62, 62)


async def test_a_parked_channel_names_no_sender_to_who_is_bounded(scene: Scene) -> None:
    await scene.store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "sender", MONDAY, timedelta(hours=1), sender="care@beta.example"))
    async with scene.signed_in() as lead, scene.signed_in(PersonRole.AGENT, "bob", merchants=["acme"]) as bob:
        assert "care@beta.example" in (await lead.get(QUEUE)).text
        text = (await bob.get(QUEUE)).text
        assert "one sender" in text
        assert "care@beta.example" not in text


# -- live --------------------------------------------------------------------------------------------------------------------------------


async def test_the_script_gets_the_groups_alone_and_keeps_no_session_alive(scene: Scene) -> None:
    async with scene.signed_in() as visitor, scene.stranger() as stranger:
        page = (await visitor.get(QUEUE)).text
        headers = {"accept": "*/*", "sec-fetch-site": "same-origin"}
        part = await visitor.http.get(LIVE, headers=headers)
        assert (part.status_code, "<html" in part.text, keys(part.text)) == (200, False, keys(page))
        assert part.headers["cache-control"] == "no-store"
        assert (await stranger.http.get(LIVE, headers=headers)).status_code == 401
        scene.clock.now = hours(0.4)
        assert (await visitor.http.get(LIVE, headers=headers)).status_code == 200
        scene.clock.now = hours(0.6)
        assert (await visitor.http.get(LIVE, headers=headers)).status_code == 401


async def test_script_and_stylesheet_are_our_own_files(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        page = await visitor.get(QUEUE)
        assert f'<script src="{SCRIPT_URL}" defer></script>' in page.text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=", page.text)
        script, style = await visitor.get(SCRIPT_URL), await visitor.get(QUEUE_STYLE_URL)
        assert (script.headers["content-type"], style.headers["content-type"]) == (
            "text/javascript; charset=utf-8",
            "text/css; charset=utf-8",
        )
        assert "immutable" in script.headers["cache-control"]


async def test_pages_of_ten_and_of_five_hundred_cases_cost_the_same(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        numbers: list[list[int]] = []
        for upto in (10, 500):
            for number in range(0 if upto == 10 else 10, upto):
                await Recorder(scene.store).commit_entry(entry(f"acme-n-{number}", breached_at=hours(-1) if number % 2 else None))
            costs = []
            for path in (QUEUE, LIVE, f"{QUEUE}?group=breached", f"{CUSTOMERS}/c0ffee"):
                with counted() as statements:
                    assert (await visitor.get(path)).status_code == 200
                costs.append(len(statements))
            with counted() as statements:
                assert (await visitor.post(SEARCH, q="acme-n")).status_code == 200
            numbers.append([*costs, len(statements)])
    # One more counts the groups of which not everything is shown.
    assert all(many - few in (0, 1) for few, many in zip(*numbers, strict=True)), numbers
    assert max(numbers[1]) <= 20, numbers


def test_the_next_working_day_is_the_latest_of_all_calendars() -> None:
    """Friday noon: Monday's close, not Saturday."""
    end = horizon(load_books(load_settings().policy_book_files), hours(4 * 24))
    assert (end.weekday(), end > hours(7 * 24), end < hours(8 * 24)) == (0, True, True)


# -- the search --------------------------------------------------------------------------------------------------------------------------


async def with_contacts(scene: Scene) -> Identity:
    identity = identity_of(scene.parts.settings)
    person = Contact(name="Ada Beispiel", email="Ada@Example.com", phone="+4930123456", locale="de", zone="Europe/Berlin")
    books = DeskBooks(scene.store)
    for case_id, merchant in (("acme-r-late", "acme"), ("beta-r-late", "beta")):
        contact = person if merchant == "acme" else person.model_copy(update={"email": "bo@example.com", "phone": "+4930999999"})
        await books.save_contact(f"contact-{case_id}", case_id, merchant, contact, MONDAY)
    hashed = identity.customer_key("acme", "C-9")
    await Recorder(scene.store).commit_entry(entry("acme-r-late", **SHELF["acme-r-late"], customer_key=hashed, as_of_seq=1))
    for case_id, reference in (("acme-r-late", "SP-2001"), ("beta-r-late", "SP-3001")):
        refund = CaseReference(type=TargetType.REFUND, provider="simpay", reference=reference)
        parcel = CaseReference(type=TargetType.DELIVERY, provider="abc-post", reference=f"TR-{reference}")
        await books.save_references(case_id, [refund, parcel], MONDAY)
    return identity


@pytest.mark.parametrize(
    "typed",
    [
        "acme-r-late",
        " ACME-R-LATE ",
        "refund-acme-r-late",
        "R-acme-r-late",
        "o-77",
        "#O-77",
        "C-9",
        "SP-2001",
        "tr-sp-2001",
        "ada@example.com",
        "ADA@EXAMPLE.COM",
        "+49 30 123456",
        "+49 (0)30 123-456",
        "0049 30 123456",
        "030 / 12 34 56",
        "acme-r-l",
    ],
)
async def test_one_hit_goes_straight_to_its_case(scene: Scene, typed: str, caplog: pytest.LogCaptureFixture) -> None:
    await with_contacts(scene)
    caplog.set_level(logging.DEBUG)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        await visitor.get(SEARCH)
        caplog.clear()
        answer = await visitor.post(SEARCH, follow=False, q=typed)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/console/cases/acme-r-late")
    ours = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("makegood"))
    assert "POST /console/search 303" in ours
    assert typed.strip() not in ours


async def test_who_looks_for_an_address_stands_in_the_log_and_the_address_does_not(scene: Scene) -> None:
    await with_contacts(scene)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        await visitor.get(SEARCH)
        for words in ("ada@example.com", "nobody@example.com", "acme-r-late"):
            await visitor.post(SEARCH, follow=False, q=words)
    rows = await scene.audit("search")
    assert [(row.act, row.person, row.detail) for row in rows] == [
        ("search.contact", "lena", {"found": 1}),
        ("search.contact", "lena", {"found": 0}),
    ]


async def test_a_number_that_is_an_order_too_is_noted_if_it_shows_whose_phone_it_is(scene: Scene) -> None:
    await with_contacts(scene)
    await Recorder(scene.store).commit_entry(entry("acme-r-calm", **SHELF["acme-r-calm"] | {"order": "030123456"}, as_of_seq=1))
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        await visitor.get(SEARCH)
        both = await visitor.post(SEARCH, q="030123456")
        assert sorted(keys(both.text)) == ["case:acme-r-calm", "case:acme-r-late"]
        assert [row.detail for row in await scene.audit("search")] == [{"found": 2}]
        await Recorder(scene.store).commit_entry(entry("acme-r-calm", **SHELF["acme-r-calm"] | {"order": "040123456"}, as_of_seq=2))
        await visitor.post(SEARCH, q="040123456")
    assert len(await scene.audit("search")) == 1  # found as an order alone: that is what it was


async def test_an_address_of_another_merchants_customer_finds_nothing(scene: Scene) -> None:
    await with_contacts(scene)
    async with scene.signed_in(PersonRole.AGENT, merchants=["acme"]) as visitor:
        await visitor.get(SEARCH)
        for words in ("bo@example.com", "+4930999999", "SP-3001"):
            answer = await visitor.post(SEARCH, q=words)
            assert "Nothing was found" in answer.text
        assert (await visitor.post(SEARCH, follow=False, q="ada@example.com")).status_code == 303


async def test_an_erased_person_is_not_found_by_an_address(scene: Scene) -> None:
    await with_contacts(scene)
    await scene.store.write(lambda c: c.exec_driver_sql("UPDATE contacts SET erased_at = saved_at").close())
    async with scene.signed_in() as visitor:
        await visitor.get(SEARCH)
        assert "Nothing was found" in (await visitor.post(SEARCH, q="ada@example.com")).text


async def test_several_hits_are_listed_with_what_found_them_and_nothing_says_what_was_tried(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        await visitor.get(SEARCH)
        several = await visitor.post(SEARCH, q="acme-r")
        assert sorted(keys(several.text)) == ["case:acme-r-asked", "case:acme-r-calm", "case:acme-r-late"]
        assert "beginning of its id" in seen(several.text)
        assert f'href="{CUSTOMERS}/c0ffee"' in several.text
        nothing = seen((await visitor.post(SEARCH, q="030 999 000")).text)
        for told in ("an order", "a business reference", "a customer's id", "a phone number that a case calls", "with its country code"):
            assert told in nothing, told
        empty = await visitor.post(SEARCH, q="  ")
        assert (empty.status_code, "Type something to look for." in empty.text) == (422, True)
        assert (await visitor.post(SEARCH, q="a\x00b\x07", follow=False)).status_code in (200, 422)


async def test_a_search_from_elsewhere_is_not_made(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        await visitor.get(QUEUE)
        visitor.token = "forged"
        assert (await visitor.post(SEARCH, q="acme-r-late", follow=False)).status_code == 403
        assert "acme-r-late" not in (await visitor.get(f"{SEARCH}?q=acme-r-late")).text


def test_what_is_typed_is_taken_for_all_that_it_may_be() -> None:
    identity = Identity(IDENTITY_KEY.encode())
    for words, numbers in (
        ("+49 30 123456", ("+4930123456",)),
        ("+49 (0) 30 123456", ("+4930123456",)),
        ("(+49) 30 123456", ("+4930123456",)),
        ("re_123456", ()),
        ("12", ()),
    ):
        phones = understood(words, identity, ()).sought.phones
        assert phones == numbers, words
    national = understood("030 123456", identity, ()).sought.phones
    assert {"+4930123456", "+39030123456"} <= set(national)  # Italy keeps its zero
    personal = understood("ada@example.com", identity, ["acme"]).sought
    assert (personal.case_ids, personal.orders, personal.beginning) == ((), (), None)
    assert personal.references == (identity.public_reference("ada@example.com"),)


# -- one customer ------------------------------------------------------------------------------------------------------------------------


async def test_one_customers_cases_stand_together_the_newest_first(scene: Scene) -> None:
    closed = {"status": CaseStatus.CLOSED, "closed_at": hours(1), "next_at": None, "opened_at": hours(-300), "csat": 2}
    ends = [ended(1, PromiseEnd.KEPT), ended(2, PromiseEnd.BROKEN), ended(3, PromiseEnd.LATE, 60)]
    await Recorder(scene.store).commit_entry(entry("acme-r-old", ended_promises=ends, **closed))
    await Recorder(scene.store).commit_entry(entry("acme-r-shadow", shadow=True))
    async with scene.signed_in() as visitor:
        page = await visitor.get(f"{CUSTOMERS}/c0ffee")
        assert keys(page.text) == ["case:acme-r-late", "case:acme-r-calm", "case:acme-r-asked", "case:acme-r-old"]
        words = seen(page.text)
        for told in ("Cases 4", "Open 3", "Promises kept 1", "Promises late 1", "Promises broken 1", "Lowest score 2 of 5"):
            assert told in words, told
        for wrong, status in (("nobody", 404), ("c0ffee?after=x", 422), ("a%20b", 404)):
            assert (await visitor.get(f"{CUSTOMERS}/{wrong}")).status_code == status, wrong


async def test_a_customer_with_many_cases_has_pages(scene: Scene) -> None:
    await shelve(scene.store, {f"acme-m-{number:03}": {"customer_key": "many", "opened_at": hours(-number)} for number in range(70)})
    async with scene.signed_in() as visitor:
        first = (await visitor.get(f"{CUSTOMERS}/many")).text
        link = re.search(r'href="([^"]+)" rel="next"', first)
        assert link
        second = (await visitor.get(html.unescape(link[1]))).text
    assert keys(first) + keys(second) == [f"case:acme-m-{number:03}" for number in range(70)]


async def test_cases_of_one_order_are_told_apart_by_sum_and_article(scene: Scene) -> None:
    await shelve(scene.store, {"acme-a-1": {"order": "O-5"}, "acme-a-2": {"order": "O-5"}})
    opened = fact(1, FactType.OPENED, detail={"policy": "retail.refund", "amounts": "89.90 EUR", "item": "Rain jacket"})
    await Recorder(scene.store).commit_entry(entry("acme-a-1", order="O-5", facts=[opened], as_of_seq=1))
    async with scene.signed_in() as visitor:
        told = seen((await visitor.get(QUEUE)).text)
        assert "Refund, order O-5, 89.90 EUR Rain jacket acme-a-1" in told
        assert "Refund, order O-5 acme-a-2" in told
        found = seen((await visitor.post(SEARCH, q="O-5")).text)
        assert "Refund, order O-5, 89.90 EUR Rain jacket acme-a-1" in found
        assert "89.90 EUR" in seen((await visitor.get(f"{CUSTOMERS}/c0ffee")).text)


async def test_a_reopened_case_says_so_and_the_next_word_stands_once(scene: Scene) -> None:
    again = {"cycle": 2, "unanswered_since": hours(-5), "resolve_by": hours(400)}
    await shelve(scene.store, {"acme-again": again, "acme-word": {"next_at": hours(3), "next_word_at": hours(3), "next_what": "update"}})
    async with scene.signed_in() as visitor:
        told = seen((await visitor.get(QUEUE)).text)
    assert "acme-again Reopened, customer waits" in told
    assert "Open, reopened" in told
    assert "acme-word Moves by itself Open in 3 h" in told


async def test_customers_that_were_found_are_told_apart(scene: Scene) -> None:
    await shelve(scene.store, {"acme-t-1": {"order": "T-1", "customer_key": "one"}, "acme-t-2": {"order": "T-2", "customer_key": "two"}})
    async with scene.signed_in() as visitor:
        await visitor.get(SEARCH)
        told = (await visitor.post(SEARCH, q="acme-t")).text
    assert f'<a href="{CUSTOMERS}/one">All cases of the customer of order T-1</a>' in told
    assert f'<a href="{CUSTOMERS}/two">All cases of the customer of order T-2</a>' in told


async def test_a_case_of_which_no_news_can_come_says_so_until_its_provider_answers(scene: Scene) -> None:
    await scene.store.write(lambda c: c.exec_driver_sql("DELETE FROM cases").close())
    await shelve(scene.store, {"acme-mute": {"next_word_at": hours(3)}})
    recorder = Recorder(scene.store)
    async with scene.signed_in() as visitor:
        assert "Nobody waits for a person" in seen((await visitor.get(QUEUE)).text)
        alert = AlertPlan(
            alert_id="a-mute",
            case_id="acme-mute",
            kind=CaseKind.REFUND,
            merchant="acme",
            alert=Alert(to="operator", level=0, reason="watch_failed", since=hours(-2)),
        )
        await recorder.open_alert(entry("acme-mute", next_word_at=hours(3)), alert, hours(-2))
        told = seen((await visitor.get(QUEUE)).text)
        assert "acme-mute No news can come from its provider 2 h ago" in told
        assert "Nobody waits for a person" not in told
        await recorder.note_checks("acme-mute", 1, hours(-1), [Check(provider="simpay", reference="SP-1", answered=True)])
        assert "Nobody waits for a person" in seen((await visitor.get(QUEUE)).text)
