"""Two people at once: what others did to a case since a form was shown, so that nobody acts on what is no longer so.

Owns which facts count. Must never decide for the person: the form is shown again with what happened, and asked once more. What happens
between this look and the act, the case itself refuses (the version looked at travels with the command); then it is looked at again.
Called before every act.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.case.facts import Fact
from policies.case.vocabulary import FactType, Role
from starter.web.console.case.reasons import why
from starter.web.console.case.said_of_facts import how_long, told

_PEOPLE = (Role.AGENT, Role.LEAD, Role.ADMIN, Role.CUSTOMER)
# What the case or a provider does by itself matters to who is about to end it.
_TURNS = frozenset(
    {FactType.RESOLVED, FactType.REOPENED, FactType.PROVIDER_STATUS, FactType.PAYMENT_REPLACED, FactType.RESUMED, FactType.ASK_EXPIRED}
)
_MOST = 8  # lines; the newest


@dataclass(frozen=True, slots=True)
class Happened:
    """Ana put it on hold, 20 seconds ago."""

    words: str
    at: datetime
    why: str | None


def meanwhile(facts: Sequence[Fact], seen: int, me: str, now: datetime, *, ends: bool) -> list[Happened]:
    """Newest first. `seen`: the newest fact that the form knew of; `ends`: the act cannot be taken back."""
    others = [
        fact for fact in facts if fact.seq > seen and (_of_another(fact, me) or (ends and fact.type in _TURNS and not _mine(fact, me)))
    ]
    return [
        Happened(f"{told(fact)}, {how_long(now - fact.learned_at)} ago", fact.learned_at, why(fact)) for fact in reversed(others[-_MOST:])
    ]


def _of_another(fact: Fact, me: str) -> bool:
    return fact.by is not None and fact.by.role in _PEOPLE and not _mine(fact, me)


def _mine(fact: Fact, me: str) -> bool:
    """Not what an API key did: the name in it is only said."""
    return fact.by is not None and fact.by.who == me and fact.by.role is not Role.CUSTOMER and fact.by.api_key is None
