"""Every name that crosses the engine's boundary, once.

Workflow types, queries, updates, signals and search attributes. Ids are made in policies.case.case_id. Imported by starter and tests.
"""

from activities.contracts.names import PROVIDER_REPORTED as PROVIDER_REPORTED

REFUND_CASE = "RefundCase"
DISPUTE_CASE = "DisputeCase"
DELAY_CASE = "DelayCase"
WORKFLOW_TYPES = {"refund": REFUND_CASE, "dispute": DISPUTE_CASE, "delay": DELAY_CASE}

PARK_ALERT = "ParkAlert"

SNAPSHOT = "snapshot"
TIMELINE = "timeline"
FORESEE = "foresee"

# Updates (commands with an answer). The first four are also signals of the same name.
RESOLVE = "resolve"
HOLD = "hold"
RESUME = "resume"
ESCALATE = "escalate"
EXTEND = "extend"
REASSIGN = "reassign"
REPLY = "reply"
NOTE = "note"
PHONE_CONTACT = "phone_contact"
REPORT_FACT = "report_fact"
LINK = "link"
ABSORB = "absorb"
MERGE = "merge"
WITHDRAW = "withdraw"
FEEDBACK = "feedback"
PREFERENCES = "preferences"
CUSTOMER_REPLY = "customer_reply"
CHANGE_POLICY = "change_policy"

DELIVERY_REPORTED = "delivery_reported"  # signal: a message that its provider took did not arrive

# Failure types.
INVALID_CASE = "InvalidCase"
REFUSED = "Refused"
MOVED_ON = "MovedOn"  # a refusal, too: more has happened than the command was decided on; its detail is the newest fact

# Memo keys.
MEMO_DIGESTS = "makegood_digests"
IDLE_TASK = "makegood_idle_task"  # written only to have a command where two workflow tasks in a row gave none (ADR 7)

# Search attributes: name -> type of the engine. Never personal data.
SEARCH_ATTRIBUTES = {
    "MakegoodKind": "Keyword",
    "MakegoodStatus": "Keyword",
    "MakegoodMerchant": "Keyword",
    "MakegoodSegment": "Keyword",
    "MakegoodProvider": "Keyword",
    "MakegoodTags": "KeywordList",
    "MakegoodEscalation": "Int",
    "MakegoodResolveBy": "Datetime",
}
