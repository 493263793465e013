"""Promises: kept within the grace, late by how much, broken, superseded, withdrawn; each in exactly one way, the sums exact."""

from datetime import timedelta

import pytest

from policies.case.commands import ChangePreferences, Merge, PhoneContact, Reply, Resolve, Withdraw
from policies.case.start import Reachability
from policies.case.vocabulary import Channel, FactType, MessageClass, MessageKind, MessageOutcome, PromiseEnd
from tests.policies.driver import AGENT, CUSTOMER, DAY, HOUR, LEAD, MINUTE, MONDAY, SECOND, Answer, Life, start, sums_are_exact

KEPT, LATE, BROKEN, SUPERSEDED, WITHDRAWN = PromiseEnd
GRACE = timedelta(minutes=5)
MAIL = Reachability(channels=[Channel.EMAIL], zone="Europe/Berlin")
NO_UPDATES = MAIL.model_copy(update={"opted_out": [MessageClass.STATUS]})


def exact(life: Life) -> None:
    """The sums, and each promise of the books once. A number may be left out: a message on its way had it and was not accepted."""
    tally = life.state.tally
    assert sums_are_exact(tally, life.state.promise is not None)
    ended = life.ends()
    numbers = [*ended, *([life.state.promise.number] if life.state.promise else [])]
    assert len(numbers) == len(set(numbers)) == tally.made
    facts = [(fact.detail["number"], fact.detail["end"]) for fact in life.facts(FactType.PROMISE_ENDED)]
    assert sorted(facts) == [(number, end.value) for number, (end, _) in ended.items()]
    for end in PromiseEnd:
        assert getattr(tally, end.value) == sum(1 for ended_as, _ in ended.values() if ended_as is end)


def phone(life: Life, **span: float) -> None:
    life.do("phone_contact", PhoneContact(by=AGENT, promised_at=life.now + timedelta(**span)))


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (timedelta(), (KEPT, 0)),
        (timedelta(minutes=4, seconds=59), (KEPT, 0)),
        (GRACE, (KEPT, 0)),
        (GRACE + SECOND, (LATE, 301)),
        (timedelta(hours=3, seconds=7), (LATE, 10_807)),
    ],
)
def test_kept_within_the_grace_and_late_by_how_much_after_it(wait: timedelta, expected: tuple[PromiseEnd, int]) -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(after=wait))
    life.until(MONDAY + DAY + wait)
    assert life.ends() == {1: expected}
    assert life.promise_due_at() == MONDAY + 2 * DAY
    exact(life)


def test_early_is_kept() -> None:
    life = Life.of(start())
    life.after(hours=2)
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    assert life.ends() == {1: (KEPT, 0)}
    assert life.promise_due_at() == life.now + DAY


def test_an_acknowledgement_that_waits_promises_from_its_own_moment() -> None:
    life = Life.of(start(), MONDAY, Answer(MessageOutcome.PARKED, retry_in=2 * HOUR))
    assert life.state.promise is None
    life.after(hours=2)
    assert life.promise_due_at() == MONDAY + 26 * HOUR
    exact(life)


def test_the_outage_that_made_a_word_late_is_measured_from_what_was_promised() -> None:
    life = Life.of(start())
    life.outage_until(MONDAY + 3 * DAY)
    assert life.ends() == {1: (LATE, 2 * 86_400)}
    exact(life)


@pytest.mark.parametrize("outcome", [MessageOutcome.REFUSED, MessageOutcome.UNKNOWN])
def test_broken_when_it_cannot_be_shown_that_it_went_out(outcome: MessageOutcome) -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(outcome, reason="bounced"))
    life.after(days=1)
    assert life.ends() == {1: (BROKEN, 0)}
    assert (life.state.promise is None) is (outcome is MessageOutcome.REFUSED)  # what may have arrived named a next word
    life.after(days=10)
    exact(life)


def test_an_unknown_update_that_named_a_next_word_is_followed_by_it() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(MessageOutcome.UNKNOWN))
    life.after(days=2)
    assert life.moments(MessageKind.UPDATE) == [MONDAY + DAY, MONDAY + 2 * DAY]
    assert life.ends() == {1: (BROKEN, 0), 2: (KEPT, 0)}


def test_a_word_given_on_the_phone_replaces_the_one_in_a_message() -> None:
    life = Life.of(start())
    life.after(hours=2)
    phone(life, hours=3)
    assert life.ends() == {1: (SUPERSEDED, 0)}
    assert life.state.promise is not None
    assert life.state.promise.made_by == "phone:tom"
    life.until(MONDAY + 5 * HOUR)
    assert life.moments(MessageKind.UPDATE) == [MONDAY + 5 * HOUR]
    assert life.ends()[2] == (KEPT, 0)
    exact(life)


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        (DAY, (KEPT, 0)),
        (DAY + GRACE, (KEPT, 0)),
        (DAY + GRACE + SECOND, (LATE, 301)),
    ],
)
def test_a_call_is_itself_a_word_and_keeps_what_is_due(called: timedelta, expected: tuple[PromiseEnd, int]) -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(after=8 * MINUTE))
    life.now = MONDAY + called  # the update that is due is only just on its way
    phone(life, hours=30)
    assert life.ends()[1] == expected
    assert life.promise_due_at() == MONDAY + called + 30 * HOUR
    life.after(minutes=10)
    exact(life)


def test_a_call_that_reached_nobody_or_promised_nothing_changes_no_promise() -> None:
    life = Life.of(start())
    life.do("phone_contact", PhoneContact(by=AGENT, reached=False))
    life.do("phone_contact", PhoneContact(by=AGENT))
    assert life.ends() == {}
    assert life.promise_due_at() == MONDAY + DAY


