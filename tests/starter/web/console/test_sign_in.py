"""The door of the console: right, wrong, locked, disabled, over; what the cookie is; what the log is told."""

import asyncio
import re
import threading
from contextlib import AsyncExitStack, ExitStack, suppress
from datetime import timedelta
from typing import Literal

import httpx2
import pytest
from argon2 import PasswordHasher

from starter.passwords import Passwords, TooBusy
from starter.web.console.face import console_faces
from starter.web.console.lock_out import locked_for
from starter.web.console.navigation import home_of
from store.engine import Store
from store.people import People, PersonRole
from tests.starter.web.console.harness import CHEAP, PASSWORD, Scene, scene_of

NEW = "a quite new sentence of mine"


@pytest.fixture
def scene(sqlite_store: Store) -> Scene:
    """Of each test's own: what the door remembers is what it is about."""
    return scene_of(sqlite_store)


async def test_who_signs_in_is_let_in_and_who_signs_out_is_out(scene: Scene) -> None:
    await scene.person()
    async with scene.stranger() as visitor:
        asked = await visitor.get("/console/account")
        assert ("Sign in to the console" in asked.text, str(asked.url.query)) == (True, "b'to=/console/account'")
        page = await visitor.sign_in(to="/console/account")
        assert (page.status_code, "<h1>Your account</h1>" in page.text, "Lena" in page.text) == (200, True, True)
        assert (await visitor.get("/console/sign-in", follow=False)).status_code == 303  # who is in is not asked again
        cookie = dict(visitor.http.cookies)
        left = await visitor.post("/console/sign-out")
        assert "You are signed out." in left.text
        assert "You are signed out." not in (await visitor.get("/console/sign-in")).text
        visitor.http.cookies.update(cookie)
        assert "Sign in to the console" in (await visitor.get("/console/account")).text  # ended in the books, too
    assert [(row.act, row.person, row.role) for row in await scene.audit()] == [("sign_in", "lena", "lead"), ("sign_out", "lena", "lead")]


async def test_the_cookie_belongs_to_this_host_alone_and_is_another_one_each_time(scene: Scene) -> None:
    await scene.person()
    async with scene.stranger() as visitor:
        tokens = []
        for _ in range(2):
            answer = await visitor.post("/console/sign-in", follow=False, name="lena", password=PASSWORD)
            cookie, _ = answer.headers.get_list("set-cookie")
            assert cookie.startswith("__Host-makegood-console=")
            assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} == {part.strip() for part in cookie.split(";")[1:]}
            tokens.append(cookie.split(";")[0].partition("=")[2])
        assert tokens[0] != tokens[1]
        visitor.http.cookies.clear()
        old = await visitor.http.get("/console/account", headers={**visitor.headers, "cookie": f"__Host-makegood-console={tokens[0]}"})
        assert old.status_code == 303  # signing in again ended the session before


async def test_on_this_machine_alone_the_cookie_does_without_https(sqlite_store: Store) -> None:
    scene = scene_of(sqlite_store, public_url="http://127.0.0.1:8400")
    await scene.person()
    async with scene.stranger() as visitor:
        visitor.http.base_url = httpx2.URL("http://127.0.0.1:8400")
        answer = await visitor.post("/console/sign-in", follow=False, name="lena", password=PASSWORD)
        for name, cookie in zip(("makegood-console=", "makegood-device="), answer.headers.get_list("set-cookie"), strict=True):
            assert (cookie.startswith(name), "HttpOnly" in cookie, "Secure" in cookie) == (True, True, False)


async def test_wrong_is_wrong_in_the_same_words_whoever_is_meant(scene: Scene) -> None:
    await scene.person()
    async with scene.stranger() as visitor:
        pages = []
        for name, password in (("lena", "wrong"), ("nobody", PASSWORD), ("lena", ""), ("LENA ", PASSWORD + " "), ("<script>", "x")):
            answer = await visitor.sign_in(name, password)
            assert (answer.status_code, "Name or password is wrong." in answer.text) == (401, True), name
            assert "<script>" not in answer.text
            pages.append(re.sub(r'value="[^"]*"', "", answer.text))
        assert len(set(pages)) == 1
        assert (await visitor.sign_in(" LENA ")).status_code == 200  # the name's letters do not matter
    rows = await scene.audit("sign_in")
    assert [(row.act, row.person) for row in rows] == [
        ("sign_in.failed", "lena"),
        ("sign_in.failed", None),
        ("sign_in.failed", "lena"),
        ("sign_in.failed", "lena"),
        ("sign_in.failed", None),
        ("sign_in", "lena"),
    ]


