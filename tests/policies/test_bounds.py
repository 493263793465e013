"""The state stays small whatever is done to a case: links, names of facts, resolutions, payments, and every word that is typed."""

from itertools import pairwise

import pytest

from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.start import Reachability, TargetStart
from policies.case.vocabulary import CaseKind, Channel, FactType, Role
from policies.money import Money
from policies.providers.statuses import TargetType
from policies.rules.v1.memory import KEPT_RESOLUTIONS, MOST_FACT_NAMES, MOST_LINKS, MOST_TARGETS
from tests.policies.driver import CUSTOMER, DAY, LEAD, MONDAY, Life, start

ADMIN = Actor(who="ada", role=Role.ADMIN, why="test")


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


def _by(**change: str) -> Actor:
    return LEAD.model_copy(update=change)


_EUR = Money(amount_minor=100, currency="EUR")
_REACH = Reachability(channels=[Channel.EMAIL])
_POLICY = start(CaseKind.DELAY).policy
_HUGE = _POLICY.model_copy(update={"book": "b" * 200_000})

# What is asked, and what is said of it.
TOO_MUCH: list[tuple[str, c.Command, str]] = [
    ("hold", c.HoldCase(by=_by(who="m" * 101), reason="warehouse"), "by.who has 101 characters; right would be at most 100"),
    ("hold", c.HoldCase(by=_by(why="w" * 501), reason="warehouse"), "by.why has 501 characters; right would be at most 500"),
    ("hold", c.HoldCase(by=LEAD, reason="r" * 201), "reason has 201 characters; right would be at most 200"),
    ("resume", c.Resume(by=_by(why="w" * 501)), "by.why has 501 characters; right would be at most 500"),
    ("escalate", c.Escalate(by=LEAD, to="t" * 201), "to has 201 characters; right would be at most 200"),
    ("escalate", c.Escalate(by=LEAD, level=10**13), "level is out of range; right would be at most 1000000000000"),
    ("resolve", c.Resolve(by=LEAD, outcome="o" * 61), "outcome has 61 characters; right would be at most 60"),
    ("resolve", c.Resolve(by=LEAD, outcome="denied", references=["r"] * 21), "references has 21 entries; right would be at most 20"),
    (
        "resolve",
        c.Resolve(by=LEAD, outcome="denied", references=["r", "r" * 121]),
        "references.1 has 121 characters; right would be at most 120",
    ),
    ("resolve", c.Resolve(by=LEAD, outcome="denied", evidence=["e"] * 21), "evidence has 21 entries; right would be at most 20"),
    ("resolve", c.Resolve(by=LEAD, outcome="denied", evidence=["e" * 501]), "evidence.0 has 501 characters; right would be at most 500"),
    ("resolve", c.Resolve(by=LEAD, outcome="goodwill", amounts=[_EUR] * 21), "amounts has 21 entries; right would be at most 20"),
    (
        "resolve",
        c.Resolve(by=ADMIN, outcome="goodwill", amounts=[Money(amount_minor=10**12 + 1, currency="EUR")]),
        "amounts.0.amount_minor is out of range; right would be at most 1000000000000",
    ),
    ("reassign", c.Reassign(by=LEAD, owner="o" * 61), "owner has 61 characters; right would be at most 60"),
    ("reply", c.Reply(by=LEAD, text_ref="t" * 201), "text_ref has 201 characters; right would be at most 200"),
    ("note", c.Note(by=LEAD, text_ref="t" * 201), "text_ref has 201 characters; right would be at most 200"),
    ("phone_contact", c.PhoneContact(by=LEAD, task_id="t" * 201), "task_id has 201 characters; right would be at most 200"),
    (
        "report_fact",
        c.ReportFact(by=LEAD, name="payment_replaced", old_reference="R-1-1", new_reference="n" * 121),
        "new_reference has 121 characters; right would be at most 120",
    ),
    ("report_fact", c.ReportFact(by=LEAD, name="shipped", old_reference="n" * 121), "old_reference has 121 characters"),
    ("link", c.Link(by=LEAD, case_id="c" * 61), "case_id has 61 characters; right would be at most 60"),
    ("link", c.Link(by=LEAD, case_id="other", relation="r" * 201), "relation has 201 characters; right would be at most 200"),
    ("absorb", c.Absorb(by=LEAD, case_id="c" * 61), "case_id has 61 characters; right would be at most 60"),
    ("merge", c.Merge(by=LEAD, into="c" * 61), "into has 61 characters; right would be at most 60"),
    ("withdraw", c.Withdraw(by=_by(why="w" * 501)), "by.why has 501 characters; right would be at most 500"),
    ("feedback", c.GiveFeedback(by=CUSTOMER, csat=5, comment_ref="c" * 201), "comment_ref has 201 characters; right would be at most 200"),
    (
        "preferences",
        c.ChangePreferences(by=CUSTOMER, reach=_REACH.model_copy(update={"locale": "l" * 201})),
        "reach.locale has 201 characters; right would be at most 200",
    ),
    (
        "preferences",
        c.ChangePreferences(by=CUSTOMER, reach=Reachability(channels=[Channel.EMAIL] * 21)),
        "reach.channels has 21 entries; right would be at most 20",
    ),
    ("customer_reply", c.CustomerReply(by=CUSTOMER, text_ref="t" * 201), "text_ref has 201 characters; right would be at most 200"),
    ("change_policy", c.ChangePolicy(by=LEAD, policy=_HUGE), "policy has 2"),
]


