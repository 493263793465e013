"""One case: from the engine, from the books where the engine does not answer, and neither leaks."""

from typing import Any

import pytest

from policies.case.facts import Actor
from policies.case.vocabulary import CaseKind, Role
from starter.desk import CaseKey, DeskError, EngineUnavailable, Unanswered
from starter.web.api.acts import ACTS
from starter.web.problems import TYPE
from store.api_keys import Scope
from store.desk_books import DeskBooks
from store.engine import Store
from tests.starter.web.api.harness import ScriptedDesk, api_of, counted, one_case, snapshot_as
from tests.store.samples import CASE, MONDAY, fact

KEY = CaseKey(CASE, CaseKind.REFUND)
AWAY = EngineUnavailable("localhost:7233", "no answer")


async def test_the_engine_answers_with_clocks_and_the_version(sqlite_store: Store) -> None:
    api = api_of(sqlite_store, ScriptedDesk(engine={KEY: snapshot_as(next_why="the cadence")}))
    await one_case(sqlite_store)
    async with api.caller(Scope.READ) as client:
        answer = await client.get(f"/v1/cases/{CASE}")
    told = answer.json()
    assert (answer.status_code, told["source"], told["next_why"], told["version"], answer.headers["etag"]) == (
        200,
        "engine",
        "the cadence",
        7,
        '"7"',
    )
    assert "contact" not in answer.text


@pytest.mark.parametrize("kind", list(CaseKind))
async def test_while_the_books_lack_it_the_engine_is_asked_for_every_kind(sqlite_store: Store, kind: CaseKind) -> None:
    api = api_of(sqlite_store, ScriptedDesk(engine={CaseKey(CASE, kind): snapshot_as(kind=kind.value)}, facts=[fact(1)]))
    async with api.caller(Scope.READ) as client:
        answer = await client.get(f"/v1/cases/{CASE}")
        timeline = await client.get(f"/v1/cases/{CASE}/timeline")
    assert (answer.status_code, answer.json()["kind"], answer.json()["source"]) == (200, kind.value, "engine")
    assert [one["seq"] for one in timeline.json()["facts"]] == [1]


@pytest.mark.parametrize("fails", [AWAY, Unanswered("snapshot: no worker answered"), DeskError("it did not answer: ...")])
async def test_where_the_engine_does_not_answer_the_books_do(sqlite_store: Store, fails: Exception) -> None:
    api = api_of(sqlite_store, ScriptedDesk(fails=fails))
    await one_case(sqlite_store)
    async with api.caller(Scope.READ) as client:
        case = (await client.get(f"/v1/cases/{CASE}")).json()
        timeline = (await client.get(f"/v1/cases/{CASE}/timeline")).json()
        api.backends.asked_desk = None  # not even opened yet
        early = (await client.get(f"/v1/cases/{CASE}")).json()
    assert (case["source"], case["version"], case["next_what"]) == ("books", 3, "update")
    assert (timeline["source"], [one["seq"] for one in timeline["facts"]]) == ("books", [1, 2, 3])
    assert early == case


async def test_what_the_engine_has_forgotten_is_the_books_word(sqlite_store: Store) -> None:
    api = api_of(sqlite_store, ScriptedDesk(engine={KEY: snapshot_as(policy="")}))  # as the desk takes it from the books
    await one_case(sqlite_store)
    async with api.caller(Scope.READ) as client:
        assert (await client.get(f"/v1/cases/{CASE}")).json()["source"] == "books"


@pytest.mark.parametrize(
    ("fails", "status", "part"), [(AWAY, 503, "engine"), (Unanswered("snapshot: no worker answered"), 503, "worker"), (None, 404, None)]
)
async def test_what_nobody_can_answer_now(sqlite_store: Store, fails: Exception | None, status: int, part: str | None) -> None:
    api = api_of(sqlite_store, ScriptedDesk(fails=fails))
    async with api.caller(Scope.READ) as client:
        for path in (f"/v1/cases/{CASE}", f"/v1/cases/{CASE}/timeline"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json().get("part")) == (status, part)
            assert ("retry-after" in answer.headers) == (status == 503)
            assert "localhost" not in answer.text


