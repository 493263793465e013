"""One click ends routine updates everywhere; a look ends nothing; wrong links are told kindly and cannot be tried for ever."""

from dataclasses import dataclass
from datetime import timedelta

import httpx2
import pytest

from policies.case.vocabulary import CaseStatus, Channel, MessageClass
from policies.links import LIFETIME, LinkPurpose
from starter.desk import EngineUnavailable, Unanswered
from starter.web.parts import WebParts
from starter.web.unsubscribe import unsubscribe_face
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.erasure import Erasure
from store.link_tokens import LinkSigner
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.starter.web.harness import KEY, Clock, FakeBackends, FakeDesk, application, browser, parts_of
from tests.store.rows import link_id_of
from tests.store.samples import ADMIN, CASE, MONDAY

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ADA = Contact(name="Ada Ring", email="Ada@example.org", phone="+4930123456", locale="de", zone="Europe/Berlin")


@dataclass
class Scene:
    """One contact, its link and the application."""

    store: Store
    desk: FakeDesk
    clock: Clock
    parts: WebParts
    link_id: str

    def path(self, purpose: LinkPurpose = LinkPurpose.UNSUBSCRIBE) -> str:
        return "/u/" + self.parts.links.sign(purpose, self.link_id)

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        return browser(application([unsubscribe_face(self.parts)], self.parts), **headers)

    async def suppressed(self, channel: Channel, address: str, class_: MessageClass = MessageClass.STATUS) -> SuppressionReason | None:
        return await SuppressionBooks(self.store).is_suppressed(channel, address, class_)


async def scene_in(store: Store, contact: Contact = ADA) -> Scene:
    desk, clock = FakeDesk(), Clock()
    await DeskBooks(store).save_contact("c1", CASE, "acme", contact, MONDAY)
    link_id = await store.read(lambda connection: link_id_of(connection, "c1"))
    assert link_id is not None
    return Scene(store, desk, clock, parts_of(FakeBackends(store, desk), clock=clock), link_id)


@pytest.fixture
async def scene(sqlite_store: Store) -> Scene:
    return await scene_in(sqlite_store)


async def test_one_click_ends_updates_on_every_address_and_is_told_to_the_case(store: Store) -> None:
    scene = await scene_in(store)
    async with scene.browser() as mail_program:
        answers = [await mail_program.post(scene.path(), data=ONE_CLICK) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get("set-cookie")) for answer in answers] == [(200, None), (200, None)]
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is SuppressionReason.UNSUBSCRIBE
    assert await scene.suppressed(Channel.SMS, "+4930123456", MessageClass.SURVEY) is SuppressionReason.UNSUBSCRIBE
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org", MessageClass.MANDATORY) is None
    ((case, by, changes),) = scene.desk.changes  # the second click found nothing to change
    assert (case, by.role.value, changes.opted_out) == (CASE, "customer", [MessageClass.STATUS])


