"""The portal over a store, with the engine and the clock in the test's hand: the books alone, the end of a visit, https."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import httpx2
import pytest
from fastapi import FastAPI

from policies.case.facts import Actor
from policies.case.state import Resolution
from policies.case.vocabulary import CaseStatus, FactType, Role
from policies.links import PATH, LinkPurpose
from starter.desk import EngineUnavailable, Refused
from starter.web.parts import WebParts
from starter.web.portal.acts import CUSTOMER
from starter.web.portal.face import portal_faces
from starter.web.portal.session import IDLE_S, LONGEST_S
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.portal_views import MOST_REPLIES, PortalViews
from store.recorder import Recorder
from tests.starter.web.harness import KEY, Clock, FakeBackends, application, browser, parts_of
from tests.starter.web.portal.harness import hidden
from tests.store.rows import link_id_of
from tests.store.samples import CASE, MONDAY, entry, fact, promise

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ADA = Contact(name="Ada Ring", email="ada@example.org", phone="+4930123456", locale="en", zone="Europe/Berlin")


class AwayDesk:
    """An engine that does not answer, or says no to every act."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of it."""
        return self.customer_reply

    async def snapshot(self, case: object) -> object:
        raise EngineUnavailable("localhost:7233", "no answer")

    async def customer_reply(self, *arguments: object, **more: object) -> object:
        self.asked += 1
        raise Refused("the case was closed at 2026-03-02") if self.refuses else EngineUnavailable("localhost:7233", "no answer")


class SilentDesk:
    """An engine that takes what it is told and never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def never(*_: object, **__: object) -> None:
            self.asked.append(name)
            await asyncio.Event().wait()

        return never


@dataclass
class Scene:
    """One contact with its links, and a browser."""

    app: FastAPI
    parts: WebParts
    store: Store
    clock: Clock
    backends: FakeBackends
    desk: AwayDesk
    client: httpx2.AsyncClient
    token: dict[LinkPurpose, str]

    async def open(self, purpose: LinkPurpose = LinkPurpose.STATUS) -> httpx2.Response:
        exchanged = await self.client.get(PATH[purpose] + self.token[purpose])
        return await self.client.get(exchanged.headers["location"])

    async def record(self, **changes: Any) -> None:
        """The case's row and its open promise, as the workflow writes them."""
        opened = fact(1, FactType.OPENED, detail={"policy": "retail.refund"})
        begun = entry(contact_ref="c1", facts=[opened], open_promise=promise(1), **changes)
        await Recorder(self.store).commit_entry(begun)


@pytest.fixture
async def scene(sqlite_store: Store) -> AsyncIterator[Scene]:
    clock, desk = Clock(MONDAY + timedelta(hours=1)), AwayDesk()
    await DeskBooks(sqlite_store).save_contact("c1", CASE, "acme", ADA, MONDAY)
    link_id = await sqlite_store.read(lambda connection: link_id_of(connection, "c1"))
    assert link_id is not None
    backends = FakeBackends(sqlite_store, cast(Any, desk))
    parts = parts_of(backends, clock=clock, link_keys=KEY)
    app = application(portal_faces, parts)
    async with browser(app, sec_fetch_site="same-origin") as client:
        tokens = {purpose: parts.links.sign(purpose, link_id) for purpose in LinkPurpose}
        yield Scene(app, parts, sqlite_store, clock, backends, desk, client, tokens)


async def test_without_the_engine_the_books_are_told_and_said_to_be_the_books(scene: Scene) -> None:
    await scene.record(resolve_by=MONDAY + timedelta(days=10))
    page = await scene.open()
    assert page.status_code == 200
    for words in (
        "Part of our system does not answer right now",
        "by Tuesday, 3 March 2026, 10:00 (CET)",
        "by Thursday, 12 March 2026, 10:00",
    ):
        assert words in page.text, words
    program = (await scene.client.get("/case.json")).json()
    assert (program["complete"], program["next_update_at"]) == (False, "2026-03-03T09:00:00Z")
    assert "cannot be read right now" in (await scene.client.get("/case/settings")).text


@pytest.mark.parametrize(
    ("refuses", "status", "words"), [(False, 503, "What you wrote is still here"), (True, 409, "has changed in the meantime")]
)
async def test_what_could_not_be_taken_is_said_and_kept(scene: Scene, refuses: bool, status: int, words: str) -> None:
    scene.desk.refuses = refuses
    await scene.record()
    page = await scene.open()
    fields = hidden(page, "/case/reply")
    answer = await scene.client.post("/case/reply", data={**fields, "text": "My words"})
    assert (answer.status_code, words in answer.text, ">\nMy words</textarea>" in answer.text) == (status, True, True)
    assert "2026-03-02" not in answer.text  # never the desk's own words
    assert hidden(answer, "/case/reply")["once"] == fields["once"]  # sent again it is the same command
    assert scene.desk.asked == 1