@pytest.mark.parametrize(("name", "command", "words"), TOO_MUCH, ids=[f"{row[0]}-{row[2].split()[0]}" for row in TOO_MUCH])
def test_what_is_longer_than_a_case_takes_is_refused_by_its_name(name: str, command: c.Command, words: str) -> None:
    life = Life.of(start())
    before = life.state.model_copy(deep=True)
    refused = life.ask(name, command)
    assert refused is not None
    assert words in refused
    assert len(refused) < 100  # of what was given nothing is repeated
    assert life.state == before


def test_what_just_fits_is_taken() -> None:
    life = Life.of(start(), now=MONDAY)
    long = _by(who="m" * 100, why="w" * 500)
    life.do("reassign", c.Reassign(by=long, owner="o" * 60))
    life.do("link", c.Link(by=long, case_id="c" * 60))
    evidence = [f"https://files.example/{'p' * (500 - 22 - 72)}#sha256={'a' * 64}"] * 20
    assert len(evidence[0]) == 500
    amounts = [Money(amount_minor=10**12, currency="EUR")] * 20
    admin = long.model_copy(update={"role": Role.ADMIN})
    life.do("resolve", c.Resolve(by=admin, outcome="goodwill", amounts=amounts, references=["r" * 120] * 20, evidence=evidence))
    assert life.state.resolution is not None
    [fact] = life.facts(FactType.REASSIGNED)
    assert fact.by == long


def test_the_reason_of_an_act_stands_once() -> None:
    life = Life.of(start())
    life.do("escalate", c.Escalate(by=_by(why="a lawyer wrote")))
    life.do("extend", c.Extend(by=_by(why="the parcel is late"), until=MONDAY + 16 * DAY))
    for type_, why in ((FactType.ESCALATED, "a lawyer wrote"), (FactType.EXTENDED, "the parcel is late")):
        [fact] = life.facts(type_)
        assert fact.by is not None
        assert (fact.by.why, "why" in fact.detail) == (why, False)


def _replace(life: Life, old: str, new: str, provider: str | None = None) -> str | None:
    fact = c.ReportFact(by=LEAD, name="payment_replaced", old_reference=old, new_reference=new, provider=provider)
    return life.ask("report_fact", fact)


def test_payments_end_at_their_bound_with_a_word() -> None:
    life = Life.of(start())
    names = ["R-1-1", *(f"again-{number}" for number in range(MOST_TARGETS))]
    for old, new in pairwise(names[:MOST_TARGETS]):
        assert _replace(life, old, new) is None
    assert len(life.state.targets) == MOST_TARGETS
    refused = _replace(life, names[MOST_TARGETS - 1], names[MOST_TARGETS])
    assert refused == "new_reference: this case has 100 payments, the most that one may have; open a new case that links to it"
    assert len(life.state.targets) == MOST_TARGETS


def test_a_provider_that_goes_on_issuing_is_told_of_once_and_watched_on() -> None:
    life = Life.of(start())
    for number in range(MOST_TARGETS + 20):
        life.report("pending", reference=life.state.targets[-1].reference, replaced_by=f"again-{number}")
    assert len(life.state.targets) == MOST_TARGETS
    assert [plan.alert.reason for plan, _ in life.told].count("too_many_payments") == 1
    [told] = [fact for fact in life.facts(FactType.REPORTED) if fact.detail["name"] == "too_many_payments"]
    last = life.state.targets[-1]
    assert (told.detail["old_reference"], last.replaced_by) == (last.reference, None)
    life.will_be(life.now, "pending", last.reference, replaced_by="one-more")  # found by the watch as well: not asked without end
    checks = life.checks
    life.after(days=2)
    assert life.checks - checks < 60
    life.report("succeeded", reference=last.reference)
    assert life.state.resolution is not None


def test_the_payment_that_is_replaced_is_that_of_the_provider_who_is_named() -> None:
    twins = [
        TargetStart(type=TargetType.REFUND, provider=name, reference="re-1", amount_minor=100, currency="EUR") for name in ("ant", "bee")
    ]
    life = Life.of(start(targets=twins))
    assert _replace(life, "re-1", "re-2") == "provider is missing; old_reference re-1 stands at ant, bee"
    assert _replace(life, "re-1", "re-2", provider="cow") == "old_reference re-1 is no payment of this case at cow"
    assert _replace(life, "re-1", "re-2", provider="bee") is None
    assert [(target.provider, target.reference, target.replaced_by) for target in life.state.targets] == [
        ("ant", "re-1", None),
        ("bee", "re-1", "re-2"),
        ("bee", "re-2", None),
    ]


def test_of_a_reading_what_nobody_can_keep_is_left_out_and_its_status_stands() -> None:
    life = Life.of(start())
    life.report("succeeded", trace="t" * 201, failure="f" * 201, replaced_by="r" * 121, event_id="e" * 201)
    [target] = life.state.targets
    assert (target.status, target.trace, target.failure, target.replaced_by, life.state.applied_ids) == ("succeeded", None, None, None, [])
