"""The state stays small whatever is done to a case: links, names of facts, resolutions."""

from policies.case import commands as c
from policies.rules.v1.memory import KEPT_RESOLUTIONS, MOST_FACT_NAMES, MOST_LINKS
from tests.policies.driver import CUSTOMER, LEAD, MONDAY, Life, start


def test_links_end_at_their_bound_with_a_word() -> None:
    life = Life.of(start(siblings=["a-sibling"]))
    for number in range(MOST_LINKS - 1):
        life.do("link", c.Link(by=LEAD, case_id=f"other-{number}"))
    refused = life.ask("link", c.Link(by=LEAD, case_id="one-more"))
    assert refused == "case_id: this case is linked to 200 others, the most that one may have; link from the other case instead"
    assert life.ask("absorb", c.Absorb(by=LEAD, case_id="one-more")) == refused
    assert life.ask("absorb", c.Absorb(by=LEAD, case_id="other-7")) is None  # known already
    assert life.ask("link", c.Link(by=LEAD, case_id="other-7")) == "case_id: other-7 is linked already"
    assert len(life.state.links) == MOST_LINKS
    assert life.ask("merge", c.Merge(by=LEAD, into="one-more")) is None  # it ends the case: the last link of all


def test_names_of_facts_end_at_their_bound_and_those_the_case_acts_upon_do_not() -> None:
    life = Life.of(start(facts={"withdrawal_told": MONDAY}))
    own = len(life.state.named_facts) - 1
    for number in range(MOST_FACT_NAMES - 1):
        life.do("report_fact", c.ReportFact(by=LEAD, name=f"fact_{number}"))
    refused = life.ask("report_fact", c.ReportFact(by=LEAD, name="one_more"))
    assert refused == "name: this case knows 100 facts by name, the most that one may have; keep one_more as a note"
    assert life.ask("report_fact", c.ReportFact(by=LEAD, name="fact_7")) is None
    life.do("hold", c.HoldCase(by=LEAD, reason="photo"))
    life.do("report_fact", c.ReportFact(by=LEAD, name="customer_supplied"))
    assert life.state.hold is None
    life.do("report_fact", c.ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-1", new_reference="R-1-1b"))
    assert len(life.state.named_facts) == own + MOST_FACT_NAMES + 1


def test_of_many_resolutions_the_last_ones_are_kept_and_the_rest_counted() -> None:
    life = Life.of(start())
    for _ in range(KEPT_RESOLUTIONS + 5):
        life.do("resolve", c.Resolve(by=LEAD, outcome="denied"))
        life.after(hours=1)
        life.do("customer_reply", c.CustomerReply(by=CUSTOMER, not_solved=True))
    assert (len(life.state.past_resolutions), life.state.forgotten_resolutions) == (KEPT_RESOLUTIONS, 5)
    assert [record.cycle for record in life.state.past_resolutions] == list(range(6, KEPT_RESOLUTIONS + 6))
