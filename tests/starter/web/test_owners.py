"""Behind which names an alert reaches somebody."""

from pathlib import Path

from starter.owners import not_an_owner, owners_of
from starter.settings import Settings
from store.engine import Store
from store.people import NewPerson, People, PersonRole
from tests.store.samples import MONDAY, hours


async def test_owners_are_people_who_act_and_see_the_merchant_and_those_of_the_directory(sqlite_store: Store, tmp_path: Path) -> None:
    people = People(sqlite_store)
    for name, role, merchants in (
        ("bea", PersonRole.AGENT, []),
        ("otto", PersonRole.LEAD, ["other"]),
        ("vera", PersonRole.VIEWER, []),
        ("gone", PersonRole.AGENT, []),
    ):
        new = NewPerson(name=name, shown_name=name, role=role, merchants=merchants)
        made = await people.create(new, "hash", hours(72), "tests", MONDAY)
        if name == "gone":
            await people.disable(made.name, MONDAY)
    directory = tmp_path / "directory.toml"
    directory.write_text('fallback = ["desk@shop.example"]\n[owners]\n"ana.agent" = "ana@shop.example"\n')
    settings = Settings(directory_file=directory)
    assert await owners_of("acme", sqlite_store, settings) == ["ana.agent", "bea"]
    assert await owners_of("other", sqlite_store, settings) == ["ana.agent", "bea", "otto"]


def test_who_is_known_is_told_and_where_nobody_is_everybody_passes() -> None:
    assert not_an_owner("bea", ["ana", "bea"]) is None
    assert (not_an_owner("nobody.there", ["ana", "bea"]) or "").endswith(": ana, bea")
    assert not_an_owner("anybody", []) is None
