"""The admin's pages: people, keys, suppressions, the audit log; each act confirmed, noted, and shown once where it is secret."""

import html
import re
from datetime import timedelta

import pytest

from policies.case.vocabulary import Channel, MessageClass
from store.api_keys import ApiKeys, NewKey, Scope
from store.audit import Audit
from store.people import People, PersonRole
from store.suppressions import Covers, SuppressionBooks, SuppressionReason
from tests.starter.web.console.harness import Scene, Visitor
from tests.store.samples import CASE, MONDAY, hours

PEOPLE, KEYS = "/console/admin/people", "/console/admin/keys"
SUPPRESSIONS, AUDIT = "/console/admin/suppressions", "/console/admin/audit"
_SECRET = re.compile(r'<p class="secret"><code>([^<]+)</code>')
_ROW = re.compile(r'name="row" value="([^"]+)"')


def secret(text: str) -> str:
    found = _SECRET.search(text)
    assert found, text
    return found[1]


def unescaped(text: str) -> str:
    return html.unescape(text)


@pytest.mark.parametrize("role", [PersonRole.VIEWER, PersonRole.AGENT, PersonRole.LEAD])
async def test_nobody_but_an_admin_sees_these_pages(scene: Scene, role: PersonRole) -> None:
    async with scene.signed_in(role) as visitor:
        for path in ("/console/admin", PEOPLE, f"{PEOPLE}/lena", KEYS, SUPPRESSIONS, AUDIT):
            assert (await visitor.get(path)).status_code == 403, path
        await visitor.get("/console/account")
        for path in (PEOPLE, f"{PEOPLE}/lena/role", f"{PEOPLE}/lena/reset", f"{PEOPLE}/lena/disable", KEYS, f"{SUPPRESSIONS}/lift"):
            assert (await visitor.post(path, role="admin", sure="yes")).status_code == 403, path
        assert ">Admin</a>" not in (await visitor.get("/console/account")).text


async def test_a_person_is_made_and_comes_in_with_the_password_that_was_shown_once(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann, scene.stranger() as bob:
        await ann.get("/console/admin")
        made = await ann.post(PEOPLE, name=" Bob ", shown_name="Bob Agent", role="agent", merchants="northwind, acme")
        password = secret(made.text)
        assert "It is shown once" in made.text
        assert password not in (await ann.get(PEOPLE)).text + (await ann.get(f"{PEOPLE}/bob")).text
        assert "Choose your own password" in (await bob.sign_in("bob", password)).text
    person = await People(scene.store).named("bob")
    assert person is not None
    assert (person.shown_name, person.role, person.merchants, person.created_by) == ("Bob Agent", "agent", ["northwind", "acme"], "ann")
    (row,) = await scene.audit("people")
    assert (row.act, row.person, row.detail) == ("people.create", "ann", {"whom": "bob", "as": "agent", "merchants": 2})


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"name": "bob@example.com"}, 422, "Name: right would be 2 to 40 small letters"),
        ({"name": ""}, 422, "Name: right would be"),
        ({"name": "ann"}, 409, "there is a person ann already"),
        ({"name": "bob", "role": "owner"}, 422, "Role: "),
        ({"name": "bob", "merchants": "a@b"}, 422, "Merchants: right would be names"),
        ({"name": "bob", "role": "admin", "merchants": "acme"}, 422, "an admin is for every merchant"),
        ({"name": "bob", "shown_name": "<b>"}, 422, "Shown as: right would be"),
    ],
)
async def test_what_is_wrong_with_a_person_is_said_and_kept(scene: Scene, given: dict[str, str], status: int, words: str) -> None:
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        await ann.get(PEOPLE)
        answer = await ann.post(PEOPLE, follow=True, **{"role": "agent", "shown_name": "Bob B", **given})
        assert (answer.status_code, words in unescaped(answer.text)) == (status, True), unescaped(answer.text)
        assert f'value="{html.escape(given.get("shown_name", "Bob B"))}"' in answer.text
    assert len(await People(scene.store).all()) == 1


