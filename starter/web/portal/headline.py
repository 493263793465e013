"""The answer first: the one sentence that stands above everything else on the page.

Owns which sentence it is. Must never say more than the parts of the case do. Pure; words are the wording's.
"""

from policies.case.vocabulary import CaseKind
from starter.web.portal.saying import Saying
from starter.web.portal.standing import Standing

_DECIDED = ("payment_stands", "decided_for_you", "closed")


def headline(case: Standing, say: Saying) -> str:
    if case.result is not None:
        return _ended(case, say)
    if case.over:
        return say("headline.closed")
    if case.phase == "asks_you":
        return say("headline.asks_you")
    if case.phase == "waits":
        return say("headline.waits")
    if case.date_missed:
        return say("headline.missed")
    if case.reopenings and case.who_acts == "us":
        return say("headline.again")
    states = [part.state for part in case.parts if not part.replaced]
    key, done = _open(case.kind, states)
    return say(f"headline.{case.kind.value}.{key}", done=done, all=len(states))


def matter(case: Standing, say: Saying) -> str:
    return say(f"matter.{case.kind.value}")


def _ended(case: Standing, say: Saying) -> str:
    assert case.result is not None
    if case.result.ending != "settled":
        return say(f"headline.{case.result.ending}")
    if case.kind is CaseKind.DELAY:
        return say("headline.settled.delay")
    return say("headline.settled", matter=matter(case, say))


def _open(kind: CaseKind, states: list[str]) -> tuple[str, int]:
    if kind is CaseKind.REFUND:
        done = states.count("done")
        if any(state in ("failed", "stopped") for state in states):
            return "trouble", done
        if done and done == len(states):
            return "done", done
        if done:
            return "some", done
        return ("not_reported" if set(states) <= {"not_reported"} else "processing"), done
    if kind is CaseKind.DISPUTE:
        state = states[0] if states else "not_reported"
        return ("decided" if state in _DECIDED else state), 0
    done = states.count("delivered")
    for worst in ("lost", "held_up"):
        if worst in states:
            return worst, done
    if done and done < len(states):
        return "some", done
    return (states[0] if states else "not_reported"), done
