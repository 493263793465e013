"""The API on the real development server with the real worker: every example of the document, two at once, and kill -9."""

import asyncio
import html
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from temporalio.client import Client

from policies.case.commands import Receipt
from policies.case.facts import Actor
from policies.case.vocabulary import CaseKind, CaseStatus, FactType, MessageKind, Role
from starter.desk import CaseKey, Desk, Refused
from starter.identity_key import identity_of
from starter.passwords import Passwords
from starter.policy_books import load_books
from starter.settings import ROOT, load_settings
from starter.web.api.acts import ACTS, LEADS_ACTS, scope_of
from starter.web.api.answers import BatchResult
from starter.web.api.documented import REFUND
from starter.web.api.face import api_faces
from starter.web.app import build_app
from starter.web.console.face import console_faces
from starter.web.parts import WebParts
from starter.web.problems import TYPE
from store.api_keys import ApiKeys, NewKey, Scope
from store.desk_books import DeskBooks
from store.engine import Store
from store.link_tokens import LinkSigner
from tests.real.harness import RealHouse, case_start, eventually, real_house
from tests.starter.web.api.sweep import judge, operations
from tests.starter.web.console.harness import CHEAP, Scene
from tests.starter.web.harness import KEY, PUBLIC_URL, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY = {"who": "ana.agent", "why": "a test"}
PAYMENT = {"amount_minor": 8990, "currency": "EUR", "provider": "simpay"}


# All but "valid data is accepted": what the document allows a case may refuse, for what has happened to it.
_CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]
_SWEEP = [
    *("--phases", "examples,coverage,fuzzing"),
    *("--max-examples", "5"),
    *("--seed", "1"),
    *("--checks", ",".join(_CHECKS)),
    "--no-shrink",
    "--no-color",
]


@dataclass
class Live:
    """The store, the engine and the desk of a running house."""

    house: RealHouse
    asked_desk: Desk

    def store(self) -> Store:
        return self.house.store

    def client(self) -> Client:
        return self.house.client

    def desk(self) -> Desk:
        return self.asked_desk

    async def check(self) -> dict[str, str]:
        return {"store": "ok", "engine": "ok"}


