"""The outbox in the console: messages as they look, nothing of them alive, addresses masked until asked for, and only where none leaves."""

import html
from pathlib import Path
from typing import Any

import pytest

from store.contacts import Contact, RoleContact
from store.desk_books import DeskBooks
from store.engine import Store
from store.outbox import ALERT, Outbox, Post
from store.people import PersonRole
from store.recorder import Recorder
from tests.starter.web.console.harness import Scene, scene_of
from tests.store.samples import CASE, MONDAY, entry

OUTBOX = "/console/outbox"
ADDRESS, NUMBER = "ada@example.org", "+4915112345678"
KEY = "c2VjcmV0LWtleQ"
LINK = f"http://127.0.0.1:8400/s/{KEY}"
NAME = "Ada O'Brook"
GUEST = RoleContact(role="recipient", id="C-9", name="Mia Hill")
HELLO = f'<p style="color:#222" title="Ada O&#39;Brook">Hello {ADDRESS}, ADA O&#39;BROOK &amp; <b>Mia Hill</b></p>'
MAIL = f'{HELLO}<script>evil()</script><img src="https://evil.example/x.png"><a href="{LINK}">here</a>'


async def _put(scene: Scene, number: int, channel: str, address: str, **more: Any) -> str:
    """Where the post is shown."""
    values: dict[str, Any] = {"text": f"Hello {address}: {LINK}", "case_id": CASE, **more}
    await Outbox(scene.store).put(Post(delivery_id=f"d{number}", channel=channel, address=address, **values), MONDAY)
    return f"{OUTBOX}/{number}"


async def _filled(scene: Scene) -> tuple[str, str, str, str]:
    await Recorder(scene.store).commit_entry(entry())
    await DeskBooks(scene.store).save_contact("c-old", CASE, "acme", Contact(name=NAME, roles=[GUEST]), MONDAY)
    await DeskBooks(scene.store).save_contact("c-new", CASE, "acme", Contact(name="Ada Hill-Brook"), MONDAY)  # named so since
    headers = {"List-Unsubscribe": f"<http://127.0.0.1:8400/u/{KEY}>", "Reply-To": f"care+{KEY}@acme.example"}
    return (
        await _put(scene, 1, "email", ADDRESS, subject=f"{NAME}: Your refund", html=MAIL, headers=headers, sender="care@acme.example"),
        await _put(scene, 2, "sms", NUMBER, text="Your refund is on its way. " * 7),
        await _put(scene, 3, "voice", NUMBER, text=f"Good morning, {NAME}. Your refund is on its way."),
        await _put(scene, 4, ALERT, "lena.lead", subject="Case is late", text="Breached"),
    )


async def test_the_list_has_the_newest_first_by_case_and_channel(scene: Scene) -> None:
    paths = await _filled(scene)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        page = (await visitor.get(OUTBOX)).text
        assert [page.index(f'href="{path}"') for path in reversed(paths)] == sorted(page.index(f'href="{path}"') for path in paths)
        for words in ("Your refund", "2 segments", "a***@example.org", "+49 *** 678", "lena.lead"):
            assert words in page, words
        for hidden in (ADDRESS, NUMBER, KEY, "Brook"):
            assert hidden not in page
        assert "A*** O***: Your refund" in page
        sms = (await visitor.get(f"{OUTBOX}?channel=sms")).text
        assert paths[1] in sms
        assert paths[0] not in sms
        assert "No message is here" in (await visitor.get(f"{OUTBOX}?case=other")).text
        assert "No message is here" in (await visitor.get(f"{OUTBOX}?case_id=other")).text  # as the API and the command line name it
        misspelt = await visitor.get(f"{OUTBOX}?cas=other")
        assert (misspelt.status_code, "There is no such filter" in misspelt.text) == (422, True)
        for wrong in (f"{OUTBOX}?channel=fax", f"{OUTBOX}?before=x", f"{OUTBOX}/99", f"{OUTBOX}/0", f"{OUTBOX}/x", f"{paths[1]}/html"):
            assert (await visitor.get(wrong)).status_code == 404, wrong


async def test_pages_of_the_list_meet(scene: Scene) -> None:
    for number in range(1, 53):
        await _put(scene, number, "sms", NUMBER)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        first = (await visitor.get(f"{OUTBOX}?channel=sms")).text
        assert first.count('class="what"') == 50
        assert f'href="{html.escape(f"{OUTBOX}?channel=sms&before=3")}"' in first
        second = (await visitor.get(f"{OUTBOX}?channel=sms&before=3")).text
        assert second.count('class="what"') == 2
        assert ">Newest</a>" in second
        assert ">Older</a>" not in second


