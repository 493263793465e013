"""How much of what people and systems type a case takes: the bounds of commands and reports, once.

Owns the numbers and the sentence that names the field. A case is carried from run to run as one payload (the engine's limit is 2 MiB):
one big word taken up would end it. Called by the refusals and with what webhooks bring; also with what the watch found.
"""

from collections.abc import Iterator

from policies.book import PolicySnapshot
from policies.case.plans import Reading
from policies.contract import Contract

# By the field's own name; every other text has MOST_TEXT, so that a field that is added is bounded from its first day.
LONGEST = {
    "who": 100,  # a name; the API takes 60
    "why": 500,  # a sentence or two on the timeline; the API takes 300, longer words are a note
    "owner": 60,  # here and below: as the request to open a case and the API have it
    "case_id": 60,
    "into": 60,
    "outcome": 60,
    "references": 120,
    "old_reference": 120,
    "new_reference": 120,
    "replaced_by": 120,
    "evidence": 500,  # an address and its hash
}
MOST_TEXT = 200  # ids of messages and keys of texts are the longest of our own, about a hundred
MOST_ITEMS = 20  # amounts, references, evidence: as the API has it
MOST_READINGS = 100  # as many payments as a case may have (memory.MOST_TARGETS); a webhook brings one or two
MOST_NUMBER = 10**12  # minor units: as the request to open a case has it
MOST_POLICY = 200_000  # characters of JSON, ten times the shipped ones: it is carried twice, in the start and in the state


def over_bounds(given: Contract) -> str | None:
    """Which field of a command or report holds more than a case takes, and what would be right; None if all is well."""
    return next(_excesses(given, "", ""), None)


def _excesses(value: object, path: str, name: str) -> Iterator[str]:
    """`path` for people (by.why, evidence.3), `name` of the field that has the bound."""
    if isinstance(value, PolicySnapshot):
        if (size := len(value.model_dump_json())) > MOST_POLICY:
            yield f"{path} has {size} characters of JSON; right would be at most {MOST_POLICY}"
    elif isinstance(value, str):
        if len(value) > (most := LONGEST.get(name, MOST_TEXT)):
            yield f"{path} has {len(value)} characters; right would be at most {most}"
    elif isinstance(value, int):
        if abs(value) > MOST_NUMBER:
            yield f"{path} is out of range; right would be at most {MOST_NUMBER}"
    elif isinstance(value, list):
        if len(value) > (most := MOST_READINGS if name == "readings" else MOST_ITEMS):
            yield f"{path} has {len(value)} entries; right would be at most {most}"
            return
        for index, item in enumerate(value):
            yield from _excesses(item, f"{path}.{index}", name)
    elif isinstance(value, Contract):
        for field in type(value).model_fields:
            yield from _excesses(getattr(value, field), f"{path}.{field}" if path else field, field)


def within_bounds(reading: Reading) -> Reading:
    """A reading without what nobody can keep: a trace number of a page is none. Its status and dates stand, they matter."""
    kept = {"trace", "failure", "replaced_by", "event_id", "pending_reason"}
    long = {name: None for name in kept if next(_excesses(getattr(reading, name), name, name), None) is not None}
    return reading.model_copy(update=long) if long else reading
