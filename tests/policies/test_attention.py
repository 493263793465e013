"""Why a case needs a person, and since when: what the books' row tells the queue."""

from policies.case.commands import CustomerReply, GiveFeedback, HoldCase, PhoneContact, Reply, Resolve
from policies.case.plans import CaseRow
from policies.rules.v1.rows import case_row
from tests.policies.driver import AGENT, CUSTOMER, DAY, LEAD, MINUTE, MONDAY, SECOND, Life, policy, start

LADDER = [{"at": "50%", "level": 1, "to": "owner"}, {"at": "100%", "level": 2, "to": "lead"}]
CLOCK = {"id": "c", "starts": "opened", "span": "4h", "promised": True, "public": {"en": "ours"}, "ladder": LADDER}
OF_THE_BANK = {**CLOCK, "id": "bank", "span": "1h", "binds": "psp", "promised": False}
REPLIES = {"id": "next", "starts": "customer_replied", "span": "2h", "pausable": False, "ends": ["lead_replied"], "ladder": LADDER}
RECOVERY = {"id": "recovery", "starts": "feedback_low", "span": "8h", "ends": ["recovered"], "ladder": LADDER}


def a_life() -> Life:
    return Life.of(start(rules=policy(clocks=[CLOCK, OF_THE_BANK, REPLIES, RECOVERY])))


def row(life: Life) -> CaseRow:
    return case_row(life.state)


def test_a_case_in_order_needs_nobody_and_says_nothing_of_it() -> None:
    said = row(a_life()).model_dump(mode="json", exclude_none=True)  # as it travels
    assert not {"breached_at", "at_risk_since", "unanswered_since", "recovery_since"} & said.keys()


def test_a_warning_is_a_risk_until_the_date_is_missed() -> None:
    life = a_life()
    life.until(MONDAY + 120 * MINUTE - SECOND)
    assert row(life).at_risk_since is None, "another party's clock is not ours"
    life.until(MONDAY + 120 * MINUTE)
    assert (row(life).at_risk_since, row(life).breached_at) == (MONDAY + 120 * MINUTE, None)
    life.until(MONDAY + 240 * MINUTE)
    assert (row(life).at_risk_since, row(life).breached_at) == (None, MONDAY + 240 * MINUTE)
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    assert (row(life).breached_at, row(life).clocks_breached) == (None, 1), "made good late: history, and nobody's task"


def test_a_clock_that_stands_still_warns_of_nothing() -> None:
    life = a_life()
    life.until(MONDAY + 130 * MINUTE)
    life.do("hold", HoldCase(by=LEAD, reason="photo"))
    assert row(life).at_risk_since is None


def test_a_customer_waits_until_a_person_has_answered() -> None:
    life = a_life()
    life.until(MONDAY + 10 * MINUTE)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t"))
    asked_at = life.now
    assert row(life).unanswered_since == asked_at
    life.until(MONDAY + 30 * MINUTE)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t2"))
    assert row(life).unanswered_since == asked_at, "the first question waits since it was asked"
    life.do("reply", Reply(by=AGENT, text_ref="t3"))
    assert row(life).unanswered_since is None


def test_an_unhappy_customer_waits_until_somebody_spoke_with_them() -> None:
    life = a_life()
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    life.until(MONDAY + 3 * DAY)
    life.do("feedback", GiveFeedback(by=CUSTOMER, csat=1))
    low_at = life.now
    assert (row(life).recovery_since, row(life).csat) == (low_at, 1)
    life.do("phone_contact", PhoneContact(by=AGENT, reached=True))
    assert row(life).recovery_since is None


def test_a_closed_case_needs_nobody() -> None:
    life = a_life()
    life.until(MONDAY + DAY)
    assert row(life).breached_at is not None
    closed = case_row(life.state.model_copy(update={"closed_at": life.now, "unanswered_since": life.now}))
    assert (closed.breached_at, closed.unanswered_since) == (None, None)
