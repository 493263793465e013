"""Who did it: the API key beside the name, and nothing at all where there was none."""

from datetime import UTC, datetime

from pydantic_core import to_json

from policies.case.commands import Extend, digest_of
from policies.case.facts import Actor, KeyUsed
from policies.case.vocabulary import Role

LENA = Actor(who="lena.lead", role=Role.LEAD, why="agreed")
BY_KEY = LENA.model_copy(update={"api_key": KeyUsed(id="mg_0123456789ab", name="shop-backend")})
AT = datetime(2026, 3, 9, 16, tzinfo=UTC)


def test_without_a_key_an_actor_is_written_as_it_was_before_there_were_keys() -> None:
    """In books and histories; and the digest of an act is the one that a worker of before makes of it."""
    assert LENA.model_dump() == {"who": "lena.lead", "role": "lead", "why": "agreed"}
    assert LENA.model_dump_json() == to_json(LENA).decode() == '{"who":"lena.lead","role":"lead","why":"agreed"}'
    assert Actor.model_validate_json(LENA.model_dump_json()) == LENA
    assert digest_of("extend", Extend(by=LENA, until=AT)) == "6a841fa6fcab644c"


def test_with_a_key_it_is_named_for_programs_and_for_people() -> None:
    assert BY_KEY.model_dump()["api_key"] == {"id": "mg_0123456789ab", "name": "shop-backend"}
    assert Actor.model_validate_json(BY_KEY.model_dump_json()) == BY_KEY
    assert (LENA.shown, BY_KEY.shown) == ("lena.lead", "lena.lead, by API key shop-backend (mg_0123456789ab)")


def test_an_act_that_is_repeated_with_another_key_is_the_same_act() -> None:
    other = BY_KEY.model_copy(update={"api_key": KeyUsed(id="mg_ba9876543210", name="shop-backend")})
    assert len({digest_of("extend", Extend(by=by, until=AT)) for by in (LENA, BY_KEY, other)}) == 1
