"""Why something was done, in words: what a person gave as the reason, and the codes that the case, a provider or a door of ours gives.

Owns these words. Must never touch what a person typed. Pure; called by the history, by "meanwhile" and by the page.
"""

from policies.case.facts import Fact
from policies.case.vocabulary import Role

# The doors through which a customer's own acts come (portal/acts.py, unsubscribe.py, webhooks/telling.py).
_DOORS = {
    "customer_page": "asked on the customer's page",
    "unsubscribe_link": "by the link to unsubscribe in a message",
    "email": "it came by e-mail",
    "sms": "it came by SMS",
    "voice": "it was said on the phone",
}
# What the rules write down by themselves; what is not here reads well enough without its underscores.
_BY_ITSELF = {
    "settled": "it is done there",
    "until": "the time that was set for it has come",
    "no_answer": "the customer did not answer in time",
    "supplied": "the customer sent what was asked for",
    "provided": "the provider has what it waited for",
    "resolved": "the case was resolved",
    "closed": "the case was closed",
    "opted_out": "the customer wants no updates",
    "newer_promise": "a newer promise took its place",
    "phone": "the customer was spoken with",
    "unknown_outcome": "nobody knows whether the message was sent",
}
_SAYS_NOTHING = ("resumed",)  # written where a person gave no reason
_PEOPLE = (Role.AGENT, Role.LEAD, Role.ADMIN)


def why(fact: Fact) -> str | None:
    """The reason of what happened; None: nobody gave one."""
    if fact.by is not None and fact.by.why:
        return given(fact.by.role, fact.by.why)
    written = str(fact.detail.get("why") or "")
    return in_words(written) if written and written not in _SAYS_NOTHING else None


def given(role: str, reason: str) -> str:
    """What stands beside who did it. `role`: his, as facts and resolutions have it."""
    if role == Role.CUSTOMER:
        return _DOORS.get(reason, reason)  # somebody may have typed it for him
    return reason if role in _PEOPLE else in_words(reason)


def in_words(code: str) -> str:
    """unknown_outcome -> nobody knows whether the message was sent; no answer: photo_needed -> no answer: photo needed"""
    return _BY_ITSELF.get(code, code.replace("_", " "))
