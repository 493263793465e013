"""Nobody gets past without a key: unknown, ended, without the scope, for another merchant, too fast."""

import logging
from datetime import timedelta

import pytest

from policies.case.vocabulary import CaseKind
from starter.desk import CaseKey, EngineUnavailable, Unanswered
from starter.web.api.rates import Rates
from starter.web.problems import MEDIA_TYPE, TYPE
from store.api_keys import ApiKeys, Scope
from store.engine import Store
from tests.starter.web.api.harness import BY, REFUND, ScriptedDesk, Ticks, api_of, counted, one_case, snapshot_as
from tests.starter.web.harness import browser
from tests.store.samples import CASE


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (None, "Authorization: Bearer"),
        ("Basic YTpi", "Authorization: Bearer"),
        ("Bearer", "Authorization: Bearer"),
        ("Bearer mg_000000000000_" + "0" * 64, "no key of ours"),
        ("Bearer ' OR 1=1", "no key of ours"),
    ],
)
async def test_without_a_key_of_ours_nothing_is_answered(sqlite_store: Store, header: str | None, says: str) -> None:
    api = api_of(sqlite_store)
    async with api.stranger() as client:
        answer = await client.get("/v1/cases", headers={"authorization": header} if header else {})
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"], told["type"]) == (401, MEDIA_TYPE, TYPE + "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert says in told["detail"]
    assert "OR 1=1" not in answer.text


async def test_a_stranger_learns_nothing_of_his_body(sqlite_store: Store) -> None:
    async with api_of(sqlite_store).stranger() as client:
        for content, kind in ((b"{", "application/json"), (b"\xff", "text/plain"), (b"", ""), (b"x" * 200_000, "application/json")):
            answer = await client.post("/v1/cases", content=content, headers={"content-type": kind})
            assert answer.status_code == 401, content[:10]


