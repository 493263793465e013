"""Which fields of a command are looked at before it goes into the engine's history."""

import pytest

from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.vocabulary import Role
from starter.desk.no_contact import contact_within

LEA = Actor(who="lea.lead", role=Role.LEAD, why="two weeks late, see order 4711000012345 of 2026-03-02 10:15")
MAIL = "kim@example.org"


def test_an_honest_command_passes() -> None:
    assert contact_within(c.Resume(by=LEA)) is None
    assert (
        contact_within(c.Resolve(by=LEA, outcome="goodwill", references=["RF18 5390 0754 7034"], evidence=["https://x/1#sha256=0"])) is None
    )


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.Resume(by=LEA.model_copy(update={"why": f"call {MAIL}"})), "by.why"),
        (c.Note(by=LEA.model_copy(update={"why": "ring +49 30 1234561"})), "by.why"),
        (c.Resume(by=LEA.model_copy(update={"who": MAIL})), "by.who"),
        (c.Reassign(by=LEA, owner=MAIL), "owner"),
        (c.Resolve(by=LEA, references=["V-1", MAIL]), "references"),
        (c.Resolve(by=LEA, evidence=[f"https://x/{MAIL}"]), "evidence"),
        (c.ReportFact(by=LEA, name="payment_replaced", new_reference=MAIL), "new_reference"),
    ],
)
def test_a_command_with_an_address_is_refused_by_its_field_without_repeating_it(command: c.Command, field: str) -> None:
    told = contact_within(command)
    assert told is not None
    assert told.startswith(f"{field} holds ")
    assert MAIL not in told
