"""Which sections a message has and in which order it is read.

Owns the order and what makes a section needless (a resolution leaves nothing to be asked). Must never hold words: a section is a
file texts/<language>/<section>.j2. Called by rendering.
"""

from policies.case.plans import MessagePlan
from policies.case.vocabulary import MessageClass, MessageKind

# What the heavier kind says already; it must not be said twice in one message.
_SAID_BY: dict[MessageKind, frozenset[MessageKind]] = {
    MessageKind.RESOLUTION: frozenset(
        {
            MessageKind.MONEY_CHECK,
            MessageKind.TRACE,
            MessageKind.EXTENSION,
            MessageKind.ASK,
            MessageKind.ASK_REMINDER,
            MessageKind.NEWS,
            MessageKind.UPDATE,
        }
    ),
    MessageKind.APOLOGY: frozenset({MessageKind.EXTENSION}),
    MessageKind.ASK: frozenset({MessageKind.ASK_REMINDER}),
    MessageKind.ASK_EXPIRED: frozenset({MessageKind.ASK_REMINDER}),
    MessageKind.NEWS: frozenset({MessageKind.UPDATE}),
    MessageKind.MONEY_CHECK: frozenset({MessageKind.TRACE}),
    MessageKind.FEEDBACK_REQUEST: frozenset({MessageKind.FEEDBACK_REMINDER}),
}

# In the order of reading: what was received, what we regret, how it stands, what we ask.
_OPENINGS: tuple[tuple[MessageKind, str], ...] = (
    (MessageKind.ACKNOWLEDGEMENT, "acknowledgement"),
    (MessageKind.APOLOGY, "apology"),
    (MessageKind.REOPEN, "reopen"),
    (MessageKind.ASK_EXPIRED, "ask_expired"),
    (MessageKind.RESOLUTION, "resolution"),
    (MessageKind.REPLY, "reply"),
    (MessageKind.LEGAL_NOTICE, "legal_notice"),
    (MessageKind.EXTENSION, "extension"),
    (MessageKind.MONEY_CHECK, "money_check"),
    (MessageKind.TRACE, "trace"),
    (MessageKind.FEEDBACK_REQUEST, "feedback"),
    (MessageKind.FEEDBACK_REMINDER, "feedback"),
)


def kinds_told(plan: MessagePlan) -> list[MessageKind]:
    """The kinds this message speaks of: its own first, without those that another one says already."""
    kinds = list(dict.fromkeys([plan.kind, *plan.also]))
    said = frozenset().union(*(_SAID_BY.get(kind, frozenset()) for kind in kinds))
    return [kind for kind in kinds if kind not in said]


def is_resolved(plan: MessagePlan) -> bool:
    """True if the case stands resolved for the reader of this message."""
    kinds = kinds_told(plan)
    return plan.context.resolution is not None and (MessageKind.REOPEN not in kinds or MessageKind.RESOLUTION in kinds)


def is_asking(plan: MessagePlan) -> bool:
    """True if something is wanted of the customer, whatever the occasion of the message."""
    return bool(plan.context.ask_public) and not is_resolved(plan) and MessageKind.ASK_EXPIRED not in kinds_told(plan)


def sections(plan: MessagePlan) -> list[str]:
    """Names of the sections of an e-mail, in order."""
    kinds = kinds_told(plan)
    if MessageKind.ADDRESS_CHANGED in kinds:
        return ["greeting", "address_changed", "at_a_glance", "reach", "closing"]
    resolved = is_resolved(plan)
    chosen = ["greeting"]
    if plan.context.owed_update_at is not None:
        chosen.append("owed")
    chosen += [section for kind, section in _OPENINGS if kind in kinds]
    if MessageKind.RESOLUTION not in kinds:
        chosen.append("standing")
    if plan.context.hold_public and not resolved:
        chosen.append("hold")
    if is_asking(plan):
        chosen.append("ask")
    if MessageKind.MONEY_CHECK not in kinds:  # it says whose turn it is by itself: it depends on the answer
        chosen.append("turn")
    chosen += ["next_word", "date", "at_a_glance", "reach"]
    if MessageKind.ACKNOWLEDGEMENT in kinds or (plan.message_class is MessageClass.STATUS and not resolved):
        chosen.append("choices")
    chosen.append("closing")
    return chosen