def test_a_promise_on_the_phone_while_a_message_is_on_its_way_stands() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(after=8 * MINUTE))
    life.until(MONDAY + DAY + MINUTE)
    phone(life, hours=5)
    life.after(minutes=10)
    # The update named a next word that the lead's newer one replaces.
    assert life.ends() == {1: (KEPT, 0), 2: (SUPERSEDED, 0)}
    assert life.promise_due_at() == MONDAY + DAY + MINUTE + 5 * HOUR
    exact(life)
    life.until(MONDAY + DAY + 6 * HOUR)
    assert life.ends()[3] == (KEPT, 0)


@pytest.mark.parametrize("outcome", [MessageOutcome.REFUSED, MessageOutcome.UNKNOWN, MessageOutcome.PARKED])
def test_what_becomes_of_a_message_never_ends_a_promise_it_does_not_keep(outcome: MessageOutcome) -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(outcome, after=8 * MINUTE, retry_in=HOUR))
    life.until(MONDAY + DAY + MINUTE)
    phone(life, hours=5)
    given = life.state.promise
    life.until(MONDAY + DAY + 8 * MINUTE)
    assert life.state.promise == given
    exact(life)


def test_opting_out_withdraws_the_open_promise_and_the_mandatory_word_makes_none() -> None:
    life = Life.of(start())
    life.after(hours=2)
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=NO_UPDATES))
    assert life.ends() == {1: (WITHDRAWN, 0)}
    life.do("reply", Reply(by=AGENT, text_ref="t-1"))
    assert life.state.promise is None
    life.after(days=5)
    assert life.kinds() == ["acknowledgement", "reply"]
    exact(life)


def test_opting_out_while_a_message_is_on_its_way_withdraws_what_it_promises() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(after=5 * MINUTE))
    life.until(MONDAY + DAY + MINUTE)
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=NO_UPDATES))
    life.after(minutes=10)
    assert life.ends() == {1: (WITHDRAWN, 0), 2: (WITHDRAWN, 0)}
    exact(life)


def test_opting_in_again_is_answered_with_a_word() -> None:
    life = Life.of(start())
    life.after(hours=1)
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=NO_UPDATES))
    life.after(days=4)
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=MAIL))
    assert life.kinds() == ["acknowledgement", "update"]
    assert life.promise_due_at() == life.now + DAY


@pytest.mark.parametrize("name", ["withdraw", "merge"])
def test_what_ends_without_a_result_withdraws(name: str) -> None:
    life = Life.of(start())
    life.after(hours=2)
    life.do(name, Withdraw(by=LEAD) if name == "withdraw" else Merge(by=LEAD, into="nordwind-r-2-00000000"))
    assert life.ends() == {1: (WITHDRAWN, 0)}
    assert life.state.closed_at == life.now
    assert life.kinds() == ["acknowledgement", "resolution"]
    exact(life)


@pytest.mark.parametrize("wait", [timedelta(), GRACE, GRACE + SECOND])
def test_the_resolution_keeps_the_last_promise(wait: timedelta) -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(after=wait))
    life.now = MONDAY + DAY - SECOND
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    life.after(minutes=10)
    assert life.ends()[1][0] is (KEPT if wait <= GRACE + SECOND else LATE)
    assert life.state.promise is None
    exact(life)


def test_a_resolution_while_an_update_is_on_its_way_leaves_no_promise_open() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(after=8 * MINUTE))
    life.until(MONDAY + DAY + MINUTE)
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    life.after(minutes=20)
    assert life.kinds() == ["acknowledgement", "update", "resolution"]
    assert life.state.promise is None
    assert life.ends() == {1: (LATE, 480), 2: (KEPT, 0)}
    exact(life)


@pytest.mark.parametrize("outcome", [MessageOutcome.REFUSED, MessageOutcome.UNKNOWN])
def test_a_resolution_that_cannot_be_told_breaks_the_promise(outcome: MessageOutcome) -> None:
    tries = 1 if outcome is MessageOutcome.REFUSED else 2  # what may have arrived is said once more
    life = Life.of(start(), MONDAY, Answer(), *[Answer(outcome, reason="bounced")] * tries)
    life.after(hours=1)
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    life.after(hours=1)
    assert life.ends() == {1: (BROKEN, 0)}
    life.after(days=60)
    assert life.state.closed_at is not None
    exact(life)


def test_a_promise_open_at_the_close_was_never_kept() -> None:
    life = Life.of(start(), MONDAY, Answer(), Answer(MessageOutcome.REFUSED, reason="bounced"))
    life.after(days=1, hours=1)
    phone(life, hours=5)
    life.after(hours=6)
    assert life.state.promise is not None  # nothing reaches this customer
    life.do("withdraw", Withdraw(by=LEAD))
    exact(life)
    assert life.ends()[2] == (WITHDRAWN, 0)


def test_every_promise_of_a_long_life_ends_in_exactly_one_way() -> None:
    waits = [timedelta(minutes=n) for n in (0, 4, 6, 9)]
    ways = [MessageOutcome.ACCEPTED, MessageOutcome.PARKED, MessageOutcome.ACCEPTED, MessageOutcome.UNKNOWN, MessageOutcome.ACCEPTED]
    answers = [Answer(ways[n % 5], after=waits[n % 4], retry_in=timedelta(minutes=7 * n)) for n in range(60)]
    life = Life.of(start(), MONDAY, *answers)
    for day in range(1, 40):
        life.until(MONDAY + day * DAY + timedelta(minutes=day))
        if day % 7 == 3:
            phone(life, hours=day % 5 + 1)
        exact(life)
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    life.after(days=60)
    exact(life)
    tally = life.state.tally
    assert life.state.promise is None
    assert min(tally.kept, tally.late, tally.broken, tally.superseded) > 0