async def test_a_role_is_in_force_with_the_next_click(scene: Scene) -> None:
    await scene.person("bob", PersonRole.AGENT)
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann, scene.stranger() as bob:
        await bob.sign_in("bob")
        await ann.get(f"{PEOPLE}/bob")
        assert "in force with the person" in (await ann.post(f"{PEOPLE}/bob/role", role="admin", merchants="")).text
        assert (await bob.get(PEOPLE)).status_code == 200
        await ann.post(f"{PEOPLE}/bob/role", role="viewer", merchants="acme")
        assert (await bob.get(PEOPLE)).status_code == 403
        last = await ann.post(f"{PEOPLE}/ann/role", role="lead")
        assert (last.status_code, "ann is the last admin" in last.text) == (409, True)
        assert (await ann.get(f"{PEOPLE}/nobody")).status_code == 404
        assert (await ann.post(f"{PEOPLE}/nobody/reset", sure_reset="yes")).status_code == 404


async def test_helping_in_again_and_disabling_ask_first(scene: Scene) -> None:
    await scene.person("bob", PersonRole.AGENT)
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann, scene.stranger() as bob:
        await bob.sign_in("bob")
        await ann.get(f"{PEOPLE}/bob")
        for act in ("reset", "disable"):
            asked = await ann.post(f"{PEOPLE}/bob/{act}")
            assert (asked.status_code, "Tick the box" in asked.text) == (422, True)
        assert (await bob.get("/console/account", follow=False)).status_code == 200
        password = secret((await ann.post(f"{PEOPLE}/bob/reset", sure_reset="yes")).text)
        assert (await bob.get("/console/account", follow=False)).status_code == 303
        assert (await bob.sign_in("bob")).status_code == 401
        assert (await bob.sign_in("bob", password)).status_code == 200
        await ann.get(f"{PEOPLE}/bob")
        assert "Every session has ended." in (await ann.post(f"{PEOPLE}/bob/disable", sure_disable="yes")).text
        assert (await bob.get("/console/account", follow=False)).status_code == 303
        assert "Enabled." in (await ann.post(f"{PEOPLE}/bob/enable")).text
        assert (await bob.sign_in("bob", password)).status_code == 200
        own = await ann.post(f"{PEOPLE}/ann/disable", sure_disable="yes")
        assert (own.status_code, "This is you" in own.text) == (422, True)
    assert [row.act for row in await scene.audit("people")] == ["people.reset", "people.disable", "people.enable"]


async def test_a_key_is_made_shown_once_and_revoked_for_good(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        await ann.get(KEYS)
        values = {"name": "shop-backend", "scopes": ["read", "open"], "merchant": "northwind", "life": "90", "per_minute": "60"}
        text = secret((await ann.post(KEYS, follow=True, **values)).text)
        key = await ApiKeys(scene.store).check(text)
        assert key is not None
        assert (key.scopes, key.merchant, key.per_minute, key.created_by) == ([Scope.OPEN, Scope.READ], "northwind", 60, "ann")
        assert key.expires_at == MONDAY + timedelta(days=90)
        page = await ann.get(f"{KEYS}/{key.key_id}")
        assert text.rsplit("_", 1)[1] not in page.text + (await ann.get(KEYS)).text
        asked = await ann.post(f"{KEYS}/{key.key_id}/revoke")
        assert (asked.status_code, "cannot be brought back" in asked.text) == (422, True)
        done = await ann.post(f"{KEYS}/{key.key_id}/revoke", sure="yes")
        assert ("Revoked." in done.text, "No active keys." in done.text, "Show the 1 that has ended" in done.text) == (True, True, True)
        assert "shop-backend" in (await ann.get(f"{KEYS}?ended=yes")).text
        assert (await ann.get(f"{KEYS}/000000000000")).status_code == 404
    rows = await scene.audit("keys")
    assert [(row.act, row.detail) for row in rows] == [
        ("keys.create", {"name": "shop-backend", "scopes": "read open", "merchant": "northwind"}),
        ("keys.revoke", {"key": key.key_id, "name": "shop-backend"}),
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "a@b"}, "Service: right would be"),
        ({"scopes": []}, "It may: tick at least one"),
        ({"scopes": ["everything"]}, "It may: tick at least one"),
        ({"life": "4000"}, "Ends: choose one of the list"),
        ({"per_minute": "many"}, "Requests a minute: right would be"),
        ({"per_minute": "0"}, "Requests a minute: right would be"),
        ({"merchant": "a@b"}, "Merchant: right would be"),
    ],
)
async def test_what_is_wrong_with_a_key_is_said(scene: Scene, wrong: dict[str, str | list[str]], words: str) -> None:
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        await ann.get(KEYS)
        answer = await ann.post(KEYS, follow=True, **{"name": "shop", "scopes": ["open"], **wrong})
        assert (answer.status_code, words in unescaped(answer.text)) == (422, True), unescaped(answer.text)
    assert await ApiKeys(scene.store).all() == []
    assert await scene.audit("keys") == []


