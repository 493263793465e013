"""The desk on the real development server with the real worker: opened once, acted on, answered or refused, found again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from policies.case.case_id import workflow_id
from policies.case.commands import Receipt
from policies.case.facts import Actor
from policies.case.plans import BooksEntry, CaseRow
from policies.case.vocabulary import CallResult, CaseKind, CaseStatus, Channel, FactType, MessageKind, Role
from policies.money import Money
from starter.desk import (
    AmbiguousCase,
    Calling,
    CaseKey,
    CaseNotFound,
    Desk,
    Identity,
    IdentityKeyChanged,
    MovedOn,
    Opened,
    PreferenceChanges,
    Refused,
)
from starter.desk.normal_form import UnusableRequest, digests_of
from starter.policy_books import load_books
from starter.settings import BOOKS
from store.call_tasks import CallTasks, NewCall
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.outbox import ALERT, Outbox, Posted
from store.recorder import Recorder
from store.references import cases_of
from tests.real.harness import RealHouse, eventually, real_house
from tests.starter.desk.requests import CUSTOMER, IDENTITY, PAYMENT, refund

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAD = Actor(who="lea.lead", role=Role.LEAD, why="a test")


@dataclass
class Open:
    """A running house with its desk, under the retail book: nothing falls due while a test looks."""

    house: RealHouse
    desk: Desk

    async def case(self, reference: str, **changes: Any) -> CaseKey:
        values = {"order": f"NW-{reference}", "payments": _payments(reference), **changes}
        opened = await self.desk.open(refund(reference=reference, **values))
        assert opened.result == "created"
        key = CaseKey(opened.case_id, CaseKind.REFUND)
        await self.in_books(key)
        return key

    async def in_books(self, key: CaseKey) -> None:
        """Acknowledged: the books know the case and nothing is on its way."""

        async def look() -> bool:
            messages = await self.house.queries.messages(key.case_id)
            return bool(messages) and messages[0].ended_at is not None

        await eventually(look, f"{key.case_id} acknowledged")

    async def contact(self, ref: str) -> Contact | None:
        return await self.house.queries.contact(ref)

    async def addresses(self, key: CaseKey) -> tuple[str | None, str | None]:
        """E-mail and phone that are in force."""
        ref = (await self.desk.snapshot(key)).contact_ref
        assert ref is not None
        contact = await self.contact(ref)
        assert contact is not None
        return contact.email, contact.phone

    async def written_to(self, key: CaseKey, number: int) -> str:
        """The address to which the customer's message of that number went."""

        async def look() -> list[Posted] | None:
            posts = [post for post in await Outbox(self.house.store).rows(key.case_id) if post.channel != ALERT]
            return posts if len(posts) >= number else None

        return (await eventually(look, f"{key.case_id}: {number} messages"))[number - 1].address


def _payments(reference: str) -> list[dict[str, Any]]:
    return [{**PAYMENT, "reference": f"SP-{reference}"}]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def open_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    folder: Path = tmp_path_factory.mktemp("desk")
    async with real_house(folder) as house:
        books = load_books([BOOKS / "retail.toml"])
        yield Open(house, Desk(house.client, DeskBooks(house.store), house.queries, books, IDENTITY))


async def test_opened_fifty_times_at_once_it_is_one_case_and_one_acknowledgement(open_house: Open) -> None:
    request = refund(reference="often", payments=_payments("often"))
    answers = await asyncio.gather(*(open_house.desk.open(request) for _ in range(50)))
    assert Counter(answer.result for answer in answers) == {"created": 1, "same": 49}
    assert len({answer.model_dump_json(exclude={"result"}) for answer in answers}) == 1
    key = CaseKey(answers[0].case_id, CaseKind.REFUND)
    await open_house.in_books(key)
    kinds = [message.kind for message in await open_house.house.queries.messages(key.case_id)]
    assert kinds == [MessageKind.ACKNOWLEDGEMENT]


