"""Opening one case and many: created, the same, different, refused; a bad line never stops the others."""

import asyncio
import json
from typing import Any

import pytest

from starter.desk import EngineUnavailable, IdentityKeyChanged, Opened, UnusableRequest
from starter.policy_choice import NoPolicy
from starter.web.api.batch import LONGEST_LINE, MOST_LINES
from starter.web.problems import TYPE
from store.api_keys import Scope
from store.engine import Store
from tests.starter.web.api.harness import REFUND, ScriptedDesk, api_of, opened_as
from tests.store.samples import CASE

LINES = {"content-type": "application/jsonl"}


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_created_the_same_and_different(sqlite_store: Store) -> None:
    desk = ScriptedDesk(answers=[opened_as("created"), opened_as("same"), opened_as("different", "item", "order")])
    api = api_of(sqlite_store, desk)
    async with api.caller(Scope.OPEN) as client:
        created, same, other = [await client.post("/v1/cases", json=REFUND) for _ in range(3)]
    assert [answer.status_code for answer in (created, same, other)] == [201, 200, 409]
    assert [answer.headers["location"] for answer in (created, same)] == [f"/v1/cases/{CASE}"] * 2
    assert (created.json()["result"], same.json()["result"], created.json()["case_id"]) == ("created", "same", CASE)
    problem = other.json()
    assert (problem["type"], problem["differing"], problem["case_id"]) == (TYPE + "different", ["item", "order"], CASE)
    assert "different: item, order. Nothing was changed" in problem["detail"]


async def test_a_request_is_read_as_that_of_a_file(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    spelt = {**REFUND, "customer": {**REFUND["customer"], "phone": "+44 7700 900-117"}}
    async with api.caller(Scope.OPEN) as client:
        assert (await client.post("/v1/cases", json=spelt)).status_code == 201
    assert api.desk.opened[0].customer.phone == "+447700900117"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"merchant": None}, "merchant"),
        ({"refernce": "R-1"}, "refernce"),
        ({"payments": []}, "payments"),
        ({"kind": "delay"}, "delay"),
        ({"customer": {"id": "C-1"}}, "customer"),
        ({"payments": [{"amount_minor": "49.90", "currency": "EUR", "provider": "simpay", "reference": "S"}]}, "payments[0].amount_minor"),
        ({"customer": {"id": "C-1", "email": "ada.brook"}}, "customer.email"),
        ({"customer": {"id": "C-1", "phone": "030 23125"}}, "customer.phone"),
        ({"opened_at": 20260302}, "opened_at"),
        ({"item": "a\x00b"}, "item"),
        ({"item": "a\ud800"}, "item"),
        ({"ada@example.com": 1}, "(a name)"),
        ({"a\ud800": 1}, "(a name)"),
        ({"facts": {"goods_received": 5}}, "facts.goods_received"),
    ],
)
async def test_what_is_wrong_with_a_request_is_named_without_its_value(sqlite_store: Store, change: dict[str, Any], field: str) -> None:
    api = api_of(sqlite_store)
    async with api.caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases", content=json.dumps({**REFUND, **change}), headers={"content-type": "application/json"})
        batch = await client.post("/v1/cases:batch", content=json.dumps({**REFUND, **change}), headers=LINES)
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["field"], problem["errors"][0]["in"]) == (422, TYPE + "invalid", field, "body")
    (line,) = told(batch.text)
    assert (line["status"], line["problem"]["field"], line["problem"]["detail"]) == (422, field, problem["detail"])
    assert api.desk.opened == []
    assert "ada" not in answer.text.replace(problem["request_id"], "")  # which is random, and may spell it
    assert "49.90" not in answer.text.replace("4990 for 49.90", "")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"1", 422),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b"9" * 5000, 400),
    ],
)
async def test_what_is_no_request_at_all(sqlite_store: Store, content: bytes, status: int) -> None:
    async with api_of(sqlite_store).caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["detail"] != "") == (status, True)


async def test_a_body_beyond_all_measure_is_refused(sqlite_store: Store) -> None:
    async with api_of(sqlite_store).caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases", content=b"x" * 300_000, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, TYPE + "too_large")


