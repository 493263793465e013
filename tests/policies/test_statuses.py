"""Which reading may replace which: every pair of statuses, unknown words, readings that arrive in the wrong order."""

from itertools import product

import pytest

from policies.providers.statuses import IN_PROGRESS, SETTLED, STATUSES, TROUBLE, TargetType, may_follow

# Written out by hand, not derived from the ranks: current -> what may come next (a reading not older than the present one).
NEXT: dict[TargetType, dict[str, str]] = {
    TargetType.REFUND: {
        "unknown": "pending requires_action succeeded failed canceled",
        "pending": "requires_action succeeded failed canceled",
        "requires_action": "pending succeeded failed canceled",  # the customer gave the bank details
        "succeeded": "failed canceled",  # a bank sends the money back
        "failed": "",
        "canceled": "",
    },
    TargetType.DISPUTE: {
        "unknown": "needs_response under_review won lost closed",
        "needs_response": "under_review won lost closed",
        "under_review": "needs_response won lost closed",
        "won": "needs_response under_review lost",  # appeal, next stage
        "lost": "needs_response under_review won",
        "closed": "needs_response under_review",
    },
    TargetType.DELIVERY: dict.fromkeys(
        ("unknown", "label_created", "shipped", "in_transit", "exception", "out_for_delivery", "delivered", "lost"),
        "label_created shipped in_transit exception out_for_delivery delivered lost",
    ),
}
# Backwards in rank, legal only if the reading is not older than what we hold. A parcel's every step is ordered by the carrier's time.
BACKWARDS = {
    TargetType.REFUND: {("requires_action", "pending")},
    TargetType.DISPUTE: {
        ("under_review", "needs_response"),
        *product(("won", "lost", "closed"), ("needs_response", "under_review")),
        ("won", "lost"),
        ("lost", "won"),
    },
}
PAIRS = [(target, current, new) for target in TargetType for current, new in product(STATUSES[target], repeat=2)]


def test_the_table_names_every_status() -> None:
    for target in TargetType:
        assert set(NEXT[target]) == set(STATUSES[target])


@pytest.mark.parametrize(("target", "current", "new"), PAIRS)
def test_every_pair(target: TargetType, current: str, new: str) -> None:
    allowed = new in NEXT[target][current].split() and new != current
    assert may_follow(target, current, new, 100.0, 100.0) is allowed
    assert may_follow(target, current, new, 100.0, 101.0) is allowed
    assert may_follow(target, current, new, None, 5.0) is allowed
    assert may_follow(target, current, new, 100.0, None) is allowed
    ordered_by_time = target is TargetType.DELIVERY or (current, new) in BACKWARDS[target]
    assert may_follow(target, current, new, 100.0, 99.999) is (allowed and not ordered_by_time)


@pytest.mark.parametrize("target", list(TargetType))
def test_a_repeated_status_is_no_step(target: TargetType) -> None:
    assert not any(may_follow(target, status, status, 1.0, 2.0) for status in STATUSES[target])


@pytest.mark.parametrize("target", list(TargetType))
@pytest.mark.parametrize("word", ["", "weird", "SUCCEEDED", "refund_in_limbo"])
def test_a_word_that_nobody_knows_never_replaces_one_of_ours(target: TargetType, word: str) -> None:
    assert not any(may_follow(target, status, word, 1.0, 2.0) for status in STATUSES[target])


@pytest.mark.parametrize("target", list(TargetType))
def test_from_a_word_of_an_older_release_every_status_but_unknown_is_reached(target: TargetType) -> None:
    for status in STATUSES[target]:
        assert may_follow(target, "retired_word", status, 1.0, 2.0) is (status != "unknown")


@pytest.mark.parametrize("target", list(TargetType))
def test_ends_and_the_meaning_of_unknown_words_are_statuses(target: TargetType) -> None:
    known = set(STATUSES[target])
    assert IN_PROGRESS[target] in known - SETTLED[target] - TROUBLE[target] - {"unknown"}
    assert SETTLED[target] | TROUBLE[target] <= known
    assert not SETTLED[target] & TROUBLE[target]


def test_a_parcel_comes_back_into_transit_after_an_exception_but_not_by_an_older_scan() -> None:
    assert may_follow(TargetType.DELIVERY, "exception", "in_transit", 100.0, 160.0)
    assert not may_follow(TargetType.DELIVERY, "exception", "in_transit", 100.0, 40.0)
    assert not may_follow(TargetType.DELIVERY, "delivered", "out_for_delivery", 100.0, 99.0)
