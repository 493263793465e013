"""One story per ending. Recorded once as a history, lived again by the fingerprint test; people are made up.

Owns the list of endings. A new ending of a case belongs here.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from policies.book import CaseTraits, choose, snapshot
from policies.case.commands import (
    ChangePolicy,
    CustomerReply,
    Escalate,
    Extend,
    GiveFeedback,
    HoldCase,
    Merge,
    Note,
    ReportFact,
    Resolve,
    Resume,
    Withdraw,
)
from policies.case.vocabulary import CaseKind
from policies.money import Money
from tests.life.harness import CUSTOMER, LEAD, MONDAY, Case, House, start_of
from tests.policies.driver import book

Story = Callable[[House], Awaitable[Case]]


async def refunded(house: House) -> Case:
    """Settled by the provider, rated, tail over."""
    house.provider.will_be("R-1-1", MONDAY, "pending")
    house.provider.will_be("R-1-1", MONDAY + timedelta(days=6, hours=12), "succeeded", trace="74537604221222132710572")
    case = await house.open(start_of())
    await house.until(MONDAY + timedelta(days=8))
    await case.act("feedback", GiveFeedback(by=CUSTOMER, csat=5, nps=10))
    return case


async def resolved_by_lead(house: House) -> Case:
    """Breached, escalated, on hold, resolved by a lead; the survey expires unanswered."""
    case = await house.open(start_of(reference="R-2"))
    await house.until(MONDAY + timedelta(days=2))
    await case.act("hold", HoldCase(by=LEAD, reason="under_review"))
    # Not two days to the second: whether the due moment then falls on a close or on the next opening would hang on milliseconds.
    await house.until(MONDAY + timedelta(days=4, hours=4))
    await case.act("resume", Resume(by=LEAD))
    await house.until(MONDAY + timedelta(days=17, hours=5))  # breached three hours ago; the next rung is a day away
    await case.act("escalate", Escalate(by=LEAD))
    await house.after(minutes=5)  # two acts in one workflow task would give fewer commands than in two
    await case.act("resolve", Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=500, currency="EUR")]))
    return case


async def reopened(house: House) -> Case:
    """Success, then failure inside the tail; issued again; settled."""
    house.provider.will_be("R-3-1", MONDAY + timedelta(days=1), "succeeded")
    house.provider.will_be("R-3-1", MONDAY + timedelta(days=12), "failed", failure="account_closed")
    house.provider.will_be("R-3-1b", MONDAY + timedelta(days=18), "succeeded")
    case = await house.open(start_of(reference="R-3"))
    await house.until(MONDAY + timedelta(days=17))
    await case.act("report_fact", ReportFact(by=LEAD, name="payment_replaced", old_reference="R-3-1", new_reference="R-3-1b"))
    return case


async def customer_never_answered(house: House) -> Case:
    """Asked, reminded, expired by policy: resolved with notice."""
    case = await house.open(start_of(reference="R-4"))
    await house.until(MONDAY + timedelta(hours=5))
    await case.act("hold", HoldCase(by=LEAD, reason="photo"))
    return case


async def withdrawn(house: House) -> Case:
    case = await house.open(start_of(reference="R-5"))
    await house.until(MONDAY + timedelta(hours=30))
    await case.act("withdraw", Withdraw(by=LEAD))
    return case


async def merged(house: House) -> Case:
    case = await house.open(start_of(reference="R-6"))
    await house.until(MONDAY + timedelta(hours=30))
    await case.act("merge", Merge(by=LEAD, into="nordwind-r-1-00000000"))
    return case


async def dispute_won(house: House) -> Case:
    house.provider.will_be("D-1-1", MONDAY, "needs_response", due_by=MONDAY + timedelta(days=10))
    house.provider.will_be("D-1-1", MONDAY + timedelta(days=5, hours=3), "under_review")
    house.provider.will_be("D-1-1", MONDAY + timedelta(days=40, hours=3), "won")
    case = await house.open(start_of(CaseKind.DISPUTE, reference="D-1"))
    await house.until(MONDAY + timedelta(days=4, hours=1))
    await case.act("report_fact", ReportFact(by=LEAD, name="evidence_submitted"))
    return case


async def delivered(house: House) -> Case:
    """Late, in trouble, under way again, delivered; the customer is unhappy and is won back on the phone."""
    # Changes between two looks and between two updates: at the same moment one task or two would be a matter of milliseconds.
    promised = MONDAY - timedelta(days=1)
    house.provider.will_be("V-1-1", MONDAY, "in_transit")
    house.provider.will_be("V-1-1", MONDAY + timedelta(days=1, hours=3), "exception")
    house.provider.will_be("V-1-1", MONDAY + timedelta(days=2, hours=3), "in_transit")
    house.provider.will_be("V-1-1", MONDAY + timedelta(days=3, hours=3), "delivered")
    start = start_of(CaseKind.DELAY, reference="V-1", delay_promised_at=promised, delay_revised_at=MONDAY + timedelta(days=4))
    case = await house.open(start)
    await house.until(MONDAY + timedelta(days=5, hours=1))
    await case.act("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-1", not_solved=True))
    await house.until(MONDAY + timedelta(days=6, hours=4))
    await case.act("resolve", Resolve(by=LEAD, outcome="replaced"))
    return case


async def dispute_lost(house: House) -> Case:
    """Nobody answered the bank in time; the customer kept the money, told so, and the late rating expires."""
    house.provider.will_be("D-2-1", MONDAY, "needs_response", due_by=MONDAY + timedelta(days=10))
    house.provider.will_be("D-2-1", MONDAY + timedelta(days=12, hours=3), "lost")
    case = await house.open(start_of(CaseKind.DISPUTE, reference="D-2"))
    await house.until(MONDAY + timedelta(days=11, hours=1))
    await case.act("note", Note(by=LEAD, text_ref="t-2"))
    return case


async def parcel_lost(house: House) -> Case:
    """The carrier gives the parcel up; a lead sends another one."""
    promised = MONDAY - timedelta(days=1)
    house.provider.will_be("V-2-1", MONDAY, "in_transit")
    house.provider.will_be("V-2-1", MONDAY + timedelta(days=3, hours=3), "lost")
    start = start_of(CaseKind.DELAY, reference="V-2", delay_promised_at=promised, delay_revised_at=MONDAY + timedelta(days=4))
    case = await house.open(start)
    await house.until(MONDAY + timedelta(days=5, hours=1))
    await case.act("resolve", Resolve(by=LEAD, outcome="replaced"))
    return case


async def ruled_anew(house: House) -> Case:
    """The stricter rules of an important customer take over in mid-case; the date that was told is extended once; settled."""
    house.provider.will_be("R-7-1", MONDAY, "pending")
    house.provider.will_be("R-7-1", MONDAY + timedelta(days=10, hours=3), "succeeded")
    case = await house.open(start_of(reference="R-7"))
    await house.until(MONDAY + timedelta(days=2, hours=5))
    vip = choose(book(), CaseTraits(kind=CaseKind.REFUND, merchant="Nordwind", segment="vip"))
    assert vip is not None
    await case.act("change_policy", ChangePolicy(by=LEAD, policy=snapshot(book(), vip, ())))
    await house.until(MONDAY + timedelta(days=3, hours=5))
    await case.act("extend", Extend(by=LEAD, until=MONDAY + timedelta(days=14)))
    return case


STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        refunded,
        resolved_by_lead,
        reopened,
        customer_never_answered,
        withdrawn,
        merged,
        dispute_won,
        delivered,
        dispute_lost,
        parcel_lost,
        ruled_anew,
    )
}