@pytest.mark.parametrize("name", ["lena", "nobody"])
async def test_after_five_wrong_ones_a_name_waits_and_is_told_how_long_also_a_name_of_nobody(scene: Scene, name: str) -> None:
    await scene.person()
    async with scene.stranger() as visitor:
        answers = [await visitor.sign_in(name, "wrong") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert "Too many wrong passwords for this name. Wait 1 minute and try again." in answers[-1].text
        assert answers[-1].headers["retry-after"] == "60"
        assert (await visitor.sign_in(name)).status_code == 429  # the right one is not tried either
        scene.clock.now += timedelta(seconds=61)
        assert (await visitor.sign_in(name, "wrong")).status_code == 401
        assert "Wait 2 minutes" in (await visitor.sign_in(name, "wrong")).text
        scene.clock.now += timedelta(seconds=121)
        assert (await visitor.sign_in(name)).status_code == (200 if name == "lena" else 401)
    assert {row.person for row in await scene.audit("sign_in.locked")} == {"lena" if name == "lena" else None}


async def test_strangers_who_go_on_lock_strangers_and_not_the_browser_that_its_person_knows(scene: Scene) -> None:
    await scene.person()
    async with scene.stranger() as known, scene.stranger() as stranger:  # behind one address
        await known.sign_in()
        await known.post("/console/sign-out")
        for _ in range(3):
            answers = [await stranger.sign_in("lena", "wrong") for _ in range(8)]
            assert answers[-1].status_code == 429
            assert (await known.sign_in()).status_code == 200
            assert (await stranger.sign_in()).status_code == 429  # though the password was right just now, elsewhere
            scene.clock.now += timedelta(minutes=15)
        wrong = [(await known.sign_in("lena", "wrong")).status_code for _ in range(6)]
        assert wrong == [401] * 5 + [429]  # counted by itself, no weaker


async def test_a_known_browser_is_known_for_its_person_alone_and_for_half_a_year(scene: Scene) -> None:
    for name in ("lena", "omar"):
        await scene.person(name)
    async with scene.stranger() as lenas:
        answer = await lenas.post("/console/sign-in", follow=False, name="lena", password=PASSWORD)
        cookie = answer.headers.get_list("set-cookie")[1]
        name, _, value = cookie.partition(";")[0].partition("=")
        assert name == "__Host-makegood-device"
        assert {part.strip() for part in cookie.split(";")[1:]} == {"Max-Age=15552000", "Secure", "HttpOnly", "SameSite=strict", "Path=/"}
        assert "lena" not in value

    async def enters(whose: str, cookie: str) -> int:
        async with scene.stranger("198.51.100.9") as visitor:
            visitor.http.cookies.set(name, cookie)
            return (await visitor.sign_in(whose)).status_code

    async with scene.stranger("192.0.2.1") as stranger:
        for whose in ("lena", "omar"):
            for _ in range(5):
                await stranger.sign_in(whose, "wrong")
    assert [await enters("lena", value), await enters("omar", value)] == [200, 429]
    assert [await enters("lena", other) for other in ("", value[:-2], value[:-1] + "~", "x." + value, "x" * 4000)] == [429] * 5
    scene.clock.now += timedelta(days=181)
    async with scene.stranger("192.0.2.1") as stranger:
        for _ in range(5):
            await stranger.sign_in("lena", "wrong")
    assert await enters("lena", value) == 429


async def test_a_one_time_password_opens_while_strangers_keep_the_name_locked(scene: Scene) -> None:
    """So that nobody is kept out for good: an admin, or whoever has the machine, can always help in."""
    await scene.person(one_time=True)
    async with scene.stranger("192.0.2.1") as stranger, scene.stranger() as visitor:
        assert [(await stranger.sign_in("lena", "wrong")).status_code for _ in range(6)] == [401] * 5 + [429]
        assert "Choose your own password" in (await visitor.sign_in()).text
        await visitor.post("/console/account", present=PASSWORD, new=NEW, again=NEW)
        assert [(await stranger.sign_in("lena", "wrong")).status_code for _ in range(6)] == [401] * 5 + [429]
        assert (await stranger.sign_in("lena", NEW)).status_code == 429  # a password of one's own can be guessed
        await visitor.post("/console/sign-out")
        assert (await visitor.sign_in("lena", NEW)).status_code == 200


@pytest.mark.parametrize("name", ["lena", "nobody"])
async def test_every_process_counts_on_where_another_one_stopped_whoever_is_meant(sqlite_store: Store, name: str) -> None:
    one, other = scene_of(sqlite_store), scene_of(sqlite_store)
    await one.person()
    async with one.stranger() as here, other.stranger() as there:
        assert [(await here.sign_in(name, "wrong")).status_code for _ in range(4)] == [401] * 4
        assert [(await there.sign_in(name, "wrong")).status_code for _ in range(2)] == [401, 429]
        assert (await here.sign_in(name, "wrong")).status_code == 429


async def test_who_is_told_to_come_again_has_not_tried(sqlite_store: Store) -> None:
    passwords = Passwords(CHEAP)
    scene = scene_of(sqlite_store, faces=lambda parts: console_faces(parts, passwords))
    await scene.person()
    async with scene.stranger() as visitor:
        with ExitStack() as crowd:
            with suppress(TooBusy):
                while True:
                    crowd.enter_context(passwords.place())
            busy = [await visitor.sign_in() for _ in range(25)]
        assert {answer.status_code for answer in busy} == {503}  # neither the name nor the address
        assert [(await visitor.sign_in("lena", "wrong")).status_code for _ in range(4)] == [401] * 4
        assert (await visitor.sign_in()).status_code == 200


async def test_what_strangers_do_makes_few_rows_in_the_log(scene: Scene) -> None:
    async with AsyncExitStack() as crowd:
        for number in range(10):
            stranger = await crowd.enter_async_context(scene.stranger(f"192.0.2.{number}"))
            for name in range(10):
                await stranger.sign_in(f"name{number}.{name}", "x")
    told = await scene.audit("sign_in.failed")
    assert len(told) == 9
    assert sum(int(row.detail.get("times", 1)) for row in told) == 64  # the other 36 with the next


def test_a_lock_grows_and_ends() -> None:
    minutes = [locked_for(failures).total_seconds() / 60 for failures in (0, 1, 4, 5, 6, 7, 8, 9, 10, 1000)]
    assert minutes == [0, 0, 0, 1, 2, 4, 8, 15, 15, 15]


async def test_an_address_that_tries_many_names_waits_but_right_ones_do_not_count(scene: Scene) -> None:
    await scene.person()
    async with scene.stranger() as office, scene.stranger(address="198.51.100.9") as elsewhere:
        for _ in range(25):
            assert (await office.sign_in()).status_code == 200
        answers = await asyncio.gather(
            *(
                office.http.post("/console/sign-in", data={"name": f"name{number}", "password": "x"}, headers=office.headers)
                for number in range(25)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [401] * 20 + [429] * 5
        assert any("Too many tries from your network. Wait 10 minutes" in answer.text for answer in answers)
        assert (await elsewhere.sign_in()).status_code == 200


async def test_a_disabled_person_is_out_at_once_and_stays_out(scene: Scene) -> None:
    await scene.person("ann", PersonRole.ADMIN)
    async with scene.signed_in() as visitor:
        await People(scene.store).disable("lena", scene.clock())
        assert "Sign in to the console" in (await visitor.get("/console/account")).text
        assert (await visitor.sign_in()).status_code == 401


async def test_a_one_time_password_opens_nothing_but_the_choice_of_another(scene: Scene) -> None:
    await scene.person(one_time=True)
    async with scene.stranger() as visitor:
        page = await visitor.sign_in(to="/console")
        assert "Choose your own password" in page.text
        for wrong, words in (
            ({"present": PASSWORD, "new": "too short", "again": "too short"}, "It has 9 characters; right would be at least 15"),
            ({"present": PASSWORD, "new": "lena lena lena lena", "again": "lena lena lena lena"}, "It is mostly your name"),
            ({"present": PASSWORD, "new": "abab" * 5, "again": "abab" * 5}, "It repeats too few characters"),
            ({"present": PASSWORD, "new": NEW, "again": NEW + "!"}, "It is not the same as above."),
            ({"present": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "It is the present one"),
            ({"present": "wrong", "new": NEW, "again": NEW}, "It is not your present password."),
        ):
            answer = await visitor.post("/console/account", follow=True, **wrong)
            assert (answer.status_code, words in answer.text) == (422, True), words
            assert wrong["new"] not in answer.text
        done = await visitor.post("/console/account", present=PASSWORD, new=NEW, again=NEW)
        assert (done.status_code, "Your new password is in force." in done.text) == (200, True)
        assert (await visitor.sign_in(password=PASSWORD)).status_code == 401
        assert (await visitor.sign_in(password=NEW)).status_code == 200
    assert [row.act for row in await scene.audit("password")] == ["password.failed", "password", "password.chosen"]


async def test_a_one_time_password_ends_by_itself(scene: Scene) -> None:
    await scene.person(one_time=True)
    scene.clock.now += timedelta(hours=72)
    async with scene.stranger() as visitor:
        answer = await visitor.sign_in()
        assert (answer.status_code, "This one-time password is too old." in answer.text) == (401, True)
        assert "too old" not in (await visitor.sign_in(password="wrong")).text
    assert [row.act for row in await scene.audit()] == ["sign_in.expired", "sign_in.failed"]


async def test_a_new_password_ends_every_other_session(scene: Scene) -> None:
    async with scene.signed_in() as here, scene.stranger() as there:
        await there.sign_in()
        await here.get("/console/account")
        await here.post("/console/account", present=PASSWORD, new=NEW, again=NEW)
        assert "<h1>Your account</h1>" in (await here.get("/console/account")).text
        assert "Sign in to the console" in (await there.get("/console/account")).text


async def test_other_sessions_are_ended_on_demand(scene: Scene) -> None:
    async with scene.signed_in() as here, scene.stranger() as there:
        await there.sign_in()
        await here.get("/console/account")
        assert "Every other session of yours has ended." in (await here.post("/console/account/sessions")).text
        assert "Sign in to the console" in (await there.get("/console/account")).text
    assert [row.detail for row in await scene.audit("sign_out")] == [{"sessions": 1}]


async def test_a_session_ends_without_use_and_after_a_working_day(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        for _ in range(3):
            scene.clock.now += timedelta(minutes=29)
            assert (await visitor.get("/console/account", follow=False)).status_code == 200
        scene.clock.now += timedelta(minutes=31)
        ended = await visitor.get("/console/account", follow=False)
        assert (ended.status_code, ended.headers["location"]) == (303, "/console/sign-in?to=/console/account")
        await visitor.sign_in()
        for _ in range(24):
            scene.clock.now += timedelta(minutes=29, seconds=50)
            assert (await visitor.get("/console/account", follow=False)).status_code == 200
        scene.clock.now += timedelta(minutes=5)
        assert (await visitor.get("/console/account", follow=False)).status_code == 303


@pytest.mark.parametrize(
    "to",
    ["https://evil.example", "//evil.example", "/console/../../x", "/console//evil.example", "/v1/cases", "/console\n", "javascript:1"],
)
async def test_nobody_is_sent_on_to_a_strange_place(scene: Scene, to: str) -> None:
    lena = await scene.person()
    async with scene.stranger() as visitor:
        answer = await visitor.post("/console/sign-in", follow=False, name="lena", password=PASSWORD, to=to)
        assert answer.headers["location"] == home_of(lena)


async def test_a_password_is_hashed_anew_when_the_parameters_change(sqlite_store: Store) -> None:
    dearer = scene_of(sqlite_store, hasher=PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    await dearer.person()
    async with dearer.stranger() as visitor:
        for _ in range(2):
            assert (await visitor.sign_in()).status_code == 200
    tried = await People(sqlite_store).to_try("lena")
    assert tried is not None
    assert "m=8,t=2,p=1" in tried.password


class Waiting(PasswordHasher):
    """A hasher that says when it checks, and goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=8, parallelism=1)
        self.checks, self.go_on = threading.Event(), threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.checks.set()
        assert self.go_on.wait(10)
        return super().verify(hash, password)


async def test_a_reset_while_the_old_password_is_checked_holds(sqlite_store: Store) -> None:
    hasher = Waiting()
    scene = scene_of(sqlite_store, hasher=hasher)
    await scene.person()
    async with scene.stranger() as visitor:
        answer = asyncio.create_task(visitor.sign_in())
        assert await asyncio.to_thread(hasher.checks.wait, 10)
        await People(sqlite_store).reset("lena", "by-the-admin", scene.clock() + timedelta(hours=72))
        hasher.go_on.set()
        assert (await answer).status_code == 401
    tried = await People(sqlite_store).to_try("lena")
    assert tried is not None
    assert tried.password == "by-the-admin"


async def test_what_was_typed_as_a_name_or_password_is_in_no_row(scene: Scene) -> None:
    async with scene.stranger() as visitor:
        await visitor.sign_in("my-password-by-mistake", "other-secret")
    assert "by-mistake" not in str(await scene.audit())
    assert "secret" not in str(await scene.audit())
