"""Through every page of the console, and through what else each shows: refused forms, second steps, what an admin gets once.

Owns the order of the walk and what lies in the books for it. Called by test_barriers.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from policies.case.plans import Foreseen
from policies.case.vocabulary import Channel
from starter.web.console.case.deeds import DEEDS
from store.api_keys import ApiKeys, NewKey, Scope
from store.call_tasks import NewCall, open_call
from store.outbox import ALERT, Outbox, Post
from store.parks import park
from store.people import PersonRole
from store.recorder import Recorder
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.browser.album import Album, Colours
from tests.starter.web.console.cases import KEY, ScriptedDesk, lived, snapshot_of_life
from tests.starter.web.console.harness import Scene, Visitor
from tests.starter.web.console.test_case_acts import FORMS
from tests.store.samples import CASE, MONDAY, entry, hours, plan

CASE_PAGE = f"/console/cases/{CASE}"
ADA = "ada.brook@example.com"
PARKED = "care@northwind.example"
_WRONG = {"promised_at": "2026-03-04T10:00:00.500", "channel": "fax"}  # where an empty field is not wrong
# Forms with every part that forms of acts are made of: the others differ in words and number of fields.
_COLOURED = ("resolve", "preferences", "hold", "merge")


async def furnished(scene: Scene) -> None:
    """Something of everything that a page shows."""
    store, now = scene.store, hours(26)
    scene.clock.now = now
    await lived(store)
    await Recorder(store).commit_entry(entry("acme-r-late", breached_at=hours(20), resolve_by=hours(21)))
    call = {"task_id": "call-m9", "case_id": CASE, "contact_ref": "contact-ada", "role": "lead", "reason": "customer_unreachable"}
    await store.write(
        lambda connection: open_call(
            connection,
            NewCall.model_validate({**call, "script": f"Hello, this is Acme: {ADA}", "locale": "en", "due_at": hours(25)}),
            MONDAY,
        )
    )
    await store.write(
        lambda connection: park(connection, Channel.EMAIL, "sendgrid", "sender", hours(25), timedelta(hours=4), sender=PARKED)
    )
    mail: dict[str, Any] = {
        "subject": "Your refund",
        "html": "<p>Hello</p>",
        "headers": {"Reply-To": "care@acme.example"},
        "sender": "care@acme.example",
    }
    for number, (channel, more) in enumerate((("email", mail), ("sms", {}), ("voice", {}), (ALERT, {"subject": "Case is late"})), 1):
        post = Post.model_validate(
            {"delivery_id": f"d{number}", "channel": channel, "address": ADA, "text": "Hello", "case_id": CASE, **more}
        )
        await Outbox(store).put(post, MONDAY)
    books = SuppressionBooks(store)
    await books.suppress(Channel.EMAIL, ADA, SuppressionReason.HARD_BOUNCE, MONDAY, "sendgrid")
    await books.suppress(Channel.SMS, "+447700900117", SuppressionReason.STOP, MONDAY, "twilio")


@asynccontextmanager
async def entered(scene: Scene, album: Album, role: PersonRole, name: str) -> AsyncIterator[Visitor]:
    await scene.person(name, role)
    async with album.browser() as http:
        visitor = Visitor(http)
        await visitor.sign_in(name)
        yield visitor


async def work(scene: Scene, album: Album, desk: ScriptedDesk) -> None:
    """What a lead sees: lists, the case in its ways of standing, calls, letters."""
    async with entered(scene, album, PersonRole.LEAD, "lena") as lead:
        queue = album.keep("queue", await lead.get("/console/queue"), says=PARKED)
        album.keep("queue, filtered to nothing", await lead.get("/console/queue?segment=none"), says="None.", colours=Colours.SHOWN)
        row = queue.text.partition('href="/console/queue/parks/')[2].partition('"')[0]
        parked = f"/console/queue/parks/{row}"
        album.keep("park", await lead.get(parked), says=PARKED)
        album.keep("park, without why", await lead.post(f"{parked}/lift"), 422, 'class="errors"')
        album.keep("queue, one group", await lead.get("/console/queue?group=breached"), says="Whole queue", colours=Colours.SHOWN)
        album.keep("queue, a filter that is none", await lead.get("/console/queue?kind=x"), 422)
        album.keep("search", await lead.get("/console/search"))
        album.keep("search, several hits", await lead.post("/console/search", q="acme-r"), says="acme-r-late")
        album.keep("search, nothing", await lead.post("/console/search", q="nobody@example.com"), says="Nothing was found")
        album.keep("search, not understood", await lead.post("/console/search", q="x" * 400), 422)
        album.keep("one customer", await lead.get("/console/customers/c0ffee"), says="O-1001")
        album.keep("case", await lead.get(CASE_PAGE), says="refund")
        album.keep("case, older history", await lead.get(f"{CASE_PAGE}?before=6"), colours=Colours.SHOWN)
        album.keep("contact, asked for", await lead.get(f"{CASE_PAGE}/contact"))
        album.keep("contact, without why", await lead.post(f"{CASE_PAGE}/contact"), 422)
        album.keep("contact, shown", await lead.post(f"{CASE_PAGE}/contact", why="to_call"), says=ADA)
        album.keep("call", await lead.get(f"{CASE_PAGE}/calls/call-m9"), says="How")
        album.keep("call, its number", await lead.post(f"{CASE_PAGE}/calls/call-m9/number"))
        album.keep("call, not told how", await lead.post(f"{CASE_PAGE}/calls/call-m9"), 422)
        album.keep("outbox", await lead.get("/console/outbox"), says="Your refund")
        for number, what in enumerate(("mail", "SMS", "call", "alert"), 1):
            album.keep(f"outbox, {what}", await lead.get(f"/console/outbox/{number}"))
        album.keep("outbox, in clear", await lead.post("/console/outbox/1"), says=ADA, colours=Colours.SHOWN)
        album.keep("insight", await lead.get("/console/insight"), colours=Colours.OWN)
        album.keep(
            "insight, by policy", await lead.get("/console/insight?by=policy&from=2026-02-01&until=2026-03-31"), colours=Colours.SHOWN
        )
        album.keep("policies", await lead.get("/console/policies"))
        album.keep("policy", await lead.get("/console/policies/retail.refund"), colours=Colours.OWN)
        album.keep("no such page", await lead.get("/console/none"), 404)
        album.keep("not this role", await lead.get("/console/admin/people"), 403)
        desk.engine.clear()
        album.keep("case, from the books alone", await lead.get(CASE_PAGE), colours=Colours.SHOWN)
        desk.engine[KEY] = snapshot_of_life()


async def acts(scene: Scene, album: Album, desk: ScriptedDesk) -> None:
    """Each form as it is asked for, and as it comes back; the second steps; another who was quicker."""
    letter = Foreseen(plan=plan("m2", next_word_at=hours(50)), at=hours(26))
    async with entered(scene, album, PersonRole.LEAD, "lisa") as lead:
        for deed in DEEDS:
            path, colours = f"{CASE_PAGE}/{deed.slug}", Colours.USUAL if deed.slug in _COLOURED else Colours.SHOWN
            album.keep(deed.slug, await lead.get(path), says=deed.title, colours=colours)
            if deed.slug == "resume":  # asks for nothing that could be wrong: somebody was quicker
                album.keep("resume, came back", await lead.post(path, seen="1"), 409, colours=colours)
            else:
                empty: dict[str, Any] = dict.fromkeys(FORMS[deed.slug], "")
                back = await lead.post(path, **{**empty, **_WRONG, "seen": "99"})
                album.keep(f"{deed.slug}, came back", back, 422, 'class="errors"', colours=colours)
            if deed.ends or deed.slug == "reply":  # others show their letter in the same way
                desk.foreseen = letter
                asked: dict[str, Any] = {"step": "" if deed.ends else "preview", "seen": "99", **FORMS[deed.slug]}
                second = await lead.post(path, **asked)
                album.keep(f"{deed.slug}, second step", second, says="Template ", colours=colours)
                desk.foreseen = Foreseen()
        late: dict[str, Any] = {"seen": "3", "step": "do", **FORMS["withdraw"]}
        quicker = await lead.post(f"{CASE_PAGE}/withdraw", **late)
        album.keep("withdraw, somebody was quicker", quicker, 409)


async def administration(scene: Scene, album: Album) -> None:
    async with entered(scene, album, PersonRole.ADMIN, "adam") as admin:
        people, keys, shut = "/console/admin/people", "/console/admin/keys", "/console/admin/suppressions"
        album.keep("people", await admin.get(people))
        album.keep("people, a wrong name", await admin.post(people, name="A B", role="viewer"), 422)
        album.keep("one-time password", await admin.post(people, name="new.comer", shown_name="New", role="agent"), says="once")
        album.keep("person", await admin.get(f"{people}/new.comer"))
        album.keep("person, not sure", await admin.post(f"{people}/new.comer/disable"), 422)
        album.keep("keys", await admin.get(keys))
        album.keep("keys, wrong", await admin.post(keys, name="", per_minute="0"), 422)
        album.keep("key secret", await admin.post(keys, name="shop", scopes="open", life="30", per_minute="10"), says="once")
        new = NewKey(name="till", scopes=[Scope.OPEN], per_minute=10)
        key, _ = await ApiKeys(scene.store).create(new, "tests", MONDAY)
        album.keep("key", await admin.get(f"{keys}/{key.key_id}"), says="till")
        album.keep("key, not sure", await admin.post(f"{keys}/{key.key_id}/revoke"), 422)
        listed = album.keep("suppressions", await admin.get(shut), says="bounced")
        album.keep("suppressions of SMS", await admin.get(f"{shut}?channel=sms"), says="START")
        album.keep("suppressions, found", await admin.post(f"{shut}/find", channel="email", address=ADA), says="bounced")
        album.keep("suppressions, no address", await admin.post(f"{shut}/find", channel="email", address="x"), 422)
        row = listed.text.partition('name="row" value="')[2].partition('"')[0]
        album.keep("suppression, asked", await admin.post(f"{shut}/ask", row=row))
        album.keep("suppression, without why", await admin.post(f"{shut}/lift", row=row), 422)
        album.keep("audit", await admin.get("/console/admin/audit"), says="unmask")
        album.keep("account", await admin.get("/console/account"))
        album.keep("account, a short password", await admin.post("/console/account", present="x", new="short", again="short"), 422)
        admin.token = "stale"
        album.keep("form of an earlier session", await admin.post(f"{CASE_PAGE}/note", text="It stands in bay 7."), 403, "bay 7")


async def door(scene: Scene, album: Album) -> None:
    """Who is not signed in, and who has only a one-time password."""
    await scene.person("nils", PersonRole.AGENT, one_time=True)
    async with album.browser() as http:
        stranger = Visitor(http)
        album.keep("sign in", await stranger.get("/console/sign-in?to=/console/insight"), colours=Colours.OWN)
        album.keep("sign in, wrong", await stranger.sign_in("nils", "wrong"), 401)
        album.keep("session over", await stranger.post(f"{CASE_PAGE}/note", text="It stands in bay 7."), 401, "bay 7")
        album.keep("must choose a password", await stranger.sign_in("nils"), says="password")
