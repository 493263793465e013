"""A digest instead of a storm: what passes, what is gathered, when a window is over. Pure, to the second."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from policies import alert_digest as digest
from policies.alert_digest import AlertDigest, AlertRaised, DigestState
from policies.book import PolicyBook, with_defaults
from policies.time.spans import Span
from tests.policies.driver import book

AT = datetime(2035, 3, 5, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def news(number: int, window_s: float = 900, at_once: int = 5) -> AlertRaised:
    return AlertRaised(alert_id=f"a{number}", window_s=window_s, at_once=at_once)


def setting(window: str = "15m", **more: Any) -> AlertDigest:
    return AlertDigest.model_validate({"window": window, **more})


@pytest.mark.parametrize(
    ("given", "level", "shadow", "gathered"),
    [
        (None, 1, False, False),
        (setting(), 0, False, True),
        (setting(), 2, False, True),
        (setting(), 3, False, False),
        (setting(), 4, False, False),
        (setting("0s"), 1, False, False),
        (setting(), 1, True, False),
    ],
)
def test_only_what_a_policy_gathers_and_what_is_not_urgent_waits(
    given: AlertDigest | None, level: int, shadow: bool, gathered: bool
) -> None:
    assert digest.gathers(given, level, shadow=shadow) is gathered


def test_a_digest_is_of_a_role_or_of_one_owner_and_names_no_person() -> None:
    assert digest.digest_of("lead", "tom") == digest.digest_of("lead", None) == "alert-digest-lead"
    toms, anns = digest.digest_of("owner", "tom"), digest.digest_of("owner", "ann@example.com")
    assert len({toms, anns, digest.digest_of("owner", None)}) == 3
    assert toms.startswith("alert-digest-owner-")
    assert not any(name in one for one in (toms, anns) for name in ("tom", "ann", "@"))
    assert "@" not in digest.digest_of("Jane Roe <jane@example.com>", None)


def test_the_first_of_a_window_pass_and_the_others_are_gathered() -> None:
    state = DigestState()
    for number in range(20):
        digest.raised(state, news(number), AT + number * timedelta(seconds=10))
    assert digest.pass_on(state) == ["a0", "a1", "a2", "a3", "a4"]
    assert digest.pass_on(state) == []
    assert (state.passed, state.gathered, state.ends_at) == (5, 15, AT + 15 * MINUTE)
    assert not digest.is_over(state, AT + 15 * MINUTE - timedelta(seconds=1))
    assert digest.is_over(state, AT + 15 * MINUTE)
    assert not digest.is_quiet(state)


def test_each_window_passes_its_own_first_ones_and_a_quiet_one_is_the_last() -> None:
    state = DigestState()
    for number in range(6):
        digest.raised(state, news(number), AT)
    digest.pass_on(state)
    assert digest.next_window(state, AT + 15 * MINUTE)
    assert state.ends_at == AT + 30 * MINUTE
    digest.raised(state, news(7), AT + 16 * MINUTE)
    assert digest.pass_on(state) == ["a7"]
    assert state.ends_at == AT + 30 * MINUTE
    assert not digest.is_quiet(state)
    assert not digest.next_window(state, AT + 30 * MINUTE)  # nothing was gathered: nobody looks
    assert digest.is_quiet(state)


def test_the_first_window_looks_for_what_an_earlier_digest_left() -> None:
    state = DigestState()
    digest.raised(state, news(1), AT)
    digest.pass_on(state)
    assert digest.next_window(state, AT + 15 * MINUTE)


def test_what_could_not_be_told_keeps_the_digest_alive() -> None:
    state = DigestState(owed=False)
    digest.raised(state, news(1), AT)
    digest.pass_on(state)
    digest.not_told(state)
    assert digest.next_window(state, AT + 15 * MINUTE)
    digest.not_told(state)
    assert not digest.is_quiet(state)


def test_nothing_waits_longer_than_its_own_policy_says() -> None:
    state = DigestState()
    digest.raised(state, news(1, window_s=3600), AT)
    digest.raised(state, news(2, window_s=300), AT + MINUTE)
    assert state.ends_at == AT + 6 * MINUTE
    digest.raised(state, news(3, window_s=3600), AT + 2 * MINUTE)
    assert state.ends_at == AT + 6 * MINUTE


def test_how_many_pass_is_the_policys_of_each_alert() -> None:
    state = DigestState()
    digest.raised(state, news(1, at_once=0), AT)
    digest.raised(state, news(2, at_once=1), AT)
    digest.raised(state, news(3, at_once=1), AT)
    assert (digest.pass_on(state), state.gathered) == (["a2"], 2)


def test_an_alert_that_is_told_of_twice_before_it_was_passed_on_passes_once() -> None:
    state = DigestState()
    digest.raised(state, news(1), AT)
    digest.raised(state, news(1), AT)
    assert digest.pass_on(state) == ["a1"]


@pytest.mark.parametrize(("window", "right"), [("1bd", "elapsed"), ("0.5s", "1s to 24h"), ("25h", "1s to 24h"), ("soon", "24h or 10bd")])
def test_a_window_that_cannot_be_waited_for_is_refused_with_what_would_be_right(window: str, right: str) -> None:
    with pytest.raises(ValidationError, match=right):
        setting(window)


@pytest.mark.parametrize("at_once", [-1, 101])
def test_how_many_pass_is_bounded(at_once: int) -> None:
    with pytest.raises(ValidationError, match="at_once"):
        setting(at_once=at_once)


def test_a_book_says_it_for_all_and_a_policy_for_itself() -> None:
    raw = book().model_dump(mode="json", exclude_none=True)
    raw["defaults"] = {"alert_digest": {"window": "15m"}}
    raw["policies"][0]["alert_digest"] = {"at_once": 2}
    raw["policies"][1]["alert_digest"] = {"window": "0s"}
    first, second, third, *_ = PolicyBook.model_validate(with_defaults(raw), extra="forbid").policies
    assert first.alert_digest == AlertDigest(window=Span.parse("15m"), at_once=2)
    assert second.alert_digest == AlertDigest(window=Span.parse("0s"))
    assert third.alert_digest == AlertDigest(window=Span.parse("15m"), at_once=5)
    assert all(policy.alert_digest is None for policy in book().policies)