async def test_a_case_of_the_future_is_refused_by_its_field(open_house: Open) -> None:
    request = refund(reference="ahead", payments=_payments("ahead"), opened_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(UnusableRequest, match=r"^opened_at: lies in the future; right would be when the matter began"):
        await open_house.desk.open(request)


async def test_the_same_key_with_other_content_is_told_and_overwrites_nothing(open_house: Open) -> None:
    key = await open_house.case("content")
    other = {**CUSTOMER, "email": "other@example.com"}
    again = refund(reference="content", order="NW-content", payments=_payments("content"), customer=other, tags=["gift"])
    told = await open_house.desk.open(again)
    assert (told.result, told.differing, told.policy_id) == ("different", ["customer", "tags"], None)
    row = await open_house.house.queries.case(key.case_id)
    assert row is not None
    contact = await open_house.contact(row.contact_ref)
    assert contact is not None
    assert contact.email == CUSTOMER["email"]


async def test_content_is_compared_before_the_books_know_the_case(open_house: Open) -> None:
    request = refund(reference="quick", payments=_payments("quick"))
    first, second, third = await asyncio.gather(
        open_house.desk.open(request), open_house.desk.open(request), open_house.desk.open(request.model_copy(update={"item": "Tent"}))
    )
    results = [first.result, second.result, third.result]
    assert results.count("created") == 1
    assert "different" in results


async def test_a_year_later_the_books_still_know_it(open_house: Open) -> None:
    request = refund(reference="old", payments=_payments("old"))
    year_ago = datetime.now(UTC) - timedelta(days=400)
    key = await _forgotten(open_house, request, year_ago)
    assert (await open_house.desk.open(request)).result == "same"
    assert (await open_house.desk.open(request.model_copy(update={"item": "Tent"}))).differing == ["item"]
    snapshot = await open_house.desk.snapshot(key)
    assert (snapshot.status, snapshot.case_id) == (CaseStatus.CLOSED, key.case_id)
    with pytest.raises(Refused, match=r"the case was closed at .*; open a new case that links to it"):
        await open_house.desk.note(key, LEAD, "too late")


async def _forgotten(open_house: Open, request: Any, closed_at: datetime) -> CaseKey:
    """A closed case that only the books know, as after the engine's retention."""
    told = Opened.model_validate({**_ids(request), "result": "created"})
    row = CaseRow(
        case_id=told.case_id,
        workflow_id=told.workflow_id,
        kind=CaseKind.REFUND,
        merchant=request.merchant,
        reference=request.reference,
        order=request.order,
        customer_key="k",
        contact_ref="c-old",
        status=CaseStatus.CLOSED,
        cycle=1,
        escalation=0,
        opened_at=closed_at,
        closed_at=closed_at,
        digests=digests_of(request, IDENTITY),
        as_of_seq=9,
    )
    await Recorder(open_house.house.store).commit_entry(BooksEntry(row=row))
    return CaseKey(told.case_id, CaseKind.REFUND)


def _ids(request: Any) -> dict[str, str]:
    key = IDENTITY.case_id(request.merchant, request.kind, request.reference)
    return {"case_id": key, "workflow_id": workflow_id(request.kind, key)}


async def test_commands_are_answered_or_refused_at_once(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("acts")
    held = await desk.hold(key, LEAD, "warehouse")
    assert held.status is CaseStatus.ON_HOLD
    with pytest.raises(Refused, match=r"on hold already \(warehouse, since .*, by lea\.lead\)"):
        await desk.hold(key, LEAD, "under_review")
    assert (await desk.resume(key, LEAD)).status is CaseStatus.OPEN
    with pytest.raises(Refused, match='outcome "gold" is not in the policy book'):
        await desk.resolve(key, LEAD, "gold")
    with pytest.raises(Refused, match=r"by\.why holds an e-mail address"):
        await desk.note(key, LEAD.model_copy(update={"why": "call kim@example.org"}), "her own words may name kim@example.org")
    with pytest.raises(Refused, match="resolve is for a lead or an admin"):
        await desk.resolve(key, Actor(who="a", role=Role.AGENT, why="a test"), "denied")
    await desk.escalate(key, LEAD, to="head")
    await desk.reassign(key, LEAD, "bob.agent")
    await desk.report_fact(key, LEAD, "goods_received", occurred_at=datetime.now(UTC) - timedelta(hours=1))
    await desk.phone_contact(key, LEAD, text="Called.", promised_at=datetime.now(UTC) + timedelta(hours=3))
    snapshot = await desk.snapshot(key)
    assert (snapshot.escalation, snapshot.owner) == (1, "bob.agent")
    done = await desk.resolve(key, LEAD, "goodwill", amounts=[Money(amount_minor=100, currency="EUR")])
    assert done.status is CaseStatus.RESOLVED
    timeline = await desk.timeline(key)
    types = [fact.type for fact in timeline]
    for type_ in (FactType.HELD, FactType.RESUMED, FactType.ESCALATED, FactType.REASSIGNED, FactType.REPORTED, FactType.PHONE_CONTACT):
        assert types.count(type_) == 1
    assert [fact.seq for fact in timeline] == list(range(1, len(timeline) + 1))


async def test_a_call_whose_result_was_cut_off_half_way_is_told_once(open_house: Open) -> None:
    """The case has learnt it, the books have not: the person tells it again."""
    desk, key, store = open_house.desk, await open_house.case("called"), open_house.house.store
    ref = (await desk.snapshot(key)).contact_ref or ""
    common: dict[str, Any] = {
        "case_id": key.case_id,
        "contact_ref": ref,
        "role": "owner",
        "reason": "customer_unreachable",
        "script": "Hello.",
        "locale": "en",
    }
    await Recorder(store).open_call(NewCall(task_id="call-cut-off", due_at=datetime.now(UTC), **common), datetime.now(UTC))
    calling, tasks = Calling(desk, store), CallTasks(store)
    again_at = datetime.now(UTC) + timedelta(hours=1)
    told: dict[str, Any] = {"reached": False, "result": CallResult.NO_ANSWER, "task_id": "call-cut-off"}
    await desk.phone_contact(key, LEAD, **told, key="call-cut-off:0:no_answer:again")
    ended = await calling.done("call-cut-off", LEAD, CallResult.NO_ANSWER, next_try_at=again_at)
    assert (ended.task.attempts, ended.task.next_try_at, ended.task.ended_at) == (1, again_at, None)
    for promised_at, problem in ((again_at, "nobody was spoken with"), (None, "next_try_at: this ends the task")):
        with pytest.raises(Refused, match=problem):
            await calling.done("call-cut-off", LEAD, CallResult.VOICEMAIL, promised_at=promised_at, next_try_at=again_at)
    done = await calling.done("call-cut-off", LEAD, CallResult.NO_ANSWER, give_up=True)
    assert (done.task.result, done.task.ended_by, done.task.attempts) == ("no_answer", LEAD.who, 2)
    calls = [fact for fact in await desk.timeline(key) if fact.type is FactType.PHONE_CONTACT]
    assert [fact.detail["result"] for fact in calls] == ["no_answer", "no_answer"]
    assert await tasks.listed(case_id=key.case_id) == []


async def test_a_webhook_finds_the_case_by_every_reference_it_has_had(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("known")
    await desk.report_fact(key, LEAD, "payment_replaced", old_reference="SP-known", new_reference="SP-known-B")
    for reference in ("SP-known", "SP-known-B"):
        found = await open_house.house.store.read(partial(cases_of, provider="simpay", reference=reference))
        assert [(each.case_id, each.kind) for each in found] == [(key.case_id, CaseKind.REFUND)]


async def test_texts_stay_in_the_store(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("texts")
    await desk.note(key, LEAD, " Spoke with the bank. ")
    await desk.note(key, LEAD, "Spoke with the bank.")
    await desk.reply(key, LEAD, "It is on its way.")
    with pytest.raises(Refused, match="the text is empty"):
        await desk.note(key, LEAD, "  ")
    kept = [(text.kind, text.body) for text in await open_house.house.queries.texts(key.case_id)]
    assert sorted(kept) == [("note", "Spoke with the bank."), ("reply", "It is on its way.")]
    history = await open_house.house.client.get_workflow_handle(key.workflow_id).fetch_history()
    assert "Spoke with" not in history.to_json()
    assert "example.com" not in history.to_json()


async def test_the_same_key_is_the_same_command(open_house: Open) -> None:
    key = await open_house.case("twice")
    one, other = [await open_house.desk.note(key, LEAD, "once", key="k-1") for _ in range(2)]
    assert one == other
    assert [fact.type for fact in await open_house.desk.timeline(key)].count(FactType.NOTED) == 1


async def test_a_key_of_another_act_is_refused_and_nothing_is_done(open_house: Open) -> None:
    key = await open_house.case("reused")
    await open_house.desk.reply(key, LEAD, "It is on its way.", key="k-1")
    for act in (open_house.desk.reply(key, LEAD, "It is lost.", key="k-1"), open_house.desk.note(key, LEAD, "a note", key="k-1")):
        with pytest.raises(Refused, match="key: it was used on this case before, for another act"):
            await act
    facts = [fact.type for fact in await open_house.desk.timeline(key)]
    assert (facts.count(FactType.LEAD_REPLIED), facts.count(FactType.NOTED)) == (1, 0)


async def test_exactly_one_of_two_concurrent_acts_wins(open_house: Open) -> None:
    key = await open_house.case("race")
    answers = await asyncio.gather(
        *(open_house.desk.resolve(key, Actor(who=who, role=Role.LEAD, why="a race"), "denied") for who in ("one", "two")),
        return_exceptions=True,
    )
    assert [type(answer) for answer in sorted(answers, key=str)].count(Refused) == 1
    assert any(isinstance(answer, Receipt) for answer in answers)
    [refused] = [answer for answer in answers if isinstance(answer, Refused)]
    assert "the case was resolved as denied by " in refused.reason


async def test_a_merge_keeps_the_strictest_date(open_house: Open) -> None:
    desk = open_house.desk
    ordinary, vip = await open_house.case("merge-1"), await open_house.case("merge-2", customer={**CUSTOMER, "segment": "vip"})
    strictest = (await desk.snapshot(vip)).resolve_by
    assert strictest is not None
    with pytest.raises(Refused, match="another customer's case"):
        await desk.merge(vip, LEAD, await open_house.case("merge-3", customer={**CUSTOMER, "id": "C-9"}))
    with pytest.raises(MovedOn) as moved:
        await desk.as_of(vip, 0).merge(vip, LEAD, ordinary)
    assert moved.value.version >= 1
    assert (await desk.snapshot(ordinary)).links == []  # the other case was not told of a merge that is none
    await desk.merge(vip, LEAD, ordinary)
    snapshot = await desk.snapshot(ordinary)
    assert snapshot.resolve_by == strictest
    assert snapshot.links == [vip.case_id]
    with pytest.raises(Refused):
        await desk.merge(vip, LEAD, ordinary)


async def test_a_case_is_found_by_what_a_person_has_in_hand(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("find-one")
    await open_house.case("find-other")
    for text in (key.case_id, key.workflow_id, "find-one", "NW-find-one", key.case_id[:-4], f" {key.case_id.upper()} "):
        assert await desk.resolve_ref(text) == key
    with pytest.raises(AmbiguousCase) as several:
        await desk.resolve_ref("northwind-find-o")
    assert len(several.value.case_ids) == 2
    with pytest.raises(CaseNotFound, match="no case is known as nonsense"):
        await desk.resolve_ref("nonsense")
    with pytest.raises(CaseNotFound):
        await desk.note(CaseKey("nothing", CaseKind.REFUND), LEAD, "x")


async def test_another_policy_is_shown_before_it_rules(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("policy")
    shown = await desk.change_policy(key, LEAD, "retail.refund.vip", dry_run=True)
    assert shown.receipt is None
    assert (await desk.snapshot(key)).policy == shown.before
    done = await desk.change_policy(key, LEAD, "retail.refund.vip")
    assert done.receipt is not None
    snapshot = await desk.snapshot(key)
    assert snapshot.policy == done.after
    assert done.clocks == shown.clocks, "what was shown is what became of it"
    due = {str(clock["id"]): clock["due_at"] for clock in snapshot.clocks if clock["ended"] is None}
    told = {change.clock: change.after.isoformat() for change in done.clocks if change.after is not None}
    assert told == {name: due[name] for name in told}
    with pytest.raises(Refused, match="rules this case already"):
        await desk.change_policy(key, LEAD)


async def test_wishes_travel_and_addresses_stay(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("wishes")
    changes = PreferenceChanges.model_validate(
        {"channels": ["sms", "email"], "opted_out": ["survey"], "email": "new@EXAMPLE.com", "quiet_from": "20:00", "quiet_until": "09:00"}
    )
    await desk.change_preferences(key, LEAD, changes)
    assert await open_house.addresses(key) == ("new@example.com", CUSTOMER["phone"])
    [fact] = [fact for fact in await desk.timeline(key) if fact.type is FactType.PREFERENCES_CHANGED]
    assert fact.detail["channels"] == "sms,email"
    history = (await open_house.house.client.get_workflow_handle(key.workflow_id).fetch_history()).to_json()
    assert "example.com" not in history.lower()
    with pytest.raises(Refused, match="no address would be left"):
        await desk.change_preferences(key, LEAD, PreferenceChanges(email=None, phone=None))
    with pytest.raises(Refused, match="channels: there is no address for sms; give the address too"):
        await desk.change_preferences(key, LEAD, PreferenceChanges(channels=[Channel.SMS], phone=None))
    with pytest.raises(Refused, match="nothing is to be changed"):
        await desk.change_preferences(key, LEAD, PreferenceChanges())


async def test_an_address_that_the_case_refuses_is_never_in_force(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("refused-address")
    nobody = Actor(who=" ", role=Role.LEAD, why="a test")
    with pytest.raises(Refused, match=r"by\.who is empty"):
        await desk.change_preferences(key, nobody, PreferenceChanges(email="new@example.com"))
    assert await open_house.addresses(key) == (CUSTOMER["email"], CUSTOMER["phone"])
    await desk.reply(key, LEAD, "To the old address.")
    assert await open_house.written_to(key, 2) == CUSTOMER["email"]
    # Once more, by somebody: the row that the refused one left is taken.
    await desk.change_preferences(key, LEAD, PreferenceChanges(email="new@example.com"))
    await desk.reply(key, LEAD, "To the new address.")
    assert await open_house.written_to(key, 3) == "new@example.com"


async def test_changes_in_quick_succession_are_built_upon_each_other(open_house: Open) -> None:
    desk, key = open_house.desk, await open_house.case("succession")
    await desk.change_preferences(key, LEAD, PreferenceChanges(email="new@example.com"))
    await desk.change_preferences(key, LEAD, PreferenceChanges(phone="+447700900118"))  # the books may not know of the first yet
    assert await open_house.addresses(key) == ("new@example.com", "+447700900118")
    one, other = PreferenceChanges(email="one@example.com"), PreferenceChanges(phone="+447700900119")
    answers = await asyncio.gather(*(desk.change_preferences(key, LEAD, change) for change in (one, other)), return_exceptions=True)
    won = [change for change, answer in zip((one, other), answers, strict=True) if isinstance(answer, Receipt)]
    assert [type(answer) for answer in answers if not isinstance(answer, Receipt)] in ([], [Refused])
    email = "one@example.com" if one in won else "new@example.com"
    assert await open_house.addresses(key) == (email, "+447700900119" if other in won else "+447700900118")


async def test_a_changed_identity_key_opens_nothing_twice(open_house: Open) -> None:
    house, books = open_house.house, load_books([BOOKS / "retail.toml"])
    await open_house.case("+44 7700 900117", order="NW-7700")
    other_key = b"another key of thirty-two letters"
    desk = Desk(house.client, DeskBooks(house.store), house.queries, books, Identity(other_key))
    with pytest.raises(IdentityKeyChanged, match=rf"MAKEGOOD_IDENTITY_KEYS_LOST={IDENTITY.fingerprint}"):
        await desk.open(refund(reference="+44 7700 900117"))
    # Given up knowingly: a case whose id does not rest on the key is still known, but its content cannot be compared.
    await open_house.case("key-lost")
    knowing = Desk(house.client, DeskBooks(house.store), house.queries, books, Identity(other_key, [IDENTITY.fingerprint]))
    told = await knowing.open(refund(reference="key-lost", order="NW-key-lost", payments=_payments("key-lost")))
    assert (told.result, told.differing) == ("different", ["identity_key"])


async def test_a_personal_reference_is_nowhere_and_found_all_the_same(open_house: Open) -> None:
    reference = "ada.brook.2@example.com"
    key = await open_house.case(reference, order="NW-personal", payments=_payments("personal"))
    assert await open_house.desk.resolve_ref(reference) == key
    await open_house.desk.note(key, LEAD, "she writes as ada.brook.2@example.com")
    history = await open_house.house.client.get_workflow_handle(key.workflow_id).fetch_history()
    written = b"".join(event.SerializeToString() for event in history.events)  # payloads as they are; as JSON they would be in base64
    assert b"NW-personal" in written
    assert b"ada.brook" not in written + key.workflow_id.encode()
