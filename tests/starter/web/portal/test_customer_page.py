"""The customer's page over real HTTP on a running house: links, every act, both languages, and what must never be seen or done."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, event

from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, MessageKind, Role
from policies.links import LIFETIME, PATH, LinkPurpose
from starter.web.portal.session import IDLE_S
from store.contacts import RoleContact
from store.erasure import Erasure
from store.portal_views import PortalViews, _view
from store.suppressions import SuppressionReason
from tests.life.harness import LEAD
from tests.real.harness import eventually
from tests.starter.web.portal.harness import ADA, PortalCase, PortalHouse, hidden, portal_house, started
from tests.store.rows import suppressions_of
from workflows import names

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = '</textarea><script>alert("x")</script>\'"&{{7*7}}\u202e'
GERMAN = Reachability(channels=[Channel.EMAIL, Channel.SMS], locale="de", zone="Europe/Berlin")
BY_BOTH = Reachability(channels=[Channel.EMAIL, Channel.SMS], locale="en", zone="Europe/Berlin")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def portal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PortalHouse]:
    async with portal_house(tmp_path_factory.mktemp("portal")) as house:
        yield house


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _quiet_afterwards(portal: PortalHouse) -> AsyncIterator[None]:
    yield
    await portal.end_cases()


async def refund(portal: PortalHouse, reference: str, word: str | None = "processing", **more: Any) -> PortalCase:
    """A refund whose customer has been told that we have it."""
    fields = {name: more.pop(name) for name in ("arn",) if name in more}
    contact = more.pop("contact", ADA)
    case = await portal.open(started(CaseKind.REFUND, reference, **more), word, contact=contact, **fields)
    await case.real.told(MessageKind.ACKNOWLEDGEMENT)
    return case


async def facts_of(case: PortalCase) -> int:
    """How many facts of people and wishes there are; routine ones go on by themselves."""
    own = ("customer_replied", "customer_supplied", "preferences_changed", "feedback_given", "reopened", "refused_signal")
    return sum([len(await case.facts(type_)) for type_ in own])


# -- links -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "landing"),
    [
        (LinkPurpose.STATUS, "/case"),
        (LinkPurpose.FEEDBACK, "/case/feedback"),
        (LinkPurpose.NOT_SOLVED, "/case/not-solved"),
        (LinkPurpose.REPLY, "/case/reply"),
    ],
)
async def test_a_link_becomes_a_short_cookie_and_an_address_without_token(portal: PortalHouse, purpose: LinkPurpose, landing: str) -> None:
    case = await refund(portal, f"L-{purpose.value}")
    async with portal.browser() as person:
        answer = await person.http.get(case.link(purpose))
        seen = await person.get(answer.headers["location"])
    assert (answer.status_code, answer.headers["location"], answer.headers["referrer-policy"]) == (303, landing, "no-referrer")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("makegood-case=")
    assert {"httponly", "samesite=lax", "path=/", f"max-age={IDLE_S}"} <= {part.strip() for part in cookie.split(";")}
    assert seen.status_code == 200
    assert case.case_id in seen.text
    for secret in (case.token(purpose), case.link_id, "ada@example.com", "+49305550001"):
        assert secret not in seen.text
    assert seen.headers["cache-control"] == "no-store"


async def test_a_status_link_may_lead_to_a_page_of_ours_and_nowhere_else(portal: PortalHouse) -> None:
    case = await refund(portal, "L-to")
    async with portal.browser() as person:
        for to, landing in (
            ("settings", "/case/settings"),
            ("../../u/x", "/case"),
            ("//evil.example", "/case"),
            ("https://evil.example", "/case"),
        ):
            assert (await person.http.get(f"{case.link()}?to={to}")).headers["location"] == landing
        assert (await person.http.get(f"{case.link(LinkPurpose.FEEDBACK)}?to=settings")).headers["location"] == "/case/feedback"


async def test_a_look_by_person_or_scanner_changes_nothing(portal: PortalHouse) -> None:
    case = await refund(portal, "L-look", "paid_out")
    await case.real.told(MessageKind.FEEDBACK_REQUEST)
    before = await facts_of(case)
    async with portal.browser() as scanner:
        for purpose in PATH:
            if purpose is not LinkPurpose.UNSUBSCRIBE:
                assert (await scanner.http.head(case.link(purpose))).status_code == 303
                await scanner.http.get(case.link(purpose))
        for path in ("/case", "/case/reply", "/case/feedback", "/case/not-solved", "/case/settings", "/case.json"):
            assert (await scanner.http.get(path + "?csat=5&text=hello&not_solved=1")).status_code == 200
        for path in ("/case/answer", "/case/language", "/case/leave"):
            assert (await scanner.http.get(path)).status_code == 405
    snapshot = await case.real.snapshot()
    assert (snapshot.status, snapshot.cycle, await facts_of(case)) == (CaseStatus.RESOLVED, 1, before)


@pytest.mark.parametrize("purpose", [LinkPurpose.STATUS, LinkPurpose.FEEDBACK, LinkPurpose.NOT_SOLVED, LinkPurpose.REPLY])
async def test_a_token_opens_nothing_but_what_it_was_made_for(portal: PortalHouse, purpose: LinkPurpose) -> None:
    case = await refund(portal, f"M-{purpose.value}")
    token = case.token(purpose)
    old = case.token(purpose, datetime.now(UTC) - LIFETIME[purpose] - timedelta(minutes=1))
    async with portal.browser() as person:
        for other, path in PATH.items():
            if other is not purpose:
                assert (await person.http.get(path + token)).status_code == 404
        place = len(token) - 10  # not the last one, two of whose bits say nothing
        tampered = await person.http.get(PATH[purpose] + token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :])
        expired = await person.http.get(PATH[purpose] + old)
        without = await person.get("/case")
    assert (tampered.status_code, expired.status_code, without.status_code) == (404, 410, 401)
    assert "latest message" in expired.text
    assert all("a person reads it" in page.text for page in (tampered, expired, without))
    assert all("set-cookie" not in answer.headers for answer in (tampered, expired))


async def test_a_survey_link_shows_the_survey_and_nothing_else(portal: PortalHouse) -> None:
    case = await refund(portal, "M-survey", "paid_out")
    await case.real.told(MessageKind.FEEDBACK_REQUEST)
    async with portal.browser() as person:
        survey = await person.open(case.link(LinkPurpose.FEEDBACK))
        refused = [await person.get(path) for path in ("/case", "/case/settings", "/case/reply", "/case/not-solved", "/case.json")]
        sent = await person.http.post("/case/reply", data={**hidden(survey, "/case/feedback"), "text": "Hello"})
        assert [answer.status_code for answer in refused] == [403] * 5
        assert (sent.status_code, await case.facts("customer_replied")) == (403, [])
        assert "49.90" not in survey.text
        await person.open(case.link())  # the status link adds its own purpose
        assert (await person.get("/case")).status_code == 200
        assert (await person.get("/case/feedback")).status_code == 200


async def test_a_form_of_one_case_is_never_taken_for_another(portal: PortalHouse) -> None:
    mine, other = await refund(portal, "M-mine"), await refund(portal, "M-other")
    async with portal.browser() as person:
        page = await person.open(mine.link())
        await person.open(other.link())  # in another tab: the cookie is the other case's now
        sent = await person.submit(page, "/case/reply", {"text": "About my case"})
        assert (sent.status_code, "About my case" in sent.text) == (403, True)  # what was typed is not lost
        assert other.case_id in (await person.get("/case")).text
    assert await mine.facts("customer_replied") == await other.facts("customer_replied") == []


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "", "origin": "https://evil.example"}])
async def test_a_form_of_another_site_is_refused(portal: PortalHouse, headers: dict[str, str]) -> None:
    case = await refund(portal, f"M-cross-{headers['sec-fetch-site'] or 'old'}")
    async with portal.browser() as person:
        page = await person.open(case.link())
        fields = {**hidden(page, "/case/reply"), "text": "Hello"}
        answer = await person.http.post("/case/reply", data=fields, headers=headers)
        without_token = await person.http.post("/case/reply", data={"text": "Hello"})
    assert (answer.status_code, without_token.status_code, await case.facts("customer_replied")) == (403, 403, [])


async def test_a_visit_can_be_ended(portal: PortalHouse) -> None:
    case = await refund(portal, "M-leave")
    async with portal.browser() as person:
        page = await person.open(case.link())
        left = await person.submit(page, "/case/leave")
        assert "This visit has ended" in left.text
        assert (await person.get("/case")).status_code == 401


# -- what the page says ----------------------------------------------------------------------------------------------------------


async def test_the_tracker_of_a_refund_in_parts(portal: PortalHouse) -> None:
    case = await refund(portal, "P-parts", amounts=(4990, 2000), change={"show_seconds": True})
    await portal.house.provider_says(CaseKind.REFUND, "P-parts-2", "paid_out", arn="74537604221222132710572")
    await case.real.told(MessageKind.NEWS)
    async with portal.browser() as person:
        page = await person.open(case.link())
    for words in (
        "1 of 2 refunds have been carried out",
        "Refund of €49.90",
        "being processed by the bank",
        "Refund of €20.00",
        "74537604221222132710572",
        "acquirer reference number",
        "Next word from us",
        "our promise to you: ten business days",
        "We asked the bank, and keep asking",
        "The next step is the bank’s",  # of a message, as it was sent
        "care@shop.example",
    ):
        assert words in page.text, words
    for raw in ("simpay", "paid_out", "settled_outcome", "tom", "mia", "P-parts-1"):
        assert f">{raw}<" not in page.text
        assert f" {raw} " not in page.text
    assert page.text.count('aria-current="step"') == 1


@pytest.mark.parametrize(
    ("kind", "word", "headline", "step"),
    [
        (CaseKind.DISPUTE, "evidence_wanted", "We are preparing our answer to the bank", "The bank decides"),
        (CaseKind.DISPUTE, "with_bank", "The bank is reviewing your dispute", "The bank has our answer"),
        (CaseKind.DELAY, "on_the_road", "Your parcel is on its way", "Out for delivery"),
        (CaseKind.REFUND, "bounced", "Your refund did not go through", "we look for another way"),
    ],
)
async def test_the_answer_first_for_each_kind(portal: PortalHouse, kind: CaseKind, word: str, headline: str, step: str) -> None:
    case = await portal.open(started(kind, f"K-{word}"), word)
    await case.real.told(MessageKind.ACKNOWLEDGEMENT)
    async with portal.browser() as person:
        page = await person.open(case.link())

        async def told() -> str | None:
            text = (await person.get("/case")).text
            return text if headline in text else None

        text = await eventually(told, headline)
    assert step in text
    assert '<html lang="en">' in page.text


async def test_a_hold_for_fraud_is_told_in_public_words_only(portal: PortalHouse) -> None:
    suspected, checked = await refund(portal, "F-1"), await refund(portal, "F-2")
    await suspected.real.act(names.HOLD, c.HoldCase(by=LEAD, reason="fraud_review"))
    await checked.real.act(names.HOLD, c.HoldCase(by=LEAD, reason="under_review"))
    await suspected.real.act(names.NOTE, c.Note(by=LEAD, text_ref="t-x"))
    await suspected.real.act(names.ESCALATE, c.Escalate(by=Actor(who="mia", role=Role.LEAD, why="stolen card"), level=2))
    pages, programs = [], []
    for case in (suspected, checked):
        async with portal.browser() as person:
            pages.append((await person.open(case.link())).text)
            programs.append((await person.get("/case.json")).json())
    for page in (*pages, *map(str, programs)):
        assert "a colleague is looking at your case" in page
        for hint in ("fraud", "stolen", "escalat", "mia", "t-x", "under_review"):
            assert hint not in page, hint
    assert [step["step"] for step in programs[0]["steps"]] == [step["step"] for step in programs[1]["steps"]]
    assert programs[0]["waiting"]["why"] == programs[1]["waiting"]["why"]


async def test_the_price_is_for_who_paid(portal: PortalHouse) -> None:
    payer = RoleContact(role="payer", id="C-9", name="Grace", email="grace@example.com")
    case = await refund(portal, "G-gift", contact=ADA.model_copy(update={"roles": [payer]}))
    own = await refund(portal, "G-own", contact=ADA.model_copy(update={"roles": [payer.model_copy(update={"email": "ADA@example.com"})]}))
    async with portal.browser() as person:
        gift = (await person.open(case.link())).text
        parts = (await person.get("/case.json")).json()["parts"]
        assert "Refund of €49.90" in (await person.open(own.link())).text
    assert "Refund of €" not in gift
    assert "grace" not in gift.lower()
    assert [part["amount"] for part in parts] == [None]


async def test_german_from_the_first_to_the_last_word(portal: PortalHouse) -> None:
    contact = ADA.model_copy(update={"locale": "de"})
    case = await refund(portal, "D-1", reach=GERMAN, contact=contact)
    await case.real.act(names.HOLD, c.HoldCase(by=LEAD, reason="bank_details"))
    async with portal.browser(accept_language="en") as person:
        page = await person.open(case.link())
        for words in ('<html lang="de">', "Wir brauchen etwas von Ihnen", "die Bankverbindung für Ihre Erstattung", "49,90", "Uhr (MEZ)"):
            assert words in page.text, words
        assert page.headers["content-language"] == "de"
        english = await person.submit(page, "/case/language", {"language": "en", "back": "/case"})
        assert '<html lang="en">' in english.text
        assert "We need something from you" in english.text
        assert "This page is in English now." in english.text
        assert "This page is in English now." not in (await person.get("/case")).text  # said once
        again = await person.submit(english, "/case/language", {"language": "de", "back": "https://evil.example/"})
        assert again.url.path == "/case"
    assert (await case.real.snapshot()).reach.locale == "de"  # type: ignore[union-attr]


async def test_a_language_without_a_page_reads_english_as_its_messages_do(portal: PortalHouse) -> None:
    reach = BY_BOTH.model_copy(update={"locale": "it"})
    case = await refund(portal, "D-it", reach=reach, contact=ADA.model_copy(update={"locale": "it"}))
    async with portal.browser(accept_language="de") as person:
        assert '<html lang="en">' in (await person.open(case.link())).text


# -- acts ------------------------------------------------------------------------------------------------------------------------


async def test_a_reply_reaches_the_case_and_is_shown_as_it_was_written(portal: PortalHouse) -> None:
    case = await refund(portal, "A-reply")
    async with portal.browser() as person:
        page = await person.open(case.link())
        fields = {**hidden(page, "/case/reply"), "text": f"  Where is it?\r\n{HOSTILE} "}
        for _ in range(2):  # a double click
            answer = await person.http.post("/case/reply", data=fields)
            assert (answer.status_code, answer.headers["location"]) == (303, "/case")

        async def shown() -> str | None:
            text = (await person.get("/case")).text
            return text if "You wrote to us" in text else None

        text = await eventually(shown, "the reply on the page")
    (fact,) = await case.facts("customer_replied")
    (kept,) = [text_.body for text_ in await portal.house.queries.texts(case.case_id)]
    assert fact.by is not None
    assert fact.by.role is Role.CUSTOMER
    assert kept == "Where is it?\n" + HOSTILE.replace("\u202e", "")
    assert "<script" not in text
    assert "&lt;/textarea&gt;&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&#34;&amp;{{7*7}}" in text


@pytest.mark.parametrize(("text", "words"), [("  \n ", "Write your message."), ("x" * 5001, "5001 characters; at most 5000 fit")])
async def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(portal: PortalHouse, text: str, words: str) -> None:
    case = await refund(portal, f"A-wrong-{len(text)}")
    async with portal.browser() as person:
        page = await person.open(case.link(LinkPurpose.REPLY))
        answer = await person.submit(page, "/case/reply", {"text": text})
        assert answer.status_code == 422
        for part in (words, 'href="#text"', 'id="text-error"', 'aria-invalid="true"', "<title>Error: ", text.strip()):
            assert part in answer.text, part
        mended = await person.submit(answer, "/case/reply", {"text": "Now it is right"})
        assert "A person reads it and answers you." in mended.text
    assert len(await case.facts("customer_replied")) == 1


async def test_a_form_sent_again_with_other_words_is_another_message(portal: PortalHouse) -> None:
    case = await refund(portal, "A-again")
    async with portal.browser() as person:
        page = await person.open(case.link())
        for text in ("First words", "Second words"):
            await person.submit(page, "/case/reply", {"text": text})
    assert len(await case.facts("customer_replied")) == 2


async def test_what_was_asked_for_is_supplied(portal: PortalHouse) -> None:
    case = await refund(portal, "A-supply")
    await case.real.act(names.HOLD, c.HoldCase(by=LEAD, reason="parcel_back"))
    async with portal.browser() as person:
        page = await person.open(case.link())
        assert "the goods, sent back with the label you have" in page.text
        done = await person.submit(page, "/case/answer", {"text": ""})
        assert "we have it and go on with your case" in done.text
        late = await person.http.post("/case/answer", data={**hidden(page, "/case/answer"), "text": ""})
        assert late.status_code == 422  # nothing is asked for any more: without words there is nothing to say
    assert (await case.real.snapshot()).status is CaseStatus.OPEN
    assert len(await case.facts("customer_supplied")) == 1


async def test_feedback_is_given_and_replaced(portal: PortalHouse) -> None:
    case = await refund(portal, "A-rate", "paid_out", arn="74537604221222132710573")
    await case.real.told(MessageKind.RESOLUTION)
    async with portal.browser() as person:
        early = await person.open(case.link(LinkPurpose.FEEDBACK))
        assert "We have not asked you yet." in early.text
        await case.real.told(MessageKind.FEEDBACK_REQUEST)

        async def asked() -> Any:
            page = await person.get("/case/feedback")
            return page if "How satisfied are you" in page.text else None

        page = await eventually(asked, "the survey is open")
        nothing = await person.submit(page, "/case/feedback", {"comment": HOSTILE})
        assert (nothing.status_code, "Choose at least one number." in nothing.text, "<script" in nothing.text) == (422, True, False)
        wrong = await person.submit(page, "/case/feedback", {"csat": "6", "nps": "-1"})
        assert ("from 1 to 5" in wrong.text, "from 0 to 10" in wrong.text) == (True, True)
        thanks = await person.submit(page, "/case/feedback", {"csat": "4", "nps": "9", "comment": "Quick & kind"})
        assert ("Thank you for your answer." in thanks.text, 'value="4" checked' in thanks.text) == (True, True)
        await person.submit(thanks, "/case/feedback", {"csat": "2"})
        status = await person.open(case.link())
        assert "Change your answer" in status.text
    given = await case.facts("feedback_given")
    assert [fact.detail.get("csat") for fact in given] == [4, 2]
    snapshot = await case.real.snapshot()
    assert snapshot.feedback is not None
    assert (snapshot.feedback["csat"], snapshot.feedback["nps"]) == (2, 9)
    assert "Quick & kind" in [text.body for text in await portal.house.queries.texts(case.case_id)]


async def test_not_solved_opens_the_case_again_within_the_tail(portal: PortalHouse) -> None:
    case = await refund(portal, "A-again-open", "paid_out")
    await case.real.told(MessageKind.RESOLUTION)
    async with portal.browser() as person:
        page = await person.open(case.link(LinkPurpose.NOT_SOLVED))
        fields = {**hidden(page, "/case/not-solved"), "text": "No money yet"}
        answers = [await person.http.post("/case/not-solved", data=fields) for _ in range(2)]
        after = await person.get("/case/not-solved")
        assert "Your case is open again already" in after.text
        tracker = await person.open(case.link())
        assert "Your case is open again, and we are working on it" in tracker.text
        assert "You told us that it was not solved for you." in tracker.text
    assert answers[0].status_code == 303
    snapshot = await case.real.snapshot()
    assert (snapshot.status, snapshot.cycle, len(await case.facts("reopened"))) == (CaseStatus.OPEN, 2, 1)


async def test_an_open_case_is_not_called_unsolved(portal: PortalHouse) -> None:
    case = await refund(portal, "A-open")
    async with portal.browser() as person:
        page = await person.open(case.link(LinkPurpose.NOT_SOLVED))
        assert "There is nothing to open again." in page.text
        leave = hidden(page, "/case/leave")
        await person.http.post("/case/not-solved", data={**leave, "text": "still"})
    assert await case.facts("customer_replied") == []


async def test_after_the_close_the_truth_is_said_and_nothing_is_recorded(portal: PortalHouse) -> None:
    case = await refund(portal, "A-closed", patient=False)
    async with portal.browser() as person:
        before = await person.open(case.link())
        by = Actor(who="mia", role=Role.LEAD, why="customer asked")
        await case.real.act(names.RESOLVE, c.Resolve(by=by, outcome="cancelled"))
        await case.real.told(MessageKind.RESOLUTION)
        not_solved = await person.get("/case/not-solved")
        assert hidden(not_solved, "/case/not-solved")
        await case.real.closed()
        texts = await portal.house.queries.texts(case.case_id)
        late = await person.submit(not_solved, "/case/not-solved", {"text": "It is not solved"})
        reply = await person.submit(before, "/case/reply", {"text": "Hello?"})
        page = await person.get("/case")
        settings = await person.get("/case/settings")
    for words in ("is over. A person will take it up with you", "care@shop.example", "It is not solved"):
        assert words in late.text
    assert "Hello?" in reply.text
    for words in ("Your refund is settled", "The result: cancelled.", "The case was closed on", "All messages"):
        assert words in page.text, words
    assert 'action="/case/reply"' not in page.text
    assert "there is nothing to change" in settings.text
    assert await facts_of(case) == 0
    assert await portal.house.queries.texts(case.case_id) == texts


async def test_an_erased_person_sees_what_remains_true(portal: PortalHouse) -> None:
    case = await refund(portal, "A-erased", patient=False)
    by = Actor(who="mia", role=Role.LEAD, why="goods arrived")
    await case.real.act(names.RESOLVE, c.Resolve(by=by, outcome="cancelled"))
    await case.real.closed()
    await Erasure(portal.house.store).erase(case.case_id, by, datetime.now(UTC))
    async with portal.browser() as person:
        page = await person.open(case.link())
        program = await person.get("/case.json")
    for words in ("has been deleted", case.case_id, "The result: cancelled.", "The case was closed on"):
        assert words in page.text, words
    for gone in ("Ada", "O-77", "49.90", "All messages"):
        assert gone not in page.text
    assert program.status_code == 410


# -- settings --------------------------------------------------------------------------------------------------------------------


async def test_way_frequency_quiet_hours_and_opting_out(portal: PortalHouse) -> None:
    case = await refund(portal, "S-1", reach=BY_BOTH)
    async with portal.browser() as person:
        await person.open(case.link())
        page = await person.get("/case/settings")
        assert "a***@example.com" in page.text
        assert "+49 *** 001" in page.text
        for part, values in (
            ("channel", {"channel": "sms", "others": "yes"}),
            ("updates", {"survey": "yes", "cadence": "14s"}),
            ("quiet", {"quiet_from": "22:00", "quiet_until": "07:30", "quiet_email": "yes"}),
            ("language", {"locale": "de", "zone": "Europe/Vienna"}),
        ):
            saved = await person.submit(page, "/case/settings", values, part=part)
            assert saved.status_code == 200, saved.text
        assert "Gespeichert." in saved.text
    reach = (await case.real.snapshot()).reach
    assert reach is not None
    assert reach.channels == [Channel.SMS, Channel.EMAIL]
    assert [class_.value for class_ in reach.opted_out] == ["status"]
    assert (str(reach.cadence), reach.quiet_from, reach.quiet_until, reach.quiet_email) == ("14s", "22:00", "07:30", True)
    assert (reach.locale, reach.zone) == ("de", "Europe/Vienna")
    contact = await portal.house.queries.contact((await case.real.snapshot()).contact_ref or "")
    assert contact is not None
    assert (contact.locale, contact.zone, contact.email) == ("de", "Europe/Vienna", "ada@example.com")


async def test_whoever_wants_updates_again_gets_them(portal: PortalHouse) -> None:
    contact = ADA.model_copy(update={"email": "again@example.com", "phone": None})
    case = await refund(portal, "S-again", contact=contact)
    async with portal.browser() as person:
        await person.http.post("/u/" + portal.signer.sign(LinkPurpose.UNSUBSCRIBE, case.link_id), data={"List-Unsubscribe": "One-Click"})
        (standing,) = await suppressions_of(portal.house.store, Channel.EMAIL, "again@example.com")
        assert standing.reason is SuppressionReason.UNSUBSCRIBE
        await person.open(case.link())
        page = await person.get("/case")
        assert "You chose to get no routine updates." in page.text
        settings = await person.get("/case/settings")
        await person.submit(settings, "/case/settings", {"status": "yes", "survey": "yes"}, part="updates")
    (lifted,) = await suppressions_of(portal.house.store, Channel.EMAIL, "again@example.com")
    assert lifted.lifted_at is not None
    await case.real.told(MessageKind.UPDATE)


async def test_a_new_address_is_used_and_links_to_the_old_one_end(portal: PortalHouse) -> None:
    contact = ADA.model_copy(update={"email": "wrong@example.com"})  # the phone number stays, and the link went there too
    case = await refund(portal, "S-address", contact=contact)
    async with portal.browser() as person, portal.browser() as stranger:
        await stranger.open(case.link())  # the mail went to somebody else
        await person.open(case.link())
        page = await person.get("/case/settings")
        saved = await person.submit(page, "/case/settings", {"email": "Right@Example.com"}, part="contact")
        assert ("R***@example.com" in saved.text, "Right@" in saved.text) == (True, False), saved.text[:6000]

        async def ended() -> bool:
            return (await stranger.get("/case")).status_code == 410

        await eventually(ended, "the stranger's visit ends")
        assert (await person.get("/case")).status_code == 200  # who made the change stays
        await case.real.told(MessageKind.ADDRESS_CHANGED)  # and whoever reads the old mailbox learns of it
        assert "link is no longer valid" in (await stranger.open(case.link())).text
        assert (await stranger.http.get("/case.json", headers={"authorization": f"Bearer {case.token()}"})).status_code == 410

    async def written() -> bool:
        return any(post.address == "Right@example.com" for post in await case.real.posts())

    await eventually(written, "a message to the new address")


@pytest.mark.parametrize(
    ("part", "values", "words", "field"),
    [
        ("contact", {"email": "nobody"}, "no e-mail address", "email"),
        ("contact", {"phone": "030 123456"}, "no phone number", "phone"),
        ("contact", {"phone": "+49 1"}, "no phone number", "phone"),
        ("contact", {}, "Enter a new e-mail address or phone number.", "email"),
        ("contact", {"no_email": "yes", "no_phone": "yes"}, "at least one address", "email"),
        ("contact", {"email": "a@example.com", "no_email": "yes"}, "not both", "email"),
        ("channel", {"channel": "pigeon"}, "Choose one of the ways.", "channel"),
        ("updates", {"status": "yes", "cadence": "1s"}, "Choose one of the listed times.", "cadence"),
        ("quiet", {"quiet_from": "22:00"}, "both times, or none", "quiet_until"),
        ("quiet", {"quiet_from": "25:00", "quiet_until": "07:00"}, "a time such as 21:00", "quiet_from"),
        ("quiet", {"quiet_from": "07:00", "quiet_until": "07:00"}, "two different times", "quiet_until"),
        ("language", {"locale": "tlh", "zone": "Europe/Berlin"}, "listed languages", "locale"),
        ("language", {"locale": "en", "zone": "Mars/Base"}, "listed time zones", "zone"),
    ],
)
async def test_a_setting_that_cannot_be_is_told_at_its_field(
    portal: PortalHouse, part: str, values: dict[str, str], words: str, field: str
) -> None:
    case = await portal.open(started(CaseKind.REFUND, "S-errors", reach=BY_BOTH), "processing")
    await case.real.told(MessageKind.ACKNOWLEDGEMENT)
    async with portal.browser() as person:
        await person.open(case.link())
        page = await person.get("/case/settings")
        answer = await person.submit(page, "/case/settings", values, part=part)
    assert answer.status_code == 422
    for shown in (words, f'href="#{field}"', f'id="{field}"'):
        assert shown in answer.text, shown
    assert await case.facts("preferences_changed") == []


async def test_a_phone_number_may_be_written_as_people_do(portal: PortalHouse) -> None:
    case = await refund(portal, "S-phone", contact=ADA.model_copy(update={"phone": None}))
    async with portal.browser() as person:
        await person.open(case.link())
        page = await person.get("/case/settings")
        assert "By text message" not in page.text
        saved = await person.submit(page, "/case/settings", {"phone": "0049 (30) 123-456"}, part="contact")
        assert "+49 *** 456" in saved.text
        assert (await person.open(case.link())).status_code == 200  # an address that came in addition ends no link
    contact = await portal.house.queries.contact((await case.real.snapshot()).contact_ref or "")
    assert contact is not None
    assert contact.phone == "+4930123456"


# -- for programs ----------------------------------------------------------------------------------------------------------------


async def test_the_same_status_for_programs(portal: PortalHouse) -> None:
    case = await refund(portal, "J-1", amounts=(4990, 2000), change={"cadence": {"steps": [{"every": "60s"}], "longest": "60s"}})
    bearer = {"authorization": f"Bearer {case.token()}"}
    async with portal.browser() as program, portal.browser() as person:

        async def promised() -> Any:
            answer = await program.http.get("/case.json", headers=bearer)
            return answer if answer.json()["next_update_at"] and answer.json()["complete"] else None

        answer = await eventually(promised, "the next word")
        await person.open(case.link())
        by_cookie = await person.get("/case.json")
    status = answer.json()
    snapshot = await case.real.snapshot()
    assert snapshot.promise is not None
    assert datetime.fromisoformat(status["next_update_at"]) == datetime.fromisoformat(str(snapshot.promise["due_at"]))
    assert datetime.fromisoformat(status["resolve_by"]) == snapshot.resolve_by
    assert (status["case_id"], status["kind"], status["status"], status["who_acts"]) == (case.case_id, "refund", "open", "bank")
    assert [part["amount"] for part in status["parts"]] == [
        {"amount_minor": 4990, "currency": "EUR"},
        {"amount_minor": 2000, "currency": "EUR"},
    ]
    assert (status["complete"], status["not_solved_until"], status["feedback"]["state"]) == (True, None, "none")
    assert status["messages"][-1]["subject"].startswith("Your refund for order O-77")
    assert "set-cookie" not in answer.headers
    differing = {"as_of", "last_asked_at", "last_answered_at", "messages", "next_update_at", "parts"}
    assert {name: value for name, value in by_cookie.json().items() if name not in differing} == {
        name: value for name, value in status.items() if name not in differing
    }
    for internal in ("tom", "simpay", "contact", "fraud", "owner", "J-1-1"):
        assert internal not in answer.text, internal


async def test_a_program_without_the_right_token_is_told_what_would_be_right(portal: PortalHouse) -> None:
    case = await refund(portal, "J-2")
    old = case.token(at=datetime.now(UTC) - timedelta(days=91))
    async with portal.browser() as program:
        for given in (None, "Bearer nonsense", f"Bearer {case.token(LinkPurpose.FEEDBACK)}", f"Basic {case.token()}", f"Bearer {old}"):
            answer = await program.http.get("/case.json", headers={"authorization": given} if given else {})
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), given
            assert answer.headers["www-authenticate"].startswith("Bearer")


# -- limits ----------------------------------------------------------------------------------------------------------------------


async def test_one_link_cannot_act_for_ever(portal: PortalHouse) -> None:
    case = await refund(portal, "R-1")
    async with portal.browser() as person:
        page = await person.open(case.link())
        answers = [await person.submit(page, "/case/reply", {"text": ""}) for _ in range(20)]
        last = await person.submit(page, "/case/reply", {"text": "One more"})
        assert {answer.status_code for answer in answers} == {422}
        assert (last.status_code, "One more" in last.text) == (429, True)
    assert await case.facts("customer_replied") == []


async def test_a_page_takes_as_many_queries_for_a_long_case_as_for_a_new_one(portal: PortalHouse) -> None:
    young = await refund(portal, "Q-young", change={"cadence": {"steps": [{"every": "60s"}], "longest": "60s"}})
    old = await refund(portal, "Q-old")
    await old.real.told(MessageKind.UPDATE, 3)

    def counted(link_id: str) -> Any:
        def work(connection: Connection) -> int:
            statements: list[str] = []
            listen = lambda *arguments: statements.append(arguments[2])  # noqa: E731
            event.listen(connection, "before_cursor_execute", listen)
            try:
                assert _view(connection, link_id) is not None
            finally:
                event.remove(connection, "before_cursor_execute", listen)
            return len(statements)

        return work

    numbers = [await portal.house.store.read(counted(case.link_id)) for case in (young, old)]
    assert numbers == [8, 8]
    view = await PortalViews(portal.house.store).by_link(old.link_id)
    assert view is not None
    assert len(view.messages) >= 4


async def test_nothing_personal_is_in_the_log(portal: PortalHouse) -> None:
    text = await asyncio.to_thread(portal.log.read_text)
    assert "/s/{token}" in text
    for personal in ("ada@example.com", "Where is it", "makegood-case", "Right@", "IlBf"):
        assert personal not in text
    assert "fault" not in text