RESOLVED = {
    "status": CaseStatus.RESOLVED,
    "resolution": Resolution(outcome="refunded", by=Actor(who="ana", role=Role.AGENT), decided_at=MONDAY),
}


@pytest.mark.parametrize(
    ("purpose", "path", "typed", "words", "untrue", "kept"),
    [
        (LinkPurpose.NOT_SOLVED, "/case/not-solved", {"text": "Ten euros are missing"}, "can still be opened again", "is over",
         ">\nTen euros are missing</textarea>"),
        (LinkPurpose.FEEDBACK, "/case/feedback", {"csat": "2", "comment": "It took weeks"}, "can still be answered", "is over",
         ">\nIt took weeks</textarea>"),
        (LinkPurpose.STATUS, "/case/settings", {"part": "contact", "email": "new@example.org"}, "cannot be read right now", "Saved",
         'name="email" type="email" value="new@example.org"'),
    ],
)  # fmt: skip
async def test_what_only_the_engine_knows_is_said_to_be_unknown_and_nothing_typed_is_lost(
    scene: Scene, purpose: LinkPurpose, path: str, typed: dict[str, str], words: str, untrue: str, kept: str
) -> None:
    await scene.record(**RESOLVED)
    await scene.open(purpose)
    page = await scene.client.get(path)
    assert (page.status_code, words in page.text, untrue in page.text) == (200, True, False)
    # The settings have no form while they cannot be read: it was on the page a moment ago.
    source = page if "<textarea" in page.text else await scene.client.get("/case")
    token = html.unescape(_TOKEN.findall(source.text)[0])
    answer = await scene.client.post(path, data={"csrf_token": token, "once": "o" * 20, **typed})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "What you wrote is still here" in answer.text
    assert (kept in answer.text, untrue in answer.text) == (True, False)
    again = hidden(answer, path)
    assert again["once"] == "o" * 20  # sent again it is the same command
    assert again.get("part") == typed.get("part")


async def test_an_engine_that_never_answers_ends_one_wait_for_all_and_the_page_says_what_is_not_known(scene: Scene) -> None:
    await scene.record()
    silent = SilentDesk()
    scene.backends.asked_desk = cast(Any, silent)
    impatient = application(portal_faces, scene.parts, answer_within_s=0.2)
    async with browser(impatient, sec_fetch_site="same-origin") as client:
        exchanged = await client.get(PATH[LinkPurpose.STATUS] + scene.token[LinkPurpose.STATUS])
        page = await client.get(exchanged.headers["location"])
        assert "does not answer right now" in page.text
        silent.asked.clear()
        fields = hidden(page, "/case/reply")
        answer = await client.post("/case/reply", data={**fields, "text": "My words"})
    assert (answer.status_code, "it may still be" in answer.text, ">\nMy words</textarea>" in answer.text) == (504, True, True)
    assert hidden(answer, "/case/reply")["once"] == fields["once"]  # sent again it is the same command
    assert silent.asked == ["snapshot", "customer_reply"]


async def test_of_a_very_long_talk_the_end_is_read_and_shown_and_said_to_be_the_end(scene: Scene) -> None:
    books, replies = DeskBooks(scene.store), MOST_REPLIES + 30
    for number in range(replies):
        at = MONDAY + timedelta(seconds=number)
        await books.save_text(f"t-{number}", CASE, "customer", f"Word number {number} of mine", CUSTOMER, at)
    told = [
        fact(2 + number, FactType.CUSTOMER_REPLIED, occurred_at=MONDAY + timedelta(seconds=number), detail={"text_ref": f"t-{number}"})
        for number in range(replies)
    ]
    said_again = fact(2 + replies, FactType.CUSTOMER_REPLIED, occurred_at=MONDAY + timedelta(minutes=9), detail={"text_ref": "t-3"})
    await books.save_text("t-fresh", CASE, "customer", "Only the engine knows of it yet", CUSTOMER, MONDAY + timedelta(minutes=10))
    opened = fact(1, FactType.OPENED, detail={"policy": "retail.refund"})
    await Recorder(scene.store).commit_entry(entry(contact_ref="c1", facts=[opened, *told, said_again], as_of_seq=2 + replies))
    page = (await scene.open()).text
    assert page.count("Word number") == MOST_REPLIES
    assert "Word number 3 of mine" in page  # written long ago, and said again
    assert "Word number 30 of mine" not in page
    assert "Older messages are not shown here" in page
    link = scene.parts.links.read(LinkPurpose.STATUS, scene.token[LinkPurpose.STATUS])
    view = await PortalViews(scene.store).by_link(link)
    assert view is not None
    assert view.words["t-fresh"] == "Only the engine knows of it yet"
    assert len(view.words) <= MOST_REPLIES + 20


