"""Acts: who, in which role, under which key; refusals in the case's own words; the loser is told what happened."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from policies.case.facts import Fact, KeyUsed
from policies.case.vocabulary import CaseKind, Role
from policies.money import Money
from starter.desk import CaseKey, EngineUnavailable, Refused, Unanswered
from starter.web.api.acts import ACTS, LEADS_ACTS, scope_of
from starter.web.problems import MEDIA_TYPE, TYPE
from store.api_keys import Scope
from store.engine import Store
from tests.starter.web.api.harness import BY, REFUND, ScriptedDesk, api_of, one_case, snapshot_as
from tests.store.samples import CASE, fact

KEY = CaseKey(CASE, CaseKind.REFUND)
UNTIL = "2026-03-09T17:00:00+01:00"
AT = datetime(2026, 3, 9, 16, tzinfo=UTC)
HASH = "#sha256=" + "0" * 64

# act, body -> the desk's method, what it is given beside the case and who
MEANT: list[tuple[str, dict[str, Any], str, tuple[Any, ...], dict[str, Any]]] = [
    (
        "resolve",
        {
            "outcome": "goodwill",
            "amounts": [{"amount_minor": 500, "currency": "EUR"}],
            "references": ["V-1"],
            "evidence": ["https://x/1" + HASH],
        },
        "resolve",
        ("goodwill",),
        {"amounts": [Money(amount_minor=500, currency="EUR")], "references": ["V-1"], "evidence": ["https://x/1" + HASH]},
    ),
    ("hold", {"reason": "warehouse", "until": UNTIL}, "hold", ("warehouse",), {"until": AT}),
    ("resume", {}, "resume", (), {}),
    ("escalate", {"level": 2, "to": "head"}, "escalate", (), {"level": 2, "to": "head"}),
    ("extend", {"until": UNTIL}, "extend", (AT,), {}),
    ("reassign", {"owner": "ana.agent"}, "reassign", ("ana.agent",), {}),
    ("replies", {"text": " Grüße "}, "reply", ("Grüße",), {}),
    ("notes", {"text": "a\nb"}, "note", ("a\nb",), {}),
    (
        "facts",
        {"name": "goods_received", "occurred_at": UNTIL},
        "report_fact",
        ("goods_received",),
        {"occurred_at": AT, "old_reference": None, "new_reference": None, "provider": None},
    ),
    ("links", {"case_id": "acme-other"}, "link", (CaseKey("acme-other", CaseKind.REFUND),), {"relation": "sibling"}),
    ("withdraw", {}, "withdraw", (), {}),
    ("feedback", {"csat": 5, "nps": 10, "comment": "quick"}, "feedback", (), {"csat": 5, "nps": 10, "comment": "quick"}),
]


def test_every_act_is_meant() -> None:
    assert {act for act, *_ in MEANT} == set(ACTS)
    assert len(ACTS) == 12


@pytest.mark.parametrize(("act", "body", "method", "arguments", "named"), MEANT, ids=[act for act, *_ in MEANT])
async def test_an_act_is_the_desks_own(
    sqlite_store: Store, act: str, body: dict[str, Any], method: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    api = api_of(sqlite_store)
    for case_id in (CASE, "acme-other"):
        await one_case(sqlite_store, case_id)
    async with api.caller(scope_of(act)) as client:
        answer = await client.post(f"/v1/cases/{CASE}/{act}", json={"by": BY, **body}, headers={"idempotency-key": "k-1"})
    assert (answer.status_code, answer.json()["seq"], answer.headers["etag"]) == (200, 8, '"8"')
    ((name, case, by, given, also),) = api.desk.acts
    assert (name, case, given, also) == (method, KEY, arguments, {**named, "key": f"{act}:k-1"})
    assert (by.who, by.why, by.role) == (BY["who"], BY["why"], Role.LEAD if act in LEADS_ACTS else Role.AGENT)


async def test_an_act_is_signed_with_the_key_that_proved_itself_whoever_its_caller_names(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    key, text = await api.key(Scope.ACT)
    async with api.stranger() as client:
        client.headers["authorization"] = f"Bearer {text}"
        await client.post(f"/v1/cases/{CASE}/notes", json={"by": {"who": "lena.lead"}, "text": "x"})
    by = api.desk.acts[0][2]
    assert (by.who, by.api_key) == ("lena.lead", KeyUsed(id=f"mg_{key.key_id}", name="test"))
    assert text not in by.model_dump_json()


async def test_a_leads_key_acts_as_a_lead_always(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller(Scope.LEAD) as client:
        await client.post(f"/v1/cases/{CASE}/notes", json={"by": {"who": "lea"}, "text": "x"})
    assert api.desk.acts[0][2].role is Role.LEAD
    assert api.desk.acts[0][4]["key"] is None


@pytest.mark.parametrize(
    ("sentence", "status", "field"),
    [
        ("the case is on hold already (warehouse, since 2026-03-02T09:00:00+00:00, by bob)", 409, None),
        ("the case was closed at 2026-03-02T09:00:00+00:00; open a new case that links to it", 409, None),
        ('reason "x" is no hold reason of the policy; right would be one of warehouse', 422, "reason"),
        ("by.why is empty; hold needs a reason in a few words, it stands on the timeline", 422, "by.why"),
        ("until 2026-03-02T09:00:00+00:00 has passed; right would be a moment after now", 422, "until"),
        ("outcome is another act's field", 409, None),
    ],
)
async def test_a_refusal_is_the_cases_own_sentence(sqlite_store: Store, sentence: str, status: int, field: str | None) -> None:
    api = api_of(sqlite_store, ScriptedDesk(fails=Refused(sentence)))
    await one_case(sqlite_store)
    async with api.caller() as client:
        answer = await client.post(f"/v1/cases/{CASE}/hold", json={"by": BY, "reason": "x", "until": UNTIL})
    told = answer.json()
    assert (answer.status_code, told["type"], told["detail"], told.get("field")) == (status, TYPE + "refused", sentence, field)
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    ("fails", "status", "code"),
    [
        (EngineUnavailable("localhost:7233", "no answer"), 503, "away"),
        (Unanswered("hold: no worker answered within 20 s"), 504, "unanswered"),
        (RuntimeError("ada@example.com"), 500, "fault"),
    ],
)
async def test_what_could_not_be_told_is_no_success(sqlite_store: Store, fails: Exception, status: int, code: str) -> None:
    api = api_of(sqlite_store, ScriptedDesk(fails=fails))
    await one_case(sqlite_store)
    async with api.caller() as client:
        answer = await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY})
    assert (answer.status_code, answer.json()["type"]) == (status, TYPE + code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "localhost" not in answer.text
    assert "ada@" not in answer.text  # a random id may spell a name


class SilentDesk(ScriptedDesk):
    """An engine that never answers what it is asked."""

    async def snapshot(self, case: CaseKey) -> Any:
        return await self.resume()

    async def open(self, request: Any) -> Any:
        return await self.resume()

    def __getattr__(self, name: str) -> Any:
        async def never(*_: Any, **__: Any) -> Any:
            await asyncio.Event().wait()

        return never


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        (f"/v1/cases/{CASE}/resume", {"by": BY}, {}, 504, "unanswered"),
        (f"/v1/cases/{CASE}/resume", {"by": BY}, {"if-match": '"7"'}, 504, "unanswered"),
        ("/v1/cases/acme-r-9-ffffffff/resume", {"by": BY}, {}, 504, "unanswered"),  # not in the books: asked for by each kind
        ("/v1/cases", REFUND, {}, 503, "timed_out"),
    ],
)
async def test_an_engine_that_never_answers_ends_one_wait_for_all(
    sqlite_store: Store, path: str, body: dict[str, Any], headers: dict[str, str], status: int, code: str
) -> None:
    api = api_of(sqlite_store, SilentDesk()).within(answer_within_s=0.2)
    await one_case(sqlite_store)
    async with api.caller() as client:
        answer = await client.post(path, json=body, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["type"]) == (status, TYPE + code), told
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "may" in told["detail"]  # ours, not the bare word of the frame


async def test_who_decided_on_an_older_version_is_told_what_happened(sqlite_store: Store) -> None:
    desk = ScriptedDesk(engine={KEY: snapshot_as(counts={"facts": 7})}, facts=[fact(seq) for seq in range(1, 8)])
    api = api_of(sqlite_store, desk)
    await one_case(sqlite_store)
    async with api.caller() as client:
        late = await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY}, headers={"if-match": '"5"'})
        assert desk.acts == []
        for right in ('"7"', "7", 'W/"7"', "*"):
            assert (await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY}, headers={"if-match": right})).status_code == 200
        wrong = await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY}, headers={"if-match": '"seven"'})
    told = late.json()
    assert (late.status_code, told["type"], told["version"], late.headers["etag"]) == (412, TYPE + "moved_on", 7, '"7"')
    assert [one["seq"] for one in told["since"]] == [6, 7]
    assert (wrong.status_code, wrong.json()["field"]) == (422, "If-Match")


class FallsSilent(ScriptedDesk):
    async def timeline(self, case: CaseKey) -> list[Fact]:
        raise Unanswered(f"{case}: no worker answered within 20 s")


async def test_that_nothing_was_done_is_told_though_nobody_says_what_happened(sqlite_store: Store) -> None:
    api = api_of(sqlite_store, FallsSilent(engine={KEY: snapshot_as(counts={"facts": 7})}))
    await one_case(sqlite_store)
    async with api.caller() as client:
        late = await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY}, headers={"if-match": '"5"'})
    assert (late.status_code, late.json()["version"], late.json()["since"], api.desk.acts) == (412, 7, [], [])


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "ada@example.com", "ü"])
async def test_a_key_against_repetition_has_a_form(sqlite_store: Store, key: str) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller() as client:
        headers = [(b"idempotency-key", key.encode("latin-1"))]
        answer = await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY}, headers=headers)
    assert (answer.status_code, answer.json()["field"], api.desk.acts) == (422, "Idempotency-Key", [])


async def test_a_quoted_key_is_the_key(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller() as client:
        await client.post(f"/v1/cases/{CASE}/resume", json={"by": BY}, headers={"idempotency-key": '"k-1"'})
    assert api.desk.acts[0][4]["key"] == "resume:k-1"


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("resume", {}, "by"),
        ("resume", {"by": {}}, "by.who"),
        ("resume", {"by": {"who": ""}}, "by.who"),
        ("resume", {"by": {"who": "ana@example.com"}}, "by.who"),
        ("resume", {"by": {"who": "ana", "role": "admin"}}, "by.role"),
        ("resume", {"by": {"who": "ana", "api_key": {"id": "mg_0123456789ab", "name": "x"}}}, "by.api_key"),
        ("resume", {"by": {"who": "ana", "why": "a\x00b"}}, "by.why"),
        ("resume", {"by": {"who": "ana"}, "reason": "x"}, "reason"),
        ("hold", {"by": BY}, "reason"),
        ("hold", {"by": BY, "reason": "Not A Code"}, "reason"),
        ("hold", {"by": BY, "reason": "warehouse", "until": 1772442000}, "until"),
        ("hold", {"by": BY, "reason": "warehouse", "until": "20260302"}, "until"),
        ("extend", {"by": BY, "until": "2026-03-20T17:00:00"}, "until"),
        ("extend", {"by": BY, "until": "9999-12-31T23:59:59-12:00"}, "until"),
        ("escalate", {"by": BY, "level": 10}, "level"),
        ("escalate", {"by": BY, "level": True}, "level"),
        ("resolve", {"by": BY, "outcome": "goodwill", "amounts": [{"amount_minor": "5", "currency": "EUR"}]}, "amounts[0].amount_minor"),
        ("resolve", {"by": BY, "outcome": "goodwill", "amounts": [{"amount_minor": 10**13, "currency": "EUR"}]}, "amounts[0].amount_minor"),
        ("resolve", {"by": BY, "outcome": "goodwill", "amounts": [{"amount_minor": 5, "currency": "XXQ"}]}, "amounts[0].currency"),
        ("notes", {"by": BY, "text": "   "}, "text"),
        ("notes", {"by": BY, "text": "x" * 20_001}, "text"),
        ("notes", {"by": BY, "text": "a\ud800"}, "text"),
        ("facts", {"by": BY, "name": "x", "old_reference": "a\x07"}, "old_reference"),
        ("links", {"by": BY, "case_id": "R-1"}, "case_id"),
        ("reassign", {"by": BY, "owner": "Bob B"}, "owner"),
        ("feedback", {"by": BY, "csat": 6}, "csat"),
        ("feedback", {"by": BY, "nps": "10"}, "nps"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_done(sqlite_store: Store, act: str, body: dict[str, Any], field: str) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller() as client:
        content = json.dumps(body)  # half a pair of surrogates travels as an escape
        answer = await client.post(f"/v1/cases/{CASE}/{act}", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"], answer.json()["field"]) == (422, TYPE + "invalid", field)
    assert api.desk.acts == []
    assert "example.com" not in answer.text.replace("name@example.com", "")


async def test_an_act_on_nothing(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller() as client:
        unknown = await client.post("/v1/cases/acme-unknown/resume", json={"by": BY})
        linked = await client.post(f"/v1/cases/{CASE}/links", json={"by": BY, "case_id": "acme-unknown"})
        named = await client.post(f"/v1/cases/{CASE}/merge", json={"by": BY})
    assert [(answer.status_code, answer.json().get("field")) for answer in (unknown, linked)] == [(404, None), (404, "case_id")]
    assert named.status_code == 404


async def test_a_case_is_given_to_nobody_whom_no_alert_reaches(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller(Scope.LEAD) as client:
        answer = await client.post(f"/v1/cases/{CASE}/reassign", json={"by": BY, "owner": "nobody.there"})
    told = answer.json()
    assert (answer.status_code, told["field"], api.desk.acts) == (422, "owner", [])
    assert "right would be a person of the console" in told["detail"]
    assert told["detail"].endswith(": ana.agent")  # of examples/directory.toml, as the worker reads it