async def suppressed(scene: Scene) -> SuppressionBooks:
    books = SuppressionBooks(scene.store)
    await books.suppress(Channel.EMAIL, "ada.brook@example.com", SuppressionReason.HARD_BOUNCE, hours(1), "sendgrid:e1")
    await books.suppress(Channel.EMAIL, "bob@example.org", SuppressionReason.UNSUBSCRIBE, hours(2), "unsubscribe", Covers.STATUS)
    await books.suppress(Channel.SMS, "+447700900117", SuppressionReason.STOP, hours(3), "twilio:s1")
    return books


async def row_of(visitor: Visitor, channel: str = "email", number: int = 0) -> str:
    page = await visitor.get(f"{SUPPRESSIONS}?channel={channel}")
    return html.unescape(_ROW.findall(page.text)[number])


async def test_suppressions_are_listed_masked_and_no_page_holds_an_address(scene: Scene) -> None:
    await suppressed(scene)
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        page = await ann.get(SUPPRESSIONS)
        for words in ("a***@example.com", "b***@example.org", "bounced for good", "updates and surveys", "sendgrid", "1 bounced for good"):
            assert words in page.text, words
        assert page.text.index("b***@") < page.text.index("a***@")  # the newest first
        sms = await ann.get(f"{SUPPRESSIONS}?channel=sms")
        assert ("+44 *** 117" in sms.text, 'name="row"' in sms.text, "sending START" in sms.text) == (True, False, True)
        assert "+44 *** 117" in (await ann.get(f"{SUPPRESSIONS}?channel=voice")).text  # who says STOP is not called either
        confirm = await ann.post(f"{SUPPRESSIONS}/ask", row=await row_of(ann))
        for text in (page.text, sms.text, confirm.text):
            assert "ada.brook" not in text
            assert "bob@" not in text
            assert "7700900" not in text
        for path in (f"{SUPPRESSIONS}?channel=fax", f"{SUPPRESSIONS}?page=0", f"{SUPPRESSIONS}?page=999999"):
            assert (await ann.get(path)).status_code == 404, path


async def test_one_address_is_found_without_standing_in_an_address_of_ours(scene: Scene) -> None:
    await suppressed(scene)
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        await ann.get(SUPPRESSIONS)
        found = await ann.post(f"{SUPPRESSIONS}/find", channel="email", address=" Ada.Brook@example.com ")
        assert ("a***@example.com" in found.text, "b***@" in found.text) == (True, False)
        none = await ann.post(f"{SUPPRESSIONS}/find", channel="email", address="eve@example.com")
        assert "Nothing stops messages to this address" in none.text
        wrong = await ann.post(f"{SUPPRESSIONS}/find", channel="sms", address="12")
        assert (wrong.status_code, "right would be E.164" in wrong.text) == (422, True)
    assert [row.detail for row in await scene.audit("suppressions")] == [
        {"channel": "email", "found": 1},
        {"channel": "email", "found": 0},
    ]


