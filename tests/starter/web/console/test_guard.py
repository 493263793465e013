"""Behind the door: roles, forms of ours only, headers on every page, what a script is told, what went wrong in the frame."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse, Response

from starter.desk import Refused
from starter.passwords import Passwords
from starter.web.api.finding import Found
from starter.web.console.console import Console
from starter.web.console.face import console_faces
from starter.web.console.guard import needs
from starter.web.console.roles import ACTS, Act, actor, may, who_may
from starter.web.console.visit import SignedIn
from starter.web.parts import Face, WebParts
from store.engine import Store
from store.people import Person, PersonRole
from tests.starter.web.api.harness import one_case
from tests.starter.web.console.harness import CHEAP, Scene, usual_scene
from tests.starter.web.harness import KEY, parts_of, routes_of
from tests.store.samples import CASE, MONDAY


def with_pages(parts: WebParts) -> Sequence[Face]:
    """The console and a few pages as its other parts add them."""
    console = Console(parts, Passwords(CHEAP))
    router = console.router()

    @router.get("/console/test/case/{case_id}")
    @needs(Act.READ)
    async def case(visit: SignedIn, case_id: str) -> Response:
        found: Found = await console.case(visit, case_id)
        return console.show("notice", visit, title=found.key.case_id, text=None, request_id=None)

    @router.get("/console/test/live")
    @needs(Act.READ, live=True)
    async def live(visit: SignedIn) -> Response:
        return JSONResponse({"role": visit.person.role})

    @router.post("/console/test/resolve/{case_id}")
    @needs(Act.RESOLVE)
    async def resolve(visit: SignedIn, case_id: str) -> Response:
        async with console.audited(visit, Act.RESOLVE, case_id, code=visit.form.get("code")):
            if visit.form.get("code") == "no":
                raise Refused("the case is closed")
            if visit.form.get("code") == "bad":
                raise RuntimeError("a fault")
        return console.back("/console/account", "others_ended")

    return [Face(router, prefixes=("/console/test",)), *console_faces(parts, Passwords(CHEAP))]


@pytest.fixture
def scene(sqlite_store: Store) -> Scene:
    return usual_scene(sqlite_store, faces=with_pages)


def person(role: PersonRole) -> Person:
    return Person(person_id="p", name="lena", shown_name="Lena", role=role, created_at=MONDAY, created_by="x")


def test_each_role_may_what_the_one_before_may_and_what_the_table_says() -> None:
    added = {role.value: {act.value for act in ACTS[role]} for role in PersonRole}
    assert added["viewer"] == {"own", "read"}
    assert added["agent"] - added["viewer"] == {
        *("unmask", "reply", "note", "hold", "resume", "fact", "phone", "link", "customer_reply", "preferences", "outbox"),
    }
    assert added["lead"] - added["agent"] == {
        *("resolve", "escalate", "extend", "reassign", "withdraw", "merge", "feedback", "parks"),
    }
    assert added["admin"] - added["lead"] == {"people", "keys", "suppressions", "audit"}
    assert added["viewer"] < added["agent"] < added["lead"] < added["admin"] == {act.value for act in Act}
    assert may(person(PersonRole.LEAD), Act.RESOLVE)
    assert not may(person(PersonRole.AGENT), Act.RESOLVE)


def test_no_role_is_promised_what_no_page_does() -> None:
    """Each act of the table is what some page or form needs."""
    (face,) = console_faces(parts_of(link_keys=KEY))
    assert {act for route in routes_of(face.router) if (act := getattr(route.endpoint, "makegood_act", None))} == set(Act)


def test_the_case_knows_a_person_by_name_and_role_and_a_viewer_not_at_all() -> None:
    assert actor(person(PersonRole.AGENT), "why").model_dump(mode="json") == {"who": "lena", "role": "agent", "why": "why"}
    assert actor(person(PersonRole.ADMIN)).role == "admin"
    with pytest.raises(ValueError, match="viewer"):
        actor(person(PersonRole.VIEWER))


async def test_a_role_that_may_not_is_told_so_and_it_is_noted(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        await visitor.get("/console/account")
        answer = await visitor.post(f"/console/test/resolve/{CASE}", code="goodwill")
        assert (answer.status_code, "Your role (agent) may not do this. A lead or an admin can." in answer.text) == (403, True)
    assert [(row.act, row.detail) for row in await scene.audit()] == [("sign_in", {}), ("refused", {"needs": "resolve"})]


async def test_an_act_stands_in_the_log_before_it_is_tried_and_how_it_ended_if_not_well(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        await visitor.get("/console/account")
        done = await visitor.post(f"/console/test/resolve/{CASE}", code="goodwill")
        assert "Every other session" in done.text
        refused = await visitor.post(f"/console/test/resolve/{CASE}", code="no")
        assert (refused.status_code, "the case is closed" in refused.text, "Sign out" in refused.text) == (409, True, True)
        await visitor.get("/console/account")
        assert (await visitor.post(f"/console/test/resolve/{CASE}", code="bad")).status_code == 500
    assert [(row.person, row.case_id, row.detail) for row in await scene.audit("resolve")] == [
        ("lena", CASE, {"code": "goodwill"}),
        ("lena", CASE, {"code": "no"}),
        ("lena", CASE, {"outcome": "refused"}),
        ("lena", CASE, {"code": "bad"}),
        ("lena", CASE, {"outcome": "unknown"}),
    ]


@pytest.mark.parametrize("path", [f"/console/test/resolve/{CASE}", "/console/sign-out", "/console/account", "/console/sign-in"])
async def test_a_form_of_another_site_is_refused(scene: Scene, path: str) -> None:
    async with scene.signed_in() as visitor:
        await visitor.get("/console/account")
        for site in ("cross-site", "same-site", "none"):
            visitor.headers["sec-fetch-site"] = site
            assert (await visitor.post(path)).status_code == 403
        del visitor.headers["sec-fetch-site"]
        for origin in ("https://evil.example", "null"):
            visitor.headers["origin"] = origin
            assert (await visitor.post(path)).status_code == 403
    assert [row.act for row in await scene.audit()] == ["sign_in"]


async def test_a_form_needs_the_token_of_this_session(scene: Scene) -> None:
    await scene.person("ann")
    async with scene.signed_in() as visitor, scene.stranger() as other:
        await other.sign_in("ann")
        await other.get("/console/account")
        for token in ("", "x", other.token):
            answer = await visitor.post(f"/console/test/resolve/{CASE}", csrf_token=token, why="a long reason")
            assert (answer.status_code, "a long reason" in answer.text) == (403, True)
        scene.clock.now += timedelta(minutes=1)
        await visitor.get("/console/account")
        assert (await visitor.post(f"/console/test/resolve/{CASE}")).status_code == 200


async def test_what_was_typed_when_the_session_ended_is_given_back(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        await visitor.get("/console/account")
        scene.clock.now += timedelta(hours=1)
        answer = await visitor.post(f"/console/test/resolve/{CASE}", why="<b>a long reason</b>")
        assert (answer.status_code, "&lt;b&gt;a long reason" in answer.text, "Nothing was done." in answer.text) == (401, True, True)
    assert await scene.audit("resolve") == []


async def test_another_merchants_case_does_not_exist(scene: Scene) -> None:
    await one_case(scene.store, merchant="northwind")
    await scene.person("all")
    async with scene.signed_in(merchants=["acme", "other"]) as visitor, scene.stranger() as everything:
        answers = [await visitor.get(f"/console/test/case/{case_id}") for case_id in (CASE, "no-such-case", "a b")]
        # Of both the engine is asked, which is away here: a fault, too, must not tell one from the other.
        assert [answer.status_code for answer in answers] == [503, 503, 404]
        assert "No such case is known" in answers[2].text
        await everything.sign_in("all")
        found = await everything.get(f"/console/test/case/{CASE}")
        assert (found.status_code, f"<h1>{CASE}</h1>" in found.text) == (200, True)


async def test_what_a_script_asks_by_itself_keeps_no_session_alive_and_is_told_plainly(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        visitor.headers["accept"] = "*/*"
        for _ in range(2):
            scene.clock.now += timedelta(minutes=14)
            assert (await visitor.get("/console/test/live")).json() == {"role": "lead"}
        scene.clock.now += timedelta(minutes=14)
        ended = await visitor.get("/console/test/live")
        assert (ended.status_code, ended.json()["type"]) == (401, "urn:makegood:problem:unauthorized")
    async with scene.stranger() as nobody:
        nobody.headers["accept"] = "*/*"
        assert (await nobody.post("/console/test/resolve/x")).status_code == 401


async def test_every_page_carries_the_headers_and_no_script_or_style_of_its_own(scene: Scene) -> None:
    await one_case(scene.store)
    async with scene.stranger() as nobody, scene.signed_in() as visitor:
        pages = [
            await nobody.get("/console/sign-in"),
            await nobody.sign_in("lena", "wrong"),
            await nobody.post("/console/account"),
            await visitor.get("/console/account"),
            await visitor.get(f"/console/test/case/{CASE}"),
            await visitor.get("/console/nowhere"),
            await visitor.post("/console/account", csrf_token="x"),
            await visitor.get("/console", follow=False),
        ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert ("frame-ancestors 'none'" in policy, "unsafe" in policy) == (True, False)
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert [mark for mark in ("<script", "<style", " style=", " onclick=") if mark in page.text] == []


async def test_the_stylesheet_is_open_to_everybody_and_may_be_kept(scene: Scene) -> None:
    async with scene.stranger() as nobody:
        style = await nobody.get("/console/console.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in style.headers["cache-control"]


async def test_without_books_the_door_says_come_again(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        scene.backends.opened = None
        for answer in (await visitor.get("/console/account"), await visitor.sign_in()):
            assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_who_may_is_said_as_it_is() -> None:
    assert who_may(Act.AUDIT) == "An admin"
    assert who_may(Act.OUTBOX) == "An agent, a lead or an admin"
    assert who_may(Act.READ) == "A viewer, an agent, a lead or an admin"
