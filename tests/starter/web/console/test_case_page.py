"""The page of a case: where it stands, what was said, what is masked, and what it costs."""

import re
from typing import Any

import pytest

from policies.case.facts import Actor, KeyUsed
from policies.case.vocabulary import CaseStatus, Channel, FactType, MessageKind, Role
from starter.connection import EngineUnavailable
from starter.web.console.case.history import Masks
from starter.web.console.case.reasons import given, why
from starter.web.console.case.said_of_facts import told as line_of
from starter.web.portal.acts import CUSTOMER as CUSTOMER_PAGE
from store.call_tasks import NewCall, open_call
from store.case_pages import PAGE
from store.contacts import Contact
from store.engine import Store
from store.people import PersonRole
from store.recorder import Recorder
from store.recorder.watches import Check
from tests.starter.web.api.harness import counted
from tests.starter.web.console.cases import KEY, ScriptedDesk, lived, sent, snapshot_of_life, target
from tests.starter.web.console.harness import Scene, scene_of, usual_scene
from tests.store.samples import CASE, MONDAY, entry, fact, hours

PATH = f"/console/cases/{CASE}"


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk(engine={KEY: snapshot_of_life()})


@pytest.fixture
async def scene(sqlite_store: Store, desk: ScriptedDesk) -> Scene:
    scene = usual_scene(sqlite_store, desk, temporal_ui_url="http://127.0.0.1:8233/")
    scene.clock.now = hours(26)
    await lived(sqlite_store)
    return scene


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