@dataclass
class Shop:
    """The application over a running house, under the retail book: nothing falls due while a test looks."""

    house: RealHouse
    desk: Desk
    app: FastAPI
    parts: WebParts

    async def key(self, *scopes: Scope, merchant: str | None = None) -> str:
        new = NewKey(name="test", scopes=list(scopes), merchant=merchant, per_minute=100_000)
        return (await ApiKeys(self.house.store).create(new, "tester", datetime.now(UTC)))[1]

    @asynccontextmanager
    async def caller(self, *scopes: Scope, merchant: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
        text = await self.key(*(scopes or (Scope.OPEN, Scope.READ, Scope.LEAD)), merchant=merchant)
        async with browser(self.app, authorization=f"Bearer {text}") as client:
            yield client

    async def case(self, client: httpx2.AsyncClient, reference: str, **changes: Any) -> str:
        """The path of a new refund."""
        answer = await client.post("/v1/cases", json=refund(reference, **changes))
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"])

    async def in_books(self, path: str) -> None:
        """Acknowledged: nothing of the opening is on its way any more."""

        async def look() -> bool:
            messages = await self.house.queries.messages(path.rpartition("/")[2])
            return bool(messages) and messages[0].ended_at is not None

        await eventually(look, f"{path} acknowledged")


def refund(reference: str, **changes: Any) -> dict[str, Any]:
    payments = [{**PAYMENT, "reference": f"SP-{reference}"}]
    return {**REFUND, "reference": reference, "order": f"NW-{reference}", "payments": payments, **changes}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("api")
    async with real_house(folder) as house:
        settings = load_settings(state_dir=folder, policy_book="retail", web_openapi=True)
        books = load_books(settings.policy_book_files)
        desk = Desk(house.client, DeskBooks(house.store), house.queries, books, identity_of(settings))
        parts = WebParts(settings=settings, backends=Live(house, desk), links=LinkSigner([KEY]), public_url=PUBLIC_URL)
        yield Shop(house, desk, build_app(parts, [*api_faces(parts), *console_faces(parts, Passwords(CHEAP))]), parts)


async def test_a_case_is_there_as_soon_as_it_is_answered(shop: Shop) -> None:
    async with shop.caller() as client:
        for reference in ("there-1", "there-2", "there-3"):
            opened = await client.post("/v1/cases", json=refund(reference))
            case = await client.get(opened.headers["location"])
            timeline = await client.get(opened.headers["location"] + "/timeline")
            assert (opened.status_code, case.status_code, timeline.status_code) == (201, 200, 200)
            assert (case.json()["case_id"], case.json()["order"]) == (opened.json()["case_id"], f"NW-{reference}")
            assert timeline.json()["facts"][0]["type"] == "opened"
        again = await client.post("/v1/cases", json=refund("there-1"))
        other = await client.post("/v1/cases", json=refund("there-1", item="Raincoat", tags=[]))
        await shop.in_books(opened.headers["location"])
        listed = await client.get("/v1/cases", params={"merchant": "northwind", "customer": "C-17", "order": "NW-there-3"})
    assert (again.status_code, again.json()["result"]) == (200, "same")
    assert (other.status_code, other.json()["differing"]) == (409, ["item", "tags"])
    assert [entry["case_id"] for entry in listed.json()["cases"]] == [opened.json()["case_id"]]
    assert "ada" not in (case.text + timeline.text + listed.text).lower()


async def test_opened_thirty_times_at_once_it_is_one_case(shop: Shop) -> None:
    async with shop.caller() as client:
        answers = await asyncio.gather(*(client.post("/v1/cases", json=refund("often")) for _ in range(30)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 29}
    assert len({answer.json()["case_id"] for answer in answers}) == 1


async def test_every_example_of_the_document_runs(shop: Shop) -> None:
    document = {f"{operation.method} {operation.path}": operation for operation in operations(shop.app.openapi())}
    done: list[str] = []

    async def run(client: httpx2.AsyncClient, name: str, path: str, examples: Sequence[int] = (0,)) -> None:
        operation = document[name]
        for index in examples:
            example = operation.examples[index]
            content = example if isinstance(example, str) else json.dumps(example)
            answer = await client.post(path, content=content, headers={"content-type": str(operation.media)})
            judge(operation, answer, example)
            assert answer.status_code in (200, 201), (name, answer.text)
            done.append(f"{name} {index}")
            if isinstance(example, str):
                assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [201, 201, 422]

    async with shop.caller() as lead, shop.caller(Scope.OPEN) as opener, shop.caller(Scope.ACT) as agent:
        await run(opener, "POST /v1/cases", "/v1/cases", (0, 1, 2))
        await run(opener, "POST /v1/cases:batch", "/v1/cases:batch")
        case = "/v1/cases/northwind-r-2001-409f2c70"
        await shop.in_books(case)
        order = [
            ("hold", (0,)),
            ("resume", (0,)),
            ("hold", (1,)),
            ("resume", (0,)),
            ("escalate", (0, 1)),
            ("extend", (0,)),
            ("reassign", (0,)),
            ("replies", (0,)),
            ("notes", (0,)),
            ("facts", (0, 1)),
            ("links", (0,)),
            ("resolve", (0,)),
        ]
        for name, examples in order:
            client = lead if name in LEADS_ACTS else agent  # an agent's key is enough for what is an agent's
            await run(client, f"POST /v1/cases/{{case_id}}/{name}", f"{case}/{name}", examples)
        other = await lead.post("/v1/cases", json=refund("withdrawn"))
        await run(lead, "POST /v1/cases/{case_id}/withdraw", other.headers["location"] + "/withdraw")
        asked = await shop.house.open(case_start(CaseKind.REFUND, "asked"), "paid_out")
        await asked.told(MessageKind.FEEDBACK_REQUEST)

        async def answered() -> bool:
            """The message is told a moment before its case knows."""
            operation = document["POST /v1/cases/{case_id}/feedback"]
            answer = await agent.post(f"/v1/cases/{asked.case_id}/feedback", json=operation.examples[0])
            judge(operation, answer, operation.examples[0])
            return answer.status_code == 200

        await eventually(answered, "feedback taken")
    expected = {
        f"{name} {index}"
        for name, operation in document.items()
        if operation.method == "POST" and not name.endswith("/feedback")
        for index in range(len(operation.examples))
    }
    assert set(done) == expected


async def test_the_case_itself_keeps_leads_acts_for_leads(shop: Shop) -> None:
    """What the API asks the scope `lead` for is what the rules ask a lead for: neither more nor less."""
    async with shop.caller() as client:
        path = await shop.case(client, "roles")
    key, agent = CaseKey(path.rpartition("/")[2], CaseKind.REFUND), Actor(who="ana", role=Role.AGENT, why="a test")
    soon = datetime.now(UTC) + timedelta(days=2)
    attempts: dict[str, Callable[[], Awaitable[Receipt]]] = {
        "resolve": lambda: shop.desk.resolve(key, agent, "goodwill"),
        "extend": lambda: shop.desk.extend(key, agent, soon),
        "reassign": lambda: shop.desk.reassign(key, agent, "bob"),
        "withdraw": lambda: shop.desk.withdraw(key, agent),
    }
    assert set(attempts) == LEADS_ACTS
    for name, attempt in attempts.items():
        with pytest.raises(Refused, match=f"{name} is for a lead or an admin"):
            await attempt()
    assert {scope_of(act) for act in ACTS if act not in LEADS_ACTS} == {Scope.ACT}


async def test_the_same_key_is_the_same_answer(shop: Shop) -> None:
    async with shop.caller() as client:
        path = await shop.case(client, "repeated")
        await shop.in_books(path)
        hold, key = {"by": BY, "reason": "warehouse"}, {"idempotency-key": "k-1"}
        first, again = [await client.post(f"{path}/hold", json=hold, headers=key) for _ in range(2)]
        assert (first.status_code, first.json()) == (again.status_code, again.json()) == (200, first.json())
        # Of two contents under one key one was not done, and whoever sent it must hear so.
        other = await client.post(f"{path}/hold", json={"by": BY, "reason": "supplier"}, headers=key)
        assert (other.status_code, other.json()["type"]) == (409, "urn:makegood:problem:refused")
        assert other.json()["detail"].startswith("key: it was used on this case before, for another act; nothing was done now")
        # Another act under the same key is another act.
        resumed = await client.post(f"{path}/resume", json={"by": BY}, headers={"idempotency-key": "k-1"})
        assert (resumed.status_code, resumed.json()["status"]) == (200, "open")
        facts = (await client.get(f"{path}/timeline")).json()["facts"]
    (held,) = [fact for fact in facts if fact["type"] == "held"]
    assert held["by"]["api_key"].keys() == {"id", "name"}  # who did it is in the history, beside who is said to have
    assert "api_key" not in facts[0]["by"]


async def test_of_two_at_once_one_wins_and_the_other_is_told(shop: Shop) -> None:
    async with shop.caller() as client:
        path = await shop.case(client, "two")
        await shop.in_books(path)
        answers = await asyncio.gather(
            *(client.post(f"{path}/hold", json={"by": {**BY, "who": who}, "reason": "warehouse"}) for who in ("ana", "bob"))
        )
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert (won.status_code, lost.status_code) == (200, 409)
        assert lost.json()["detail"].startswith("the case is on hold already (warehouse, since ")


async def test_who_decided_on_an_older_version_is_told_what_happened_since(shop: Shop) -> None:
    async with shop.caller() as client:
        path = await shop.case(client, "version")
        await shop.in_books(path)

        async def noted() -> str | None:
            """The case itself may still be learning that its acknowledgement was taken."""
            version = str((await client.get(path)).headers["etag"])
            answer = await client.post(f"{path}/notes", json={"by": BY, "text": "x"}, headers={"if-match": version})
            assert answer.status_code in (200, 412)
            return version if answer.status_code == 200 else None

        version = await eventually(noted, "a note on the version that was seen")
        late = await client.post(f"{path}/hold", json={"by": BY, "reason": "warehouse"}, headers={"if-match": version})
        now = await client.get(path)
    assert late.status_code == 412
    assert [fact["type"] for fact in late.json()["since"]] == ["noted"]
    assert (late.headers["etag"], late.json()["version"], now.json()["status"]) == (now.headers["etag"], now.json()["version"], "open")


async def test_of_two_that_looked_at_the_same_version_one_acts_and_a_repetition_is_its_first_answer(shop: Shop) -> None:
    async with shop.caller() as client:
        path = await shop.case(client, "race")
        await shop.in_books(path)

        def note(who: str, version: str) -> Awaitable[httpx2.Response]:
            """Notes contradict nothing: nothing but the version stands between the two."""
            headers = {"if-match": version, "idempotency-key": f"{who}-{version[1:-1]}"}
            return client.post(f"{path}/notes", json={"by": {**BY, "who": who}, "text": f"by {who}"}, headers=headers)

        async def raced() -> tuple[str, list[httpx2.Response]] | None:
            """The case itself may still be learning that its acknowledgement was taken; then both are told so."""
            version = str((await client.get(path)).headers["etag"])
            answers = list(await asyncio.gather(note("ana", version), note("bob", version)))
            assert Counter(answer.status_code for answer in answers) in ({200: 1, 412: 1}, {412: 2})
            return (version, answers) if any(answer.status_code == 200 for answer in answers) else None

        version, answers = await eventually(raced, "a note on the version that was seen")
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        who = {0: "ana", 1: "bob"}[answers.index(won)]
        again, other = await note(who, version), await note("eve", version)
        facts = (await client.get(f"{path}/timeline")).json()["facts"]
    assert [fact["by"]["who"] for fact in lost.json()["since"] if fact["type"] == "noted"] == [who]
    # Though the case has moved on since, by itself and by this very act: the same key has its first answer.
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, won.json(), won.headers["etag"])
    assert (other.status_code, other.json()["type"]) == (412, TYPE + "moved_on")
    assert [fact["by"]["who"] for fact in facts if fact["type"] == "noted"] == [who]


async def test_what_the_case_refuses_is_about_the_field_or_about_the_case(shop: Shop) -> None:
    async with shop.caller() as client:
        path = await shop.case(client, "refused")
        nothing = await client.post(f"{path}/resume", json={"by": BY})
        unknown = await client.post(f"{path}/hold", json={"by": BY, "reason": "holiday"})
        without = await client.post(f"{path}/withdraw", json={"by": {"who": "lea"}})
        passed = await client.post(f"{path}/extend", json={"by": BY, "until": "2020-01-01T00:00:00Z"})
        early = await client.post(f"{path}/feedback", json={"by": BY, "csat": 5})
    assert [(answer.status_code, answer.json().get("field")) for answer in (nothing, unknown, without, passed, early)] == [
        (409, None),
        (422, "reason"),
        (422, "by.why"),
        (422, "until"),
        (409, None),
    ]
    assert "right would be one of " in unknown.json()["detail"]


async def test_a_closed_case_is_read_and_no_longer_acted_on(shop: Shop) -> None:
    async with shop.caller() as client:
        path = await shop.case(client, "closed")
        assert (await client.post(f"{path}/withdraw", json={"by": BY})).status_code == 200

        async def closed() -> bool:
            return bool((await client.get(path)).json()["status"] == "closed")

        await eventually(closed, "closed")

        async def listed() -> list[str]:
            page = (await client.get("/v1/cases", params={"status": "closed", "order": "NW-closed"})).json()
            return [entry["case_id"] for entry in page["cases"]]

        assert await eventually(listed_or_none(listed), "listed as closed") == [path.rpartition("/")[2]]
        late = await client.post(f"{path}/notes", json={"by": BY, "text": "too late"})
        version = (await client.get(path)).headers["etag"]
        known, stale = [
            await client.post(f"{path}/notes", json={"by": BY, "text": "too late"}, headers={"if-match": tag}) for tag in (version, '"1"')
        ]
        again = await client.post("/v1/cases", json=refund("closed"))
    assert (known.status_code, stale.status_code, stale.headers["etag"]) == (409, 412, version)
    assert (late.status_code, "open a new case that links to it" in late.json()["detail"]) == (409, True)
    assert (again.status_code, again.json()["result"]) == (200, "same")


def listed_or_none(look: Any) -> Any:
    async def found() -> list[str] | None:
        return await look() or None

    return found


async def test_a_key_of_one_merchant_on_the_engine(shop: Shop) -> None:
    async with shop.caller() as all_merchants, shop.caller(Scope.OPEN, Scope.READ, Scope.ACT, merchant="southwind") as theirs:
        path = await shop.case(all_merchants, "hidden")
        assert (await theirs.get(path)).status_code == 404  # the engine's word alone
        await shop.in_books(path)
        assert (await theirs.get(path)).status_code == 404
        assert (await theirs.post(f"{path}/notes", json={"by": BY, "text": "x"})).status_code == 404
        mine = await theirs.post("/v1/cases", json=refund("hidden", merchant="southwind"))
        assert (mine.status_code, (await theirs.get(mine.headers["location"])).status_code) == (201, 200)
        assert (
            await theirs.post(mine.headers["location"] + "/links", json={"by": BY, "case_id": path.rpartition("/")[2]})
        ).status_code == 404


# -- the console's page of a case, on the same house -------------------------------------------------------------------------------


async def test_a_lead_replies_and_resolves_in_the_console_and_the_customer_reads_what_was_shown(shop: Shop) -> None:
    people = Scene(shop.app, shop.house.store, lambda: datetime.now(UTC), shop.parts.backends, shop.parts)  # type: ignore[arg-type]
    async with shop.caller() as client:
        case_id = (await shop.case(client, "shown-in-console")).rpartition("/")[2]
    page = f"/console/cases/{case_id}"
    async with people.signed_in(name="lena") as lena, people.signed_in(name="bea") as bea:
        assert (await lena.get(page)).status_code == 200  # whether the books have it already or not
        await shop.in_books(page)
        form = await lena.get(f"{page}/reply")
        shown = await lena.post(f"{page}/reply", **hidden_of(form), step="preview", text="It left today.")
        assert "> It left today." in letter_of(shown)

        async def told(kind: MessageKind) -> str | None:
            sent = [one for one in await shop.house.queries.messages(case_id) if one.kind is kind and one.ended_at is not None]
            return sent[0].text if sent else None

        done = await lena.post(f"{page}/reply", follow=False, **hidden_of(shown), step="do", text="It left today.")
        again = await lena.post(f"{page}/reply", follow=False, **hidden_of(shown), step="do", text="It left today.")
        assert (done.status_code, again.status_code) == (303, 303)
        assert as_shown(await eventually(lambda: told(MessageKind.REPLY), "the reply")) == as_shown(letter_of(shown))
        facts = await shop.desk.timeline(case_id)
        assert [fact.type for fact in facts].count(FactType.LEAD_REPLIED) == 1  # sent twice, it is one act

        stale = await lena.get(f"{page}/resolve")
        held = await bea.get(f"{page}/hold")
        await bea.post(f"{page}/hold", **hidden_of(held), step="do", reason="under_review", why="a look")
        wish: dict[str, Any] = {"outcome": "goodwill", "amount_EUR": "10.50", "why": "it took long"}
        second = await lena.post(f"{page}/resolve", **hidden_of(stale), step="preview", **wish)
        assert (second.status_code, "bea put it on hold: under review" in second.text) == (409, True)
        over = await lena.post(f"{page}/resolve", **hidden_of(second), step="preview", **{**wish, "amount_EUR": "900"})
        assert (over.status_code, "needs an admin" in over.text) == (409, True)
        resolved = await lena.post(f"{page}/resolve", **hidden_of(second), step="do", **wish)
        assert "Resolved. The customer is told." in resolved.text
        assert as_shown(await eventually(lambda: told(MessageKind.RESOLUTION), "the resolution")) == as_shown(letter_of(second))
        late = await bea.post(f"{page}/resolve", **hidden_of(second), step="do", **wish)
        assert (late.status_code, "lena resolved it: goodwill" in late.text) == (409, True)
    assert (await shop.desk.snapshot(case_id)).status is CaseStatus.RESOLVED


def hidden_of(answer: httpx2.Response) -> dict[str, Any]:
    """What a form of an act carries beside its token."""
    found = re.findall(r'<input type="hidden" name="(once|seen|shown)" value="([^"]*)">', answer.text)
    return dict(found)


def letter_of(answer: httpx2.Response) -> str:
    found = re.search(r'<pre class="letter"[^>]*>(.*?)</pre>', answer.text, re.S)
    assert found is not None, answer.text
    return html.unescape(found[1])


def as_shown(letter: str | None) -> str:
    """The letter without what the clock moved on between showing and sending, and under the mask of the name."""
    assert letter is not None
    return re.sub(r"\d\d:\d\d", "hh:mm", letter.replace("Ada Brook", "A*** B***")).strip()


async def test_what_was_answered_outlives_a_killed_engine_and_worker(shop: Shop) -> None:
    lines = [json.dumps(refund(f"durable-{number}")) for number in range(20)]
    async with shop.caller() as client:
        answer = await client.post("/v1/cases:batch", content="\n".join(lines), headers={"content-type": "application/jsonl"})
        results = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["status"] for one in results] == [201] * 20
        noted = await client.post(f"/v1/cases/{results[0]['case_id']}/notes", json={"by": BY, "text": "before the crash"})
        assert noted.status_code == 200
        await shop.house.kill_server()
        await shop.house.kill_worker()

        async def answered() -> bool:
            seen = await asyncio.gather(*(client.get(f"/v1/cases/{one['case_id']}") for one in results))
            assert {answer.status_code for answer in seen} <= {200, 503}  # never unknown
            return all(answer.status_code == 200 for answer in seen)

        await eventually(answered, "all twenty answer again")
        facts = (await client.get(f"/v1/cases/{results[0]['case_id']}/timeline")).json()["facts"]
    assert "noted" in [fact["type"] for fact in facts]


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The application on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none"))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    try:
        await eventually(started, "the server listens", 10)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            [sys.executable, str(ROOT / "examples" / "api" / "backend.py"), "R-SHOWN"],
            "a second hold: the case is on hold already (warehouse",
        ),
        (["sh", str(ROOT / "examples" / "api" / "curl.sh")], '"case_id":"northwind-r-2001-409f2c70","workflow_id"'),
    ],
    ids=["backend.py", "curl.sh"],
)
async def test_the_examples_run_over_the_wire(shop: Shop, command: list[str], says: str) -> None:
    key = await shop.key(Scope.OPEN, Scope.READ, Scope.LEAD)
    async with serving(shop.app) as url:
        environment = {"MAKEGOOD_API": url, "MAKEGOOD_KEY": key, "PATH": "/usr/bin:/bin"}
        ended = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert says in ended.stdout


async def test_schemathesis_finds_no_fault_no_undocumented_answer_and_no_way_around_the_key(shop: Shop) -> None:
    """Every operation with input that is made from the document, right and wrong, over real HTTP. The seed makes it the same each time."""
    key = await shop.key(Scope.OPEN, Scope.READ, Scope.LEAD)
    async with serving(shop.app) as url:
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", f"{url}/openapi.json", "-H", f"Authorization: Bearer {key}"),
            *_SWEEP,
        ]
        hooks = {
            "SCHEMATHESIS_HOOKS": "tests.starter.web.api.schemathesis_forms",
            "MAKEGOOD_TEST_BATCH_FIELDS": ",".join(BatchResult.model_fields),
        }
        environment = {**os.environ, **hooks, "PYTHONPATH": str(ROOT)}
        ended = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert re.search(r"Tested: 20\b", ended.stdout), ended.stdout[-3000:]