async def test_a_suppression_is_lifted_with_a_reason_and_once(scene: Scene) -> None:
    books = await suppressed(scene)
    scene.clock.now = hours(5)
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        row = await row_of(ann, number=1)
        asked = await ann.post(f"{SUPPRESSIONS}/ask", row=row)
        assert "Lift the suppression of a***@example.com?" in asked.text
        without = await ann.post(f"{SUPPRESSIONS}/lift", row=row)
        assert (without.status_code, "choose one of the list" in without.text) == (422, True)
        assert "Lifted." in (await ann.post(f"{SUPPRESSIONS}/lift", row=row, why="address_works")).text
        assert "Nothing was lifted" in (await ann.post(f"{SUPPRESSIONS}/lift", row=row, why="address_works")).text
        for forged in ("", "x", row[:-4] + "AAAA"):
            assert (await ann.post(f"{SUPPRESSIONS}/lift", row=forged, why="our_mistake")).status_code == 422
        await ann.get(SUPPRESSIONS)
    assert await books.is_suppressed(Channel.EMAIL, "ada.brook@example.com", MessageClass.STATUS) is None
    assert await books.is_suppressed(Channel.EMAIL, "bob@example.org", MessageClass.STATUS) == "unsubscribe"
    rows = await scene.audit("suppressions")
    assert [row.detail for row in rows] == [{"channel": "email", "reason": "hard_bounce", "why": "address_works"}] * 2
    assert "ada" not in str(rows)


async def test_many_suppressions_come_in_pages(scene: Scene) -> None:
    books = SuppressionBooks(scene.store)
    for number in range(51):
        await books.suppress(Channel.EMAIL, f"{number}@example.com", SuppressionReason.SPAM, hours(number), "sendgrid:x")
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        first, second = await ann.get(SUPPRESSIONS), await ann.get(f"{SUPPRESSIONS}?channel=email&page=2")
    assert (len(_ROW.findall(first.text)), len(_ROW.findall(second.text))) == (50, 1)
    assert ("page=2" in first.text, ">Older<" in second.text, ">Newer<" in second.text) == (True, False, True)


async def test_the_audit_log_is_read_by_person_case_and_act_in_pages(scene: Scene) -> None:
    audit = Audit(scene.store)
    for number in range(60):
        await audit.note(hours(number), "resolve", person="lena", role="lead", case_id=CASE, detail={"code": f"c{number}"})
    await audit.note(hours(70), "reply", person="bob", role="agent", case_id="another-case")
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        page = await ann.get(AUDIT)
        assert ("another-case" in page.text, "sign_in" in page.text, "c59" in page.text, "c5<" in page.text) == (True, True, True, False)
        filtered = await ann.get(f"{AUDIT}?person=lena&act=resolve&case={CASE}")
        assert "another-case" not in filtered.text
        older = html.unescape(re.findall(r'href="([^"]*before=[^"]*)"', filtered.text)[0])
        rest = await ann.get(older)
        assert ("c9<" in rest.text, "c10<" in rest.text, "before=" in rest.text) == (True, False, False)
        assert "Nothing was found." in (await ann.get(f"{AUDIT}?person=eve")).text
        assert (await ann.get(f"{AUDIT}?before=x")).status_code == 404
        assert (await ann.post(AUDIT)).status_code == 405


async def test_a_key_of_the_command_line_is_seen_here_too(scene: Scene) -> None:
    new = NewKey(name="from-cli", scopes=[Scope.METRICS], lifetime=None)
    await ApiKeys(scene.store).create(new, "root", scene.clock())
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        page = await ann.get(KEYS)
    assert ("from-cli" in page.text, "metrics" in page.text, ">never<" in page.text) == (True, True, True)


async def test_what_stands_in_the_log_is_read_as_words(scene: Scene) -> None:
    detail = {"not_solved": True, "supplied": False}
    await Audit(scene.store).note(hours(1), "customer_reply", person="lena", role="lead", case_id=CASE, detail=detail)
    async with scene.signed_in(PersonRole.ADMIN, "ann") as ann:
        told = " ".join(re.sub(r"<[^>]+>", " ", (await ann.get(AUDIT)).text).split())
    assert "not solved yes supplied no" in told
