"""The layers around every route: errors that teach and leak nothing, headers, limits, origins, ids, the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from policies.contract import Strict
from starter.desk import AmbiguousCase, CaseNotFound, EngineUnavailable, Refused, Unanswered
from starter.web.attempts import address_of
from starter.web.parts import Away, Face
from starter.web.problems import KINDS, MEDIA_TYPE, TYPE, Problem
from starter.web.wording import WORDS
from store.engine import StoreUnavailable
from tests.starter.web.harness import FakeBackends, application, browser, parts_of

SECRET = "ada@example.org +4930123456"


class Amount(Strict):
    amount_minor: int
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class Order(Strict):
    order: str
    payments: list[Amount] = Field(min_length=1)


def programs() -> Face:
    """What an API may do."""
    router = APIRouter(prefix="/v1")
    raised: dict[str, Exception] = {
        "away": Away("engine", 3.2),
        "store": StoreUnavailable(f"sqlite:///{SECRET}"),
        "engine": EngineUnavailable("localhost:7233", SECRET),
        "unanswered": Unanswered("resolve: no worker answered"),
        "missing": CaseNotFound(f"no case is known as {SECRET}"),
        "ambiguous": AmbiguousCase("R-1", ["acme-1", "acme-2"]),
        "refused": Refused("the case is closed; open a new one"),
        "fault": ValueError(SECRET),
        "own": Problem("invalid", "limit: is too large; right would be at most 100", field="limit"),
    }

    @router.post("/orders")
    async def take(order: Order) -> dict[str, int]:
        return {"payments": len(order.payments)}

    @router.get("/orders")
    async def many(limit: int = 50) -> dict[str, int]:
        return {"limit": limit}

    @router.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise raised[name]

    @router.post("/echo")
    async def size(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/slow")
    async def slow() -> None:
        await asyncio.Event().wait()

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        async def numbers() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"%d\n" % number
                await asyncio.sleep(0.05)

        return StreamingResponse(numbers(), media_type="text/plain")

    @router.get("/who")
    async def who(request: Request) -> dict[str, str]:
        return {"address": address_of(request), "scheme": request.url.scheme}

    return Face(router, prefixes=("/v1/",), machine=True, body_limit=1000)


def people() -> Face:
    """What a page may do."""
    router = APIRouter(prefix="/page")

    @router.get("/{name}")
    async def show(name: str) -> Response:
        if name == "fault":
            raise RuntimeError(SECRET)
        return HTMLResponse("<p>hello</p>")

    @router.post("/{name}")
    async def act(name: str) -> Response:
        return PlainTextResponse("done")

    return Face(router, prefixes=("/page/",), csrf_exempt=("/page/free/",), body_limit=1000)


FACES = (programs(), people())


def app_client(**headers: str) -> httpx2.AsyncClient:
    return browser(application(FACES), **headers)


@pytest.mark.parametrize(
    ("name", "status", "code", "more"),
    [
        ("away", 503, "away", {"part": "engine"}),
        ("store", 503, "away", {"part": "store"}),
        ("engine", 503, "away", {"part": "engine"}),
        ("unanswered", 504, "unanswered", {}),
        ("missing", 404, "not_found", {}),
        ("ambiguous", 409, "ambiguous", {"case_ids": ["acme-1", "acme-2"]}),
        ("refused", 409, "refused", {"detail": "the case is closed; open a new one"}),
        ("fault", 500, "fault", {}),
        ("own", 422, "invalid", {"field": "limit"}),
    ],
)
async def test_errors_are_problem_json_with_a_stable_type(name: str, status: int, code: str, more: dict[str, object]) -> None:
    async with app_client() as client:
        answer = await client.get(f"/v1/raise/{name}")
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    assert (body["type"], body["status"], body["title"]) == (TYPE + code, status, KINDS[code].title)
    assert {key: body.get(key) for key in more} == more
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"]
    assert "example.org" not in answer.text
    assert "Traceback" not in answer.text
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("body", "field", "right"),
    [
        ({"payments": []}, "order", "is missing"),
        ({"order": "O-1", "payments": []}, "payments", "at least one entry is needed"),
        (
            {"order": "O-1", "payments": [{"amount_minor": "49.90", "currency": "EUR"}]},
            "payments[0].amount_minor",
            "minor units, for example",
        ),
        ({"order": "O-1", "payments": [{"amount_minor": 1, "currency": "euro"}]}, "payments[0].currency", "right would match"),
        ({"order": "O-1", "payments": [{"amount_minor": 1, "currency": "EUR"}], "ordr": 1}, "ordr", "is unknown"),
        ({"order": "O-1", "payments": [{"amount_minor": 1, "currency": "EUR"}], SECRET: 1}, "(a name)", "is unknown"),
    ],
)
async def test_a_wrong_field_is_named_with_what_would_be_right(body: dict[str, object], field: str, right: str) -> None:
    async with app_client() as client:
        answer = await client.post("/v1/orders", json=body)
    told = answer.json()
    assert (answer.status_code, told["type"], told["field"], told["errors"][0]["in"]) == (422, TYPE + "invalid", field, "body")
    assert right in told["errors"][0]["problem"]
    assert "example.org" not in answer.text
    assert "49.90" not in answer.text.replace("4990 for 49.90", "")


async def test_a_wrong_query_and_a_body_that_is_not_json() -> None:
    async with app_client() as client:
        query = await client.get("/v1/orders", params={"limit": SECRET})
        text = await client.post("/v1/orders", content=SECRET, headers={"content-type": "application/json"})
    assert (query.status_code, query.json()["field"], query.json()["errors"][0]["in"]) == (422, "limit", "query")
    assert (text.status_code, text.json()["type"]) == (400, TYPE + "malformed")
    assert "example.org" not in query.text + text.text


async def test_what_does_not_exist_is_told_in_the_callers_form() -> None:
    async with app_client() as client:
        program = await client.get("/v1/nothing", headers={"accept": "text/html"})
        person = await client.get("/page/a/b")
        nobody = await client.get("/nothing")
        reader = await client.get("/nothing", headers={"accept": "text/html,*/*", "accept-language": "de"})
        method = await client.delete("/v1/orders")
    assert [answer.status_code for answer in (program, person, nobody, reader, method)] == [404, 404, 404, 404, 405]
    kinds = [answer.headers["content-type"].partition(";")[0] for answer in (program, person, nobody, reader, method)]
    assert kinds == [MEDIA_TYPE, "text/html", MEDIA_TYPE, "text/html", MEDIA_TYPE]
    assert (reader.headers["content-language"], WORDS["de"]["not_found.title"] in reader.text) == ("de", True)
    assert method.headers["allow"] == "GET, POST", "of all routes with this address, not of the first one"


async def test_a_fault_on_a_page_is_a_page_without_a_trace() -> None:
    async with app_client() as client:
        answer = await client.get("/page/fault")
    assert answer.status_code == 500
    assert WORDS["en"]["fault.title"] in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "RuntimeError" not in answer.text
    assert "example.org" not in answer.text


async def test_every_answer_carries_the_security_headers() -> None:
    async with app_client() as client:
        answers = [
            await client.get("/page/x"),
            await client.get("/v1/orders"),
            await client.get("/v1/raise/fault"),
            await client.get("/nothing"),
            await client.post("/v1/echo", content=b"x" * 1001),
            await client.post("/page/x"),
            await client.get("/static/site.css"),
            await client.get("/healthz"),
        ]
    for answer in answers:
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert len(headers["x-request-id"]) == 16
        assert headers["cache-control"] == (
            "public, max-age=31536000, immutable" if "css" in headers.get("content-type", "") else "no-store"
        )
        assert "server" not in headers


async def test_without_https_no_strict_transport_is_promised() -> None:
    app = application(FACES, parts_of(public_url="http://127.0.0.1:8400"))
    async with browser(app, base_url="http://127.0.0.1:8400") as client:
        assert "strict-transport-security" not in (await client.get("/healthz")).headers


async def test_a_route_may_set_a_header_itself() -> None:
    router = APIRouter()

    @router.get("/own")
    async def own() -> Response:
        return HTMLResponse("", headers={"Content-Security-Policy": "sandbox"})

    async with browser(application([Face(router, prefixes=("/own",))])) as client:
        assert (await client.get("/own")).headers.get_list("content-security-policy") == ["sandbox"]


async def test_the_stylesheet_of_a_page_is_there() -> None:
    async with app_client() as client:
        page = await client.get("/nothing", headers={"accept": "text/html"})
        href = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        style = await client.get(href)
    assert (style.status_code, style.headers["content-type"].partition(";")[0]) == (200, "text/css")


async def test_a_body_beyond_the_limit_is_refused_declared_or_not() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    async with app_client() as client:
        fits = await client.post("/v1/echo", content=b"x" * 1000)
        declared = await client.post("/v1/echo", content=b"x" * 1001)
        chunked = await client.post("/v1/echo", content=chunks())
        lying = await client.post("/v1/echo", content=b"x", headers={"content-length": "-5"})
        as_json = await client.post("/v1/orders", content=chunks(), headers={"content-type": "application/json"})
    assert fits.json() == {"bytes": 1000}
    assert [answer.status_code for answer in (declared, chunked, lying, as_json)] == [413] * 4
    assert {answer.json()["type"] for answer in (declared, chunked, lying, as_json)} == {TYPE + "too_large"}


async def test_what_takes_too_long_is_given_up_and_streams_are_not() -> None:
    async with browser(application(FACES, timeout_s=0.05)) as client:
        slow = await client.get("/v1/slow")
        stream = await client.get("/v1/stream")
    assert (slow.status_code, slow.json()["type"], slow.headers["retry-after"]) == (503, TYPE + "timed_out", "5")
    assert stream.text == "0\n1\n2\n"


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),  # what browsers send under no-referrer
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://care.example.com"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "https://care.example.com"}, True),
        ({"origin": "https://care.example.com.evil.example"}, False),
        ({"origin": "http://care.example.com"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
async def test_forms_are_taken_from_our_own_pages_only(headers: dict[str, str], accepted: bool) -> None:
    async with app_client() as client:
        answer = await client.post("/page/x", headers=headers)
        looked = await client.get("/page/x", headers=headers)
    assert answer.status_code == (200 if accepted else 403)
    assert looked.status_code == 200
    if not accepted:
        assert WORDS["en"]["forbidden.title"] in answer.text


async def test_programs_and_named_exceptions_are_not_asked_where_they_come_from() -> None:
    async with app_client(sec_fetch_site="cross-site", origin="https://evil.example") as client:
        assert (await client.post("/v1/echo", content=b"x")).status_code == 200
        assert (await client.post("/page/free/x")).status_code == 404  # reached the routes
        assert (await client.post("/page/freex")).status_code == 403
        assert (await client.post("/nowhere")).status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8400", 200), ("localhost:8400", 200), ("[::1]:8400", 200), ("evil.example", 421), ("evil.example:8400", 421), ("[", 421)],
)
async def test_a_local_web_process_answers_under_local_names_only(host: str, status: int) -> None:
    app = application(FACES, parts_of(public_url="http://127.0.0.1:8400"))
    async with browser(app, base_url="http://127.0.0.1:8400", host=host) as client:
        assert (await client.get("/page/x")).status_code == status
        assert (await client.get("/v1/orders")).status_code == 200  # programs carry their proof in each call


async def test_forwarded_addresses_count_from_named_proxies_only() -> None:
    forwarded = {"x_forwarded_for": "198.51.100.9, 192.0.2.66", "x_forwarded_proto": "https"}
    named = parts_of(web_trusted_proxies="192.0.2.0/24")
    for parts, peer, address, scheme in (
        (parts_of(), "127.0.0.1", "127.0.0.1", "http"),
        (named, "127.0.0.1", "127.0.0.1", "http"),
        (named, "192.0.2.1", "198.51.100.9", "https"),
    ):
        async with browser(application(FACES, parts), address=peer, base_url="http://care.example.com", **forwarded) as client:
            assert (await client.get("/v1/who")).json() == {"address": address, "scheme": scheme}


async def test_an_ipv6_network_is_one_address() -> None:
    for last in ("1", "ffff"):
        async with browser(application(FACES), address=f"2001:db8:1:2::{last}") as client:
            assert (await client.get("/v1/who")).json()["address"] == "2001:db8:1:2::/64"


async def test_the_log_names_routes_and_faults_and_nothing_that_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with app_client() as client:
        await client.get("/v1/raise/fault?mail=ada@example.org", headers={"referer": "https://x.example/ada"})
        await client.get("/page/hidden-token")
        missing = await client.get("/hidden-token", params={"q": "hidden-query"})
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("makegood")]
    assert any(line.startswith("GET /v1/raise/{name} 500 ") for line in lines)
    assert any(line.startswith("GET /page/{name} 200 ") for line in lines)
    assert any(line.startswith("GET (no route) 404 ") and missing.headers["x-request-id"] in line for line in lines)
    assert any(line.startswith("fault: ValueError at test_app.py:") for line in lines)
    for hidden in ("hidden", "example.org", "203.0.113.7", "4930123456"):
        assert hidden not in "\n".join(lines)
    assert not any(record.exc_info for record in caplog.records if record.name.startswith("makegood"))


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ({"store": "ok", "engine": "ok"}, 200),
        ({"store": "tables_older", "engine": "ok"}, 503),
        ({"store": "ok", "engine": "unreachable"}, 503),
    ],
)
async def test_readiness_names_the_part_that_is_not(checks: dict[str, str], status: int) -> None:
    async with browser(application(FACES, parts_of(FakeBackends(checks=checks)))) as client:
        ready, lives = await client.get("/readyz"), await client.head("/healthz")
    assert (ready.status_code, ready.json()["parts"]) == (status, checks)
    assert ready.json()["status"] == ("ready" if status == 200 else "not_ready")
    assert ("retry-after" in ready.headers) == (status == 503)
    assert lives.status_code == 200


@pytest.mark.parametrize(("wanted", "status"), [(False, 404), (True, 200)])
async def test_the_description_is_open_on_demand_and_pages_of_others_never(wanted: bool, status: int) -> None:
    async with browser(application(FACES, parts_of(web_openapi=wanted))) as client:
        assert (await client.get("/openapi.json")).status_code == status
        assert [(await client.get(path)).status_code for path in ("/docs", "/redoc")] == [404, 404]


async def test_what_runs_beside_the_requests_begins_and_ends_with_them() -> None:
    events: list[str] = []

    def beside(name: str) -> Callable[[], AbstractAsyncContextManager[None]]:
        @asynccontextmanager
        async def life() -> AsyncIterator[None]:
            events.append(f"{name} begins")
            yield
            events.append(f"{name} ends")

        return life

    face = Face(APIRouter(), prefixes=("/x",), beside=(beside("drain"),))
    app = application([face], opens=beside("store"))
    async with app.router.lifespan_context(app):
        events.append("serving")
    assert events == ["store begins", "drain begins", "serving", "drain ends", "store ends"]


def test_the_languages_say_the_same_things() -> None:
    assert set(WORDS["en"]) == set(WORDS["de"])
    pages = {name.partition(".")[0] for name in WORDS["en"] if name.endswith(".text")}
    assert {kind.page for kind in KINDS.values()} <= pages
