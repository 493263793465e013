"""What the customer's page reads: bounded, however much was said, on both databases."""

from datetime import timedelta

from policies.case.facts import Actor
from policies.case.vocabulary import FactType, Role
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.portal_views import MOST_REPLIES, PortalViews
from store.recorder import Recorder
from tests.store.rows import link_id_of
from tests.store.samples import CASE, MONDAY, entry, fact

CUSTOMER = Actor(who="customer", role=Role.CUSTOMER)
ADA = Contact(email="ada@example.org", locale="en", zone="Europe/Berlin")


async def test_the_newest_replies_are_read_and_what_was_just_written(store: Store) -> None:
    books, replies = DeskBooks(store), MOST_REPLIES + 25
    await books.save_contact("c1", CASE, "acme", ADA, MONDAY)
    for number in range(replies):
        await books.save_text(f"t-{number}", CASE, "customer", f"word {number}", CUSTOMER, MONDAY + timedelta(seconds=number))
    await books.save_text("t-new", CASE, "customer", "no fact names it yet", CUSTOMER, MONDAY + timedelta(hours=1))
    await books.save_text("t-note", CASE, "note", "never the customer's to see", CUSTOMER, MONDAY + timedelta(hours=1))
    said = [fact(1 + number, FactType.CUSTOMER_REPLIED, detail={"text_ref": f"t-{number}"}) for number in range(replies)]
    await Recorder(store).commit_entry(entry(contact_ref="c1", facts=said, as_of_seq=replies))
    link_id = await store.read(lambda connection: link_id_of(connection, "c1"))
    assert link_id is not None
    view = await PortalViews(store).by_link(link_id)
    assert view is not None
    assert view.words == {f"t-{number}": f"word {number}" for number in range(25, replies)} | {"t-new": "no fact names it yet"}


async def test_a_case_without_a_word_of_its_customer_has_none(store: Store) -> None:
    await DeskBooks(store).save_contact("c1", CASE, "acme", ADA, MONDAY)
    await Recorder(store).commit_entry(entry(contact_ref="c1", facts=[fact(1)], as_of_seq=1))
    link_id = await store.read(lambda connection: link_id_of(connection, "c1"))
    assert link_id is not None
    view = await PortalViews(store).by_link(link_id)
    assert view is not None
    assert view.words == {}
