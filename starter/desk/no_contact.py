"""No address and no number in what goes into the engine's history.

Owns which fields of a command people type freely, and the sentence that refuses. Must never repeat what was typed. Called by the desk
before every command; texts of replies, notes and calls are kept in the store, travel as references, and may hold both.
"""

from collections.abc import Iterator

from policies.case import commands as c
from policies.case.contact_words import contact_in, contact_in_number, email_in


def contact_within(command: c.Command) -> str | None:
    """The refusal of a command, with its field in front; None if all is well."""
    for field, found in _found(command):
        if found is not None:
            return f"{field} holds {found}, and would stand in the engine's history for good; right would be words without it: {_WHERE}"
    return None


_WHERE = "a note or a reply may hold it, they are kept apart"


def _found(command: c.Command) -> Iterator[tuple[str, str | None]]:
    yield "by.why", contact_in(command.by.why) if command.by.why else None
    yield "by.who", contact_in_number(command.by.who)
    if isinstance(command, c.Reassign):
        yield "owner", contact_in_number(command.owner)
    numbers: list[tuple[str, list[str]]] = []
    if isinstance(command, c.Resolve):
        numbers = [("references", command.references), ("evidence", command.evidence)]
    if isinstance(command, c.ReportFact):
        numbers = [(name, [getattr(command, name) or ""]) for name in ("name", "old_reference", "new_reference")]
    for name, values in numbers:
        # A creditor reference or an account is as long as a phone number, so only addresses are told apart here.
        yield name, "an e-mail address" if any(email_in(value) for value in values) else None