async def test_a_score_that_was_chosen_is_still_chosen_while_the_engine_is_away(scene: Scene) -> None:
    await scene.record(**RESOLVED)
    page = await scene.open(LinkPurpose.FEEDBACK)
    answer = await scene.client.post("/case/feedback", data={**hidden(page, "/case/feedback"), "csat": "2"})
    assert 'name="csat" value="2" checked' in answer.text


async def test_programs_are_told_that_it_is_unknown_too(scene: Scene) -> None:
    await scene.record(**RESOLVED)
    await scene.open()
    program = (await scene.client.get("/case.json")).json()
    assert (program["complete"], program["feedback"]["state"], program["not_solved_until"]) == (False, "unknown", None)


async def test_what_the_books_know_for_certain_is_told_without_the_engine(scene: Scene) -> None:
    await scene.record(status=CaseStatus.CLOSED, closed_at=MONDAY, next_at=None, resolution=RESOLVED["resolution"])
    await scene.open(LinkPurpose.FEEDBACK)
    assert "The time for this answer is over" in (await scene.client.get("/case/feedback")).text
    await scene.open(LinkPurpose.NOT_SOLVED)
    assert "opens again by itself is over" in (await scene.client.get("/case/not-solved")).text


async def test_without_books_there_is_no_page_but_a_time_to_come_again(scene: Scene) -> None:
    await scene.record()
    await scene.open()
    scene.backends.opened = None
    page = await scene.client.get("/case")
    assert (page.status_code, "retry-after" in page.headers) == (503, True)


async def test_a_case_that_is_not_in_the_books_yet_is_ready_in_a_moment(scene: Scene) -> None:
    page = await scene.open()
    assert (page.status_code, "Its page will be ready in a moment." in page.text) == (503, True)
    assert (await scene.client.get("/case.json")).status_code == 503


async def test_a_visit_ends_by_itself_and_is_renewed_by_use(scene: Scene) -> None:
    await scene.record()
    page = await scene.open()
    for _ in range(3):
        scene.clock.now += timedelta(seconds=IDLE_S - 1)
        assert (await scene.client.get("/case")).status_code == 200
    scene.clock.now += timedelta(seconds=IDLE_S + 1)
    ended = await scene.client.get("/case")
    assert (ended.status_code, "open your link again" in ended.text) == (401, True)
    late = await scene.client.post("/case/reply", data={**hidden(page, "/case/reply"), "text": "A long letter"})
    assert (late.status_code, "A long letter" in late.text, scene.desk.asked) == (401, True, 0)


async def test_no_visit_lasts_for_ever(scene: Scene) -> None:
    await scene.record()
    await scene.open()
    for _ in range(LONGEST_S // (IDLE_S - 60)):
        scene.clock.now += timedelta(seconds=IDLE_S - 60)
        assert (await scene.client.get("/case")).status_code == 200
    scene.clock.now += timedelta(seconds=IDLE_S - 60)
    assert (await scene.client.get("/case")).status_code == 401


async def test_under_https_the_cookie_belongs_to_this_host_alone(scene: Scene) -> None:
    answer = await scene.client.get(PATH[LinkPurpose.STATUS] + scene.token[LinkPurpose.STATUS])
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-makegood-case=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


async def test_a_cookie_that_was_touched_is_no_cookie(scene: Scene) -> None:
    await scene.record()
    answer = await scene.client.get(PATH[LinkPurpose.FEEDBACK] + scene.token[LinkPurpose.FEEDBACK])
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    async with browser(scene.app) as other:
        for touched in (value[:-2] + "xx", value[2:], "x" * 2000, ""):
            assert (await other.get("/case/feedback", headers={"cookie": f"{name}={touched}"})).status_code == 401
        assert (await other.get("/case/feedback", headers={"cookie": f"{name}={value}"})).status_code == 200


async def test_wrong_links_run_out_but_a_right_one_always_works(scene: Scene) -> None:
    await scene.record()
    answers = [await scene.client.get("/s/nonsense") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [404] * 20 + [429]
    assert (await scene.open()).status_code == 200


async def test_a_closed_case_without_its_engine_still_tells_how_it_ended(scene: Scene) -> None:
    await scene.record(status=CaseStatus.CLOSED, closed_at=MONDAY, next_at=None)
    page = await scene.open()
    assert (page.status_code, "does not answer right now" in page.text, 'action="/case/reply"' in page.text) == (200, False, False)
    assert "This case is closed" in page.text
