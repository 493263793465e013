"""The answer first: the one sentence that stands above everything else on the page.

Owns which sentence it is. Must never read a status: situation.py does, for all that is
said. Pure; words are the wording's.
"""

from policies.case.vocabulary import CaseKind
from starter.web.portal.saying import Saying
from starter.web.portal.standing import Standing

# While nothing is in trouble, how many have arrived says more than where the others are.
_COUNTED = frozenset(
    {"refund.not_asked", "refund.not_reported", "refund.processing", "delay.not_asked", "delay.not_reported"}
    | {f"delay.{state}" for state in ("announced", "handed_over", "on_its_way", "out_for_delivery")}
)


def headline(case: Standing, say: Saying) -> str:
    if case.result is not None:
        return _ended(case, say)
    if case.over:
        return say("headline.closed")
    if case.phase == "open" and case.date_missed:
        return say("headline.missed")
    if case.phase == "open" and case.reopenings and case.who_acts == "us":
        return say("headline.again")
    return _stands(case, case.situation.name, say)


def besides(case: Standing, say: Saying) -> str | None:
    """What holds while we owe an answer: the case has not stopped."""
    held = case.situation.besides
    return _stands(case, held, say) if held is not None else None


def matter(case: Standing, say: Saying) -> str:
    return say(f"matter.{case.kind.value}")


def _stands(case: Standing, name: str, say: Saying) -> str:
    found = case.situation
    if name in _COUNTED and found.done:
        return say(f"headline.{case.kind.value}.some", done=found.done, all=found.all)
    return say(f"headline.{name}")


def _ended(case: Standing, say: Saying) -> str:
    assert case.result is not None
    if case.result.ending != "settled":
        return say(f"headline.{case.result.ending}")
    if case.kind is CaseKind.DELAY:
        return say("headline.settled.delay")
    return say("headline.settled", matter=matter(case, say))