async def test_it_says_first_what_must_be_done_what_is_next_and_what_binds(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        page = await visitor.get(PATH)
    said = words(page.text)
    assert page.status_code == 200
    for told in (
        "Refund for order O-1001, 64.90 EUR",  # what was re-issued counts once
        "To do The customer waits for an answer since 02 Mar 2026, 20:00 , 15 hours ago Reply to the customer",
        "The clock refund promise is at risk due 03 Mar 2026, 17:00 , in 6 hours",
        "Next Makegood sends the next word 03 Mar 2026, 15:00 UTC, in 4 hours",
        "Where it stands To be resolved by 03 Mar 2026, 17:00 UTC , in 6 hours Binds first: refund promise",
        "SP-1 at simpay failed since 03 Mar 2026, 05:00 replaced by SP-9",
        "GC-7 at giftcards succeeded since 02 Mar 2026, 14:00 trace number ARN-74537604221",
        "rules refund cases, for all that no other policy takes",
        "Linked cases Refund, order O-1002",
        "There it is Tue 11:00 (Europe/London)",
    ):
        assert told in said, told
    for link in ("/console/cases/acme-r-1002-ffffffff", "/console/customers/c0ffee", "/console/policies/retail.refund"):
        assert f'href="{link}"' in page.text, link
    assert 'style="' not in page.text  # against our own policy
    assert "<script" not in page.text


async def test_the_history_has_messages_as_sent_statuses_decisions_and_promises(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        said = words((await visitor.get(PATH)).text)
    history = said[said.index(" History ") :]
    order = (
        "The customer wrote",
        "Promise 1 (next word by 02 Mar 2026, 15:00 UTC): late by 30 minutes",
        "ana put it on hold: under review (agent) Why: the warehouse has it",
        "simpay reports SP-1: pending (was unknown) of 2 Mar, 10:00 , learned 2 Mar, 12:00",
        "Acknowledgement by e-mail: accepted",
        "Names the next word: 2 Mar 2026, 15:06 UTC, late by 30 minutes",
        "E-mail, template refund.acknowledgement.email, version a1b2c3, language en",
        "02 Mar 2026, 09:06:00 e-mail: accepted",
        "Opened: returned, policy retail.refund",
    )
    places = [history.index(told) for told in order]
    assert places == sorted(places)


async def test_names_addresses_and_links_of_the_customer_are_masked_in_every_text(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.VIEWER) as visitor:
        page = (await visitor.get(PATH)).text
    for secret in ("Ada Brook", "ada.brook@example.com", "447700900117", "SECRETTOKEN"):
        assert secret not in page, secret
    for shown in ("Hello A*** B***", "A*** B***&#39;s parcel", "Write to a***@example.com", "+44 *** 117", "https://care.example.com/s/…"):
        assert shown in page, shown
    assert f"{PATH}/contact" not in page  # a viewer may not ask


async def test_keys_in_old_letters_stay_hidden_after_the_house_has_moved(sqlite_store: Store) -> None:
    scene = scene_of(sqlite_store, ScriptedDesk(engine={KEY: snapshot_of_life()}), public_url="https://service.example.net")
    scene.clock.now = hours(26)
    await lived(sqlite_store)
    async with scene.signed_in(PersonRole.VIEWER) as visitor:
        page = (await visitor.get(PATH)).text
    assert ("SECRETTOKEN" in page, "https://care.example.com/s/…" in page) == (False, True)


async def test_contact_data_is_shown_once_with_a_reason_that_the_audit_log_has(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        asked = await visitor.get(f"{PATH}/contact")
        without = await visitor.post(f"{PATH}/contact", why="")
        invented = await visitor.post(f"{PATH}/contact", why="curious")
        assert "ada.brook@example.com" not in asked.text + without.text + invented.text
        assert (without.status_code, invented.status_code, await scene.audit("unmask")) == (422, 422, [])
        shown = await visitor.post(f"{PATH}/contact", why="on_the_phone")
        assert all(one in shown.text for one in ("Ada Brook", "ada.brook@example.com", "+447700900117"))
        assert "ada.brook@example.com" not in (await visitor.get(PATH)).text
    (row,) = await scene.audit("unmask")
    assert (row.person, row.case_id, row.detail) == ("lena", CASE, {"what": "contact", "why": "on_the_phone"})


async def test_the_picture_says_in_words_what_it_shows(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        page = (await visitor.get(PATH)).text
    picture = page[page.index("<svg") : page.index("</svg>\n<p")]
    assert 'role="img" aria-labelledby="clocks-title clocks-words"' in picture
    assert "Next word: by 3 Mar, 15:00, in 4 hours. Refund promise: due 3 Mar, 17:00, in 6 hours. Withdrawal refund: due 16 Mar" in picture
    assert "at 75 % of the time: owner is told, level 1, fired, 3 Mar, 09:00" in picture
    assert "on hold: under review" in picture
    table = words(page[page.index("The same as a table") :])
    assert "Refund promise binds first running" in table
    assert "1 business day after it was due: head is told, level 3, ahead 04 Mar 2026, 17:00" in table


async def test_a_case_of_another_merchant_does_not_exist(scene: Scene) -> None:
    task = NewCall(
        task_id="call-1",
        case_id=CASE,
        contact_ref="contact-ada",
        role="owner",
        reason="unreachable",
        script="x",
        locale="en",
        due_at=MONDAY,
    )
    await scene.store.write(lambda connection: open_call(connection, task, MONDAY))
    async with scene.signed_in(merchants=["southwind"]) as visitor:
        for path in (PATH, f"{PATH}/contact", f"{PATH}/reply", f"{PATH}/resolve", f"{PATH}/calls/call-1", "/console/cases/nobody-knows-it"):
            assert (await visitor.get(path)).status_code == 404, path
        for path in (f"{PATH}/contact", f"{PATH}/note", f"{PATH}/calls/call-1", f"{PATH}/calls/call-1/number"):
            answer = await visitor.post(path, why="on_the_phone", text="x", step="do", seen="99")
            assert answer.status_code == 404, path
    async with scene.signed_in(name="mine", merchants=["acme"]) as visitor:
        assert (await visitor.get(PATH)).status_code == 200
    assert await scene.audit("unmask") == []


async def test_linked_cases_of_another_merchant_are_not_named(scene: Scene, desk: ScriptedDesk) -> None:
    other = "southwind-r-7-eeeeeeee"
    await Recorder(scene.store).commit_entry(entry(other, merchant="southwind", customer_key="c2", order="O-SECRET"))
    desk.engine = {KEY: snapshot_of_life(links=[other])}
    async with scene.signed_in(merchants=["acme"]) as visitor:
        page = (await visitor.get(PATH)).text
        assert "O-SECRET" not in page
        assert other not in page
    async with scene.signed_in(name="all") as visitor:
        assert "O-SECRET" in (await visitor.get(PATH)).text


async def test_without_an_answer_of_the_engine_the_books_speak_and_the_page_says_so(scene: Scene, desk: ScriptedDesk) -> None:
    desk.fails = EngineUnavailable("127.0.0.1:7233", "away")
    async with scene.signed_in() as visitor:
        said = words((await visitor.get(PATH)).text)
    for told in (
        "The case itself did not answer in time: this is what the books know.",
        "The customer waits for an answer",
        "SP-1 at simpay pending since 02 Mar 2026, 10:00 replaced by SP-9",
        "Next word promised by 03 Mar 2026, 15:00 UTC",
        "Refund promise due 3 Mar, 17:00",
    ):
        assert told in said, told


async def test_it_is_there_right_after_the_opening_while_the_books_lack_it(sqlite_store: Store) -> None:
    facts = [fact(1, FactType.OPENED, occurred_at=MONDAY, learned_at=MONDAY, detail={"policy": "retail.refund", "reason": "returned"})]
    desk = ScriptedDesk(engine={KEY: snapshot_of_life(counts={"facts": 1})}, facts=facts)
    scene = usual_scene(sqlite_store, desk)
    async with scene.signed_in() as visitor:
        page = await visitor.get(PATH)
        assert page.status_code == 200
        assert "Opened: returned, policy retail.refund" in page.text
        desk.fails = EngineUnavailable("127.0.0.1:7233", "away")
        assert (await visitor.get(PATH)).status_code == 503


async def test_what_the_engine_knows_before_the_books_stands_in_the_history(scene: Scene, desk: ScriptedDesk) -> None:
    bea = Actor(who="bea", role=Role.LEAD, why="urgent")
    desk.facts = [fact(12, FactType.ESCALATED, by=bea, detail={"level": 2, "to": "lead"})]
    async with scene.signed_in() as visitor:
        assert "bea escalated it to level 2, lead" in (await visitor.get(PATH)).text


@pytest.mark.parametrize(
    ("role", "reason", "detail", "reads"),
    [
        (Role.CUSTOMER, "customer_page", {}, "asked on the customer's page"),
        (Role.CUSTOMER, "unsubscribe_link", {}, "by the link to unsubscribe in a message"),
        (Role.CUSTOMER, "email", {}, "it came by e-mail"),
        (Role.CUSTOMER, "told_us so", {}, "told_us so"),
        (Role.LEAD, "customer_page", {"why": "customer_page"}, "customer_page"),  # what a person typed is not touched
        (Role.LEAD, None, {"why": "resumed"}, None),
        (Role.SYSTEM, "no answer: photo_needed", {}, "no answer: photo needed"),
        (Role.PROVIDER, "settled", {}, "it is done there"),
        (Role.SYSTEM, None, {"why": "until"}, "the time that was set for it has come"),
        (None, None, {"why": "newer_promise"}, "a newer promise took its place"),
        (None, None, {"why": "sendgrid_401"}, "sendgrid 401"),
        (None, None, {}, None),
    ],
)
def test_reasons_read_as_words(role: Role | None, reason: str | None, detail: dict[str, Any], reads: str | None) -> None:
    by = Actor(who="x", role=role, why=reason) if role is not None else None
    assert why(fact(1, FactType.RESUMED, by=by, detail=detail)) == reads


def test_every_door_of_the_customer_has_words() -> None:
    for actor in (CUSTOMER_PAGE, *(Actor(who="customer", role=Role.CUSTOMER, why=channel.value) for channel in Channel)):
        assert actor.why is not None
        assert "_" not in given(actor.role, actor.why)
        assert given(actor.role, actor.why) != actor.why


async def test_what_stands_on_the_page_are_words_not_codes(scene: Scene, desk: ScriptedDesk) -> None:
    desk.facts = [fact(12, FactType.PREFERENCES_CHANGED, by=CUSTOMER_PAGE, detail={"channels": "email,sms"})]
    by = {"who": "policy", "role": "system", "why": "no answer: photo_needed"}
    desk.engine = {
        KEY: snapshot_of_life(
            status="resolved",
            resolution={"outcome": "no_response", "by": by, "decided_at": hours(20).isoformat()},
            next_what="ask_reminder",
            next_why="remind the customer: photo_needed",
        )
    }
    async with scene.signed_in() as visitor:
        said = words((await visitor.get(PATH)).text)
    assert "changed how the customer is written to (email, sms) Why: asked on the customer&#39;s page" in said
    assert "Resolved: no response by policy: no answer: photo needed" in said
    assert "remind the customer: photo needed" in said


async def test_what_an_api_key_did_in_somebodys_name_is_told_with_the_key(scene: Scene, desk: ScriptedDesk) -> None:
    lena = Actor(who="lena.lead", role=Role.LEAD, why="urgent", api_key=KeyUsed(id="mg_0123456789ab", name="shop-backend"))
    resolution = {"outcome": "goodwill", "by": lena.model_dump(mode="json"), "decided_at": hours(20).isoformat()}
    entered = entry(as_of_seq=13, facts=[fact(13, FactType.HELD, by=lena, detail={"reason": "photo"})], order="O-1001")
    await Recorder(scene.store).commit_entry(entered)
    desk.engine = {KEY: snapshot_of_life(status="resolved", resolution=resolution, tail_until=hours(700))}
    async with scene.signed_in() as visitor:
        said = words((await visitor.get(PATH)).text)
        assert "lena.lead, by API key shop-backend (mg_0123456789ab), put it on hold: photo" in said
        assert "Resolved: goodwill by lena.lead, by API key shop-backend (mg_0123456789ab): urgent" in said


async def test_a_long_life_is_read_in_pages_each_thing_once(scene: Scene) -> None:
    later = [fact(seq, FactType.NOTED, detail={"number": 0}, by=Actor(who=f"n{seq}x", role=Role.AGENT)) for seq in range(12, 12 + 3 * PAGE)]
    await Recorder(scene.store).commit_entry(entry(facts=later, as_of_seq=11 + 3 * PAGE, order="O-1001", contact_ref="contact-ada"))
    for number in range(2, 6):
        await sent(scene.store, f"m{number}", MessageKind.UPDATE, number, hours(number * 25), f"update number {number}")
    seen: list[str] = []
    async with scene.signed_in() as visitor:
        path: str | None = PATH
        while path is not None:
            page = (await visitor.get(path)).text
            seen += re.findall(r"n\d+x noted|update number \d|Acknowledgement by e-mail", page)
            found = re.search(r'href="([^"]+\?before=\d+)#history">Older', page)
            path = found[1] if found else None
        assert (await visitor.get(f"{PATH}?before=x")).status_code == 404
    assert len(seen) == len(set(seen)) == 3 * PAGE + 4 + 1


async def test_the_page_costs_the_same_statements_however_long_the_case_has_lived(scene: Scene) -> None:
    numbers = []
    async with scene.signed_in() as visitor:
        for _ in range(2):
            with counted() as statements:
                assert (await visitor.get(PATH)).status_code == 200
            numbers.append(len([one for one in statements if one.startswith("SELECT")]))
            later = [fact(seq, FactType.CUSTOMER_REPLIED, detail={}) for seq in range(12, 1500)]
            await Recorder(scene.store).commit_entry(entry(facts=later, as_of_seq=1499, order="O-1001", contact_ref="contact-ada"))
            for number in range(2, 12):
                await sent(scene.store, f"m{number}", MessageKind.UPDATE, number, hours(1480 + number), "update")
    assert numbers[0] == numbers[1] <= 20, numbers


async def test_a_closed_case_is_read_from_the_books_and_offers_no_act(scene: Scene, desk: ScriptedDesk) -> None:
    closing = entry(facts=[fact(12, FactType.CLOSED)], as_of_seq=12, status=CaseStatus.CLOSED, closed_at=hours(12), order="O-1001")
    await Recorder(scene.store).commit_entry(closing)
    desk.fails = EngineUnavailable("127.0.0.1:7233", "away")
    async with scene.signed_in() as visitor:
        page = await visitor.get(PATH)
        assert "did not answer in time" not in page.text
        assert "What comes now is a new case that links to it." in page.text
        assert "/reply" not in page.text
        assert "This cannot be done now. The case is closed." in (await visitor.get(f"{PATH}/resolve")).text


async def test_an_address_of_temporals_page_leads_there(scene: Scene) -> None:
    class WithClient(type(scene.backends)):  # type: ignore[misc]
        def client(self) -> object:
            return type("Client", (), {"namespace": "shop one"})()

    async with scene.signed_in() as visitor:
        assert "workflows/refund-" not in (await visitor.get(PATH)).text  # the engine is away: nobody knows its namespace
        scene.backends.__class__ = WithClient
        page = (await visitor.get(PATH)).text
    assert f'href="http://127.0.0.1:8233/namespaces/shop%20one/workflows/refund-{CASE}"' in page


async def test_a_hold_and_a_resolution_are_told_whoever_speaks(scene: Scene, desk: ScriptedDesk) -> None:
    by = {"who": "bea", "role": "lead"}
    resolution = {"outcome": "goodwill", "by": by, "decided_at": hours(20).isoformat()}
    hold = {"reason": "under_review", "since": hours(20).isoformat(), "until": hours(60).isoformat(), "expires_at": None}
    async with scene.signed_in() as visitor:
        desk.engine = {
            KEY: snapshot_of_life(status="resolved", resolution=resolution, tail_until=hours(700), feedback={"csat": 2, "nps": None})
        }
        said = words((await visitor.get(PATH)).text)
        assert "Resolved: goodwill by bea 03 Mar 2026, 05:00" in said
        assert "Feedback CSAT 2 of 5" in said
        assert "Put on hold" not in said
        desk.engine = {KEY: snapshot_of_life(status="on_hold", hold=hold)}
        said = words((await visitor.get(PATH)).text)
        assert "On hold: under review since 03 Mar 2026, 05:00 ends by itself 04 Mar 2026, 21:00" in said
        assert "End the hold" in said
        # The books know the reason alone, and a resolution without its telling.
        held = entry(as_of_seq=13, status=CaseStatus.ON_HOLD, hold_reason="photo", order="O-1001", contact_ref="contact-ada")
        await Recorder(scene.store).commit_entry(held)
        desk.fails = EngineUnavailable("127.0.0.1:7233", "away")
        assert "On hold: photo" in words((await visitor.get(PATH)).text)
        done = entry(as_of_seq=14, status=CaseStatus.RESOLVED, resolution=resolution, csat=1, order="O-1001", contact_ref="contact-ada")
        await Recorder(scene.store).commit_entry(done)
        assert "Resolved: goodwill by bea" in words((await visitor.get(PATH)).text)


def test_names_are_masked_as_words_and_not_within_others() -> None:
    masks = Masks(Contact(name="Will", email="will@example.com"))
    assert masks.over("Hello WILL, goodwill for Will@Example.com \\1") == "Hello W***, goodwill for w***@example.com \\1"
    known = Masks(Contact(name="Ada"), Contact(name="Ada Brook"))
    assert known.over("Hello Ada Brook, or Ada") == "Hello A*** B***, or A***"


@pytest.mark.parametrize("typed", ["+44 7700 900117", "07700 900117", "0044 7700 900 117", "+44 (0)7700-900117"])
def test_a_number_is_masked_as_people_type_it(typed: str) -> None:
    masks = Masks(Contact(phone="+447700900117"))
    assert masks.over(f"Ring {typed}, order 4711000012345") == "Ring +44 *** 117, order 4711000012345"


def test_what_somebody_typed_shows_no_strangers_address_either() -> None:
    masks = Masks(Contact(phone="+447700900117"))
    typed = "Her brother: +49 30 1234561 or kim@example.org, since 2026-03-02 10:15"
    assert masks.over_typed(typed) == "Her brother: +49 *** 561 or k***@example.org, since 2026-03-02 10:15"
    assert masks.over("Call us: +49 30 1234500") == "Call us: +49 30 1234500"  # a letter's own words: the shop's number


async def test_a_case_whose_provider_cannot_be_asked_does_not_move_by_itself(scene: Scene, desk: ScriptedDesk) -> None:
    calm = {"clocks": [], "targets": [target("SP-1", 4990)], "escalation": 0}
    desk.engine[KEY] = snapshot_of_life(**calm)
    answered = fact(12, FactType.LEAD_REPLIED, by=Actor(who="ana", role=Role.AGENT), detail={"text_ref": "t-note"}, occurred_at=hours(12))
    await Recorder(scene.store).commit_entry(entry(facts=[answered], as_of_seq=12))
    async with scene.signed_in() as visitor:
        assert "cannot be asked" not in words((await visitor.get(PATH)).text)
        failed = fact(13, FactType.JOB_FAILED, detail={"job": "watch_provider", "reason": "provider_misconfigured"}, learned_at=hours(20))
        await Recorder(scene.store).commit_entry(entry(facts=[failed], as_of_seq=13))
        told = words((await visitor.get(PATH)).text)
        assert "simpay cannot be asked (provider misconfigured): an operator must mend the settings" in told
        # It answers again: nothing is to be done.
        await Recorder(scene.store).note_checks(
            CASE, 1, hours(25), [Check(provider="simpay", reference="SP-1", answered=True, status="pending")]
        )
        assert "cannot be asked" not in words((await visitor.get(PATH)).text)


async def test_a_reference_that_its_provider_does_not_know_says_so(scene: Scene, desk: ScriptedDesk) -> None:
    desk.engine[KEY] = snapshot_of_life(clocks=[], targets=[target("SP-1", 4990)])
    await Recorder(scene.store).note_checks(CASE, 1, hours(25), [Check(provider="simpay", reference="SP-1", answered=True)])
    unknown = fact(12, FactType.REFERENCE_UNKNOWN, detail={"provider": "simpay", "reference": "SP-1"})
    await Recorder(scene.store).commit_entry(entry(facts=[unknown], as_of_seq=12))
    async with scene.signed_in() as visitor:
        told = words((await visitor.get(PATH)).text)
    assert "49.90 EUR not known there" in told
    assert "simpay answers, but does not know this reference" in told
    assert "simpay does not know SP-1: check the reference" in told


async def test_a_resolution_says_how_much(scene: Scene, desk: ScriptedDesk) -> None:
    by = {"who": "lena", "role": "lead", "why": "late"}
    resolution = {
        "outcome": "goodwill",
        "amounts": [{"amount_minor": 1050, "currency": "EUR"}],
        "by": by,
        "decided_at": hours(25).isoformat(),
    }
    desk.engine[KEY] = snapshot_of_life(status="resolved", resolution=resolution)
    lena = Actor(who="lena", role=Role.LEAD)
    resolved = fact(12, FactType.RESOLVED, by=lena, detail={"outcome": "goodwill", "amounts": "10.50 EUR"})
    await Recorder(scene.store).commit_entry(entry(facts=[resolved], as_of_seq=12))
    async with scene.signed_in() as visitor:
        told = words((await visitor.get(PATH)).text)
    assert "Resolved: goodwill, 10.50 EUR" in told
    assert "lena resolved it: goodwill, 10.50 EUR" in told


def test_what_a_colleague_entered_is_not_what_he_wrote_and_changed_wishes_are_named() -> None:
    lead = Actor(who="lea.lead", role=Role.LEAD)
    assert line_of(fact(1, FactType.CUSTOMER_REPLIED, by=lead, detail={"text_ref": "t"})) == "lea.lead entered what the customer said"
    unsolved = fact(2, FactType.CUSTOMER_REPLIED, by=lead, detail={"not_solved": True})
    assert line_of(unsolved) == "lea.lead entered what the customer said: it is not solved"
    customer = Actor(who="customer", role=Role.CUSTOMER)
    assert line_of(fact(3, FactType.CUSTOMER_REPLIED, by=customer, detail={"text_ref": "t"})) == "The customer wrote"
    changed = {"channels": "email", "changed": "locale,quiet_from,quiet_until"}
    assert line_of(fact(4, FactType.PREFERENCES_CHANGED, by=lead, detail=changed)) == (
        "lea.lead changed how the customer is written to: language, quiet hours"
    )