async def test_a_mail_looks_as_it_does_and_nothing_of_it_lives(scene: Scene) -> None:
    path, *_ = await _filled(scene)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        page = await visitor.get(path)
        assert f'<iframe class="mail" sandbox src="{path}/html"' in page.text
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert policy.endswith("; frame-src 'self'")
        assert "script>evil" not in page.text
        mail = await visitor.get(f"{path}/html")
        told = dict(part.partition(" ")[::2] for part in mail.headers["content-security-policy"].split("; "))
        assert told == {
            "default-src": "'none'",
            "style-src": "'unsafe-inline'",
            "img-src": "data:",
            "form-action": "'none'",
            "base-uri": "'none'",
            "frame-ancestors": "'self'",
            "sandbox": "",
        }
        assert '<p style="color:#222" title="A*** O***">Hello a***@example.org, A*** O*** &amp; <b>M*** H***</b></p>' in mail.text
        assert "a, button, input, area { pointer-events: none" in mail.text
        for header in ("x-content-type-options", "referrer-policy", "cache-control"):
            assert mail.headers[header] in ("nosniff", "no-referrer", "no-store")


async def test_addresses_and_keys_are_shown_once_asked_for_and_the_asking_is_in_the_log(scene: Scene) -> None:
    path, *_ = await _filled(scene)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        masked = await visitor.get(path)
        assert "a***@example.org" in masked.text
        assert "care+\u2026@acme.example" in masked.text
        everything = masked.text + (await visitor.get(f"{path}/html")).text
        assert ADDRESS not in everything
        assert KEY not in everything
        assert "brook" not in everything.lower()
        assert await scene.audit("unmask") == []
        await visitor.get(path)
        clear = await visitor.post(path)
        assert ADDRESS in clear.text
        assert LINK in clear.text
        assert NAME in html.unescape(clear.text)
        assert ADDRESS not in (await visitor.get(path)).text  # the next look asks again
    (row,) = await scene.audit("unmask")
    assert (row.person, row.case_id, row.detail) == ("lena", CASE, {"what": "outbox", "channel": "email", "post": 1})


async def test_the_page_of_a_case_leads_to_its_messages(scene: Scene, sqlite_store: Store, tmp_path: Path) -> None:
    path, *_ = await _filled(scene)
    link = f'href="{OUTBOX}?case={CASE}"'
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        assert link in (await visitor.get(f"/console/cases/{CASE}")).text
        assert f'href="/console/cases/{CASE}"' in (await visitor.get(path)).text
    async with scene.signed_in(PersonRole.VIEWER, "vera") as vera:
        assert link not in (await vera.get(f"/console/cases/{CASE}")).text
    channels = tmp_path / "channels.toml"
    channels.write_text("", encoding="utf-8")
    async with scene_of(sqlite_store, channels_file=channels).signed_in(PersonRole.AGENT, "ann") as ann:
        assert link not in (await ann.get(f"/console/cases/{CASE}")).text


async def test_a_text_message_with_its_segments_and_a_call_with_its_words(scene: Scene) -> None:
    _, sms, call, alert = await _filled(scene)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        assert "2 segments, 189 units of GSM-7" in (await visitor.get(sms)).text
        spoken = (await visitor.get(call)).text
        assert '<blockquote class="spoken">Good morning, A*** O***. Your refund is on its way.</blockquote>' in spoken
        told = (await visitor.get(alert)).text
        assert "Show address" not in told
        assert "frame-src" not in (await visitor.get(sms)).headers["content-security-policy"]


async def test_a_viewer_reads_no_messages_and_other_merchants_have_none(scene: Scene) -> None:
    paths = await _filled(scene)
    async with scene.signed_in(PersonRole.VIEWER, "vera") as vera:
        assert ">Outbox</a>" not in (await vera.get("/console/policies")).text
        for path in (OUTBOX, *paths, f"{paths[0]}/html"):
            assert (await vera.get(path)).status_code == 403, path
    async with scene.signed_in(PersonRole.LEAD, merchants=["beta"]) as lena:
        assert "No message was handed over yet" in (await lena.get(OUTBOX)).text
        for path in (*paths, f"{paths[0]}/html"):
            assert (await lena.get(path)).status_code == 404, path
        await lena.get(OUTBOX)
        assert (await lena.post(paths[0])).status_code == 404
    assert await scene.audit("unmask") == []


async def test_with_real_channels_there_is_no_outbox(sqlite_store: Store, tmp_path: Path) -> None:
    channels = tmp_path / "channels.toml"
    channels.write_text("", encoding="utf-8")
    scene = scene_of(sqlite_store, channels_file=channels)
    async with scene.signed_in(PersonRole.ADMIN) as visitor:
        assert (await visitor.get(OUTBOX)).status_code == 404
        assert ">Outbox</a>" not in (await visitor.get("/console/policies")).text
        assert ">Insight</a>" in (await visitor.get("/console/policies")).text


@pytest.mark.parametrize("text", [f"https://care.example.com/n/{KEY}", f"<http://127.0.0.1:9/shop/f/{KEY}>"])
async def test_keys_are_taken_out_whatever_our_address_was(scene: Scene, text: str) -> None:
    path = await _put(scene, 1, "sms", NUMBER, text=text)
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        for shown in (path, OUTBOX):
            assert KEY not in (await visitor.get(shown)).text