async def test_the_form_of_rfc_8058_may_be_multipart(scene: Scene) -> None:
    async with scene.browser() as mail_program:
        answer = await mail_program.post(scene.path(), files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is SuppressionReason.UNSUBSCRIBE


async def test_an_earlier_opt_out_is_kept(scene: Scene) -> None:
    scene.desk.reach = scene.desk.reach.model_copy(update={"opted_out": [MessageClass.SURVEY]})
    async with scene.browser() as mail_program:
        await mail_program.post(scene.path(), data=ONE_CLICK)
    assert scene.desk.reach.opted_out == [MessageClass.SURVEY, MessageClass.STATUS]


async def test_looking_changes_nothing_and_shows_a_button_that_works_without_a_script(scene: Scene) -> None:
    async with scene.browser() as person:
        for _ in range(3):  # a mail scanner
            seen = await person.get(scene.path())
    assert seen.status_code == 200
    assert seen.headers["cache-control"] == "no-store"
    assert '<form method="post">' in seen.text
    assert 'name="List-Unsubscribe" value="One-Click"' in seen.text
    assert "<script" not in seen.text
    assert CASE in seen.text
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is None
    assert scene.desk.changes == []


@pytest.mark.parametrize(
    ("locale", "accepts", "language", "button"),
    [
        ("de-AT", "en", "de", "Zwischenstände abbestellen"),  # the case's own language first
        ("en", "de", "en", "Stop updates"),
        ("pt", "it, de;q=0.8, en;q=0.5", "de", "Zwischenstände abbestellen"),
        ("pt", "it", "en", "Stop updates"),
        ("fr-CA", "en", "fr", "Arrêter les points réguliers"),
        ("es", "en", "es", "Dejar de recibir avisos"),
    ],
)
async def test_the_page_speaks_the_customers_language(sqlite_store: Store, locale: str, accepts: str, language: str, button: str) -> None:
    scene = await scene_in(sqlite_store, ADA.model_copy(update={"locale": locale}))
    async with scene.browser(accept_language=accepts) as person:
        seen = await person.get(scene.path())
    assert (seen.headers["content-language"], f'<html lang="{language}">' in seen.text, button in seen.text) == (language, True, True)


async def test_nothing_of_the_person_is_on_any_page(scene: Scene) -> None:
    async with scene.browser() as person:
        pages = [await person.get(scene.path()), await person.post(scene.path(), data=ONE_CLICK)]
    for personal in ("Ada", "Ring", "example.org", "4930123456", scene.link_id):
        assert not any(personal in page.text for page in pages)


async def test_a_form_that_does_not_say_so_ends_nothing(scene: Scene) -> None:
    async with scene.browser() as mail_program:
        answers = [await mail_program.post(scene.path(), data=data) for data in ({}, {"List-Unsubscribe": "later"})]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is None


@pytest.mark.parametrize("purpose", [purpose for purpose in LinkPurpose if purpose is not LinkPurpose.UNSUBSCRIBE])
async def test_a_link_for_another_purpose_is_not_found(scene: Scene, purpose: LinkPurpose) -> None:
    async with scene.browser() as person:
        assert (await person.get(scene.path(purpose))).status_code == 404
        assert (await person.post(scene.path(purpose), data=ONE_CLICK)).status_code == 404
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is None


async def test_an_old_link_and_a_withdrawn_one_are_gone(scene: Scene) -> None:
    path = scene.path()
    async with scene.browser() as person:
        scene.clock.now += LIFETIME[LinkPurpose.UNSUBSCRIBE] + timedelta(seconds=1)
        old = await person.post(path, data=ONE_CLICK)
        fresh = await person.get(scene.path())
        await Erasure(scene.store).erase(CASE, ADMIN, MONDAY)
        withdrawn = await person.get(scene.path())
    assert (old.status_code, fresh.status_code, withdrawn.status_code) == (410, 200, 410)
    assert "latest message" in old.text


async def test_wrong_links_run_out_but_a_right_one_always_works(scene: Scene) -> None:
    stranger = LinkSigner(["x" * 32]).sign(LinkPurpose.UNSUBSCRIBE, scene.link_id)
    async with scene.browser() as provider:
        answers = [await provider.post(f"/u/{stranger}", data=ONE_CLICK) for _ in range(21)]
        right = await provider.post(scene.path(), data=ONE_CLICK)
    assert [answer.status_code for answer in answers] == [404] * 20 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 600
    assert right.status_code == 200


@pytest.mark.parametrize("failure", [EngineUnavailable("localhost:7233", "no answer"), Unanswered("preferences: no worker answered")])
async def test_the_wish_holds_although_the_case_cannot_be_told(scene: Scene, failure: Exception) -> None:
    scene.desk.fails = failure
    async with scene.browser() as mail_program:
        answer = await mail_program.post(scene.path(), data=ONE_CLICK)
    assert answer.status_code == 200
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is SuppressionReason.UNSUBSCRIBE


async def test_a_closed_case_is_left_alone(scene: Scene) -> None:
    scene.desk.status = CaseStatus.CLOSED
    async with scene.browser() as mail_program:
        assert (await mail_program.post(scene.path(), data=ONE_CLICK)).status_code == 200
    assert scene.desk.changes == []
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is SuppressionReason.UNSUBSCRIBE


async def test_without_books_it_says_when_to_come_again() -> None:
    parts = parts_of(FakeBackends())
    path = "/u/" + LinkSigner([KEY]).sign(LinkPurpose.UNSUBSCRIBE, "a" * 22, MONDAY)
    async with browser(application([unsubscribe_face(parts)], parts)) as person:
        answer = await person.post(path, data=ONE_CLICK)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("headers", [{"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "cross-site", "origin": "https://mail.example"}])
async def test_the_button_counts_from_the_page_and_from_a_mail_program(scene: Scene, headers: dict[str, str]) -> None:
    """The token in the address is the proof; this POST is the one that may come from elsewhere."""
    async with scene.browser(**headers) as person:
        assert (await person.post(scene.path(), data=ONE_CLICK)).status_code == 200
    assert await scene.suppressed(Channel.EMAIL, "ada@example.org") is SuppressionReason.UNSUBSCRIBE
