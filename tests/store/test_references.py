"""References: a webhook finds its case from the moment the case is asked for."""

import asyncio

from policies.case.vocabulary import CaseKind
from policies.providers.statuses import TargetType
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.references import CaseReference, References
from tests.store.samples import CASE, MONDAY, hours

REFUND = CaseReference(type=TargetType.REFUND, provider="stripe", reference="re_1")
SECOND = CaseReference(type=TargetType.REFUND, provider="stripe", reference="re_2")
ADA = Contact(name="Ada", email="Ada@Example.org", phone="+4930123456")


async def test_references_are_there_with_the_contact(store: Store) -> None:
    desk, references = DeskBooks(store), References(store)
    await asyncio.gather(*(desk.save_contact("c1", CASE, "acme", ADA, MONDAY, [REFUND, SECOND]) for _ in range(5)))
    found = await references.cases_of("stripe", "re_2")
    assert [(one.case_id, one.kind) for one in found] == [(CASE, CaseKind.REFUND)]
    assert await references.cases_of("stripe", "re_3") == []
    assert await references.cases_of("simpay", "re_2") == []  # another provider's reference of the same name


async def test_a_contact_that_is_known_still_gets_a_further_reference(store: Store) -> None:
    desk = DeskBooks(store)
    await desk.save_contact("c1", CASE, "acme", ADA, MONDAY, [REFUND])
    assert not await desk.save_contact("c1", CASE, "acme", ADA, hours(1), [REFUND, SECOND])
    for _ in range(2):
        await desk.save_references(CASE, [CaseReference(type=TargetType.REFUND, provider="stripe", reference="re_3")], hours(2))
    found = [await References(store).cases_of("stripe", reference) for reference in ("re_1", "re_2", "re_3")]
    assert [[one.case_id for one in cases] for cases in found] == [[CASE]] * 3


async def test_one_reference_may_be_the_matter_of_two_cases(store: Store) -> None:
    desk = DeskBooks(store)
    parcel = CaseReference(type=TargetType.DELIVERY, provider="simship", reference="1Z")
    await desk.save_references("second", [parcel], hours(1))
    await desk.save_references("first", [parcel], MONDAY)
    found = await References(store).cases_of("simship", "1Z")
    assert [(one.case_id, one.kind) for one in found] == [("first", CaseKind.DELAY), ("second", CaseKind.DELAY)]
