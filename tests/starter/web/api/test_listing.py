"""Lists: filters, pages that meet, cursors that cannot be bent, the same number of statements for every page."""

import base64
import json
from typing import Any

import pytest

from policies.case.vocabulary import CaseKind, CaseStatus
from starter.identity_key import identity_of
from starter.web.problems import TYPE
from store.api_keys import Scope
from store.engine import Store
from tests.starter.web.api.harness import Api, api_of, counted, shelved
from tests.store.samples import hours

CLOSED = {"status": CaseStatus.CLOSED, "next_at": None}
SHELF: dict[str, dict[str, Any]] = {
    "closed-early": {**CLOSED, "closed_at": hours(10)},
    "closed-late": {**CLOSED, "closed_at": hours(20)},
    "due-never": {"next_at": None, "status": CaseStatus.RESOLVED},
    "due-last": {"next_at": hours(72), "kind": CaseKind.DELAY, "escalation": 2},
    "due-first": {"next_at": hours(1), "status": CaseStatus.ON_HOLD, "tags": ["vip"], "order": "Ö 1%_"},
    "due-second-b": {"next_at": hours(2), "merchant": "beta"},
    "due-second-a": {"next_at": hours(2), "escalation": 1, "tags": ["vip"]},
}
OPEN = ["due-first", "due-second-a", "due-second-b", "due-last", "due-never"]
CLOSED_LAST = ["closed-late", "closed-early"]
EVERY = [status.value for status in CaseStatus]


async def shelf_of(store: Store) -> Api:
    api = api_of(store)
    key = identity_of(api.parts.settings).customer_key("acme", "C-7")
    await shelved(store, {**SHELF, "due-never": {**SHELF["due-never"], "customer_key": key}})
    return api


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, OPEN),
    ({"status": EVERY}, OPEN + CLOSED_LAST),
    ({"status": "closed"}, CLOSED_LAST),
    ({"status": ["on_hold", "resolved"]}, ["due-first", "due-never"]),
    ({"kind": "delay"}, ["due-last"]),
    ({"merchant": "beta"}, ["due-second-b"]),
    ({"merchant": "acme", "customer": "C-7"}, ["due-never"]),
    ({"merchant": "beta", "customer": "C-7"}, []),
    ({"order": "Ö 1%_"}, ["due-first"]),
    ({"escalation": 1}, ["due-second-a", "due-last"]),
    ({"tag": "vip", "escalation": "1"}, ["due-second-a"]),
    ({"due_before": "2026-03-02T12:00:00+01:00"}, ["due-first"]),
    ({"limit": 1}, ["due-first"]),
]


async def test_filters(store: Store) -> None:
    api = await shelf_of(store)
    async with api.caller(Scope.READ) as client:
        for filters, expected in FILTERS:
            answer = await client.get("/v1/cases", params=filters)
            assert (answer.status_code, [case["case_id"] for case in answer.json()["cases"]]) == (200, expected), filters