@pytest.mark.parametrize("name", ["R-1001", "acme", "..%2f", "a" * 61, "acme%00", "*", "acme-r-1001-0a1b2c3", "%F0%9F%92%A9"])
async def test_only_a_whole_id_is_a_case(sqlite_store: Store, name: str) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller(Scope.READ) as client:
        answer = await client.get(f"/v1/cases/{name}")
    assert (answer.status_code, answer.json()["type"]) == (404, TYPE + "not_found")


async def test_a_timeline_comes_in_pages(sqlite_store: Store) -> None:
    api = api_of(sqlite_store, ScriptedDesk(facts=[fact(seq) for seq in range(1, 8)]))
    await one_case(sqlite_store)
    seen: list[list[int]] = []
    after: Any = 0
    async with api.caller(Scope.READ) as client:
        while after is not None:
            page = (await client.get(f"/v1/cases/{CASE}/timeline", params={"after": after, "limit": 3})).json()
            seen.append([one["seq"] for one in page["facts"]])
            after = page["after"]
        for wrong in ({"after": -1}, {"limit": 0}, {"limit": 501}, {"after": "x"}, {"afer": 1}):
            assert (await client.get(f"/v1/cases/{CASE}/timeline", params=wrong)).status_code == 422
    assert seen == [[1, 2, 3], [4, 5, 6], [7]]


async def test_a_case_costs_two_statements_however_long_its_life(store: Store) -> None:
    numbers = []
    for case_id, most in (("acme-short", 3), ("acme-long", 150)):
        desk = ScriptedDesk(fails=AWAY)
        api = api_of(store, desk)
        await one_case(store, case_id, facts=range(1, most))
        async with api.caller(Scope.READ) as client:
            await client.get(f"/v1/cases/{case_id}")
            for path in (f"/v1/cases/{case_id}", f"/v1/cases/{case_id}/timeline"):
                with counted() as statements:
                    assert (await client.get(path)).status_code == 200
                numbers.append(len([statement for statement in statements if statement.startswith("SELECT")]))
    assert numbers == [2, 3, 2, 3]  # the key, the case; and its facts


async def test_a_text_of_the_timeline_is_read_by_who_may_act_and_by_no_other_merchants_key(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    await one_case(sqlite_store, "acme-other")
    ana = Actor(who="ana", role=Role.AGENT)
    await DeskBooks(sqlite_store).save_text("t-1", CASE, "note", "She has moved.", ana, MONDAY)
    await DeskBooks(sqlite_store).save_text("t-2", CASE, "customer", "", ana, MONDAY)  # as an erasure leaves it
    path = f"/v1/cases/{CASE}/texts"
    async with api.caller(Scope.ACT) as client:
        told = (await client.get(f"{path}/t-1")).json()
        assert (told["text"], told["erased"], told["kind"], told["by"]["who"]) == ("She has moved.", False, "note", "ana")
        assert (await client.get(f"{path}/t-2")).json()["erased"] is True
        for unknown in (f"{path}/t-3", f"{path}/%00", "/v1/cases/acme-other/texts/t-1"):
            assert (await client.get(unknown)).status_code == 404, unknown
    async with api.caller(Scope.READ) as client:
        assert (await client.get(f"{path}/t-1")).status_code == 403
    async with api.caller(Scope.ACT, merchant="northwind") as client:
        assert (await client.get(f"{path}/t-1")).status_code == 404


async def test_policies_and_schemas(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    async with api.caller(Scope.READ) as client:
        policies = (await client.get("/v1/policies")).json()["policies"]
        schemas = (await client.get("/v1/schema")).json()
    assert [one["policy"]["id"] for one in policies] == ["retail.refund.vip", "retail.refund", "retail.dispute", "retail.delay"]
    assert {"code", "waits_on"} <= set(policies[0]["policy"]["hold_reasons"][0])
    assert {"CaseRequest", "Snapshot", "commands", "acts"} <= set(schemas)
    assert set(schemas["acts"]) == set(ACTS)
    assert set(schemas["acts"]["replies"]["required"]) == {"by", "text"}  # as this API takes it, not as it crosses the engine
    assert schemas["CaseRequest"]["additionalProperties"] is False
