"""Keys in the books: made, checked, rotated, revoked; a secret is nowhere."""

import asyncio
import re
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from store.api_keys import ApiKey, ApiKeys, KeyStanding, NewKey, Scope, id_of
from store.engine import Store, StoreRefused
from store.tables import api_keys
from tests.starter.web.api.harness import counted
from tests.store.samples import MONDAY, hours

NEW = NewKey(name="shop", scopes=[Scope.READ, Scope.OPEN], merchant="northwind", lifetime=timedelta(days=1))


async def test_a_key_is_made_once_and_found_by_its_secret_only(store: Store) -> None:
    keys = ApiKeys(store)
    key, text = await keys.create(NEW, "ana", MONDAY)
    assert re.fullmatch(r"mg_[0-9a-f]{12}_[0-9a-f]{64}", text)
    assert (key.scopes, key.expires_at, key.created_by) == ([Scope.OPEN, Scope.READ], hours(24), "ana")
    assert await keys.check(text) == key
    _, other = await keys.create(NEW, "ana", MONDAY)
    begin, secret = text.rsplit("_", 1)
    for wrong in (
        f"{begin}_{other.rsplit('_', 1)[1]}",
        f"mg_{'0' * 12}_{secret}",
        begin,
        text[:-1],
        text + "0",
        text.upper(),
        "",
        "mg__",
        "é" * 80,
    ):
        assert await keys.check(wrong) is None, wrong


async def test_the_books_hold_no_secret(store: Store) -> None:
    _, text = await ApiKeys(store).create(NEW, "ana", MONDAY)
    rows = await store.read(lambda connection: connection.execute(select(api_keys)).all())
    assert text.rsplit("_", 1)[1] not in str(rows)


async def test_a_check_is_one_statement(store: Store) -> None:
    keys = ApiKeys(store)
    _, text = await keys.create(NEW, "ana", MONDAY)
    with counted() as statements:
        await keys.check(text)
        await keys.check("mg_" + "0" * 12 + "_" + "0" * 64)
        await keys.check("nonsense")
    assert len([statement for statement in statements if "api_keys" in statement]) == 2


async def test_a_key_ends_by_itself_or_at_once(store: Store) -> None:
    keys = ApiKeys(store)
    key, text = await keys.create(NEW, "ana", MONDAY)
    assert [key.standing(hours(number)) for number in (23.9, 24)] == [KeyStanding.ACTIVE, KeyStanding.EXPIRED]
    revoked = await keys.revoke(key.key_id, hours(1))
    assert (revoked.revoked_at, revoked.standing(hours(1))) == (hours(1), KeyStanding.REVOKED)
    assert (await keys.revoke(key.key_id, hours(2))).revoked_at == hours(1)
    found = await keys.check(text)
    assert found is not None
    assert found.standing(hours(1)) is KeyStanding.REVOKED
    with pytest.raises(StoreRefused, match="is revoked; make a new one"):
        await keys.rotate(key.key_id, timedelta(0), "ana", hours(3))
    with pytest.raises(StoreRefused, match="no such key") as refused:
        await keys.revoke(text, hours(3))  # whatever was given may be a secret
    assert text not in str(refused.value)


async def test_rotation_makes_one_successor_and_the_old_key_lives_on_for_a_while(store: Store) -> None:
    keys = ApiKeys(store)
    key, old_text = await keys.create(NEW, "ana", MONDAY)
    old, successor, new_text = await keys.rotate(key.key_id, timedelta(hours=2), "bob", hours(6))
    assert (old.expires_at, old.replaced_by) == (hours(8), successor.key_id)
    assert (successor.name, successor.scopes, successor.merchant) == (key.name, key.scopes, key.merchant)
    assert (successor.expires_at, successor.created_by) == (hours(30), "bob")
    assert {(await keys.check(text)).key_id for text in (old_text, new_text)} == {old.key_id, successor.key_id}  # type: ignore[union-attr]
    with pytest.raises(StoreRefused, match=f"its successor is {successor.key_id}"):
        await keys.rotate(key.key_id, timedelta(hours=2), "bob", hours(6))
    late, _, _ = await keys.rotate(successor.key_id, timedelta(days=90), "bob", hours(29))
    assert late.expires_at == hours(30)  # a rotation gives no key more time than it had


async def test_of_two_who_rotate_at_once_one_gets_the_successor(store: Store) -> None:
    keys = ApiKeys(store)
    key, _ = await keys.create(NEW, "ana", MONDAY)
    ends = await asyncio.gather(*(keys.rotate(key.key_id, timedelta(hours=1), "ana", hours(1)) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(end, StoreRefused) for end in ends) == 4
    assert len(await keys.all()) == 2


async def test_the_last_use_is_written_once_a_minute(store: Store) -> None:
    keys = ApiKeys(store)
    _, text = await keys.create(NEW, "ana", MONDAY)
    seen = []
    for seconds in (0, 30, 59, 60, 90):
        key = await keys.check(text)
        assert key is not None
        await keys.used(key, MONDAY + timedelta(seconds=seconds))
        seen.append((await keys.all())[0].last_used_at)
    assert seen == [MONDAY] * 3 + [MONDAY + timedelta(seconds=60)] * 2


async def test_a_scope_of_a_newer_version_grants_nothing(store: Store) -> None:
    keys = ApiKeys(store)
    key, text = await keys.create(NEW, "ana", MONDAY)
    newer = api_keys.update().values(scopes=["open", "everything"])
    await store.write(lambda connection: connection.execute(newer).close())
    found = await keys.check(text)
    assert found is not None
    assert found.scopes == [Scope.OPEN]
    assert key.may(Scope.READ)
    assert not found.may(Scope.READ)


@pytest.mark.parametrize(
    ("scope", "grants"),
    [
        (Scope.LEAD, {"lead", "act"}),
        (Scope.READ, {"read", "metrics"}),
        (Scope.ACT, {"act"}),
        (Scope.OPEN, {"open"}),
        (Scope.METRICS, {"metrics"}),
    ],
)
def test_what_scopes_include(scope: Scope, grants: set[str]) -> None:
    key = ApiKey(key_id="k", name="x", scopes=[scope], per_minute=1, created_at=MONDAY, created_by="x")
    assert {other.value for other in Scope if key.may(other)} == grants


@pytest.mark.parametrize(
    "wrong", [{"scopes": []}, {"name": "a@b"}, {"per_minute": 0}, {"lifetime": timedelta(0)}, {"merchant": ""}, {"more": 1}]
)
def test_a_key_that_makes_no_sense_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewKey.model_validate({"name": "shop", "scopes": ["open"], **wrong})


@pytest.mark.parametrize("text", ["0123456789ab", "mg_0123456789ab", " mg_0123456789ab_" + "0" * 64 + "\n"])
def test_an_id_is_taken_in_any_form(text: str) -> None:
    assert id_of(text) == "0123456789ab"