async def test_pages_meet_and_each_costs_the_same(store: Store) -> None:
    api = await shelf_of(store)
    seen: list[str] = []
    numbers: list[int] = []
    cursor: str | None = None
    async with api.caller(Scope.READ) as client:
        await client.get("/v1/cases")  # the key's first use is noted
        while True:
            given = {"cursor": cursor} if cursor else {}
            with counted() as statements:
                page = (await client.get("/v1/cases", params={"limit": 3, "status": EVERY, **given})).json()
            numbers.append(len([statement for statement in statements if "SELECT" in statement]))
            seen += [case["case_id"] for case in page["cases"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        with counted() as statements:
            await client.get("/v1/cases", params={"limit": 200, "status": EVERY})
    assert seen == OPEN + CLOSED_LAST
    assert set(numbers) == {2}  # the key, the page
    assert len([statement for statement in statements if "SELECT" in statement]) == 2


async def test_an_item_says_what_is_due_and_holds_no_contact(sqlite_store: Store) -> None:
    api = await shelf_of(sqlite_store)
    async with api.caller(Scope.READ) as client:
        (case,) = (await client.get("/v1/cases", params={"limit": 1})).json()["cases"]
    assert (case["next_at"], case["next_what"], case["version"]) == ("2026-03-02T10:00:00Z", "update", 0)
    assert not {"contact_ref", "customer_key", "digests"} & set(case)


def cursor_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_cursor_is_good_for_its_list_only_and_cannot_be_bent(store: Store) -> None:
    api = await shelf_of(store)
    async with api.caller(Scope.READ) as client, api.caller(Scope.READ, merchant="beta") as other:
        cursor = (await client.get("/v1/cases", params={"limit": 1})).json()["cursor"]
        listed = json.loads(base64.urlsafe_b64decode(cursor + "=="))[0]
        assert (await client.get("/v1/cases", params={"limit": 5, "cursor": cursor})).status_code == 200  # another size is the same list
        bent = [
            cursor_of([listed, after])
            for after in ("", "x", "1", "9" * 40 + ".a", "1.a' OR 1=1", "1.\x00", "²." + "a", None, {"a": 1}, ["b"], "-5.a")
        ]
        for wrong in ("", "x", "=", "é", "A" * 300, cursor[:-2], cursor_of([]), cursor_of("x"), cursor_of([listed]), *bent):
            answer = await client.get("/v1/cases", params={"cursor": wrong})
            assert (answer.status_code, answer.json()["field"]) == (422, "cursor"), wrong
        for changed in ({"kind": "refund"}, {"status": "closed"}, {"merchant": "acme"}):
            answer = await client.get("/v1/cases", params={"cursor": cursor, **changed})
            assert (answer.status_code, "other filters" in answer.json()["detail"]) == (422, True), changed
        assert (await other.get("/v1/cases", params={"cursor": cursor})).status_code == 422


async def test_a_cursor_stays_good_while_cases_come_and_go(store: Store) -> None:
    api = await shelf_of(store)
    async with api.caller(Scope.READ) as client:
        first = (await client.get("/v1/cases", params={"limit": 2})).json()
        # One before the place, one behind it; and the case at which the page ended is due later.
        await shelved(
            store, {"new-a": {"next_at": hours(1)}, "new-b": {"next_at": hours(3)}, "due-second-a": {"next_at": hours(90), "as_of_seq": 9}}
        )
        rest = (await client.get("/v1/cases", params={"cursor": first["cursor"]})).json()
    assert [case["case_id"] for case in rest["cases"]] == ["due-second-b", "new-b", "due-last", "due-second-a", "due-never"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"stauts": "open"}, "stauts"),
        ({"kind": "gift"}, "kind"),
        ({"status": "ope"}, "status[0]"),
        ({"escalation": "10"}, "escalation"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"due_before": "tomorrow"}, "due_before"),
        ({"due_before": "1772442000"}, "due_before"),
        ({"due_before": "2026-03-02T10:00:00"}, "due_before"),
        ({"due_before": "2026-03-02T10:00:00 01:00"}, "due_before"),
        ({"order": "a\x00b"}, "order"),
        ({"tag": "VIP"}, "tag"),
        ({"merchant": "a\x00"}, "merchant"),
        ({"customer": "C-7"}, "merchant"),
    ],
)
async def test_a_wrong_filter_is_named(sqlite_store: Store, parameters: dict[str, str], field: str) -> None:
    async with api_of(sqlite_store).caller(Scope.READ) as client:
        answer = await client.get("/v1/cases", params=parameters)
    told = answer.json()
    assert (answer.status_code, told["type"], told["field"]) == (422, TYPE + "invalid", field)
    assert told["detail"]


async def test_a_bare_plus_is_explained(sqlite_store: Store) -> None:
    async with api_of(sqlite_store).caller(Scope.READ) as client:
        answer = await client.get("/v1/cases?due_before=2026-03-02T10:00:00+01:00")  # in an address it is a blank
    assert (answer.status_code, answer.json()["field"]) == (422, "due_before")
    assert "%2B01:00 in an address, or Z" in answer.json()["detail"]
