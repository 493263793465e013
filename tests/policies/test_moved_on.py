"""An act may say what it was decided on: the case refuses it if more has happened since, but for what it only notes of its own doings."""

import pytest

from policies.case import commands as c
from policies.case.vocabulary import FactType
from policies.rules import v1
from tests.policies.driver import AGENT, CUSTOMER, LEAD, Life, start

NOTE = c.Note(by=AGENT, text_ref="t-1")


def decided_on(seq: int | None) -> c.Note:
    return NOTE.model_copy(update={"if_seq": seq})


def test_only_the_newest_fact_is_what_the_case_is_now() -> None:
    life = Life.of(start())
    now = life.state.fact_seq
    assert v1.moved_on(life.state, decided_on(now)) is None
    assert v1.moved_on(life.state, decided_on(None)) is None
    for seq in (0, now + 1):
        assert v1.moved_on(life.state, decided_on(seq)) == (
            f"the case has moved on: its newest fact is {now}, this was decided on {seq}; look at it and decide anew"
        )


@pytest.mark.parametrize("by", ["a person", "the customer", "the case itself"])
def test_a_fact_counts_whoever_brought_it_about(by: str) -> None:
    life = Life.of(start())
    seen = decided_on(life.state.fact_seq)
    match by:
        case "a person":
            life.do("note", c.Note(by=LEAD, text_ref="t-2"))
        case "the customer":
            life.do("customer_reply", c.CustomerReply(by=CUSTOMER, text_ref="t-2"))
        case _:
            life.after(days=30)  # its clocks were breached
    assert v1.moved_on(life.state, seen) is not None
    assert v1.moved_on(life.state, decided_on(life.state.fact_seq)) is None


def test_what_the_case_notes_of_its_own_doings_is_no_move() -> None:
    life = Life.of(start())
    opened = [fact.seq for fact in life.state.facts if fact.type is FactType.OPENED][-1]
    life.after(hours=25)
    since = {fact.type for fact in life.state.facts if fact.seq > opened}
    assert {FactType.MESSAGE_ACCEPTED, FactType.PROMISE_ENDED} <= since
    assert all(fact.quiet for fact in life.state.facts if fact.seq > opened), since
    assert v1.moved_on(life.state, decided_on(opened)) is None
    life.do("note", c.Note(by=LEAD, text_ref="t-2"))
    assert v1.moved_on(life.state, decided_on(opened)) is not None


def test_a_fact_that_the_state_no_longer_holds_may_have_been_any() -> None:
    life = Life.of(start())
    seen = life.state.fact_seq
    life.after(hours=25)
    assert v1.moved_on(life.state, decided_on(seen)) is None
    life.state.facts = life.state.facts[-1:]
    assert v1.moved_on(life.state, decided_on(seen)) is not None


def test_under_one_key_it_is_the_same_act_whatever_it_was_decided_on() -> None:
    """Also for cases that were acted on before acts could say so: the digest is what it was."""
    assert len({c.digest_of("note", decided_on(seq)) for seq in (None, 7, 8)}) == 1
    assert c.digest_of("note", NOTE) != c.digest_of("note", c.Note(by=AGENT, text_ref="t-2"))
    assert c.digest_of("note", c.Note(by=c.WEB_UI, text_ref="t-1")) == "dd0e8d96dfddde1e"
