"""Seen before it is done: what an act would be refused for, what the customer would read, and that nothing happens by looking."""

from policies.case.commands import Escalate, HoldCase, Note, Reply, Resolve, Withdraw
from policies.case.vocabulary import MessageKind
from policies.money import Money
from policies.rules import v1
from tests.policies.driver import AGENT, HOUR, LEAD, MONDAY, Life, start


def life() -> Life:
    found = Life.of(start())
    found.until(MONDAY + HOUR)
    return found


def test_what_is_foreseen_is_what_is_sent() -> None:
    case = life()
    wish = Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=500, currency="EUR")])
    foreseen = v1.foresee(case.state, "resolve", wish, case.now)
    assert foreseen.plan is not None
    case.do("resolve", wish)
    case.until(case.now + HOUR)
    sent = next(posted.plan for posted in case.posted if posted.plan.kind is MessageKind.RESOLUTION)
    assert foreseen.plan == sent
    assert foreseen.at == MONDAY + HOUR


def test_looking_changes_nothing() -> None:
    case = life()
    before = case.state.model_copy(deep=True)
    for name, wish in (
        ("withdraw", Withdraw(by=LEAD)),
        ("reply", Reply(by=AGENT, text_ref="t-1")),
        ("hold", HoldCase(by=AGENT, reason="photo")),
    ):
        assert v1.foresee(case.state, name, wish, case.now + HOUR * 30).plan is not None
    assert case.state == before


def test_a_refusal_is_foreseen_in_the_same_words() -> None:
    case = life()
    wish = Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=10**6, currency="EUR")])
    foreseen = v1.foresee(case.state, "resolve", wish, case.now)
    assert foreseen.refusal == v1.refusal(case.state, "resolve", wish, case.now)
    assert foreseen.refusal is not None
    assert foreseen.plan is None


def test_what_tells_the_customer_nothing_has_no_letter() -> None:
    case = life()
    for name, wish in (("note", Note(by=AGENT, text_ref="t-1")), ("escalate", Escalate(by=AGENT))):
        assert v1.foresee(case.state, name, wish, case.now).plan is None


def test_an_act_while_a_message_is_on_its_way_comes_after_it() -> None:
    case = life()
    v1.apply(case.state, "reply", Reply(by=AGENT, text_ref="t-1"), case.now)
    v1.jobs(case.state, case.now)  # the reply is on its way now
    assert case.state.in_flight is not None
    foreseen = v1.foresee(case.state, "withdraw", Withdraw(by=LEAD), case.now)
    assert foreseen.plan is not None
    assert foreseen.plan.kind is MessageKind.RESOLUTION
