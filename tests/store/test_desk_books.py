"""What the desk writes: contacts and texts, once each, erasable."""

import asyncio

from policies.case.facts import Actor
from policies.case.vocabulary import Role
from store.contacts import Contact, RoleContact
from store.desk_books import DeskBooks
from store.engine import Store
from store.erasure import Erasure
from store.queries import Queries
from store.recorder import Recorder
from store.recorder.cases import read_texts
from tests.store.samples import ADMIN, CASE, MONDAY, entry, hours

ADA = Contact(
    name="Ada",
    email="ada@example.org",
    phone="+4930123456",
    locale="de",
    zone="Europe/Berlin",
    roles=[RoleContact(role="recipient", id="r1", name="Bob", email="bob@example.org")],
)
KIM = Actor(who="kim", role=Role.AGENT)


async def test_a_contact_is_saved_once(store: Store) -> None:
    desk = DeskBooks(store)
    saved = await asyncio.gather(*(desk.save_contact("c1", CASE, "acme", ADA, MONDAY) for _ in range(20)))
    assert saved.count(True) == 1
    assert not await desk.save_contact("c1", CASE, "acme", Contact(name="Eve"), hours(1))
    assert await Queries(store).contact("c1") == ADA
    assert await Queries(store).contact("c2") is None


async def test_an_erased_contact_stays_erased(store: Store) -> None:
    desk = DeskBooks(store)
    await desk.save_contact("c1", CASE, "acme", ADA, MONDAY)
    await Erasure(store).erase(CASE, ADMIN, hours(1))
    assert await Queries(store).contact("c1") is None
    assert not await desk.save_contact("c1", CASE, "acme", ADA, hours(3))
    assert await Queries(store).contact("c1") is None


async def test_texts_come_back_in_the_order_asked_for(store: Store) -> None:
    desk = DeskBooks(store)
    for ref in ("t1", "t2"):
        assert await desk.save_text(ref, CASE, "reply", f"body of {ref}", KIM, MONDAY)
    assert not await desk.save_text("t1", CASE, "reply", "other", KIM, hours(1))
    assert await store.read(lambda connection: read_texts(connection, ["t2", "unknown", "t1"])) == ["body of t2", "body of t1"]
    assert await store.read(lambda connection: read_texts(connection, [])) == []
    first, second = await Queries(store).texts(CASE)
    assert (first.text_ref, second.body, first.by, first.at) == ("t1", "body of t2", KIM, MONDAY)


async def test_digests_of_a_known_case(store: Store) -> None:
    await Recorder(store).commit_entry(entry(digests={"order": "d1", "amount": "d2"}))
    await Recorder(store).commit_entry(entry("without", digests={}))
    desk = DeskBooks(store)
    assert await desk.intake_digests(CASE) == {"order": "d1", "amount": "d2"}
    assert await desk.intake_digests("without") == {}
    assert await desk.intake_digests("unknown") is None
