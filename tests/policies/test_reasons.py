"""Who acts says why, wherever the customer gets something else by it or somebody else becomes responsible."""

from datetime import timedelta

import pytest

from policies.book import snapshot
from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.vocabulary import FactType, Role
from tests.policies.driver import CUSTOMER, DAY, MONDAY, Life, book, policy, start

SAYS_WHY: dict[str, c.Command] = {
    "resolve": c.Resolve(outcome="denied"),
    "hold": c.HoldCase(reason="under_review"),
    "escalate": c.Escalate(),
    "extend": c.Extend(until=MONDAY + 16 * DAY),
    "reassign": c.Reassign(owner="anna"),
    "merge": c.Merge(into="another"),
    "withdraw": c.Withdraw(),
    "change_policy": c.ChangePolicy(policy=snapshot(book(), policy(tail="700h"), ())),
}
NEEDS_NONE: dict[str, c.Command] = {
    "reply": c.Reply(text_ref="t-1"),
    "note": c.Note(text_ref="t-1"),
    "phone_contact": c.PhoneContact(),
    "report_fact": c.ReportFact(name="goods_received"),
    "link": c.Link(case_id="another"),
}


def by(command: c.Command, why: str | None) -> c.Command:
    return command.model_copy(update={"by": Actor(who="mia", role=Role.LEAD, why=why)})


@pytest.mark.parametrize("why", [None, "", "  "])
@pytest.mark.parametrize("name", SAYS_WHY)
def test_such_an_act_without_a_reason_is_refused(name: str, why: str | None) -> None:
    life = Life.of(start())
    assert life.ask(name, by(SAYS_WHY[name], why)) == f"by.why is empty; {name} needs a reason in a few words, it stands on the timeline"
    assert life.ask(name, by(SAYS_WHY[name], "as the customer asked")) is None


@pytest.mark.parametrize("name", NEEDS_NONE)
def test_what_changes_neither_needs_none(name: str) -> None:
    assert Life.of(start()).ask(name, by(NEEDS_NONE[name], None)) is None


def test_neither_do_a_resume_and_the_customers_own_acts() -> None:
    life = Life.of(start())
    life.do("hold", by(SAYS_WHY["hold"], "as asked"))
    life.do("resume", by(c.Resume(), None))
    life.do("customer_reply", c.CustomerReply(by=CUSTOMER, text_ref="t-1"))
    life.do("preferences", c.ChangePreferences(by=CUSTOMER, reach=life.state.reach))
    life.do("resolve", by(SAYS_WHY["resolve"], "as asked"))
    life.after(days=3)
    life.do("feedback", c.GiveFeedback(by=CUSTOMER, csat=5))


def test_what_the_policy_decides_by_itself_needs_nobodys_reason() -> None:
    life = Life.of(start(origin="import", opened_at=MONDAY - 3 * DAY))
    life.do("hold", by(c.HoldCase(reason="photo"), "as asked"))
    life.after(days=15)  # nobody answered: resolved by the policy
    [resolved] = life.facts(FactType.RESOLVED)
    assert resolved.by is not None
    assert (resolved.by.who, resolved.by.role) == ("policy", Role.SYSTEM)
    assert life.now - resolved.learned_at < timedelta(days=2)
