"""The closed vocabularies of a case.

Owns the words that cross every boundary (statuses, message kinds, fact types, ends of promises). Must never hold rules. Values
are stored for months: a value may be added, never renamed or removed.
"""

from enum import StrEnum


class CaseKind(StrEnum):
    REFUND = "refund"
    DISPUTE = "dispute"
    DELAY = "delay"


class CaseStatus(StrEnum):
    """What MakegoodStatus shows: the one word for where a case stands."""

    OPEN = "open"
    WAITING_ON_CUSTOMER = "waiting_on_customer"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"  # told to the customer; feedback and tail still run
    CLOSED = "closed"


class Origin(StrEnum):
    API = "api"
    CLI = "cli"
    IMPORT = "import"
    LEAD = "lead"
    WEB_UI = "web_ui"


class Role(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"
    PROVIDER = "provider"
    SYSTEM = "system"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"


class MessageClass(StrEnum):
    MANDATORY = "mandatory"
    STATUS = "status"
    SURVEY = "survey"


class MessageKind(StrEnum):
    """Why we write. Ordered here by weight: the first of several that are due gives the message its name."""

    RESOLUTION = "resolution"
    REOPEN = "reopen"
    ACKNOWLEDGEMENT = "acknowledgement"
    APOLOGY = "apology"
    LEGAL_NOTICE = "legal_notice"
    REPLY = "reply"
    ASK = "ask"  # we need something from the customer
    ASK_EXPIRED = "ask_expired"
    EXTENSION = "extension"
    NEWS = "news"
    MONEY_CHECK = "money_check"  # did the money arrive? at the date that the resolution named
    TRACE = "trace"  # the trace number that the resolution announced
    ASK_REMINDER = "ask_reminder"
    UPDATE = "update"
    FEEDBACK_REQUEST = "feedback_request"
    FEEDBACK_REMINDER = "feedback_reminder"
    ADDRESS_CHANGED = "address_changed"  # to the address that was replaced, alone and without a link: whoever did it may be a stranger


MESSAGE_CLASS: dict[MessageKind, MessageClass] = {
    MessageKind.RESOLUTION: MessageClass.MANDATORY,
    MessageKind.REOPEN: MessageClass.MANDATORY,
    MessageKind.ACKNOWLEDGEMENT: MessageClass.MANDATORY,
    MessageKind.APOLOGY: MessageClass.MANDATORY,
    MessageKind.LEGAL_NOTICE: MessageClass.MANDATORY,
    MessageKind.REPLY: MessageClass.MANDATORY,  # a person answers what the customer asked
    MessageKind.ASK: MessageClass.MANDATORY,  # without it the case would expire in silence
    MessageKind.ASK_EXPIRED: MessageClass.MANDATORY,
    MessageKind.EXTENSION: MessageClass.MANDATORY,  # a promise that moves is told
    MessageKind.NEWS: MessageClass.STATUS,
    MessageKind.MONEY_CHECK: MessageClass.STATUS,
    MessageKind.TRACE: MessageClass.STATUS,
    MessageKind.ASK_REMINDER: MessageClass.MANDATORY,
    MessageKind.UPDATE: MessageClass.STATUS,
    MessageKind.FEEDBACK_REQUEST: MessageClass.SURVEY,
    MessageKind.FEEDBACK_REMINDER: MessageClass.SURVEY,
    MessageKind.ADDRESS_CHANGED: MessageClass.MANDATORY,
}


class PromiseEnd(StrEnum):
    """Every promise of a next word ends in exactly one of these."""

    KEPT = "kept"
    LATE = "late"
    BROKEN = "broken"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class MessageOutcome(StrEnum):
    """How one message job ended."""

    ACCEPTED = "accepted"  # the provider took it
    REFUSED = "refused"  # permanently, on every channel the customer has
    PARKED = "parked"  # certainly not sent; to be tried again at retry_at
    UNKNOWN = "unknown"  # it may have been sent
    SKIPPED = "skipped"  # decided not to send, with a reason code


class CallResult(StrEnum):
    """How a person's call to the customer ended."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"  # spoken onto it: said, yet nobody was spoken with
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"  # somebody else's: nothing may be said to them
    REFUSED = "refused"  # the customer took the call and did not want to hear it


# Reasons of a MessageResult that the rules act upon; every other one is only told.
UNSUBSCRIBED = "unsubscribed"  # the customer wants none of this class, said on whatever case
CHANNEL_PARKED = "channel_parked"  # a fault of the operator, told once for all cases
UNKNOWN_TWICE = "unknown_twice"  # sent once more already, and that answer was lost as well
QUIET_HOURS = "quiet_hours"  # the message fell to a channel that may not be used at this hour
BUSY = "busy"  # the provider takes no more at this moment and says when: nobody's fault
EXPIRED = "expired"  # the next word that it names is due already


class FactType(StrEnum):
    """What is remembered of a case, in the past tense. The timeline is a list of these."""

    OPENED = "opened"
    PROVIDER_STATUS = "provider_status"  # refund, dispute or parcel: a status the provider reported
    PROVIDER_UNREACHABLE = "provider_unreachable"
    REFERENCE_UNKNOWN = "reference_unknown"  # the provider answers, but does not know what we ask about
    PAYMENT_REPLACED = "payment_replaced"
    REPORTED = "reported"  # a named fact: goods_received, evidence_submitted ...
    HELD = "held"
    RESUMED = "resumed"
    ASK_REMINDED = "ask_reminded"
    ASK_EXPIRED = "ask_expired"
    ESCALATED = "escalated"
    THRESHOLD_FIRED = "threshold_fired"
    THRESHOLD_PASSED = "threshold_passed"
    CLOCK_STARTED = "clock_started"
    CLOCK_MET = "clock_met"
    CLOCK_BREACHED = "clock_breached"
    EXTENDED = "extended"
    REASSIGNED = "reassigned"
    NOTED = "noted"
    LEAD_REPLIED = "lead_replied"
    PHONE_CONTACT = "phone_contact"
    CUSTOMER_REPLIED = "customer_replied"
    CUSTOMER_SUPPLIED = "customer_supplied"
    PREFERENCES_CHANGED = "preferences_changed"
    LINKED = "linked"
    ABSORBED = "absorbed"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    FEEDBACK_ASKED = "feedback_asked"
    FEEDBACK_GIVEN = "feedback_given"
    FEEDBACK_EXPIRED = "feedback_expired"
    FEEDBACK_WITHDRAWN = "feedback_withdrawn"
    RECOVERY_OPENED = "recovery_opened"
    RECOVERY_ENDED = "recovery_ended"
    MESSAGE_ACCEPTED = "message_accepted"
    MESSAGE_REFUSED = "message_refused"
    MESSAGE_PARKED = "message_parked"
    MESSAGE_UNKNOWN = "message_unknown"
    MESSAGE_SKIPPED = "message_skipped"
    MESSAGE_UNDELIVERED = "message_undelivered"  # accepted by its provider, and did not arrive
    PROMISE_ENDED = "promise_ended"
    POLICY_CHANGED = "policy_changed"
    REFUSED_SIGNAL = "refused_signal"
    JOB_FAILED = "job_failed"
    TAIL_ENDED = "tail_ended"
    CLOSED = "closed"


QUIET_FACTS = frozenset(
    {
        FactType.MESSAGE_ACCEPTED,
        FactType.MESSAGE_PARKED,
        FactType.PROMISE_ENDED,
        FactType.FEEDBACK_ASKED,
        FactType.CLOCK_STARTED,
        FactType.CLOCK_MET,
        FactType.JOB_FAILED,
        FactType.ASK_REMINDED,
    }
)
"""Facts that wait for the next entry into the books (the message activity has written their substance already)."""


OWN_FACTS = frozenset(
    {
        "opened",
        "reopened",
        "resolved",
        "settled",
        "customer_replied",
        "lead_replied",
        "feedback_low",
        "recovered",
        "tail_ended",
        "feedback_waits",
        "too_many_payments",
    }
)
"""Named facts that the case finds out by itself; reported by hand they would stop its clocks."""