async def test_a_key_that_has_ended_is_told_so(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    key, text = await api.key(Scope.READ, hours=1)
    async with browser(api.app, authorization=f"Bearer {text}") as client:
        assert (await client.get("/v1/cases")).status_code == 200
        api.clock.now += timedelta(hours=1)
        expired = await client.get("/v1/cases")
        api.clock.now -= timedelta(minutes=1)
        assert (await client.get("/v1/cases")).status_code == 200
        await ApiKeys(api.store).revoke(key.key_id, api.clock())
        revoked = await client.get("/v1/cases")  # at once
    assert [(answer.status_code, answer.json()["detail"].split(";")[0].split(".")[0]) for answer in (expired, revoked)] == [
        (401, "This key is expired"),
        (401, "This key is revoked"),
    ]


async def test_a_rotated_key_and_its_successor_both_open_for_a_while(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    key, old = await api.key(Scope.READ)
    _, _, new = await ApiKeys(api.store).rotate(key.key_id, timedelta(hours=2), "ana", api.clock())

    async def statuses() -> list[int]:
        found = []
        for text in (old, new):
            async with browser(api.app, authorization=f"Bearer {text}") as client:
                found.append((await client.get("/v1/cases")).status_code)
        return found

    assert await statuses() == [200, 200]
    api.clock.now += timedelta(hours=2)
    assert await statuses() == [401, 200]


async def test_wrong_keys_from_one_address_are_slowed_down_and_right_ones_are_not(sqlite_store: Store) -> None:
    api = api_of(sqlite_store, alone=True)
    wrong = {"authorization": "Bearer mg_000000000000_" + "0" * 64}
    async with api.caller(Scope.READ) as client:
        seen = [(await client.get("/v1/cases", headers=wrong)).status_code for _ in range(61)]
        assert seen == [401] * 60 + [429]
        assert int((await client.get("/v1/cases", headers=wrong)).headers["retry-after"]) >= 1
        assert (await client.get("/v1/cases")).status_code == 200


async def test_the_missing_scope_is_named(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store)
    async with api.caller(Scope.READ) as client:
        opening = await client.post("/v1/cases", json=REFUND)
        acting = await client.post(f"/v1/cases/{CASE}/hold", json={"by": BY, "reason": "warehouse"})
    async with api.caller(Scope.ACT, Scope.OPEN) as client:
        reading = await client.get("/v1/cases")
        leading = await client.post(f"/v1/cases/{CASE}/withdraw", json={"by": BY})
        figures = await client.get("/metrics")
    named = [(answer.status_code, answer.json()["scope"]) for answer in (opening, acting, reading, leading, figures)]
    assert named == [(403, "open"), (403, "act"), (403, "read"), (403, "lead"), (403, "metrics")]
    assert (api.desk.opened, api.desk.acts) == ([], [])


async def test_for_a_key_of_one_merchant_others_cases_do_not_exist(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    await one_case(sqlite_store, "acme-mine")
    await one_case(sqlite_store, "beta-theirs", merchant="beta")
    async with api.caller(merchant="acme") as client:
        listed = await client.get("/v1/cases")
        asked = await client.get("/v1/cases", params={"merchant": "beta"})
        opened = await client.post("/v1/cases", json={**REFUND, "merchant": "beta"})
        missing = await client.get("/v1/cases/acme-missing")
        hidden = [
            await client.get("/v1/cases/beta-theirs"),
            await client.get("/v1/cases/beta-theirs/timeline"),
            await client.post("/v1/cases/beta-theirs/notes", json={"by": BY, "text": "x"}),
            await client.post("/v1/cases/acme-mine/links", json={"by": BY, "case_id": "beta-theirs"}),
        ]
        batch = await client.post(
            "/v1/cases:batch", content='{"merchant": "beta", "kind": "refund"}', headers={"content-type": "application/jsonl"}
        )
        assert (await client.post("/v1/cases/acme-mine/notes", json={"by": BY, "text": "x"})).status_code == 200
        figures = await client.get("/metrics")
    assert [case["case_id"] for case in listed.json()["cases"]] == ["acme-mine"]
    assert [(answer.status_code, answer.json()["field"]) for answer in (asked, opened)] == [(403, "merchant")] * 2
    assert [answer.status_code for answer in hidden] == [404] * 4
    assert hidden[0].json()["detail"] == missing.json()["detail"]  # no word that tells one from the other
    assert batch.json()["status"] == 422  # judged first: that is the caller's own line
    assert figures.status_code == 403
    assert [name for name, *_ in api.desk.acts] == ["note"]


async def test_what_only_the_engine_knows_is_hidden_alike(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    theirs = snapshot_as("beta-new-00000000", merchant="beta")
    api.desk.engine[CaseKey("beta-new-00000000", CaseKind.REFUND)] = theirs
    async with api.caller(merchant="acme") as client:
        assert (await client.get("/v1/cases/beta-new-00000000")).status_code == 404
    async with api.caller() as client:
        assert (await client.get("/v1/cases/beta-new-00000000")).status_code == 200


async def test_a_key_has_its_rate(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    async with api.caller(Scope.READ, per_minute=3) as client, api.caller(Scope.READ) as other:
        seen = [await client.get("/v1/policies") for _ in range(5)]
        assert [answer.status_code for answer in seen] == [200, 200, 200, 429, 429]
        assert (seen[3].headers["retry-after"], seen[3].json()["type"]) == ("20", TYPE + "too_many")
        assert (await other.get("/v1/policies")).status_code == 200
        api.ticks.now += 20
        assert [(await client.get("/v1/policies")).status_code for _ in range(2)] == [200, 429]


def test_a_bucket_fills_evenly_and_never_beyond_a_minutes_worth() -> None:
    ticks = Ticks()
    rates = Rates(ticks)
    assert [rates.wait_s("a", 60) for _ in range(60)] == [0.0] * 60
    assert rates.wait_s("a", 60) == pytest.approx(1.0)
    ticks.now += 0.4
    assert rates.wait_s("a", 60) == pytest.approx(0.6)  # asking in vain takes nothing
    ticks.now += 3600
    assert [rates.wait_s("a", 60) for _ in range(61)].count(0.0) == 60


async def test_the_last_use_is_noted_and_the_log_names_the_key_and_no_secret(sqlite_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    api = api_of(sqlite_store)
    key, text = await api.key(Scope.READ)
    with caplog.at_level(logging.INFO, logger="makegood"):
        async with browser(api.app, authorization=f"Bearer {text}") as client:
            await client.get("/v1/cases/acme-secret-order")
    assert (await ApiKeys(api.store).all())[0].last_used_at == api.clock()
    assert f"key={key.key_id} GET /v1/cases/{{case_id}} " in caplog.text
    assert text.rsplit("_", 1)[1] not in caplog.text
    assert "acme-secret-order" not in caplog.text


async def test_a_body_of_another_type_is_refused(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    async with api.caller() as client:
        one = await client.post("/v1/cases", content="{}", headers={"content-type": "text/plain"})
        many = await client.post("/v1/cases:batch", json=REFUND)
    assert [(answer.status_code, answer.json()["type"]) for answer in (one, many)] == [(415, TYPE + "unsupported_media_type")] * 2
    assert (one.headers["accept-post"], many.headers["accept-post"].split(",")[0]) == ("application/json", "application/jsonl")


async def test_the_store_away_is_503_and_no_401(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    async with api.caller() as client:
        api.backends.opened = None
        answer = await client.get("/v1/cases")
    assert (answer.status_code, answer.json()["part"], answer.headers["retry-after"]) == (503, "store", "2")


async def test_a_request_costs_the_guard_one_statement_and_once_a_minute_two(store: Store) -> None:
    api = api_of(store)
    async with api.caller(Scope.READ) as client:
        numbers = []
        for _ in range(3):
            with counted() as statements:
                await client.get("/v1/policies")
            numbers.append(len([statement for statement in statements if "api_keys" in statement]))
    assert numbers == [2, 1, 1]


@pytest.mark.parametrize("fails", [None, EngineUnavailable("localhost:7233", "no answer"), Unanswered("snapshot: no worker answered")])
async def test_another_merchants_case_is_looked_for_like_one_that_nobody_knows(sqlite_store: Store, fails: Exception | None) -> None:
    """An id can be worked out from a reference: neither the effort nor a fault may tell that the case is there."""
    desk = ScriptedDesk(fails=fails)
    api = api_of(sqlite_store, desk)
    await one_case(sqlite_store, "beta-theirs-00000000", merchant="beta")
    seen = []
    async with api.caller(merchant="acme") as client:
        for name in ("beta-theirs-00000000", "beta-nobodys-00000000"):
            before = desk.asked
            read = await client.get(f"/v1/cases/{name}")
            acted = await client.post(f"/v1/cases/{name}/resume", json={"by": BY})
            told = [(answer.status_code, answer.json()["type"], answer.json()["detail"]) for answer in (read, acted)]
            seen.append((told, desk.asked - before))
    assert seen[0] == seen[1]
    assert seen[0][1] == (6 if fails is None else 2)
