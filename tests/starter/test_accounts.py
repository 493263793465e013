"""People are made with a password that is good once; the first admin; passwords by their rules and beside the event loop."""

import asyncio
import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from starter.accounts import Accounts
from starter.cli.first_admin import tell_first_admin
from starter.passwords import Passwords, TooBusy, one_time_password, why_not
from store.audit import Audit
from store.engine import StoreRefused, open_store
from store.people import NewPerson, People, PersonRole
from tests.store.samples import MONDAY, hours
from tests.store_fixtures import ready_sqlite

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_the_first_admin_is_made_once_and_only_where_there_is_nobody(tmp_path: Path) -> None:
    store = await open_store(ready_sqlite(tmp_path / "books.sqlite"))
    try:
        accounts = Accounts(store, Passwords(CHEAP), lambda: MONDAY)
        made = await accounts.first_admin("makegood up")
        assert made is not None
        person, password = made
        assert (person.name, person.role, person.must_change, person.one_time_until) == ("admin", "admin", True, hours(72))
        assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", password)
        assert await accounts.first_admin("makegood up") is None
        await accounts.create(NewPerson(name="ann", shown_name="Ann", role=PersonRole.ADMIN), "admin")
        await accounts.disable("admin", "ann")
        assert await accounts.first_admin("makegood up") is None  # who was disabled does not come back by a restart
    finally:
        await store.close()


async def test_a_stack_that_was_just_started_says_its_first_admin_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = ready_sqlite(tmp_path / "books.sqlite")
    await tell_first_admin(url)
    said = capsys.readouterr()
    found = re.search(r"name admin, one-time password (\S+)", said.out)
    assert found is not None
    assert said.err == ""
    await tell_first_admin(url)
    assert capsys.readouterr() == ("", "")
    store = await open_store(url)
    try:
        tried = await People(store).to_try("admin")
        assert tried is not None
        assert await Passwords().is_right(found[1], tried.password)
        rows = await Audit(store).page()
        assert [(row.act, row.person, row.detail) for row in rows] == [
            ("people.create", "makegood up", {"whom": "admin", "as": "admin", "merchants": 0})
        ]
    finally:
        await store.close()


async def test_what_was_refused_is_in_the_log_as_refused_and_what_is_no_name_is_not(tmp_path: Path) -> None:
    store = await open_store(ready_sqlite(tmp_path / "books.sqlite"))
    try:
        accounts = Accounts(store, Passwords(CHEAP), lambda: MONDAY)
        await accounts.first_admin("root")
        for name in ("admin", "somebody@example.com"):
            with pytest.raises(StoreRefused):
                await accounts.disable(name, "root")
        rows = (await Audit(store).page(act="people.disable"))[::-1]
        assert [row.detail for row in rows] == [{"whom": "admin"}, {"outcome": "refused"}, {}, {"outcome": "refused"}]
    finally:
        await store.close()


async def test_a_password_is_right_however_its_letters_were_composed_and_nobodys_never_is() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hashed("vier schöne Wörter hier")
    assert hashed.startswith("$argon2id$")
    assert await passwords.is_right("vier scho\u0308ne Wo\u0308rter hier", hashed)
    longest = await passwords.hashed("ab" * 100)
    assert await passwords.is_right("ab" * 100, longest)
    assert not await passwords.is_right("ab" * 100 + "c", longest)
    for wrong, against in (("vier schoene Woerter hier", hashed), ("x", None), ("nobody has this password", None), ("x", "no hash")):
        assert not await passwords.is_right(wrong, against)


async def test_too_many_at_once_are_told_to_come_again() -> None:
    passwords = Passwords(CHEAP)
    ends = await asyncio.gather(*(passwords.hashed(f"number {number}") for number in range(40)), return_exceptions=True)
    assert sum(isinstance(end, TooBusy) for end in ends) == 8
    assert await passwords.hashed("afterwards")


def test_the_usual_parameters_are_those_of_rfc_9106() -> None:
    hasher = PasswordHasher()
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism, hasher.type.name) == (3, 65_536, 4, "ID")


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("fourteen chars", "It has 14 characters; right would be at least 15"),
        ("x" * 201, "too long"),
        ("abababababababab", "repeats too few characters"),
        ("lena.lead lena.lead", "mostly your name"),
        ("Lena Lead 123456", "mostly your name"),
        ("four words of mine", None),
        ("vier Wörter, 日本語も", None),
        pytest.param(one_time_password(), None, id="one of ours"),
    ],
)
def test_what_a_password_must_be(password: str, says: str | None) -> None:
    said = why_not(password, name="lena.lead", shown_name="Lena Lead")
    assert (said is None) if says is None else (said is not None and says in said)
