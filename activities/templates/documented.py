"""The names that a text may use: what docs/templates.md lists, and nothing else.

Owns the list, by object, and the filters. Must never grow by a name that is personal, raw (a provider's word, an amount in minor units, a
moment in UTC) or that may be untrue by the time it is read. Called by the sandbox of overrides and by their check.
"""

from activities.templates.blocks import Block
from activities.templates.brand import Brand, Links
from activities.templates.formats import FILTERS
from policies.case.plans import MessageContext, TargetView
from policies.case.state import Resolution

NAMES: dict[str, str] = {
    "c": "the case (its names below)",
    "brand": "whose message it is (its names below)",
    "links": "addresses made for this customer, each possibly none (their names below)",
    "name": "the customer's name, or none",
    "kind": 'the message\'s kind, for example "update"',
    "kinds": "every kind that this message speaks of, its own first",
    "resolved": "true if the case stands resolved for this reader",
    "asking": "true if something is wanted of the customer",
    "ask": "what is wanted, in the policy's words, or none",
    "hold": "why the case waits, in the policy's words, or none",
    "outcome": "the result in the policy's words, or none",
    "next_word_at": "when the customer hears from us next, or none",
    "resolve_by": "the date of resolution, if it lies ahead, else none",
    "overdue": "the date of resolution, if it has passed, else none",
    "why": "why that date, in the policy's words, or none",
    "answered_at": "when the provider last answered, or none",
    "asked": "true if the provider has been asked",
    "silent": "true if its last answer is too old to stand on",
    "settled": "how many payments or parcels are done",
    "references": "references of the resolution that no other sentence names",
    "money_to_come_at": "when the money is expected, if that lies ahead, else none",
    "reopen_until": 'until when "not solved" opens the case again, or none',
    "texts": "what a lead wrote to the customer (message kind reply)",
    "speech": "true where a voice reads the text",
    "now": "the moment of writing",
}
LAYOUT_NAMES: dict[str, str] = {
    "blocks": "paragraphs, lists and quotations: shape and lines of each",
    "subject": "the subject",
    "tag": 'the language of the message, for example "de-AT"',
    "links": "the addresses that may become links (for the filter linked)",
    "brand": "whose message it is",
}
CASE = frozenset(
    {
        "case_id",
        "kind",
        "order",
        "item",
        "opened_at",
        "targets",
        "amounts",
        "dispute_stage",
        "dispute_due_by",
        "delay_promised_at",
        "delay_revised_at",
        "unchanged_since",
        "who_acts",
        "resolve_by_citation",
        "resolve_by_moves",
        "hold_since",
        "ask_until",
        "ask_expiry",
        "missed_due_at",
        "owed_update_at",
        "new_date_at",
        "resolution",
        "trace_follows",
        "money_check_at",
        "feedback_at",
        "feedback_until",
        "reopened_because",
        "reopen_until",
    }
)
TARGET = frozenset({"type", "reference", "status", "status_at", "amount", "method", "trace", "reversal", "failure"})
RESOLUTION = frozenset({"outcome", "amounts", "references", "decided_at", "money_expected_at"})
BRAND = frozenset({"name", "reply_address", "phone", "tone"})
LINKS = frozenset({"case", "not_solved", "survey", "preferences"})
BLOCK = frozenset({"shape", "lines"})
LOOP = frozenset({"first", "last", "index", "index0", "revindex", "length"})

FIELDS: dict[type, frozenset[str]] = {
    MessageContext: CASE,
    TargetView: TARGET,
    Resolution: RESOLUTION,
    Brand: BRAND,
    Links: LINKS,
    Block: BLOCK,
}
OF_NAME: dict[str, frozenset[str]] = {"c": CASE, "brand": BRAND, "links": LINKS, "loop": LOOP}
"""What stands behind a dot of these names, whatever the text."""
ANY_FIELD = CASE | TARGET | RESOLUTION | BRAND | LINKS | BLOCK | LOOP

OUR_FILTERS = (*FILTERS, "cap", "linked")
# Jinja's own that read or arrange. Not there: what lifts escaping (safe, striptags, urlize ...) or reaches around the names (attr).
JINJA_FILTERS = frozenset(
    {
        "abs",
        "capitalize",
        "count",
        "d",
        "default",
        "e",
        "escape",
        "first",
        "int",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "sort",
        "title",
        "trim",
        "unique",
        "upper",
    }
)
