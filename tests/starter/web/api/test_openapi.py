"""The OpenAPI document: complete, true, and swept: no operation without a key, no fault, no answer that is not documented."""

import json
import re
from typing import Any

import pytest

from policies.case.vocabulary import CaseKind
from starter.settings import ROOT
from starter.web.api.acts import ACTS, scope_of
from starter.web.api.documented import DELAY, DISPUTE, REFUND
from store.api_keys import Scope
from store.engine import Store
from tests.starter.web.api.harness import Api, ScriptedDesk, api_of, one_case, snapshot_as
from tests.starter.web.api.sweep import (
    Operation,
    garbage_bodies,
    garbage_parameters,
    operations,
    without_a_key,
    without_the_scope,
)
from tests.starter.web.api.test_reading import KEY
from tests.store.samples import CASE


def house(store: Store) -> Api:
    return api_of(store, ScriptedDesk(engine={KEY: snapshot_as()}), web_openapi=True)


def document_of(api: Api) -> dict[str, Any]:
    return api.app.openapi()


NAMES = [
    "POST /v1/cases:batch",
    "POST /v1/cases",
    "GET /v1/cases",
    "GET /v1/cases/{case_id}",
    "GET /v1/cases/{case_id}/timeline",
    "GET /v1/cases/{case_id}/texts/{text_ref}",
    *(f"POST /v1/cases/{{case_id}}/{act}" for act in ACTS),
    "GET /v1/policies",
    "GET /v1/schema",
]


async def _operation(api: Api, name: str) -> Operation:
    found = [operation for operation in operations(document_of(api)) if f"{operation.method} {operation.path}" == name]
    assert len(found) == 1, name
    await one_case(api.store)
    return found[0]


async def test_the_operations_of_the_issue_and_no_other(sqlite_store: Store) -> None:
    document = document_of(house(sqlite_store))
    assert document["openapi"].startswith("3.1")
    assert sorted(f"{operation.method} {operation.path}" for operation in operations(document)) == sorted(NAMES)


async def test_every_operation_says_what_it_is_and_what_it_needs(sqlite_store: Store) -> None:
    document = document_of(house(sqlite_store))
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    for operation in operations(document):
        told = operation.document
        assert told["summary"], operation.path
        assert told["security"] == [{"ApiKey": []}]
        assert {"401", "403", "422", "429", "503"} <= set(told["responses"])
        for status, answer in told["responses"].items():
            assert answer["description"], (operation.path, status)
            assert answer["content"], (operation.path, status)
            if int(status) >= 400:
                assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}}
        if operation.method == "POST":
            assert operation.examples, operation.path
        act = operation.path.rpartition("/")[2]
        if act in ACTS:
            assert operation.scope is scope_of(act)
            assert {"404", "409", "412", "504"} <= set(told["responses"])


async def test_every_reference_of_the_document_leads_somewhere(sqlite_store: Store) -> None:
    document = document_of(house(sqlite_store))
    references = set(re.findall(r"'\$ref': '([^']+)'", str(document)))
    assert len(references) > 30
    for reference in references:
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in document["components"]["schemas"], reference
    assert "ValidationError" not in document["components"]["schemas"]  # the framework's own form, which is never answered


async def test_no_contact_data_is_promised(sqlite_store: Store) -> None:
    document = document_of(house(sqlite_store))
    for name in ("CaseAnswer", "CaseItem", "Receipt", "OpenedCase"):
        fields = set(document["components"]["schemas"][name]["properties"])
        assert not fields & {"email", "phone", "name", "contact_ref", "customer_key", "digests"}, name


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_without_a_key_or_its_scope(sqlite_store: Store, name: str) -> None:
    api = house(sqlite_store)
    operation = await _operation(api, name)
    async with api.stranger() as client:
        await without_a_key(client, operation, CASE)
    assert operation.without_scope()
    async with api.caller(*operation.without_scope()) as client:
        await without_the_scope(client, operation, CASE)
    assert (api.desk.acts, api.desk.opened, api.desk.asked) == ([], [], 0)


@pytest.mark.parametrize("name", NAMES)
async def test_garbage_is_answered_as_documented(sqlite_store: Store, name: str) -> None:
    api = house(sqlite_store)
    operation = await _operation(api, name)
    async with api.caller(operation.scope, per_minute=100_000) as client:
        await garbage_parameters(client, operation, CASE)
        if operation.media is None:
            return
        await garbage_bodies(client, operation, CASE)
        assert (api.desk.acts, api.desk.opened) == ([], [])


async def test_the_document_is_not_for_everybody(sqlite_store: Store) -> None:
    closed = api_of(sqlite_store)
    async with closed.caller(Scope.READ) as client:
        assert (await client.get("/openapi.json")).status_code == 404
    async with house(sqlite_store).stranger() as client:
        assert (await client.get("/openapi.json")).status_code == 200  # where the operator asked for it


def test_the_examples_of_the_document_are_of_each_kind() -> None:
    assert {case["kind"] for case in (REFUND, DISPUTE, DELAY)} == {kind.value for kind in CaseKind}
    assert json.loads((ROOT / "examples" / "api" / "refund.json").read_text(encoding="utf-8")) == REFUND
