"""Whose words they are: by link, or by the number that our newest message went to."""

from datetime import datetime

from policies.case.vocabulary import CaseKind, CaseStatus, Channel
from store.contacts import Contact
from store.correspondents import Correspondents, new_link_id
from store.desk_books import DeskBooks
from store.engine import Store
from store.erasure import Erasure
from store.keywords import Keyword, KeywordBooks
from store.recorder import Recorder
from store.standing import DeliveryState
from tests.store.rows import link_id_of
from tests.store.samples import ADMIN, MONDAY, entry, hours, plan

NUMBER = "+4930123456"
ADA = Contact(name="Ada", email="Ada@Example.org", phone=NUMBER, locale="de", zone="Europe/Berlin")


async def texted(
    store: Store,
    case_id: str,
    at: datetime,
    *,
    status: CaseStatus = CaseStatus.OPEN,
    channel: Channel = Channel.SMS,
    outcome: DeliveryState | None = DeliveryState.ACCEPTED,
    contact: Contact = ADA,
) -> None:
    recorder = Recorder(store)
    await DeskBooks(store).save_contact(f"c-{case_id}", case_id, "acme", contact, MONDAY)
    message_id = f"m-{case_id}"
    await recorder.open_message(entry(case_id, status=status, brand="summit"), plan(message_id, case_id), at)
    delivery = await recorder.claim_delivery(message_id, channel, at, 15, reuse=False)
    if outcome is not None:
        await recorder.end_sending(message_id, delivery.delivery_id, outcome, at, None, provider_id="SM1")


async def test_a_link_leads_to_its_contact_and_holds_nothing_of_the_case(store: Store) -> None:
    desk, people = DeskBooks(store), Correspondents(store)
    await desk.save_contact("c1", "case-1", "acme", ADA, MONDAY)
    await desk.save_contact("c2", "case-1", "acme", ADA, MONDAY)
    first, second = [await store.read(lambda c, ref=ref: link_id_of(c, ref)) for ref in ("c1", "c2")]  # type: ignore[misc]
    assert first is not None
    assert first != second
    assert len(first) == 22  # 128 bits
    linked = await people.by_link(first)
    assert linked is not None
    assert (linked.contact_ref, linked.case_id, linked.kind, linked.email) == ("c1", "case-1", None, "Ada@Example.org")
    await Recorder(store).commit_entry(entry("case-1", brand="summit"))
    begun = await people.by_link(first)
    assert begun is not None
    assert (begun.kind, begun.status, begun.brand) == (CaseKind.REFUND, CaseStatus.OPEN, "summit")
    await Erasure(store).erase("case-1", ADMIN, hours(1))
    assert await people.by_link(first) is None
    assert await people.by_link(new_link_id()) is None


async def test_an_answer_belongs_to_the_open_case_that_wrote_last(store: Store) -> None:
    people = Correspondents(store)
    await texted(store, "older", MONDAY)
    await texted(store, "newer", hours(1), outcome=None)  # its call is still waiting for the provider's answer
    await texted(store, "resolved", hours(2), status=CaseStatus.RESOLVED)
    await texted(store, "closed", hours(3), status=CaseStatus.CLOSED)
    await texted(store, "mailed", hours(4), channel=Channel.EMAIL)
    await texted(store, "refused", hours(5), outcome=DeliveryState.REFUSED)
    found = await people.by_phone(NUMBER)
    assert found is not None
    assert (found.case_id, found.merchant, found.brand, found.locale) == ("newer", "acme", "summit", "de")


async def test_without_an_open_case_it_belongs_to_the_resolved_one(store: Store) -> None:
    await texted(store, "resolved", MONDAY, status=CaseStatus.RESOLVED)
    await texted(store, "closed", hours(3), status=CaseStatus.CLOSED)
    found = await Correspondents(store).by_phone(NUMBER)
    assert found is not None
    assert found.case_id == "resolved"


async def test_a_number_that_no_message_went_to_is_nobodys(store: Store) -> None:
    people = Correspondents(store)
    await texted(store, "mailed", MONDAY, channel=Channel.EMAIL)
    await texted(store, "other", MONDAY, contact=ADA.model_copy(update={"phone": "+4930999999"}))
    for number in (NUMBER, "", "NORTHWIND", "+49309999990"):
        assert await people.by_phone(number) is None


async def test_an_erased_number_is_nobodys(store: Store) -> None:
    people = Correspondents(store)
    await texted(store, "one", MONDAY)
    assert await people.by_phone(NUMBER) is not None
    await Erasure(store).erase("one", ADMIN, hours(2))
    assert await people.by_phone(NUMBER) is None


async def test_a_keyword_is_taken_once_and_names_the_case(store: Store) -> None:
    books = KeywordBooks(store)
    await texted(store, "one", MONDAY)
    first = await books.take("twilio", "in:1", Keyword.STOP, NUMBER, hours(1))
    again = await books.take("twilio", "in:1", Keyword.STOP, NUMBER, hours(1))
    second = await books.take("twilio", "in:2", Keyword.STOP, NUMBER, hours(2))
    assert [(one.new, one.changed) for one in (first, again, second)] == [(True, True), (False, False), (True, False)]
    assert first.case is not None
    assert first.case.case_id == "one"
    assert await books.stopped(NUMBER)
    back = await books.take("twilio", "in:3", Keyword.START, NUMBER, hours(3))
    assert (back.new, back.changed, await books.stopped(NUMBER)) == (True, True, False)
