"""Acts on two cases: link one to the other, merge one into the other.

Owns the reading of these forms. Must never name a case that does not exist for the person who asks. Listed by deeds.py.
"""

from policies.case import commands as c
from policies.case.facts import Actor
from starter.desk import CaseKey, Desk, Refused
from starter.web.console.case.gathering import CaseSeen, seen
from starter.web.console.case.wishes import Asked, Wish
from starter.web.problems import Problem
from workflows import names


async def link(asked: Asked) -> Wish | None:
    other = await _other_case(asked)
    if other is None:
        return None
    other_key = other.key
    return Wish(lambda desk, key, by, once: desk.link(key, by, other_key, key=once), (other_key.case_id,), noted={"other": other.case_id})


async def merge(asked: Asked) -> Wish | None:
    other = await _other_case(asked)
    if other is None:
        return None
    into = other.key

    async def do(desk: Desk, key: CaseKey, by: Actor, once: str | None) -> object:
        try:
            return await desk.merge(key, by, into, key=once)
        except Refused:
            # The same form sent twice: it is done already, which is no refusal.
            resolution = (await desk.snapshot(key)).resolution or {}
            if resolution.get("outcome") == "merged" and into.case_id in str(resolution.get("references")):
                return None
            raise

    return Wish(
        do,
        (into.case_id,),
        (names.MERGE, lambda by: c.Merge(by=by, into=into.case_id)),
        noted={"into": into.case_id},
        record=[("This case ends", asked.case.case_id), ("It goes on as", into.case_id)],
        other=other,
    )


async def _other_case(asked: Asked) -> CaseSeen | None:
    """A case that exists for this person, too."""
    form = asked.form
    other = form.get("other").strip().lower()
    if not other:
        form.refuse("other", "Name the other case by its id.")
        return None
    if other == asked.case.case_id:
        form.refuse("other", "Name another case: this is the one at hand.")
        return None
    try:
        return await seen(asked.console, asked.visit, other)
    except Problem as problem:
        if problem.code != "not_found":
            raise
        form.refuse("other", "No such case is known. Give its whole id, as it stands on its page.")
        return None