@pytest.mark.parametrize(
    ("error", "status", "code", "more"),
    [
        (UnusableRequest(["customer.email: nothing can be delivered there"]), 422, "invalid", {"field": "customer.email"}),
        (NoPolicy("no policy of the books rules this refund"), 422, "no_policy", {}),
        (IdentityKeyChanged(["abc"], "def"), 503, "away", {"part": "identity_key"}),
        (EngineUnavailable("localhost:7233", "away"), 503, "away", {"part": "engine"}),
    ],
)
async def test_what_cannot_be_opened_is_told(sqlite_store: Store, error: Exception, status: int, code: str, more: dict[str, str]) -> None:
    api = api_of(sqlite_store, ScriptedDesk(answers=[error]))
    async with api.caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases", json=REFUND)
    problem = answer.json()
    assert (answer.status_code, problem["type"], {name: problem[name] for name in more}) == (status, TYPE + code, more)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "fingerprint" not in answer.text
    assert "localhost" not in answer.text


async def test_one_result_for_each_line_in_their_order(sqlite_store: Store) -> None:
    answers: list[Opened | Exception] = [
        opened_as("created", case_id="a"),
        opened_as("same", case_id="b"),
        opened_as("different", "item", case_id="c"),
        RuntimeError("a fault of one line"),
        opened_as("created", case_id="e"),
    ]
    api = api_of(sqlite_store, ScriptedDesk(answers=answers))
    good = json.dumps(REFUND)
    lines = [good, "", good, "{", '{"merchant": "northwind"}', good, "  ", good, "x" * (LONGEST_LINE + 1), "\xff", good + "\r"]
    async with api.caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases:batch", content="\n".join(lines).encode("latin-1"), headers=LINES)
    results = told(answer.text)
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert [(one["line"], one["status"], one.get("case_id")) for one in results] == [
        (1, 201, "a"),
        (3, 200, "b"),
        (4, 400, None),
        (5, 422, None),
        (6, 409, "c"),
        (8, 500, None),
        (9, 413, None),
        (10, 400, None),
        (11, 201, "e"),
    ]
    assert results[4]["problem"]["differing"] == ["item"]
    assert "a fault of one line" not in answer.text


async def test_when_the_engine_goes_away_the_rest_is_told_so_and_not_tried(sqlite_store: Store) -> None:
    away: list[Opened | Exception] = [opened_as("created"), *[EngineUnavailable("localhost:7233", "away")] * 40]
    api = api_of(sqlite_store, ScriptedDesk(answers=away))
    async with api.caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases:batch", content="\n".join([json.dumps(REFUND)] * 40), headers=LINES)
    results = told(answer.text)
    assert [one["status"] for one in results] == [201] + [503] * 39
    assert {one["problem"]["part"] for one in results[1:]} == {"engine"}
    assert len(api.desk.opened) <= 17  # those that were on their way


@pytest.mark.parametrize(
    ("content", "status", "code"), [(b"", 422, "invalid"), (b"\n \n", 422, "invalid"), (b"x\n" * (MOST_LINES + 1), 413, "too_large")]
)
async def test_a_batch_has_bounds(sqlite_store: Store, content: bytes, status: int, code: str) -> None:
    async with api_of(sqlite_store).caller(Scope.OPEN) as client:
        answer = await client.post("/v1/cases:batch", content=content, headers=LINES)
        assert (answer.status_code, answer.json()["type"]) == (status, TYPE + code)
        assert (await client.post("/v1/cases:batch", content=b"{", headers=LINES)).status_code == 200  # the turn was given back


class Gate(ScriptedDesk):
    """A desk that opens when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()
        self.begun = asyncio.Event()
        self.at_once = 0

    async def open(self, request: Any) -> Opened:
        self.at_once += 1
        self.begun.set()
        await self.let.wait()
        return await super().open(request)


async def test_a_key_has_one_batch_at_a_time_and_so_many_cases_on_their_way(sqlite_store: Store) -> None:
    desk = Gate()
    api = api_of(sqlite_store, desk)
    content = "\n".join([json.dumps(REFUND)] * 50)
    async with api.caller(Scope.OPEN) as client, api.caller(Scope.OPEN) as other:
        first = asyncio.create_task(client.post("/v1/cases:batch", content=content, headers=LINES))
        await desk.begun.wait()
        second = await client.post("/v1/cases:batch", content=content, headers=LINES)
        assert (second.status_code, second.headers["retry-after"]) == (429, "30")
        assert desk.at_once == 16
        desk.let.set()
        assert (await other.post("/v1/cases:batch", content=content, headers=LINES)).status_code == 200
        assert len(told((await first).text)) == 50
        assert (await client.post("/v1/cases:batch", content=content, headers=LINES)).status_code == 200
