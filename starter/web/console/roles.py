"""Who may do what: one table of role -> acts, and what follows from it for a person.

Owns the acts of the console by their names (they stand in the audit log) and the table. Must never be asked about one case: which cases
exist for a person is `Person.sees`; whether the case takes an act, the case decides.
"""

from enum import StrEnum

from policies.case.facts import Actor
from policies.case.vocabulary import Role
from store.people import Person, PersonRole


class Act(StrEnum):
    """What a page or a form of the console needs. The values stand in the audit log: added, never renamed."""

    OWN = "own"  # one's own account
    READ = "read"  # queue, search, cases, insight, policies: contact data masked
    # An agent's.
    UNMASK = "unmask"
    REPLY = "reply"
    NOTE = "note"
    HOLD = "hold"
    RESUME = "resume"
    FACT = "fact"
    PHONE = "phone"  # spoken with the customer; a call task is done
    LINK = "link"
    CUSTOMER_REPLY = "customer_reply"  # what the customer said elsewhere
    PREFERENCES = "preferences"
    OUTBOX = "outbox"  # the letters of the embedded mode, with their addresses
    # A lead's.
    RESOLVE = "resolve"  # goodwill too
    ESCALATE = "escalate"
    EXTEND = "extend"
    REASSIGN = "reassign"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    FEEDBACK = "feedback"
    PARKS = "parks"  # let a parked channel go on
    # An admin's.
    PEOPLE = "people"
    KEYS = "keys"
    SUPPRESSIONS = "suppressions"
    AUDIT = "audit"


_VIEWER = frozenset({Act.OWN, Act.READ})
_AGENT = _VIEWER | {
    Act.UNMASK,
    Act.REPLY,
    Act.NOTE,
    Act.HOLD,
    Act.RESUME,
    Act.FACT,
    Act.PHONE,
    Act.LINK,
    Act.CUSTOMER_REPLY,
    Act.PREFERENCES,
    Act.OUTBOX,
}
_LEAD = _AGENT | {
    Act.RESOLVE,
    Act.ESCALATE,
    Act.EXTEND,
    Act.REASSIGN,
    Act.WITHDRAW,
    Act.MERGE,
    Act.FEEDBACK,
    Act.PARKS,
}
_ADMIN = _LEAD | {Act.PEOPLE, Act.KEYS, Act.SUPPRESSIONS, Act.AUDIT}

ACTS: dict[PersonRole, frozenset[Act]] = {
    PersonRole.VIEWER: _VIEWER,
    PersonRole.AGENT: _AGENT,
    PersonRole.LEAD: _LEAD,
    PersonRole.ADMIN: _ADMIN,
}
# As whom the case sees a person. A viewer does nothing to a case.
_AS = {PersonRole.AGENT: Role.AGENT, PersonRole.LEAD: Role.LEAD, PersonRole.ADMIN: Role.ADMIN}


def may(person: Person, act: Act) -> bool:
    return act in ACTS[person.role]


def who_may(act: Act) -> str:
    """The roles that may, as a sentence begins: "A lead or an admin"."""
    roles = [f"{'an' if role.value[0] in 'aeiou' else 'a'} {role.value}" for role in PersonRole if act in ACTS[role]]
    words = f"{', '.join(roles[:-1])} or {roles[-1]}" if len(roles) > 1 else roles[0]
    return words[0].upper() + words[1:]


def actor(person: Person, why: str | None = None) -> Actor:
    """Who acts, for the desk. ValueError for a viewer."""
    if person.role not in _AS:
        raise ValueError("a viewer does nothing to a case")
    return Actor(who=person.name, role=_AS[person.role], why=why)
